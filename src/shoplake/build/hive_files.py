"""What a Hive person takes away: rendered/hive/hive_*.sql, run by beeline alone, made of the same models and contracts."""

from pathlib import Path

from shoplake.build.models import Model
from shoplake.build.render import render
from shoplake.contracts import Contracts, Table
from shoplake.engines import hive

FOLDER = Path("rendered/hive")
# A real materialized view. Its sources are external tables, so Hive cannot know when it is stale: it is rebuilt, and never
# put in place of a query by itself.
MATERIALIZED = ("marts.mv_daily_revenue_by_category",)

_HEAD = """-- {title}
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
"""
_OVERWRITE = """--
-- INSERT OVERWRITE replaces a table or a day while others may be reading: they may see it empty or half loaded, and a load
-- that is cut off leaves it so until it is run again. Publishing at once, and safely, is what `shoplake build` does.
"""


def hive_files(models: list[Model], contracts: Contracts) -> dict[Path, str]:
    """Relative path -> text of the files that stand beside the rendered models."""
    core = [m for m in models if m.table.layer == "core"]
    first = _before_facts(core)
    rest = [m for m in core if m not in first]
    return {
        FOLDER / "hive_ddl_create_tables.sql": _ddl(models, contracts),
        FOLDER / "hive_etl_load_dimensions.sql": _dimensions(first, contracts),
        FOLDER / "hive_etl_load_facts.sql": _facts(rest, contracts),
        FOLDER / "hive_marts.sql": _marts([m for m in models if m.table.layer == "marts"]),
        FOLDER / "hive_statistics.sql": _statistics(models),
    }


def _before_facts(core: list[Model]) -> list[Model]:
    """The unpartitioned tables that no fact is needed for."""
    found: list[Model] = []
    for model in core:
        if model.table.spec.partition is None and all(not i.startswith("core.") or i in {m.name for m in found} for i in model.inputs):
            found.append(model)
    return found


def _file(title: str, notes: str, statements: list[tuple[str, str]], *, overwrites: bool) -> str:
    """A file of statements, each under a comment that says what it is for."""
    head = _HEAD.format(title=title) + "".join(f"-- {line}\n" for line in notes.splitlines()) + (_OVERWRITE if overwrites else "")
    settings = "".join(f"SET {key}={value};\n" for key, value in hive.SETTINGS.items())
    return f"{head}\n-- What these statements need of a session.\n{settings}" + "".join(f"\n-- {why}\n{sql};\n" for why, sql in statements)


def _columns(table: Table) -> str:
    return ",\n".join(f"    {c.name} {hive.sql_type(c.type)}" for c in table.columns if c.name != table.spec.partition)


def _ddl(models: list[Model], contracts: Contracts) -> str:
    databases = list(dict.fromkeys(hive.DATABASES[layer] for layer in ("ref", "clean", "core")))
    statements = [("A place for each layer.", f"CREATE DATABASE IF NOT EXISTS {d}") for d in databases]
    for layer in ("ref", "clean"):
        for table in contracts.layer(layer):
            statements.append((f"{table.full_name}: {table.spec.grain}. Hive reads the lake's files and never writes them.", _external(table)))
    for model in models:
        if model.name in MATERIALIZED:
            statements.append((f"{model.name}: {model.table.spec.grain}. Empty until hive_marts.sql rebuilds it.", _view(model)))
        elif model.table.layer in ("core", "marts"):
            statements.append((f"{model.name}: {model.table.spec.grain}.", _own(model.table)))
    notes = (
        "beeline -u ... --hivevar lake=hdfs://namenode:8020/ecommerce --hivevar buckets=4 -f hive_ddl_create_tables.sql\n"
        "lake: the folder that holds clean/<table>/ds=D/ and ref/<table>/, such as `shoplake export` writes.\n"
        "buckets: files of a day of a fact; as many as make files of about 256 MB, 1 for a small shop."
    )
    return _file("Databases and tables. Run once; what is there already stays.", notes, statements, overwrites=False)


def _external(table: Table) -> str:
    partition = f"\nPARTITIONED BY ({table.spec.partition} {hive.sql_type(table.column(table.spec.partition).type)})" if table.spec.partition else ""
    location = "'${hivevar:lake}/" + f"{table.layer}/{table.name}'"
    return f"CREATE EXTERNAL TABLE IF NOT EXISTS {hive.place(table.full_name)} (\n{_columns(table)}\n){partition}\nSTORED AS PARQUET\nLOCATION {location}"


def _own(table: Table) -> str:
    """External, so that it is no transactional table (other engines can read its files), and purged, so that a dropped day's files go."""
    partition = table.spec.partition
    days = ""
    if partition:
        kind = hive.sql_type(table.column(partition).type)
        days = f"\nPARTITIONED BY ({partition} {kind})\nCLUSTERED BY ({table.spec.key[0]}) INTO ${{hivevar:buckets}} BUCKETS"
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {hive.place(table.full_name)} (\n{_columns(table)}\n){days}\nSTORED AS ORC\n"
        "TBLPROPERTIES ('external.table.purge' = 'true')"
    )


