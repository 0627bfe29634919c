"""`shoplake query --engine spark`: the question, checked as always, is put into that engine's dialect and computed there."""

import tempfile
from pathlib import Path

import pyarrow as pa
import sqlglot
from sqlglot import exp

from shoplake.engines import spark
from shoplake.look.opened import Opened, data_files
from shoplake.settings import Session


def ask(session: Session, one: Opened, sql: str) -> pa.Table:
    """The answer of the session's engine, from the files that engine made. `sql` has been checked (guard.py).

    Raises ShoplakeError with the engine's words for what it cannot say, Lacking when it does not start.
    """
    tree = sqlglot.parse_one(sql, read="duckdb")
    return _on_spark(session, one, tree)


def _on_spark(session: Session, one: Opened, tree: exp.Expr) -> pa.Table:
    with tempfile.TemporaryDirectory(prefix="shoplake-") as scratch:
        engine = spark.Spark(
            scratch=Path(scratch),
            master=spark.master_of(session["spark_master"], session["threads"]),
            memory=spark.memory_of(session["memory"]),
        )
        try:
            for node in tree.find_all(exp.Table):
                if node.db:
                    view = f"{node.db}__{node.name}".lower()
                    _show(engine, one, f"{node.db}.{node.name}".lower(), view)
                    if not node.alias:
                        node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name)))
                    node.set("this", exp.to_identifier(view))
                    node.set("db", None)
            for column in tree.find_all(exp.Column):
                column.set("db", None)
            return engine.fetch(tree.sql(dialect=spark.DIALECT))
        finally:
            engine.close()


def _show(engine: spark.Spark, one: Opened, name: str, view: str) -> None:
    table = one.contracts.table(name)
    in_parts = table.layer in ("clean", "rejected")
    files = data_files(one.manifest, table.layer, table.name) if in_parts else one.manifest.table_files.get(name, [])
    paths = sorted({str((one.lake.root / f.path).parent) for f in files})
    engine.show_files(view, spark.ddl(table), one.lake.home / table.layer / table.name, paths)
