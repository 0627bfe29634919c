"""Read contracts/ once, into typed objects; every mistake is an error that names file, line and remedy."""

import difflib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shoplake.contracts import yaml_lines
from shoplake.contracts.model import LAYERS, ChecksSpec, Column, ColumnSpec, Contracts, Table, TableSpec
from shoplake.errors import WrongUse

T = TypeVar("T")
# What a record carries beside its own columns while it is judged (build/clean.py).
TAKEN = {"reject", "nulled_values", "raw_text", "source_file", "is_malformed", "row_id", "rowid"}


def load(folder: Path) -> Contracts:
    """All contracts of a folder that holds columns.yml and a folder a layer.

    Raises WrongUse for: a missing file, an unknown key or type, a column that columns.yml does not define, a name that is taken, a key,
    partition or check that names no column of the table, a column defined but used nowhere.
    """
    columns_file = folder / "columns.yml"
    if not columns_file.exists():
        raise WrongUse(
            f"{columns_file}: not found. A project has contracts/columns.yml; `shoplake init DIR` makes one."
        )
    columns, marks = _read_columns(columns_file)
    contracts = Contracts(folder, columns)
    used: set[str] = set()
    for layer in LAYERS:
        for path in sorted((folder / layer).glob("*.yml")):
            table = _table(layer, path, columns)
            used.update(table.names)
            contracts.tables[table.full_name] = table
        if layer == "rejected":
            each = _table(layer, folder / "rejected.yml", columns)
            used.update(each.names)
            for raw in contracts.layer("raw"):
                contracts.tables[f"rejected.{raw.name}"] = replace(each, name=raw.name)
    for name in columns:
        if name not in used:
            raise WrongUse(
                f"{columns_file}:{marks.get((name,), 1)}: no table uses the column {name}. Delete it, or name it in a table's columns."
            )
    _check_references(contracts)
    return contracts


def _read_columns(path: Path) -> tuple[dict[str, ColumnSpec], yaml_lines.Marks]:
    data, marks = yaml_lines.load(path)
    if not isinstance(data, dict):
        raise WrongUse(
            f"{path}:1: found no columns, expected `name: {{type: ..., sensitivity: ..., meaning: ...}}`, one a line."
        )
    return {name: _convert(value, ColumnSpec, path, marks, (name,)) for name, value in data.items()}, marks


def _read(path: Path, kind: type[T]) -> tuple[T, yaml_lines.Marks]:
    data, marks = yaml_lines.load(path)
    return _convert(data, kind, path, marks, ()), marks


def _convert(data: Any, kind: type[T], path: Path, marks: yaml_lines.Marks, at: tuple[str | int, ...]) -> T:
    try:
        return msgspec.convert(data, type=kind)
    except msgspec.ValidationError as e:
        words, _, where = str(e).partition(" - at `")
        raise WrongUse(
            f"{path}:{_line(where, marks, at)}: {words}. The keys and types expected stand in docs/reference/schemas/."
        ) from e


def _line(where: str, marks: yaml_lines.Marks, at: tuple[str | int, ...]) -> int:
    """The line of a msgspec path like `$.checks.stop.range[...].min`; of its nearest known parent when [...] hides a key."""
    for index, key in re.findall(r"\[([0-9]+|\.\.\.)\]|([A-Za-z_][A-Za-z_0-9]*)", where):
        further = (*at, int(index) if index.isdigit() else key)
        if further not in marks:
            break
        at = further
    return marks.get(at, 1)


def _table(layer: str, path: Path, columns: dict[str, ColumnSpec]) -> Table:
    spec, marks = _read(path, TableSpec)
    found: list[Column] = []
    for i, name in enumerate(spec.columns):
        line = marks.get(("columns", i), 1)
        if name in spec.columns[:i]:
            raise WrongUse(f"{path}:{line}: the column {name} stands twice. Delete one.")
        if layer in ("raw", "clean") and name in TAKEN:
            raise WrongUse(f"{path}:{line}: the name {name} is taken: a record carries it beside its columns while it is judged. Choose another.")
        if name not in columns:
            near = difflib.get_close_matches(name, columns, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise WrongUse(f"{path}:{line}: the column {name} is not defined. Define it in columns.yml.{hint}")
        c = columns[name]
        found.append(
            Column(
                name,
                "text" if layer == "raw" else c.type,
                c.sensitivity,
                c.meaning,
                c.unit,
                tuple(c.values) if c.values is not None else None,
                c.person,
                c.arrival,
            )
        )
    table = Table(layer, path.stem, spec, tuple(found), path)
    _check_names(table, marks)
    return table


def _check_names(table: Table, marks: yaml_lines.Marks) -> None:
    """Whatever names a column must name one of this table's."""
    spec = table.spec
    names = set(table.names) | ({"ds"} if table.layer in ("raw", "clean") else set())
    named: list[tuple[tuple[str | int, ...], str]] = []
    named += [(("key", i), n) for i, n in enumerate(spec.key)]
    named += [(("tracked", i), n) for i, n in enumerate(spec.tracked)]
    named += [(("time",), spec.time)] if spec.time else []
    named += [(("partition",), spec.partition)] if spec.partition else []
    named += [(("freshness",), spec.freshness.column)] if spec.freshness else []
    if spec.reach:
        named += [(("reach",), n) for n in (spec.reach.entity, spec.reach.closed_under) if n]
    for level in ("stop", "tell"):
        checks: ChecksSpec = getattr(spec.checks, level)
        at = ("checks", level)
        named += [((*at, "not_null", i), n) for i, n in enumerate(checks.not_null)]
        named += [((*at, "unique", i, j), n) for i, group in enumerate(checks.unique) for j, n in enumerate(group)]
        named += [((*at, "accepted", i), n) for i, n in enumerate(checks.accepted)]
        named += [((*at, "range", n), n) for n in checks.range]
        named += [((*at, "references", n), n) for n in checks.references]
        for i, n in enumerate(checks.accepted):
            if n in names and not table.column(n).values:
                line = marks.get((*at, "accepted", i), 1)
                raise WrongUse(
                    f"{table.path}:{line}: {n} has no `values` in columns.yml, so nothing can be accepted. Add them there."
                )
    for place, name in named:
        if name not in names:
            line = next((marks[place[:n]] for n in range(len(place), 0, -1) if place[:n] in marks), 1)
            raise WrongUse(
                f"{table.path}:{line}: {name} is not a column of {table.full_name}. Add it to `columns`, or correct the name."
            )
    if table.layer != "raw" and not spec.key:
        raise WrongUse(f"{table.path}:1: no key. Say which columns name a row: `key: [...]`.")


def _check_references(contracts: Contracts) -> None:
    for table in contracts.tables.values():
        for checks in (table.spec.checks.stop, table.spec.checks.tell):
            if checks.not_empty_when and checks.not_empty_when not in contracts.tables:
                raise WrongUse(
                    f"{table.path}:1: not_empty_when: {checks.not_empty_when} has no contract. Name a table as layer.table."
                )
            for column, target in checks.references.items():
                other, _, name = target.rpartition(".")
                if other not in contracts.tables or name not in contracts.tables[other].names:
                    raise WrongUse(
                        f"{table.path}:1: {column} refers to {target}, which no contract has. Write layer.table.column."
                    )
