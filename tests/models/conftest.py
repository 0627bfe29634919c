"""Keep what was proven: with SHOPLAKE_RECORD set, each engine on which every case and function passed is written to
docs/reference/engines.json. Nothing is written when any test failed or only some cases ran."""

import datetime as dt
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shoplake.build.engines_page import RECORD
from shoplake.build.pages import ENGINES
from shoplake.build.render import sql_print
from shoplake.build.subset import NAMED_FUNCTIONS
from tests.models.cases import Project, paths

ROOT = Path(__file__).resolve().parents[2]
_passed: dict[tuple[str, str], Counter[str]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    told = dict(report.user_properties)
    if "engine" not in told or report.when != "call":
        return
    if report.passed:
        _passed.setdefault((told["engine"], told["version"]), Counter())[told["proves"]] += 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not os.environ.get("SHOPLAKE_RECORD") or session.testsfailed or hasattr(session.config, "workerinput"):
        return  # of several processes the one that hears of all tests writes
    record = json.loads((ROOT / RECORD).read_text(encoding="utf-8")) if (ROOT / RECORD).exists() else {}
    every = Counter(p.parent.name for p in paths()) + Counter({f.lower(): 1 for f in NAMED_FUNCTIONS})
    for (engine, version), found in _passed.items():
        if found != every:
            continue
        new = _record(engine, version, found)
        old = record.get(engine, {})
        if {**old, "date": ""} != {**new, "date": ""}:  # the same proof again keeps its first date
            record[engine] = new
    text = json.dumps(dict(sorted(record.items())), indent=1) + "\n"
    (ROOT / RECORD).write_text(text, encoding="utf-8")


def _record(engine: str, version: str, found: "Counter[str]") -> dict[str, Any]:
    """With each model's SQL, by its print: a proof of other SQL is none."""
    (facts,) = (e for e in ENGINES if engine == e.NAME)
    known = Project.read().models
    models = {name: {"cases": n, "sql": sql_print(known[name], facts)} for name, n in sorted(found.items()) if "." in name}
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return {"version": version, "date": today, "models": models, "functions": len(found) - len(models)}
