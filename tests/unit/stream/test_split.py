"""What a stream landed becomes raw like any other delivery, whatever is killed on the way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shoplake.lake.layout import Lake
from shoplake.lake.receipts import read_receipts
from shoplake.look.verify import verify
from shoplake.stream.audit import audit
from shoplake.stream.broker import Broker
from shoplake.stream.landed import Landing
from shoplake.stream.split import split
from tests.making import CONTRACTS
from tests.unit.stream.kafka import event, land, send

POINTS = ("after_merge", "before_receipt", "after_receipt", "in_drop")


def raw_lines(lake: Path) -> list[str]:
    """What the receipts name, by day."""
    found = [f for r in read_receipts(Lake(lake)) for f in r.files]
    return sorted(f"{f.ds} {line}" for f in found for line in (lake / f.path).read_text().splitlines())


def many_files(broker: Broker, lake: Path) -> None:
    send(broker, [event(n, f"2026-03-0{1 + n % 3}") for n in range(90)])
    send(broker, [(b"v", b"not JSON", None), (b"v", None, None), (b"v", b'{"event_id":"odd\\t1"}', [("ds", b"2026-03-01")])])
    land(broker, lake, batch=25)


def test_days_plain_and_odd(broker: Broker, tmp_path: Path) -> None:
    many_files(broker, tmp_path)
    (one,) = split(Lake(tmp_path), CONTRACTS)
    assert (one.records, one.odd, one.malformed, dict(one.unlandable)) == (92, 2, 1, {"null_value": 1})
    assert {ds: n for ds, n in one.days.items() if ds < "2026-04"} == {"2026-03-01": 31, "2026-03-02": 30, "2026-03-03": 30}
    assert split(Lake(tmp_path), CONTRACTS) == []
    landing = Landing(Lake(tmp_path), "clickstream", "mock")
    assert all(len(landing.files(p)) == 1 for p in landing.partitions())
    send(broker, [event(1000)])
    land(broker, tmp_path)
    (two,) = split(Lake(tmp_path), CONTRACTS)
    assert (two.records, two.files) == (1, 1)
    found = audit(Lake(tmp_path))
    assert found.is_whole
    assert sum(p.split for p in found.partitions) == sum(p.landed for p in found.partitions) == 93


@pytest.mark.kafka  # by the mock broker; a process each
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_the_next_run_gives_the_same(point: str, broker: Broker, tmp_path: Path) -> None:
    for name in ("killed", "whole"):
        many_files(broker, tmp_path / name) if name == "killed" else land(broker, tmp_path / name, batch=25)
    code = "import sys; from pathlib import Path; from shoplake.lake.layout import Lake; from shoplake.contracts import load; from shoplake.stream.split import split; split(Lake(Path(sys.argv[1])), load())"
    words = [sys.executable, "-c", code, str(tmp_path / "killed")]
    done = subprocess.run(words, env={**os.environ, "SHOPLAKE_KILL_AT": point}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == -9, done.stderr
    split(Lake(tmp_path / "killed"), CONTRACTS)
    split(Lake(tmp_path / "whole"), CONTRACTS)
    assert raw_lines(tmp_path / "killed") == raw_lines(tmp_path / "whole")
    assert audit(Lake(tmp_path / "killed")).is_whole
    named = {f.path for r in read_receipts(Lake(tmp_path / "killed")) for f in r.files}
    assert {p.relative_to(tmp_path / "killed").as_posix() for p in (tmp_path / "killed/raw/clickstream").rglob("*.jsonl")} == named


def test_a_receipt_that_was_changed_is_found(broker: Broker, tmp_path: Path) -> None:
    many_files(broker, tmp_path)
    split(Lake(tmp_path), CONTRACTS)
    (receipt,) = (tmp_path / "raw/_receipts").glob("*.json")
    receipt.write_text(receipt.read_text().replace('"rows": 30', '"rows": 29'))
    found = audit(Lake(tmp_path))
    assert not found.is_whole
    assert "hold 92 records, raw has 89" in found.differs[0]


def test_verify_finds_a_landed_file_that_was_changed(broker: Broker, tmp_path: Path) -> None:
    many_files(broker, tmp_path)
    split(Lake(tmp_path), CONTRACTS)
    assert verify(Lake(tmp_path))["findings"] == []
    (first, *_) = sorted(tmp_path.rglob("*.tsv"))
    first.write_bytes(first.read_bytes().replace(b"view", b"sold", 1))
    (found,) = verify(Lake(tmp_path))["findings"]
    assert (found["kind"], found["path"]) == ("damaged", first.relative_to(tmp_path).as_posix())


def test_more_days_than_a_process_may_have_open_files(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoplake.stream.split.OPEN", 3)
    send(broker, [event(n, f"2025-{1 + n % 12:02}-01") for n in range(120)])
    land(broker, tmp_path)
    (one,) = split(Lake(tmp_path), CONTRACTS)
    assert one.days == {f"2025-{m:02}-01": 10 for m in range(1, 13)}
