"""What a step cost on Spark: read from its stages, and told when Spark has dropped the account of some."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.spark

GROUPS, ROWS = 12, 100
# In a process of its own: how many stages are kept is settled when Spark starts.
ASK = f"""
import json, sys
from pathlib import Path
from shoplake.engines.spark import Spark
from shoplake.engines.spark_stats import cost_of
spark = Spark(scratch=Path(sys.argv[1]), master="local[1]", memory="1g", settings=json.loads(sys.argv[2]))
context = spark.session.sparkContext
context.setJobGroup("step", "step")
for _ in range({GROUPS}):
    spark.rows("SELECT id % 3 AS k, COUNT(*) AS n FROM RANGE(0, {ROWS}, 1, 2) GROUP BY id % 3")
cost = cost_of(context, "step", "step", 1.0)
print(json.dumps([cost.as_json(), cost.told()]))
spark.close()
"""


def asked(folder: Path, **settings: str) -> tuple[dict[str, Any], str]:
    done = subprocess.run([sys.executable, "-c", ASK, folder, json.dumps(settings)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    cost, told = json.loads(done.stdout.splitlines()[-1])
    return cost, told


def test_every_stage_is_counted(tmp_path: Path) -> None:
    cost, told = asked(tmp_path)
    assert cost["rows_in"] == GROUPS * ROWS
    assert cost["stages_forgotten"] == 0
    assert "not counted" not in told


def test_stages_that_spark_has_dropped_are_told(tmp_path: Path) -> None:
    cost, told = asked(tmp_path, **{"spark.ui.retainedStages": "3"})
    assert cost["rows_in"] < GROUPS * ROWS
    assert 0 < cost["stages_forgotten"] < 2 * GROUPS
    assert f"{cost['stages_forgotten']} stages not counted" in told
