"""docs/reference/engines.md: which model was executed where, by which version, and found equal. Made from what the tests recorded."""

import json
from pathlib import Path
from typing import Any

from shoplake.build.models import Model

# Written by `make test-spark` and its like (tests/models/conftest.py), only when every case of an engine passed.
RECORD = Path("docs/reference/engines.json")
REFERENCE = "duckdb"
PLANNED = ("hive", "impala")

_HEAD = """# Engines: what runs where

Made by `make render` from [engines.json](engines.json), which the tests write; do not edit. One text of each model (warehouse/) is rendered for every engine.
A cell counts the cases of [tests/models](../../tests/models/README.md) that were executed on that engine and gave the very rows the case names;
the named functions (tidy, to_time, ratio and so on) each have a table of inputs and outputs of their own.
"""


def engines_page(models: list[Model], record: dict[str, Any]) -> str:
    """The page. `record`: engine -> version, date, models (name -> cases equal), functions (number)."""
    engines = [REFERENCE, *sorted(e for e in record if e != REFERENCE)]
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
    lines += ["", "| model | " + " | ".join(engines) + " |", "|---" * (len(engines) + 1) + "|"]
    for model in models:
        cells = [str(record.get(e, {}).get("models", {}).get(model.name, "not run")) for e in engines]
        lines.append(f"| {model.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def read_record(root: Path) -> dict[str, Any]:
    """What was recorded; nothing yet in a checkout without the file."""
    path = root / RECORD
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found
