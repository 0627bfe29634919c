"""The three files a person takes to an Impala: its tables, what makes it fast, and the dashboards' queries.

Every statement is made of contracts, models, and the dashboards' own SQL, and looked at by impala_check before it is written.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from sqlglot import exp, parse_one

from shoplake.build import dashboard_sql, impala_check
from shoplake.build.impala_joins import joins
from shoplake.build.models import Model, downstream
from shoplake.build.render import render
from shoplake.contracts import Contracts, Table
from shoplake.engines import impala
from shoplake.errors import WrongUse

FOLDER = Path("rendered/impala")
DDL, OPTIMIZATION, QUERIES = (FOLDER / f"impala_{name}.sql" for name in ("ddl", "optimization", "bi_queries"))

# Layers, in the order their tables are made, and where and how Hive keeps them.
LAYERS = {"ref": "PARQUET", "clean": "PARQUET", "core": "ORC", "marts": "ORC"}
LOCATIONS = {
    "ref": "${var:lake}/ref/{table}",
    "clean": "${var:lake}/clean/{table}",
    "core": "${var:warehouse}/ecommerce.db/{table}",
    "marts": "${var:warehouse}/ecommerce.db/{table}",
}
LIVE = "ecommerce_live"
DAY = "${var:day}"
AS_OF = "${var:as_of}"


def impala_files(contracts: Contracts, models: list[Model]) -> dict[Path, str]:
    """Relative path -> text. Raises WrongUse, naming file and statement, when Impala would refuse one for what it names."""
    tables = [t for layer in LAYERS for t in contracts.built(layer)]
    found = {DDL: _ddl(tables), OPTIMIZATION: _optimization(tables), QUERIES: _queries(models)}
    check(found, models)
    return found


def check(files: dict[Path, str], models: list[Model]) -> None:
    """Every statement of the files, and every model as Impala gets it."""
    schema = impala_check.described([s for s in impala_check.statements(files[DDL]) if s.startswith("CREATE")])
    for path, text in files.items():
        for sql in impala_check.statements(text):
            _refuse(path, sql, impala_check.problems(sql, schema, impala.DATABASES["marts"]))
            if sql.startswith("CREATE VIEW"):
                schema = impala_check.with_view(schema, sql)
    for model in models:
        sql = render(model, impala, place=impala.place)
        _refuse(FOLDER / model.table.layer / f"{model.table.name}.sql", sql, list(impala_check.word_problems(sql)))


def _refuse(path: Path, sql: str, problems: list[str]) -> None:
    if problems:
        raise WrongUse(f"{path}: {problems[0]}. Impala would refuse it; change what it is made of.\nin: {sql[:300]}")


def _note(title: str, text: str) -> str:
    """The head of a file, as comments."""
    lines = text.strip().splitlines()
    return "\n".join([f"-- {title}", "-- Made by `make render`; do not edit. Parsed by two Impala grammars, not executed here.", "--"] +
                     [f"-- {line.strip()}".rstrip() for line in lines]) + "\n"  # fmt: skip


def _heading(text: str) -> str:
    return "\n" + "\n".join(f"-- {line.strip()}".rstrip() for line in text.strip().splitlines()) + "\n"


def _lines(statements: Iterable[str]) -> str:
    return "".join(f"{s};\n" for s in statements)


def _ddl(tables: list[Table]) -> str:
    databases = dict.fromkeys(impala.DATABASES[layer] for layer in LAYERS)
    text = _note(
        "Impala's tables: external ones, over the files that Hive and Spark wrote.",
        """
        impala-shell --var=lake=hdfs://namenode:8020/ecommerce --var=warehouse=hdfs://namenode:8020/warehouse -f impala_ddl.sql

        Impala and Hive share a metastore: where Hive's own files have made the tables, each statement here finds its table and does
        nothing. It is for an Impala that comes first, or has a metastore of its own. Dropping one of these tables drops no file.
        Hive's buckets are not said: Impala reads the files and makes no use of them. Hive's materialized view is a table here.
        ORC is read by Impala and not written by it: core and marts are written by Hive or Spark, and refreshed here.
        """,
    )
    text += _heading("Databases: core and marts share one.")
    text += _lines(f"CREATE DATABASE IF NOT EXISTS {d}" for d in [*databases, LIVE])
    for layer in LAYERS:
        text += _heading(f"{layer}, stored as {LAYERS[layer]}.")
        for table in (t for t in tables if t.layer == layer):
            text += f"{create_table(table)};\n"
    partitioned = [impala.place(t.full_name) for t in tables if t.spec.partition and t.layer == "core"]
    text += _heading("""
        The days of the facts that lie there already. Not those of clean: a folder of a day there holds former contents beside the
        present one (b=...), and the build tells the metastore which it is.
    """)
    return text + _lines(impala.recover_partitions(t) for t in partitioned)


def create_table(table: Table) -> str:
    """An external table over the files of a table; its partition column stands apart."""
    columns = [c for c in table.columns if c.name != table.spec.partition]
    listed = ",\n".join(f"    {_name(c.name)} {impala.sql_type(c.type)}" for c in columns)
    partition = next((c for c in table.columns if c.name == table.spec.partition), None)
    by = f"PARTITIONED BY ({_name(partition.name)} {impala.sql_type(partition.type)})\n" if partition else ""
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {impala.place(table.full_name)} (\n{listed}\n)\n{by}"
        f"COMMENT {impala.quote(table.spec.grain)}\nSTORED AS {LAYERS[table.layer]}\n"
        f"LOCATION {impala.quote(LOCATIONS[table.layer].replace('{table}', table.name))}"
    )


def _name(column: str) -> str:
    return exp.to_identifier(column).sql(impala.DIALECT)


def _optimization(tables: list[Table]) -> str:
    facts = {impala.place(t.full_name): t.spec.partition for t in tables if t.spec.partition and t.layer == "core"}
    whole = [impala.place(t.full_name) for t in tables if t.layer in ("ref", "core", "marts") and not t.spec.partition]
    text = _note(
        "What to tell Impala after a build, and how its joins are planned.",
        """
        impala-shell -c --var=day=2026-01-01 -f impala_optimization.sql

        day: the business day that the build rewrote. Run parts 2 and 3 after each build, part 1 after tables were made anew.
        -c goes on after a statement that fails: a fact without a row on that day has no such partition.
        With hms_event_polling_interval_s above 0 catalogd follows the metastore's events and does parts 1 and 2 by itself,
        except for files that an engine wrote without telling the metastore.
        """,
    )
    text += _heading("""
        1. After another engine created a table, or changed its columns.
        Before: the table is not there, or its old columns are. After: all that was known of it is dropped, and the next query loads
        it whole. The dearest of the three ways, so name the tables; never without a name.
    """)
    text += _lines(impala.invalidate(t) for t in [*whole, *facts])
    text += _heading("""
        2. After a build wrote into tables that are known.
        Before: queries see yesterday's files, and fail on those that are gone. After: new files are listed; a known one is not read
        again. Of a fact, only the day that was rewritten: a refresh of the whole lists a folder for every day there is.
    """)
    text += _lines(impala.refresh(t, {str(column): DAY}) for t, column in facts.items())
    text += _lines(impala.refresh(t) for t in whole)
    text += _heading("""
        3. Statistics: the rows, distinct values and widths that joins are planned from.
        Before: SHOW TABLE STATS says -1 rows, every join is a broadcast in the order it is written. After: the larger side stays
        where it is, the smaller one is sent. Dimensions and marts are read whole, in seconds. Facts are not: a day's own statistics
        are kept (about 400 bytes a column and day: 365 days of fact_clickstream take 4 MB of the 200 MB that
        inc_stats_size_limit_bytes allows), so a build costs one day. A day that was rewritten must drop its old ones first.
        Never COMPUTE STATS on a fact after this: it throws the days' away.
    """)
    text += _lines(impala.compute_stats(t) for t in whole)
    for t, column in facts.items():
        one = {str(column): DAY}
        text += _lines([impala.drop_incremental_stats(t, one), impala.compute_stats(t, one, incremental=True)])
    text += _heading("All days that have none yet, as after the first load:")
    text += _lines(impala.compute_stats(t, incremental=True) for t in facts)
    text += _heading("What is known now; -1 is a table that was missed.")
    text += _lines(f"SHOW TABLE STATS {t}" for t in facts)
    return text + joins()


_MEANINGS = {
    "currencies": "The currencies, the one with most orders first: two are never added.",
    "revenue_days": "Two months, so that the last one has a month to be compared with.",
    "revenue_hours": "The last day, hour by hour.",
    "product_totals": "All products, for shares.",
    "product_top": "The best by net amount.",
    "customer_segments": "Customers and their money by segment; the mean recency is recency_days / customers.",
    "funnel": "A month of sessions by day, channel and device, to be added up as one likes.",
    "carts": "A month of carts left, by day.",
    "cart_top": "The largest of them.",
}


def _queries(models: list[Model]) -> str:
    read = sorted({t for sql in dashboard_sql.SQL.values() for t in re.findall(r"marts[.]\w+", sql)})
    text = _note(
        "The five dashboards, and the marts they read.",
        f"""
        impala-shell -d ecommerce --var=as_of=2026-01-01 -f impala_bi_queries.sql

        as_of: the day the marts look back from, exclusive; each mart has it in a column.
        The queries name no database. -d ecommerce asks the marts that the last build wrote; -d {LIVE} asks the views of part 2,
        which compute the same from the facts at the time of asking.
        Money is DECIMAL, and each currency stands alone. They read:
        {", ".join(name.removeprefix("marts.") for name in read)}.
        """,
    )
    text += _heading("Part 1. The dashboards.")
    for number, (board, names) in enumerate(dashboard_sql.QUERIES.items(), 1):
        text += _heading(f"{number}. {dashboard_sql.TITLES[board]}")
        for name in names:
            text += f"\n-- {_MEANINGS[name]}\n{dashboard_query(name)};\n"
    text += _heading(f"""
        Part 2. The marts they read, as views that Impala computes from the facts (database {LIVE}).
        For figures between two builds, and to compare with what Hive wrote. A view is no faster than its query: over more than some
        months of clicks, read the marts.
    """)
    for model in _needed(models, set(read)):
        text += f"\n-- {model.table.spec.grain}\n{live_view(model)};\n"
    return text


def dashboard_query(name: str) -> str:
    """A dashboard's query; the days it names are computed from as_of."""
    words = dashboard_sql.words({day: "{" + day + "}" for day in dashboard_sql.BEFORE})
    tree = parse_one(dashboard_sql.SQL[name].format(**words), read="spark")
    for literal in list(tree.find_all(exp.Literal)):
        day = literal.this.strip("{}")
        if literal.is_string and literal.this == "{" + day + "}":
            as_of, back = exp.cast(exp.Literal.string(AS_OF), "date"), dashboard_sql.BEFORE[day]
            ago = exp.Interval(this=exp.Literal.number(back), unit=exp.var("DAYS"))
            assert literal.parent is not None
            literal.parent.replace(exp.Sub(this=as_of, expression=ago) if back else as_of)
    for table in tree.find_all(exp.Table):
        table.set("db", None)
    return tree.sql(impala.DIALECT, pretty=True)


def _live_place(full_name: str) -> str:
    layer, _, table = full_name.partition(".")
    return f"{LIVE}.{table}" if layer == "marts" else impala.place(full_name)


def live_view(model: Model) -> str:
    """A mart as a view over facts, dimensions, and other such views."""
    name = model.table.name
    return f"CREATE VIEW IF NOT EXISTS {LIVE}.{name} AS\n{render(model, impala, place=_live_place)}"


def _needed(models: list[Model], names: set[str]) -> list[Model]:
    """These marts and the marts they read, each after what it reads."""
    by_name = {m.name: m for m in models}
    wanted: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = waiting.pop()
        if name.startswith("marts.") and name not in wanted:
            wanted.add(name)
            waiting += by_name[name].inputs
    return [m for m in downstream(models, wanted) if m.name in wanted]
