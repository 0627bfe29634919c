"""The same clicks by files and by stream are the same warehouse, row by row; and the guide's other promise: what was landed is the ledger's."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cluster.kafka import Kafka

from tests.system.streams import SHOPLAKE, judge, landers, make_topic, repeat

pytestmark = pytest.mark.kafka
EVENTS = 200_000


def shoplake(lake: Path, *words: str, kafka: Kafka | None = None) -> str:
    environment = {**os.environ, **({"SHOPLAKE_KAFKA": kafka.bootstrap} if kafka else {})}
    done = subprocess.run([str(SHOPLAKE), "--lake", str(lake), *words], env=environment, cwd=lake.parent, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def hashes(lake: Path) -> Any:
    return json.loads(shoplake(lake, "show", "hashes", "--json"))["tables"]


def test_files_and_stream_give_the_same_tables(tmp_path: Path) -> None:
    files, stream = tmp_path / "files", tmp_path / "stream"
    size = ["--events", str(EVENTS), "--transactions", "20000", "--users", "4000", "--products", "800", "--mess", "heavy"]
    for table in ("products", "users", "transactions", "refunds", "clickstream"):
        for lake in (files, stream) if table != "clickstream" else (files,):
            shoplake(lake, "generate", table, *size)
    with Kafka(tmp_path / "broker") as kafka:
        make_topic(kafka, "equal")
        sent = json.loads(shoplake(files, "stream", "produce", "--from", "lake", "--topic", "equal", "--json", kafka=kafka))
        assert sent["produced"] == sent["acknowledged"] > EVENTS
        with landers(kafka, "equal", stream) as one:
            for _ in range(repeat(3, 20)):
                assert one.start("--batch", str(repeat(2000, 500)), "--partitions", "all", "--timeout", "0.3", kill_at="after_rename:6").wait(timeout=60) == -9
            one.finish()
            assert judge(kafka, one)["records"] == sent["produced"]
        (made,) = json.loads(shoplake(stream, "stream", "split", "--json"))["deliveries"]
        assert made["records"] == sent["produced"]
    shoplake(files, "build")
    shoplake(stream, "build")
    here, there = hashes(files), hashes(stream)
    assert len(here) > 25
    assert here == there
    assert "clean.clickstream" in here
    assert shoplake(stream, "verify")
