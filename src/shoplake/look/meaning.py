"""What a table or a column means: the contract's own words, and where the models say it comes from."""

import difflib
from typing import Any

from shoplake.build.models import read_models
from shoplake.contracts import Column, Contracts, Table, load
from shoplake.contracts.model import ChecksSpec
from shoplake.contracts.project import project_folder
from shoplake.errors import WrongUse
from shoplake.look import drawing
from shoplake.look.guard import nearest_table
from shoplake.look.lineage import Lineage


def meaning(project: str, name: str) -> dict[str, Any]:
    """Everything known of `layer.table` or `layer.table.column`.

    A table's name alone will do when only one layer has it. Raises WrongUse, naming the nearest, for a name no contract has.
    """
    contracts = load(project)
    table, column = _found(contracts, name)
    lineage = Lineage(read_models(project_folder(project) / "warehouse", contracts), contracts)
    return (
        _table_meaning(contracts, table, lineage)
        if column is None
        else _column_meaning(contracts, table, column, lineage)
    )


def _found(contracts: Contracts, name: str) -> tuple[Table, Column | None]:
    parts = name.strip().lower().split(".")
    if ".".join(parts[:2]) in contracts.tables and len(parts) <= 3:
        table = contracts.table(".".join(parts[:2]))
        return table, (_column(table, parts[2]) if len(parts) == 3 else None)
    named = [t for t in contracts.tables.values() if t.name == parts[0]]
    if len(named) == 1 and len(parts) <= 2:
        return named[0], (_column(named[0], parts[1]) if len(parts) == 2 else None)
    if named:
        raise WrongUse(f"explain: {name} is not clear: {', '.join(t.full_name for t in named)}. Name the layer.")
    if len(parts) == 1 and parts[0] in contracts.columns:
        tables = [t.full_name for t in contracts.tables.values() if parts[0] in t.names]
        raise WrongUse(
            f"explain: {name} is a column of {', '.join(tables)}. Say which, for example `shoplake explain {tables[-1]}.{name}`."
        )
    known = [*contracts.tables, *(contracts.columns if len(parts) == 1 else [])]
    near = nearest_table(".".join(parts[:2]), contracts.tables) or next(
        iter(difflib.get_close_matches(parts[0], known, n=1)), None
    )
    raise WrongUse(
        f"explain: no table {name}." + (f" Did you mean {near}?" if near else "") + " `shoplake show` lists the tables."
    )


def _column(table: Table, name: str) -> Column:
    if name in table.names:
        return table.column(name)
    near = difflib.get_close_matches(name, table.names, n=3, cutoff=0.5)
    raise WrongUse(
        f"explain: {table.full_name} has no column {name}."
        + (f" Did you mean {' or '.join(near)}?" if near else "")
        + f" Its columns: {', '.join(table.names)}."
    )


def _table_meaning(contracts: Contracts, table: Table, lineage: Lineage) -> dict[str, Any]:
    s = table.spec
    model = next((m for m in lineage.models if m.name == table.full_name), None)
    return {
        "table": table.full_name,
        "grain": s.grain,
        "key": s.key,
        "partition": s.partition,
        "owner": s.owner,
        "notes": s.notes,
        "made_from": list(model.inputs) if model else [],
        "comment": _comment(model.text) if model else None,
        "read_by": lineage.readers(table.full_name),
        "tracked": s.tracked,
        "freshness": f"the newest {s.freshness.column} at most {s.freshness.within_days} days before the newest arrival"
        if s.freshness
        else None,
        "checks": {"stop": _checks(s.checks.stop), "tell": _checks(s.checks.tell)},
        "columns": [_described(c, table) for c in table.columns],
    }


def _column_meaning(contracts: Contracts, table: Table, column: Column, lineage: Lineage) -> dict[str, Any]:
    place = (table.full_name, column.name)
    return {
        "table": table.full_name,
        **_described(column, table),
        "checks": {
            "stop": _checks(table.spec.checks.stop, column.name),
            "tell": _checks(table.spec.checks.tell, column.name),
        },
        "also_in": [t.full_name for t in contracts.tables.values() if column.name in t.names and t is not table],
        "lineage": lineage.tree(place),
        "read_by": [".".join(p) for p in lineage.readers_of(place)],
    }


