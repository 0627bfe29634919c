"""docs/reference/engines.md: which model was executed where, by which version, and found equal. Made from what the tests recorded."""

import hashlib
import json
from pathlib import Path
from typing import Any

from shoplake.build.models import Model
from shoplake.build.render import render
from shoplake.engines import impala

# Written by `make test-spark` and its like (tests/models/conftest.py), only when every case of an engine passed.
RECORD = Path("docs/reference/engines.json")
REFERENCE = "duckdb"
PLANNED = ("hive",)
PARSED = impala.NAME  # written by `make test-impala`: grammars, in place of a server

_HEAD = """# Engines: what runs where

Made by `make render` from [engines.json](engines.json), which the tests write; do not edit. One text of each model (warehouse/) is rendered for every engine.
A cell counts the cases of [tests/models](../../tests/models/README.md) that were executed on that engine and gave the very rows the case names;
the named functions (tidy, to_time, ratio and so on) each have a table of inputs and outputs of their own.
"""


def engines_page(models: list[Model], record: dict[str, Any]) -> str:
    """The page. `record`: engine -> version, date, models (name -> cases equal), functions (number)."""
    engines = [REFERENCE, *sorted(e for e in record if e not in (REFERENCE, PARSED))]
    lines = [_HEAD]
    for engine in engines:
        one = record.get(engine)
        if one:
            whole = sum(m.name in one["models"] for m in models)
            lines.append(
                f"- **{engine}** {one['version']}, {one['date']}: {whole} of {len(models)} models executed and equal "
                f"({sum(one['models'].values())} cases), {one['functions']} named functions."
            )
    lines += [f"- **{engine}**: not there yet." for engine in PLANNED if engine not in record]
    parsed = {m.name: _parsed(m, record) for m in models}
    lines.append(_parsed_line(parsed, record))
    lines += ["", "| model | " + " | ".join([*engines, PARSED]) + " |", "|---" * (len(engines) + 2) + "|"]
    for model in models:
        cells = [str(record.get(e, {}).get("models", {}).get(model.name, "not run")) for e in engines]
        lines.append(f"| {model.name} | " + " | ".join([*cells, parsed[model.name]]) + " |")
    return "\n".join(lines) + "\n"


def fingerprint(sql: str) -> str:
    """Tells whether a statement is the one that was parsed."""
    return hashlib.sha256(sql.strip().encode()).hexdigest()[:12]


def _parsed(model: Model, record: dict[str, Any]) -> str:
    kept = record.get(PARSED, {}).get("parsed", {}).get(model.name)
    sql = render(model, impala)
    return "parsed" if kept == fingerprint(sql) else "changed since it was parsed" if kept else "rendered"


def _parsed_line(parsed: dict[str, str], record: dict[str, Any]) -> str:
    one = record.get(PARSED)
    if not one:
        return f"- **{PARSED}**: {len(parsed)} models rendered; not parsed yet (`make test-impala`), not executed here."
    return (
        f"- **{PARSED}**: {len(parsed)} models rendered, {sum(p == 'parsed' for p in parsed.values())} of them parsed by two Impala grammars, "
        f"not executed here ({one['version']}, {one['date']}; {one['statements']} statements, with tables, tuning and dashboards). "
        "[How to take it to an Impala](../guides/impala.md)."
    )


def read_record(root: Path) -> dict[str, Any]:
    """What was recorded; nothing yet in a checkout without the file."""
    path = root / RECORD
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found
