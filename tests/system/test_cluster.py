"""Real HDFS and Hive, as `python -m cluster` starts them: used, killed, started again, and gone when they were stopped."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.hdfs import Hdfs
from cluster.here import Cluster
from cluster.servers import Beeline, Pig

from shoplake.errors import ShoplakeError

pytestmark = pytest.mark.hadoop

ROOT = Path(__file__).resolve().parents[2]


def cluster_command(command: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", "cluster", command, "--dir", str(folder), *words]
    return subprocess.run(called, cwd=ROOT, capture_output=True, text=True, check=False)


def processes_of(folder: Path) -> list[str]:
    """Every process on this machine that names the folder: servers do, for their temporary files."""
    found = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = one.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"{folder}/" in words and int(one.parent.name) != os.getpid():
            found.append(words[-200:])
    return found


def file_system(hdfs: Hdfs) -> Any:
    import fsspec

    return fsspec.filesystem("webhdfs", host="127.0.0.1", port=hdfs.http_port, user=hdfs.user, skip_instance_cache=True)


def asked(port: int, *statements: str) -> list[tuple[Any, ...]]:
    """The rows of the last statement, by impyla."""
    from impala.dbapi import connect

    with connect(host="127.0.0.1", port=port, auth_mechanism="PLAIN", user="shoplake", password="any") as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster that the command started."""
    folder = tmp_path_factory.mktemp("one")
    done = cluster_command("up", folder)
    try:
        assert done.returncode == 0, done.stderr
        yield Cluster(folder)
    finally:
        Cluster(folder).down()
        assert processes_of(folder) == []


def test_it_says_how_to_connect(one: Cluster) -> None:
    done = cluster_command("status", one.folder)
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert [line.split()[:2] for line in said.splitlines()[:3]] == [[s.name, "runs"] for s in one.servers]
    assert f"hdfs://127.0.0.1:{one.hdfs.rpc_port}" in said
    assert f"jdbc:hive2://127.0.0.1:{one.hive.port}/default" in said
    assert f"python -m cluster beeline --dir {one.folder}" in said


def test_files_are_put_listed_and_read(one: Cluster) -> None:
    files = file_system(one.hdfs)
    content = os.urandom(20 << 20)  # more than one block
    files.pipe("/shop/a.bin", content)
    assert [(f["name"], f["size"], f["replication"]) for f in files.ls("/shop", detail=True)] == [("/shop/a.bin", len(content), 1)]
    assert files.cat("/shop/a.bin") == content
    listed = cluster_command("fs", one.folder, "-ls", "/shop")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.rstrip().endswith("/shop/a.bin")


def test_hive_answers_and_its_tables_lie_on_hdfs(one: Cluster) -> None:
    assert asked(one.hive.port, "SELECT 1") == [(1,)]
    made = ["CREATE DATABASE shop", "CREATE TABLE shop.t (a INT, b STRING) STORED AS ORC", "INSERT INTO shop.t VALUES (1, 'x'), (NULL, 'y')"]  # fmt: skip
    assert asked(one.hive.port, *made, "SELECT b FROM shop.t ORDER BY a") == [("y",), ("x",)]
    assert any(name.startswith("/warehouse/external/shop.db/t/") for name in file_system(one.hdfs).find("/warehouse"))


def test_beeline_runs_a_file_and_ends_at_what_fails(one: Cluster, tmp_path: Path) -> None:
    beeline = Beeline(one.hive.port, tmp_path)
    (tmp_path / "good.sql").write_text("-- a remark; with a semicolon\nSELECT '${hivevar:word}' AS word,\n  1 AS n;\n")
    good = beeline.run(tmp_path / "good.sql", {"word": "it's".replace("'", "’")})
    assert (good.code, good.out) == (0, "word\tn\nit’s\t1\n"), good.err
    (tmp_path / "bad.sql").write_text("SELECT 1;\nSELECT * FROM nowhere;\nSELECT 3;\n")
    bad = beeline.run(tmp_path / "bad.sql")
    assert bad.code != 0
    assert bad.out.split() == ["_c0", "1"]
    assert "Table not found 'nowhere'" in bad.err


