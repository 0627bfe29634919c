"""The processor's output on a real HDFS: killed, done again, one at a time, read by a plain list of its files."""

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from cluster import java
from cluster.hdfs import Hdfs
from cluster.kafka import Kafka
from cluster.programs import shell
from cluster.resolve import resolve

from tests.system.streams import SHOPLAKE, make_topic, produce

# Not marked as one of Spark or HDFS: `make test-stream-long` is where it runs.
pytestmark = [pytest.mark.kafka, pytest.mark.long]
EVENTS = 6_000


def test_a_processor_writes_to_hdfs_what_it_writes_to_a_folder(tmp_path: Path) -> None:
    with Kafka(tmp_path / "broker") as kafka, Hdfs(tmp_path / "hdfs") as hdfs:
        make_topic(kafka, "there", partitions=2)
        assert produce(kafka, "there", EVENTS, tmp_path).acknowledged == EVENTS
        lake = f"{hdfs.uri}/ecommerce"
        environment = {**os.environ, "SHOPLAKE_KAFKA": kafka.bootstrap, "SHOPLAKE_WEBHDFS": f"127.0.0.1:{hdfs.http_port}", "SHOPLAKE_THREADS": "2"}

        def run(*words: str, code: int = 0, **more: str) -> str:
            done = subprocess.run([str(SHOPLAKE), "--lake", lake, "--memory", "1GB", "stream", *words], env={**environment, **more}, capture_output=True, text=True, check=False)
            assert done.returncode == code, done.stderr[-3000:]
            assert "Traceback" not in done.stderr
            return done.stdout if code == 0 else done.stderr

        process = ["process", "--topic", "there", "--until-end", "--most", "2000", "--jars", f"{resolve('spark-kafka')}/lib"]
        for point in ("in_publish:2", "between_tables:2", "before_account", "after_account"):
            run(*process, code=-signal.SIGKILL, SHOPLAKE_KILL_AT=point)
        run(*process)
        assert Counter(the_events(hdfs, tmp_path)) == Counter((p, o) for p in range(2) for o in range(len_of(kafka, p)))
        rows = json.loads(run("minutes", "--topic", "there", "--last", "1000000", "--json"))["minutes"]
        status = json.loads(run("status", "--json"))
        (found,) = status["processed"]
        assert (found["topic"], set(found["lag"].values())) == ("there", {0})
        late = duckdb.execute(f"SELECT COUNT(*) FROM read_parquet('{tmp_path}/copy/events/year=*/month=*/day=*/hour=*/*.parquet') WHERE NOT is_late AND NOT is_ahead").fetchone()
        assert late is not None
        assert sum(row["event_count"] for row in rows) == late[0]
        # A second one is told that the first still holds the lock, and who does.
        lock = f"{os.getpid()} on another-machine"
        the_shell(hdfs, tmp_path, "-put", str(written(tmp_path / "lock", lock)), "/ecommerce/stream/there/.lock")
        assert f"held by process {lock}" in run(*process, code=4)
        the_shell(hdfs, tmp_path, "-rm", "/ecommerce/stream/there/.lock")
        the_shell(hdfs, tmp_path, "-rm", "-r", "/ecommerce/stream/there/checkpoint")
        assert "no checkpoint, but there is output of one" in run(*process, code=2)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def len_of(kafka: Kafka, partition: int) -> int:
    from confluent_kafka import Consumer, TopicPartition

    reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "judge"})
    _, end = reader.get_watermark_offsets(TopicPartition("there", partition), timeout=10)
    reader.close()
    return int(end)


def the_shell(hdfs: Hdfs, folder: Path, *words: str) -> None:
    done = subprocess.run([*shell(hdfs, folder), *words], env=java.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def the_events(hdfs: Hdfs, folder: Path) -> list[tuple[int, int]]:
    """Partition and offset of every row, good or bad, by a plain copy of the files."""
    the_shell(hdfs, folder, "-get", "/ecommerce/stream/there", str(folder / "copy"))
    assert not list((folder / "copy").rglob(".stage/*/*/*.parquet"))
    files = [str(p) for table in ("events", "rejected") for p in sorted((folder / "copy" / table).rglob("*.parquet"))]
    return duckdb.execute('SELECT "partition", "offset" FROM read_parquet($files, hive_partitioning = false, union_by_name = true)', {"files": files}).fetchall()
