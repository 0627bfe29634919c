"""A version is whole or not there, and never changes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.errors import Lacking, WrongUse
from shoplake.lake.layout import Lake
from shoplake.learn import registry

RECORD = {"explicit": True, "pairs_taught": 2, "model": {}}
KEEP = """
import sys
from pathlib import Path
from shoplake.lake.layout import Lake
from shoplake.learn.registry import keep
print(keep(Lake(Path(sys.argv[1])), "ratings", {"model.json": "{}"}, {"explicit": True, "pairs_taught": 2, "model": {}}, lambda record: f"<p>{record['version']}")["version"])
"""


def test_versions_count_up_and_a_killed_run_leaves_none(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert registry.numbers(lake, "ratings") == []
    with pytest.raises(WrongUse, match="no version yet. Run `shoplake learn train recommend --ratings FILE`"):
        registry.read(lake, "ratings")
    kept = registry.keep(lake, "ratings", {"model.json": "{}", "rows.parquet": pa.table({"a": [1]})}, RECORD, lambda record: f"<p>{record['version']}")
    assert (kept["version"], kept["pairs_taught"]) == (1, 2)
    assert pq.read_table(tmp_path / "models/ratings/000001/rows.parquet").to_pylist() == [{"a": 1}]
    for nth in (1, 2, 3):
        killed = subprocess.run([sys.executable, "-c", KEEP, tmp_path], env={**os.environ, "SHOPLAKE_KILL_AT": f"in_version:{nth}"}, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert registry.numbers(lake, "ratings") == [1]
    done = subprocess.run([sys.executable, "-c", KEEP, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2"
    newest = registry.read(lake, "ratings")
    assert (newest.number, newest.record["version"], newest.record["pairs_taught"]) == (2, 2, 2)
    assert (newest.folder / "card.html").read_text() == "<p>2\n"
    assert registry.read(lake, "ratings", 1).number == 1


def test_what_is_not_there_or_damaged_is_told(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(WrongUse, match="weather: no such model"):
        registry.read(lake, "weather")
    registry.keep(lake, "churn", {}, {}, lambda _: "")
    with pytest.raises(WrongUse, match="churn has no version 7. There are 1"):
        registry.read(lake, "churn", 7)
    (tmp_path / "models/churn/000001/record.json").write_text("{")
    with pytest.raises(WrongUse, match=r"record\.json: damaged or missing"):
        registry.read(lake, "churn")
    (tmp_path / "models/churn/000001/record.json").write_text("{}")
    with pytest.raises(WrongUse, match=r"record\.json: .*missing required field `horizon_days`"):
        registry.read(lake, "churn")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(Lacking, match=r"models/churn: cannot be written .* No version was kept; mend that"):
        registry.keep(Lake(tmp_path), "churn", {}, {}, lambda _: "")
