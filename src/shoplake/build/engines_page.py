"""docs/reference/engines.md: which model was executed where, by which version, and found equal. Made from what the tests recorded."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shoplake.build.models import Model
from shoplake.build.render import Engine, sql_print
from shoplake.engines import impala

# Written by `make test-spark` and its like (tests/models/conftest.py), only when every case of an engine passed.
RECORD = Path("docs/reference/engines.json")
PARSED = impala.NAME  # written by `make test-impala`: grammars, in place of a server

_HEAD = """# Engines: what runs where

Made by `make render` from [engines.json](engines.json), which the tests write; do not edit. One text of each model (warehouse/) is rendered for every engine.
**Executed** is a model whose cases in [tests/models](../../tests/models/README.md) ran on that engine, in the very SQL it would be given today: a change of what is rendered
takes that back until the tests have run again. **Equal** is one that gave the very rows each case names; a cell counts its cases. The named functions
(tidy, to_time, ratio and so on) each have a table of inputs and outputs of their own.
"""


def engines_page(models: list[Model], record: dict[str, Any], engines: Sequence[Engine]) -> str:
    """The page. `record`: engine -> version, date, functions (number), models (name -> cases equal, and the print of the SQL that ran)."""
    lines = [_HEAD, "| engine | version | on | rendered | executed | equal | cases | named functions |", "|---" * 8 + "|"]
    executed = [e for e in engines if e.NAME != PARSED]
    cells = {e.NAME: [_equal(m, e, record) for m in models] for e in executed}
    for engine in executed:
        one, found = record.get(engine.NAME, {}), cells[engine.NAME]
        whole = f"{sum(n > 0 for n in found)} of {len(models)}"
        row = [engine.NAME, one.get("version", "not run"), one.get("date", ""), str(len(models)), whole, whole, str(sum(found)), str(one.get("functions", ""))]
        lines.append("| " + " | ".join(row) + " |")
    parsed = [_parsed(m, record) for m in models]
    lines += ["", _parsed_line(parsed, record)]
    gaps = [f"- **{e.NAME}**, {what}: {reason}" for e in engines for what, reason in e.GAPS.items()]
    lines += ["", "What an engine does not do:", "", *gaps] if gaps else []
    lines += ["", "Cases equal:", "", "| model | " + " | ".join([*cells, PARSED]) + " |", "|---" * (len(cells) + 2) + "|"]
    for i, model in enumerate(models):
        row = [*(str(found[i] or "not run") for found in cells.values()), parsed[i]]
        lines.append(f"| {model.name} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def _parsed(model: Model, record: dict[str, Any]) -> str:
    kept = record.get(PARSED, {}).get("parsed", {}).get(model.name)
    return "parsed" if kept == sql_print(model, impala) else "changed since it was parsed" if kept else "rendered"


def _parsed_line(parsed: list[str], record: dict[str, Any]) -> str:
    one = record.get(PARSED)
    if not one:
        return f"**{PARSED}**: {len(parsed)} models rendered; not parsed yet (`make test-impala`), not executed here."
    return (
        f"**{PARSED}**: {len(parsed)} models rendered, {parsed.count('parsed')} of them parsed by two Impala grammars, "
        f"not executed here ({one['version']}, {one['date']}; {one['statements']} statements, with tables, tuning and dashboards). "
        "[How to take it to an Impala](../guides/impala.md)."
    )


def _equal(model: Model, engine: Engine, record: dict[str, Any]) -> int:
    """Cases that gave the right rows in today's SQL; 0 when none ran, or another SQL did."""
    one = record.get(engine.NAME, {}).get("models", {}).get(model.name)
    return int(one["cases"]) if one and one["sql"] == sql_print(model, engine) else 0


def read_record(root: Path) -> dict[str, Any]:
    """What was recorded; nothing yet in a checkout without the file."""
    path = root / RECORD
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found
