"""core and marts inside a generation: whole, or only the entities an arrival touches.

Incremental equals full because a contract says what its table's rows depend on (`reach`): rows of two entities never influence
each other, so recomputing the touched entities from all their rows gives what a full build gives. What is written is the
difference, so that the days a build rewrites are exactly the days that changed.
"""

from dataclasses import dataclass, field

from shoplake.build.models import Model
from shoplake.build.render import render
from shoplake.contracts import Contracts, Table
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import DuckDB, place
from shoplake.errors import ShoplakeError


@dataclass
class Changes:
    """What is different from the parent generation, as relations: input's full name -> name of a relation with its changed rows."""

    relations: dict[str, str] = field(default_factory=dict)
    touched: dict[str, list[str]] = field(default_factory=dict)  # partitioned table -> days rewritten


def build_whole(engine: DuckDB, model: Model) -> list[str]:
    """Make the table anew. Returns the days it holds, if it is partitioned."""
    engine.execute(f"DROP TABLE IF EXISTS gen.{model.name}")
    engine.execute(f"CREATE TABLE gen.{model.name} AS {render(model, facts, databases=facts.DATABASES)}")
    return _days(engine, model.table, f"gen.{model.name}")


def build_touched(engine: DuckDB, contracts: Contracts, model: Model, changes: Changes) -> None:
    """Bring the table up to date by recomputing the touched entities; adds its own changed rows to `changes`."""
    reach = model.table.spec.reach
    changed = [i for i in model.inputs if i in changes.relations]
    if reach is None:
        if changed or any(i.startswith("ref.") for i in model.inputs):
            build_whole(engine, model)
        return
    if not changed:
        return
    entity, work = reach.entity, model.table.name
    _touch(engine, contracts, model, changes)
    inside = f"{entity} IN (SELECT entity FROM lake.work.touched_{work})"
    only = {i: inside for i in model.inputs if entity in contracts.table(i).names}
    columns = ", ".join(model.table.names)
    engine.execute(f"CREATE OR REPLACE TABLE lake.work.new_{work} AS {render(model, facts, only, facts.DATABASES)}")
    # A member that belongs to nobody (unknown) has no entity and is computed every time.
    engine.execute(
        f"CREATE OR REPLACE TABLE lake.work.old_{work} AS SELECT {columns} FROM gen.{model.name} WHERE {inside} OR {entity} IS NULL"
    )
    engine.execute(
        f"CREATE OR REPLACE TABLE lake.work.gone_{work} AS SELECT {columns} FROM lake.work.old_{work} EXCEPT ALL SELECT {columns} FROM lake.work.new_{work}"
    )
    engine.execute(
        f"CREATE OR REPLACE TABLE lake.work.come_{work} AS SELECT {columns} FROM lake.work.new_{work} EXCEPT ALL SELECT {columns} FROM lake.work.old_{work}"
    )
    same = " AND ".join(f"t.{k} = g.{k}" for k in model.table.spec.key)
    engine.execute(f"DELETE FROM gen.{model.name} AS t USING lake.work.gone_{work} AS g WHERE {same}")
    engine.execute(f"INSERT INTO gen.{model.name} SELECT {columns} FROM lake.work.come_{work}")
    engine.execute(
        f"CREATE OR REPLACE TABLE lake.work.delta_{work} AS SELECT {columns} FROM lake.work.gone_{work} UNION ALL SELECT {columns} FROM lake.work.come_{work}"
    )
    changes.relations[model.name] = f"lake.work.delta_{work}"
    changes.touched[model.name] = _days(engine, model.table, f"lake.work.delta_{work}")
    for name in ("new", "old", "gone", "come", "touched"):
        engine.execute(f"DROP TABLE lake.work.{name}_{work}")


def _touch(engine: DuckDB, contracts: Contracts, model: Model, changes: Changes) -> None:
    """lake.work.touched_<table>: the entities to recompute."""
    reach = model.table.spec.reach
    assert reach is not None
    entity, touched = reach.entity, f"lake.work.touched_{model.table.name}"
    bases = [i for i in model.inputs if entity in contracts.table(i).names]
    selects = [f"SELECT {entity} AS entity FROM {changes.relations[i]}" for i in bases if i in changes.relations]
    for other, column in reach.follows.items():
        if other in changes.relations:
            selects += [
                f"SELECT b.{entity} AS entity FROM {place(base)} AS b WHERE b.{column} IN (SELECT {column} FROM {changes.relations[other]})"
                for base in bases
                if column in contracts.table(base).names
            ]
    unreached = [i for i in model.inputs if i in changes.relations and i not in bases and i not in reach.follows]
    if unreached or not selects:
        raise ShoplakeError(
            f"{model.table.path}:1: reach does not say how {', '.join(unreached) or 'its inputs'} lead to {entity}. Add them to `follows`."
        )
    engine.execute(
        f"CREATE OR REPLACE TABLE {touched} AS SELECT DISTINCT entity FROM ({' UNION ALL '.join(selects)}) AS x WHERE entity IS NOT NULL"
    )
    if reach.closed_under:
        _close(engine, bases, entity, reach.closed_under, touched, changes)


def _close(engine: DuckDB, bases: list[str], entity: str, key: str, touched: str, changes: Changes) -> None:
    """Add every entity that holds a copy of a key of a touched one, until nothing is added."""
    before = -1
    while (count := engine.rows(f"SELECT COUNT(*) FROM {touched}")[0][0]) != before:
        before = count
        keys = " UNION ALL ".join(
            [f"SELECT {key} FROM {place(b)} WHERE {entity} IN (SELECT entity FROM {touched})" for b in bases]
            + [f"SELECT {key} FROM {changes.relations[b]}" for b in bases if b in changes.relations]
        )
        holders = " UNION ".join(f"SELECT {entity} FROM {place(b)} WHERE {key} IN ({keys})" for b in bases)
        engine.execute(
            f"INSERT INTO {touched} SELECT DISTINCT {entity} FROM ({holders}) AS h WHERE {entity} NOT IN (SELECT entity FROM {touched})"
        )


def _days(engine: DuckDB, table: Table, relation: str) -> list[str]:
    partition = table.spec.partition
    if partition is None:
        return []
    return [
        str(row[0]) for row in engine.rows(f"SELECT DISTINCT CAST({partition} AS VARCHAR) FROM {relation} ORDER BY 1")
    ]