def _described(c: Column, table: Table) -> dict[str, Any]:
    return {
        "column": c.name, "type": c.type, "unit": c.unit, "meaning": c.meaning, "sensitivity": c.sensitivity, "person": c.person,
        "values": list(c.values) if c.values else None, "is_key": c.name in table.spec.key, "is_arrival": c.arrival,
    }  # fmt: skip


def _checks(c: ChecksSpec, column: str | None = None) -> list[str]:
    """The checks as sentences; of one column, those that name it."""
    said: list[tuple[set[str], str]] = [({n}, f"{n} is never NULL") for n in c.not_null]
    said += [(set(group), f"({', '.join(group)}) is unique") for group in c.unique]
    said += [({n}, f"{n} is one of its values") for n in c.accepted]
    for n, r in c.range.items():
        bounds = [f"at least {r.min}"] * (r.min is not None) + [f"at most {r.max}"] * (r.max is not None)
        said.append(({n}, f"{n} is {' and '.join(bounds)}"))
    said += [({n}, f"{n} is found in {target}") for n, target in c.references.items()]
    said += [(set(), f"it has rows when {c.not_empty_when} has")] if c.not_empty_when else []
    said += [
        (set(condition.replace("(", " ").replace(")", " ").split()), f"{name}: {condition}")
        for name, condition in c.expressions.items()
    ]
    return [text for names, text in said if column is None or column in names]


def _comment(text: str) -> str:
    """The words at the top of a model."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def meaning_as_text(found: dict[str, Any]) -> str:
    return _column_as_text(found) if "lineage" in found else _table_as_text(found)


def _table_as_text(f: dict[str, Any]) -> str:
    pairs = [("a row is", f["grain"]), ("key", ", ".join(f["key"])), ("partition", f["partition"]), ("owner", f["owner"]), ("freshness", f["freshness"]),
             ("versions by", ", ".join(f["tracked"])), ("made from", ", ".join(f["made_from"])), ("read by", ", ".join(f["read_by"]))]  # fmt: skip
    lines = [f["table"], *drawing.paragraphs([(n, v) for n, v in pairs if v])]
    for text in (f["notes"], f["comment"]):
        lines += ["", *drawing.wrapped(text)] if text else []
    rows = [
        (("* " if c["is_key"] else "  ") + c["column"], c["type"], c["unit"] or "", c["sensitivity"], c["meaning"])
        for c in f["columns"]
    ]
    lines += ["", *drawing.table(("  column", "type", "unit", "sensitivity", "meaning"), rows, indent=0, wrap=True)]
    return "\n".join(lines + _check_lines(f["checks"]))


def _check_lines(checks: dict[str, list[str]]) -> list[str]:
    lines = []
    for level, title in (("stop", "Checks that stop a build"), ("tell", "Checks that are told")):
        if checks[level]:
            lines += ["", title, *(f"  {text}" for text in checks[level])]
    return lines


def _column_as_text(f: dict[str, Any]) -> str:
    pairs = [("means", f["meaning"]), ("type", f["type"]), ("unit", f["unit"]), ("sensitivity", f["sensitivity"] + (f", key of a {f['person']}" if f["person"] else "")),
             ("values", ", ".join(f["values"] or [])), ("key", "part of the table's key" if f["is_key"] else None),
             ("arrival", "outside every content hash" if f["is_arrival"] else None), ("also in", ", ".join(f["also_in"])), ("read by", ", ".join(f["read_by"]))]  # fmt: skip
    lines = [f"{f['table']}.{f['column']}", *drawing.paragraphs([(n, v) for n, v in pairs if v])]
    lines += _check_lines(f["checks"])
    return "\n".join(
        [*lines, "", "Comes from (values only; what filters and joins look at is not told)", *_branches(f["lineage"])]
    )


def _branches(node: dict[str, Any], depth: int = 1) -> list[str]:
    said = "  " * depth + node["column"]
    if node.get("problem"):
        said += f": {node['problem']}"
    elif node.get("expression") and node.get("from"):
        said += f" = {drawing.cut(node['expression'], max(20, drawing.width() - len(said) - 3))}"
    elif node.get("expression"):
        said += f" = {node['expression']} (no column)"
    return [said, *(line for inner in node.get("from", []) for line in _branches(inner, depth + 1))]
