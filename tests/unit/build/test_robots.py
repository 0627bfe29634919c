"""A robot seen for the first time is judged after its agent is known; one already known, at once. The outcome is the same."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from shoplake.build import clean
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from tests.making import CONTRACTS, deliver, run

ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
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


@pytest.mark.parametrize("way", ["from clean values", "from the files"])
def test_a_robot_is_judged_alike_when_first_seen_and_when_known(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "from the files":  # as for a model that reads a column which clean has not
        monkeypatch.setattr(clean, "judge_robots", lambda *_: False)
    root, days = tmp_path / "lake", ("2025-05-02", "2025-05-03")
    for ds in days:
        deliver(root, "clickstream", ds, _day(ds))
        run(root)
    first, second = (p for p in read_manifest(Lake(root)).partitions)
    assert first.reasons == second.reasons == {"bad_timestamp:event_ts": 1, "bot:user_agent": 5}
    assert (first.clean, first.duplicate) == (second.clean, second.duplicate) == (3, 0)
    names = CONTRACTS.table("raw.clickstream").names
    for one, ds in ((first, days[0]), (second, days[1])):
        kept = pq.read_table(root / one.rejected_files[0].path).to_pylist()
        plain = [r for r in _day(ds) if str(r["event_id"]).startswith("robot") and "raw_text" not in r]
        expected = [json.dumps({c: r.get(c) for c in names}) for r in plain] + ["as it came"]
        assert sorted(r["raw_text"] for r in kept) == sorted(expected)
        assert {r["source_file"].rsplit("/", 1)[1] for r in kept} == {"part-test.jsonl", "odd-test.jsonl"}
