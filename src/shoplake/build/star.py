"""core and marts inside a generation: whole, or only the entities an arrival touches.

Incremental equals full because a contract says what its table's rows depend on (`reach`): rows of two entities never influence
each other, so recomputing the touched entities from all their rows gives what a full build gives. What is written is the
difference, so that the days a build rewrites are exactly the days that changed.
"""

from dataclasses import dataclass, field

from shoplake.build.models import Model
from shoplake.build.render import render
from shoplake.build.warehouse import Warehouse
from shoplake.contracts import Contracts, Table
from shoplake.errors import ShoplakeError


@dataclass
class Changes:
    """What is different from the parent generation: input's full name -> name in SQL of a relation with its changed rows."""

    relations: dict[str, str] = field(default_factory=dict)
    touched: dict[str, list[str]] = field(default_factory=dict)  # partitioned table -> days rewritten


def build_whole(house: Warehouse, model: Model) -> list[str]:
    """Make the table anew. Returns the days it holds, if it is partitioned."""
    house.replace(model.table, render(model, house.facts, place=house.place))
    return _days(house, model.table, house.place(model.name))


def build_touched(house: Warehouse, contracts: Contracts, model: Model, changes: Changes) -> None:
    """Bring the table up to date by recomputing the touched entities; adds its own changed rows to `changes`."""
    reach = model.table.spec.reach
    changed = [i for i in model.inputs if i in changes.relations]
    if reach is None:
        if changed or any(i.startswith("ref.") for i in model.inputs):
            build_whole(house, model)
        return
    if not changed:
        return
    entity, work = reach.entity, model.table.name
    touched = _touch(house, contracts, model, changes)
    inside = f"{entity} IN (SELECT entity FROM {house.place(f'work.{touched}')})"
    only = {i: inside for i in model.inputs if entity in contracts.table(i).names}
    columns = ", ".join(model.table.names)
    new, old, gone, come, delta = (
        house.place(f"work.{kind}_{work}") for kind in ("new", "old", "gone", "come", "delta")
    )
    house.keep(f"new_{work}", render(model, house.facts, only, house.place))
    # A member that belongs to nobody (unknown) has no entity and is computed every time.
    there = f"SELECT {columns} FROM {house.place(model.name)} WHERE"
    house.keep(f"old_{work}", f"{there} {inside} UNION ALL {there} {entity} IS NULL")
    house.keep(f"gone_{work}", f"SELECT {columns} FROM {old} EXCEPT ALL SELECT {columns} FROM {new}")
    house.keep(f"come_{work}", f"SELECT {columns} FROM {new} EXCEPT ALL SELECT {columns} FROM {old}")
    house.apply(model.table, f"gone_{work}", f"come_{work}")
    house.keep(f"delta_{work}", f"SELECT {columns} FROM {gone} UNION ALL SELECT {columns} FROM {come}")
    changes.relations[model.name] = delta
    changes.touched[model.name] = _days(house, model.table, delta)
    house.drop(touched, *(f"{kind}_{work}" for kind in ("new", "old", "gone", "come")))


def _touch(house: Warehouse, contracts: Contracts, model: Model, changes: Changes) -> str:
    """The entities to recompute, as work.<name> with one column, entity. Returns the name."""
    reach = model.table.spec.reach
    assert reach is not None
    entity, work = reach.entity, f"touched_{model.table.name}"
    bases = [i for i in model.inputs if entity in contracts.table(i).names]
    selects = [f"SELECT {entity} AS entity FROM {changes.relations[i]}" for i in bases if i in changes.relations]
    for other, column in reach.follows.items():
        if other in changes.relations:
            selects += [
                f"SELECT b.{entity} AS entity FROM {house.place(base)} AS b WHERE b.{column} IN (SELECT {column} FROM {changes.relations[other]})"
                for base in bases
                if column in contracts.table(base).names
            ]
    unreached = [i for i in model.inputs if i in changes.relations and i not in bases and i not in reach.follows]
    if unreached or not selects:
        raise ShoplakeError(
            f"{model.table.path}:1: reach does not say how {', '.join(unreached) or 'its inputs'} lead to {entity}. Add them to `follows`."
        )
    house.keep(work, f"SELECT DISTINCT entity FROM ({' UNION ALL '.join(selects)}) AS x WHERE entity IS NOT NULL")
    if reach.closed_under:
        work = _close(house, bases, entity, reach.closed_under, work, changes)
    return work


def _close(house: Warehouse, bases: list[str], entity: str, key: str, work: str, changes: Changes) -> str:
    """Add every entity that holds a copy of a key of a touched one, until nothing is added. Returns work.<name> of them."""
    before, count, step = -1, _count(house, work), 0
    while count != before:
        step, touched = step + 1, house.place(f"work.{work}")
        keys = " UNION ALL ".join(
            [f"SELECT {key} FROM {house.place(b)} WHERE {entity} IN (SELECT entity FROM {touched})" for b in bases]
            + [f"SELECT {key} FROM {changes.relations[b]}" for b in bases if b in changes.relations]
        )
        holders = " UNION ".join(
            f"SELECT {entity} AS entity FROM {house.place(b)} WHERE {key} IN ({keys}) AND {entity} IS NOT NULL"
            for b in bases
        )
        wider = f"touched_{step}_of_{bases[0].partition('.')[2]}"
        house.keep(wider, f"SELECT entity FROM {touched} UNION {holders}")
        house.drop(work)
        before, count, work = count, _count(house, wider), wider
    return work


def _count(house: Warehouse, work: str) -> int:
    return int(house.rows(f"SELECT COUNT(*) FROM {house.place(f'work.{work}')}")[0][0])


def _days(house: Warehouse, table: Table, relation: str) -> list[str]:
    partition = table.spec.partition
    if partition is None:
        return []
    return [str(row[0]) for row in house.rows(f"SELECT DISTINCT {partition} FROM {relation} ORDER BY 1")]
