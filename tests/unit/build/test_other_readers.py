"""Other people's tools read the published file: an environment of its own with DuckDB 1.5, while builds publish."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.making import deliver, run

READER = """
import duckdb, json, os, sys, time
link, stop = sys.argv[1:]
seen, torn, kept = [], [], None
while True:
    ending = os.path.exists(stop)
    # One connection is kept open across publications; a fresh one is made each time.
    fresh = duckdb.connect(link, read_only=True)
    lines, sold, states = fresh.execute(
        "SELECT (SELECT COUNT(*) FROM core.fact_transactions), (SELECT CAST(SUM(order_count) AS BIGINT) FROM marts.agg_daily_sales), "
        "(SELECT COUNT(*) FROM marts.order_lines)").fetchall()[0]
    fresh.close()
    if len({lines, sold, states}) != 1:
        torn.append([lines, sold, states])
    if not seen or seen[-1] != lines:
        seen.append(lines)
    if kept is None:
        kept = duckdb.connect(os.path.realpath(link), read_only=True)
        first = lines
    again = kept.execute("SELECT COUNT(*) FROM core.fact_transactions").fetchall()[0][0]
    if again != first:
        torn.append(["kept", again, first])
    if ending:
        break
    time.sleep(0.02)
print(json.dumps({"version": duckdb.__version__, "seen": seen, "torn": torn}))
"""


@pytest.mark.long
def test_duckdb_1_5_sees_one_whole_generation_while_twenty_builds_publish(tmp_path: Path) -> None:
    environment = tmp_path / "older"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run(
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "duckdb>=1.5,<1.6"], check=True
    )
    lake = tmp_path / "lake"

    def arrive(n: int) -> None:
        day = f"2025-06-{n + 1:02d}"
        row = {
            "transaction_id": f"t{n}",
            "line_number": 1,
            "product_id": "p",
            "quantity": 1,
            "unit_price": 5,
            "ordered_at": f"{day}T10:00:00Z",
        }
        deliver(lake, "transactions", day, [row])
        run(lake)

    arrive(0)
    script, stop = tmp_path / "reader.py", tmp_path / "stop"
    script.write_text(READER)
    reader = subprocess.Popen(
        [str(python), str(script), str(lake / "published.duckdb"), str(stop)], stdout=subprocess.PIPE, text=True
    )
    for n in range(1, 21):
        arrive(n)
    stop.touch()
    answer = json.loads(reader.communicate(timeout=60)[0])
    assert reader.returncode == 0
    assert answer["version"].startswith("1.5.")
    assert answer["torn"] == []
    assert answer["seen"][-1] == 21
    assert len(answer["seen"]) >= 10
