"""`shoplake query --engine spark`: the question, checked as always, is put into that engine's dialect and computed there."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import sqlglot
from sqlglot import exp

from shoplake.engines import hive, spark
from shoplake.errors import WrongUse
from shoplake.look.opened import Opened, data_files
from shoplake.settings import Session


def ask(session: Session, one: Opened, sql: str) -> pa.Table:
    """The answer of the session's engine, from the tables that engine made. `sql` has been checked (guard.py).

    Raises ShoplakeError with the engine's words for what it cannot say, Lacking when it does not start or answer.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    return (_on_hive if session["engine"] == "hive" else _on_spark)(session, one, tree)


def _on_spark(session: Session, one: Opened, tree: exp.Expr) -> pa.Table:
    """From the files that the manifest names."""
    with tempfile.TemporaryDirectory(prefix="shoplake-") as scratch:
        master, memory = spark.master_of(session["spark_master"], session["threads"]), spark.memory_of(session["memory"])
        engine = spark.Spark(scratch=Path(scratch), master=master, memory=memory)
        try:
            for name in _renamed(tree, lambda name: (None, name.replace(".", "__"))):
                table = one.contracts.table(name)
                in_parts = table.layer in ("clean", "rejected")
                files = data_files(one.manifest, table.layer, table.name) if in_parts else one.manifest.table_files.get(name, [])
                paths = sorted({one.lake.files.address(f.path.rpartition("/")[0]) for f in files})
                base = one.lake.address(one.lake.home / table.layer / table.name)
                engine.show_files(name.replace(".", "__"), spark.ddl(table), base, paths)
            return engine.fetch(tree.sql(dialect=spark.DIALECT))
        finally:
            engine.close()


def _on_hive(session: Session, one: Opened, tree: exp.Expr) -> pa.Table:
    """From the metastore's tables, which hold the published generation."""
    from shoplake.build.on_hive import connect

    if not one.is_published:
        raise WrongUse("--engine hive --generation: the metastore holds the published generation alone. Leave one of the two out.")

    def there(name: str) -> tuple[str, str]:
        layer, _, table = name.partition(".")
        if layer not in ("clean", "core", "marts"):
            raise WrongUse(f"query --engine hive: {name} is not in the metastore. Ask it with --engine duckdb.")
        return hive.DATABASES[layer], table

    _renamed(tree, there)
    engine = connect(session)
    try:
        return engine.fetch(tree.sql(dialect=hive.DIALECT))
    finally:
        engine.close()


def _renamed(tree: exp.Expr, place: Callable[[str], tuple[str | None, str]]) -> set[str]:
    """Put where a table lies in place of its name; returns the names."""
    found = set()
    for node in tree.find_all(exp.Table):
        if node.db:
            name = f"{node.db}.{node.name}".lower()
            found.add(name)
            if not node.alias:
                node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name)))
            database, table = place(name)
            node.set("this", exp.to_identifier(table))
            node.set("db", exp.to_identifier(database) if database else None)
    for column in tree.find_all(exp.Column):
        column.set("db", None)
    return found
