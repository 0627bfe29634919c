"""Keep what was proven: with SHOPLAKE_RECORD set, the models that both grammars accepted are written to docs/reference/engines.json.
Nothing is written when any test failed or only some files were read."""

import datetime as dt
import json
import os

import pytest

from shoplake.build.engines_page import PARSED, RECORD
from shoplake.build.models import read_models
from shoplake.build.render import sql_print
from shoplake.contracts import load
from shoplake.engines import impala
from tests.impala import grammars
from tests.impala.rendered import ROOT, all_statements

_passed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    told = dict(report.user_properties)
    if "impala_parsed" in told and report.when == "call" and report.passed:
        _passed.add(told["impala_parsed"])


def pytest_sessionfinish(session: pytest.Session) -> None:
    every = {s.model or str(s.path) for s in all_statements()}
    if not os.environ.get("SHOPLAKE_RECORD") or session.testsfailed or _passed != every:
        return
    path = ROOT / RECORD
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    parsed = {m.name: sql_print(m, impala) for m in read_models(ROOT / "warehouse", load())}
    version = ", ".join(f"{name} {number}" for name, number in grammars.versions().items())
    new = {
        "version": version,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "parsed": parsed,
        "statements": len(all_statements()),
    }
    if {**record.get(PARSED, {}), "date": ""} != {**new, "date": ""}:  # the same proof again keeps its first date
        record[PARSED] = new
        path.write_text(json.dumps(dict(sorted(record.items())), indent=1) + "\n", encoding="utf-8")