SCRIPT = """\
a = LOAD '$from' AS (word: chararray);
b = FOREACH a GENERATE UPPER(word) AS word;
c = DISTINCT b;
STORE c INTO '$to' USING org.apache.parquet.pig.ParquetStorer();
"""


def test_pig_on_this_machine(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    (tmp_path / "words.txt").write_text("a\nB\nb\n")
    (tmp_path / "s.pig").write_text(SCRIPT)
    done = Pig(tmp_path).run(tmp_path / "s.pig", {"from": str(tmp_path / "words.txt"), "to": str(tmp_path / "out")})
    assert done.code == 0, done.err[-2000:]
    (part,) = (tmp_path / "out").glob("part-*.parquet")
    assert sorted(pq.read_table(part).column("word").to_pylist()) == ["A", "B"]
    missing = Pig(tmp_path).run(tmp_path / "s.pig", {"from": str(tmp_path / "none"), "to": str(tmp_path / "out2")})
    assert missing.code != 0
    assert "Input path does not exist" in missing.err


def test_pig_on_hdfs(one: Cluster, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    files = file_system(one.hdfs)
    files.pipe("/pig/in/words.txt", "a\nB\nb\nö\n".encode())
    (tmp_path / "s.pig").write_text(SCRIPT)
    done = Pig(tmp_path, hdfs=one.hdfs).run(tmp_path / "s.pig", {"from": "/pig/in", "to": "/pig/out"})
    assert done.code == 0, done.err[-2000:]
    (part,) = files.glob("/pig/out/part-*.parquet")
    with files.open(part) as opened:
        assert sorted(pq.read_table(opened).column("word").to_pylist()) == ["A", "B", "Ö"]


def test_up_again_changes_nothing(one: Cluster) -> None:
    before = [s.pid for s in one.servers]
    assert cluster_command("up", one.folder).returncode == 0
    assert [s.pid for s in one.servers] == before


def test_another_beside_it_is_its_own(one: Cluster, tmp_path: Path) -> None:
    before = [s.pid for s in one.servers]
    other = Cluster(tmp_path / "other")
    other.up()
    try:
        assert other.status()[0]
        assert asked(other.hive.port, "SHOW DATABASES") == [("default",)]  # an empty metastore
        assert not file_system(other.hdfs).exists("/shop")
    finally:
        assert len(other.down()) == 3
    assert processes_of(other.folder) == []
    assert [s.pid for s in one.servers] == before
    assert one.status()[0]


def test_killed_servers_are_told_and_what_was_written_survives(one: Cluster) -> None:
    killed = [one.hdfs.datanode, one.hive.server]
    for server in killed:
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    until = time.monotonic() + 20
    while any(s.pid for s in killed) and time.monotonic() < until:
        time.sleep(0.05)
    status = cluster_command("status", one.folder)
    assert status.returncode == 1
    told = dict(line.split(maxsplit=1) for line in status.stdout.splitlines())
    assert told["namenode"].startswith("runs")
    assert all(told[s.name].startswith("ended by itself or was killed") for s in killed)
    up = cluster_command("up", one.folder)
    assert (up.returncode, "only a part of this cluster runs (namenode)" in up.stderr) == (2, True)
    down = cluster_command("down", one.folder)
    assert (down.returncode, down.stdout) == (0, "stopped: namenode\n")
    assert processes_of(one.folder) == []
    again = cluster_command("up", one.folder)
    assert again.returncode == 0, again.stderr
    assert len(file_system(one.hdfs).cat("/shop/a.bin")) == 20 << 20
    assert asked(one.hive.port, "SELECT COUNT(*) FROM shop.t") == [(2,)]


def test_a_server_that_does_not_come_up_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ShoplakeError, match=r"(?s)(namenode|datanode) ended while starting.*log ends with:"):
        Hdfs(tmp_path / "small", heap="3m").start()
    assert processes_of(tmp_path) == []
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "data").write_text("a file where the DataNode's folder belongs")
    with pytest.raises(ShoplakeError, match=r"(?s)datanode ended while starting.*Too many failed volumes"):
        Hdfs(tmp_path / "taken").start()
    assert processes_of(tmp_path) == []
