"""The data dictionary and the JSON Schemas, derived from the contracts."""

import json
from typing import Any

import msgspec

from shoplake.contracts.model import ColumnSpec, Contracts, Table, TableSpec

TITLES = {
    "raw": "raw: what arrived, as text",
    "ref": "ref: small tables made in Python",
    "clean": "clean: typed, deduplicated",
    "rejected": "rejected: what was left out, and why",
    "core": "core: the star",
    "marts": "marts: one a question",
    "ledger": "ledger: where every row went",
}


def data_dictionary(contracts: Contracts) -> str:
    """docs/reference/data_dictionary.md: every table with its grain, key, checks and columns."""
    lines = [
        "# Data dictionary",
        "",
        "Made from contracts/ by `make render`; do not edit. `shoplake explain TABLE.COLUMN` says where a column comes from.",
        "",
    ]
    for layer, title in TITLES.items():
        lines += [f"## {title}", ""]
        tables = contracts.layer(layer)
        if layer == "rejected":
            tables = tables[:1]
        for table in tables:
            lines += _table(table, "rejected.*" if layer == "rejected" else table.full_name)
    return "\n".join(lines).rstrip() + "\n"


def _table(table: Table, name: str) -> list[str]:
    spec = table.spec
    facts = [f"One row is {spec.grain}.", f"Owner: {spec.owner}."]
    facts += [f"Key: {', '.join(spec.key)}."] if spec.key else []
    facts += [f"Made by `shoplake {spec.made_by}`, not by a build."] if spec.made_by else []
    facts += [f"Partition: {spec.partition}."] if spec.partition else []
    facts += [f"Versioned by: {', '.join(spec.tracked)}."] if spec.tracked else []
    facts += [f"Freshness: {spec.freshness.column} within {spec.freshness.within_days} days."] if spec.freshness else []
    lines = [f"### {name}", "", " ".join(facts), ""]
    if spec.notes:
        lines += [spec.notes, ""]
    for level in ("stop", "tell"):
        checks = list(describe_checks(table, level))
        if checks:
            lines += [f"Checks ({level}): {'; '.join(checks)}.", ""]
    lines += ["| column | type | unit | sensitivity | meaning |", "|---|---|---|---|---|"]
    for c in table.columns:
        values = f" One of: {', '.join(c.values)}." if c.values else ""
        lines.append(f"| {c.name} | {c.type} | {c.unit or ''} | {c.sensitivity} | {c.meaning}{values} |")
    return [*lines, ""]


def describe_checks(table: Table, level: str) -> list[str]:
    """The checks of one strength, in words."""
    checks = table.spec.checks.stop if level == "stop" else table.spec.checks.tell
    found = [f"{', '.join(checks.not_null)} not NULL"] if checks.not_null else []
    found += [f"({', '.join(columns)}) unique" for columns in checks.unique]
    found += [f"{c} one of its values" for c in checks.accepted]
    for c, bounds in checks.range.items():
        found += [f"{c} >= {bounds.min}"] if bounds.min is not None else []
        found += [f"{c} <= {bounds.max}"] if bounds.max is not None else []
    found += [f"{c} in {target}" for c, target in checks.references.items()]
    found += [f"{condition}" for condition in checks.expressions.values()]
    found += [f"not empty when {checks.not_empty_when} is not"] if checks.not_empty_when else []
    return found


def json_schemas() -> dict[str, str]:
    """File name -> JSON Schema of each YAML people write, so that editors complete it."""
    return {
        "columns.json": _schema(dict[str, ColumnSpec], "contracts/columns.yml: every column, once"),
        "table.json": _schema(TableSpec, "contracts/<layer>/<table>.yml: one table"),
    }


def message_schema(contracts: Contracts) -> str:
    """JSON Schema of a clickstream message, version 1. Every value may also be spelled as text: clean reads it strictly."""
    clean = contracts.table("clean.clickstream")
    required = set(clean.spec.checks.stop.not_null)
    properties: dict[str, Any] = {}
    for column in contracts.table("raw.clickstream").columns:
        kind = contracts.columns[column.name].type  # raw itself holds text alone
        kinds = ["string", "integer"] if kind in ("bigint", "timestamp") else ["string", "number"] if kind.startswith("decimal") else ["string"]
        properties[column.name] = {"type": kinds if column.name in required else [*kinds, "null"], "description": column.meaning}
        if column.values and column.name in clean.spec.checks.stop.accepted:
            properties[column.name]["examples"] = column.values
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "a message of the topic clickstream, schema_version 1", "type": "object",
        "required": [name for name in properties if name in required], "properties": properties, "additionalProperties": True,
    }  # fmt: skip
    return json.dumps(schema, indent=2) + "\n"


def _schema(kind: Any, title: str) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **msgspec.json.schema(kind)}
    return json.dumps(schema, indent=2) + "\n"