def _view(model: Model) -> str:
    return f"CREATE MATERIALIZED VIEW IF NOT EXISTS {hive.place(model.name)}\nDISABLE REWRITE\nSTORED AS ORC\nAS\n{_select(model)}"


def _select(model: Model) -> str:
    return render(model, hive, place=hive.place)


def _seen(models: list[Model], contracts: Contracts) -> list[tuple[str, str]]:
    """Statements that make the metastore know the days of the clean tables these models read."""
    names = dict.fromkeys(i for m in models for i in m.inputs if i.startswith("clean.") and contracts.table(i).spec.partition)
    return [(f"{name}: the days that lie in the lake now; those that went are forgotten.", f"MSCK REPAIR TABLE {hive.place(name)} SYNC PARTITIONS") for name in names]


def _whole(model: Model) -> tuple[str, str]:
    return f"{model.name}, whole: {model.table.spec.grain}.", f"INSERT OVERWRITE TABLE {hive.place(model.name)}\n{_select(model)}"


def _dimensions(models: list[Model], contracts: Contracts) -> str:
    notes = "beeline -u ... -f hive_etl_load_dimensions.sql\nWhole each time: history is computed from the change feed, never patched."
    return _file("Dimensions, from clean and ref.", notes, _seen(models, contracts) + [_whole(m) for m in models], overwrites=True)


def _facts(models: list[Model], contracts: Contracts) -> str:
    statements = _seen(models, contracts)
    for model in models:
        statements += _days(model) if model.table.spec.partition else [_whole(model)]
    notes = (
        "beeline -u ... --hivevar from=2026-01-01 --hivevar to=2026-01-31 -f hive_etl_load_facts.sql\n"
        "from, to: the days to write, both included; all of them the first time. Days outside stay as they are, file by file.\n"
        "What came late may touch more days than its own: a session runs over midnight, a change of a user's or product's\n"
        "history reaches every later day. Begin a day early, or at the change, or load all days: that is always right."
    )
    return _file("Facts, from clean and the dimensions, a day a partition.", notes, statements, overwrites=True)


def _days(model: Model) -> list[tuple[str, str]]:
    table, partition = model.table, model.table.spec.partition
    place = hive.place(model.name)
    within = f"{partition} >= '${{hivevar:from}}', {partition} <= '${{hivevar:to}}'"
    columns = ",\n".join(f"    f.{c}" for c in [*(c for c in table.names if c != partition), partition])
    inner = "\n".join("    " + line for line in _select(model).splitlines())
    insert = (
        f"INSERT OVERWRITE TABLE {place} PARTITION ({partition})\nSELECT\n{columns}\nFROM (\n{inner}\n) AS f\n"
        f"WHERE f.{partition} BETWEEN DATE '${{hivevar:from}}' AND DATE '${{hivevar:to}}'"
    )
    return [
        (f"{model.name}: a day that has no rows any more must not keep its old ones.", f"ALTER TABLE {place} DROP IF EXISTS PARTITION ({within})"),
        (f"{model.name}, these days: {table.spec.grain}.", insert),
    ]


def _marts(models: list[Model]) -> str:
    statements = [
        (f"{m.name}, anew: {m.table.spec.grain}.", f"ALTER MATERIALIZED VIEW {hive.place(m.name)} REBUILD") if m.name in MATERIALIZED else _whole(m)
        for m in models
    ]
    notes = "beeline -u ... -f hive_marts.sql\nAs of the day in ref.run, whole each time."
    return _file("Marts, from the facts and dimensions.", notes, statements, overwrites=True)


def _statistics(models: list[Model]) -> str:
    statements = []
    for model in models:
        if model.table.layer == "clean":
            continue
        table, partition = model.table, model.table.spec.partition
        what = f"ANALYZE TABLE {hive.place(model.name)}" + (f" PARTITION ({partition})" if partition else "")
        # Of a fact, the columns that joins go by: each is a row a day in the metastore.
        joined = dict.fromkeys([*table.spec.key, *table.spec.checks.stop.references])
        columns = " " + ", ".join(c for c in joined if c != partition) if partition else ""
        statements.append((f"{model.name}: rows and bytes.", f"{what} COMPUTE STATISTICS"))
        statements.append((f"{model.name}: values, NULLs and bounds; by these the order of joins is chosen.", f"{what} COMPUTE STATISTICS FOR COLUMNS{columns}"))
    notes = (
        "beeline -u ... -f hive_statistics.sql\n"
        "After the first load, and when tables have grown much: it reads them whole. An INSERT keeps count of its rows and bytes itself."
    )
    return _file("What the planner should know of the tables.", notes, statements, overwrites=False)
