"""A robot seen for the first time is judged after its agent is known; one already known, at once. The outcome is the same."""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shoplake.build import clean
from shoplake.build.models import read_models
from shoplake.build.reference import fingerprint
from shoplake.contracts.project import project_folder
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from tests.making import CONTRACTS, ask, deliver, run

ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
DAYS = ("2025-05-02", "2025-05-03")
PERSON = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def _day(ds: str) -> list[dict[str, object]]:
    event = {"event_type": "View", "visitor_id": "v", "unit_price": "1.50", "quantity": "2"}
    stamps = [f"{ds}T10:00:00.123456Z", f"{ds} 10:00:01", "1746180000000"]
    rows = [
        {**event, "event_id": f"{who}-{n}", "event_ts": stamp, "user_agent": f" {agent} "}
        for who, agent in (("robot", ROBOT), ("person", PERSON))
        for n, stamp in enumerate(stamps)
    ]
    rows.append({**rows[0]})  # a robot's copy is a robot's event, not a duplicate
    rows.append({**rows[0], "event_id": "robot-odd", "raw_text": "as it came", "page_url": 'https://shop.example/"q"'})
    rows.append({**rows[0], "event_id": "robot-late", "event_ts": "2025-02-30 10:00:00"})  # the first reason stands
    return rows


def _deliver_and_build(root: Path, **options: str) -> None:
    for ds in DAYS:
        deliver(root, "clickstream", ds, _day(ds))
        run(root, **options)


def test_a_robot_is_judged_alike_when_first_seen_and_when_known(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    _deliver_and_build(root)
    first, second = read_manifest(Lake(root)).partitions
    assert first.reasons == second.reasons == {"bad_timestamp:event_ts": 1, "bot:user_agent": 5}
    assert (first.clean, first.duplicate) == (second.clean, second.duplicate) == (3, 0)
    names = CONTRACTS.table("raw.clickstream").names
    for one, ds in ((first, DAYS[0]), (second, DAYS[1])):
        kept = pq.read_table(root / one.rejected_files[0].path).to_pylist()
        plain = [r for r in _day(ds) if str(r["event_id"]).startswith("robot") and "raw_text" not in r]
        expected = [json.dumps({c: r.get(c) for c in names}) for r in plain] + ["as it came"]
        assert sorted(r["raw_text"] for r in kept) == sorted(expected)
        assert {r["source_file"].rsplit("/", 1)[1] for r in kept} == {"part-test.jsonl", "odd-test.jsonl"}


def test_the_model_is_the_one_that_may_be_judged_in_two_steps() -> None:
    """When the model changes, look whether it still keeps user_agent as it came, and asks ref.user_agents for its last reason,
    ROBOTS_REASON, only. Then, and only then, write its new fingerprint into build/clean.py."""
    models = {m.name: m for m in read_models(project_folder() / "warehouse", CONTRACTS)}
    assert clean.judges_robots_last(models[clean.AGENTS_OF]), fingerprint(models[clean.AGENTS_OF].meaning)


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        pytest.param("    t.user_agent,\n", "    fold(t.user_agent) AS user_agent,\n", {"bot:user_agent": 5}, id="folds the agent"),
        pytest.param("WHEN a.is_bot THEN", "WHEN a.os = 'Windows' THEN 'bot:os' WHEN a.is_bot THEN", {"bot:user_agent": 5, "bot:os": 3}, id="rejects a person's agent", marks=pytest.mark.made),
        pytest.param("    t.device_type,\n", "    COALESCE(t.device_type, fold(a.os)) AS device_type,\n", {"bot:user_agent": 5}, id="asks more of the agent", marks=pytest.mark.long),
        pytest.param("    t.user_agent,\n", "    CAST(NULL AS STRING) AS user_agent,\n", {"bot:user_agent": 5}, id="drops the agent", marks=pytest.mark.long),
    ],
)  # fmt: skip
def test_a_shops_own_model_may_do_otherwise(old: str, new: str, reasons: dict[str, int], tmp_path: Path) -> None:
    project = tmp_path / "project"
    for folder in ("contracts", "warehouse"):
        shutil.copytree(project_folder() / folder, project / folder)
    path = project / "warehouse/clean/clickstream.sql"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    root = tmp_path / "lake"
    _deliver_and_build(root, project=str(project))
    by_day = read_manifest(Lake(root)).partitions
    run(root, project=str(project), full=True)
    assert [p.reasons for p in by_day] == [p.reasons for p in read_manifest(Lake(root)).partitions]
    assert [p.reasons for p in by_day] == [{"bad_timestamp:event_ts": 1, **reasons}] * 2
    devices = "SELECT DISTINCT device_type FROM gen.core.fact_clickstream"
    assert ask(root, devices) == ([("windows",)] if "fold(a.os)" in new else [] if "'bot:os'" in new else [(None,)])
