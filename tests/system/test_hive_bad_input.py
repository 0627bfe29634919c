"""What a Hive that is not as it should be gets: a sentence with the remedy, and nothing half published."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.ldap import Directory
from cluster.servers import Hive as Server

from shoplake.engines.hive import Hive
from shoplake.errors import Lacking
from shoplake.look.compare import all_hashes
from shoplake.look.opened import opened
from tests.making import deliver, session
from tests.unit.build.test_incremental import hostile_shop

pytestmark = pytest.mark.hadoop

PASSWORD = "Zucker & Salz"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A HiveServer2 that asks a directory who may come in, and takes locks on external tables."""
    folder = tmp_path_factory.mktemp("hive")
    with Directory(folder / "ldap", {"shoplake": PASSWORD}) as people:
        asked = {**people.hive_settings(), "hive.txn.ext.locking.enabled": "true"}
        with Server(folder / "hive", more=asked) as one:
            yield one


def connected(server: Server) -> Hive:
    return Hive(host="127.0.0.1", port=server.port, password=PASSWORD)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop") / "lake"
    for (table, ds), rows in hostile_shop(5).items():
        deliver(root, table, ds, rows)
    return root


def building(lake: Path, server: Server, password: str) -> "subprocess.Popen[str]":
    there = {"SHOPLAKE_HIVE": f"127.0.0.1:{server.port}", "SHOPLAKE_HIVE_PASSWORD": password}
    words = [sys.executable, "-m", "shoplake", "--lake", str(lake), "build", "--engine", "hive"]
    return subprocess.Popen(words, env={**os.environ, **there}, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_who_is_not_known_is_not_let_in_and_told_so(lake: Path, server: Server, password: str) -> None:
    build = building(lake, server, password)
    said = build.communicate()[1]
    assert build.returncode == 3, said
    assert f"HiveServer2 at 127.0.0.1:{server.port} does not let shoplake in by PLAIN" in said
    assert "Correct the user, the password" in said
    assert "Traceback" not in said
    assert not (lake / "on/hive/CURRENT").exists()


def test_the_right_password_opens(server: Server) -> None:
    engine = connected(server)
    assert engine.rows("SELECT LOGGED_IN_USER()") == [("shoplake",)]
    engine.close()


def test_a_table_that_is_read_is_not_dropped_and_its_lock_is_named(server: Server) -> None:
    reader, writer = connected(server), connected(server)
    # By default one waits for a lock for an hour and more. A session takes these once, with its first lock.
    for key, value in {"hive.lock.numretries": "2", "hive.lock.sleep.between.retries": "1s"}.items():
        writer.execute(f"SET {key}={value}")
    reader.execute("CREATE EXTERNAL TABLE held (milliseconds BIGINT)")
    reader.execute("INSERT INTO held VALUES (25000)")
    slowly = "REFLECT('java.lang.Thread', 'sleep', milliseconds)"
    read: list[object] = []
    reading = threading.Thread(target=lambda: read.extend(reader.rows(f"SELECT {slowly}, COUNT(*) FROM held GROUP BY {slowly}")))
    reading.start()
    until = time.monotonic() + 60
    while not any({"held", "ACQUIRED", "SHARED_READ"} <= {str(cell).strip() for cell in row} for row in writer.rows("SHOW LOCKS")):
        assert time.monotonic() < until
        time.sleep(0.2)
    with pytest.raises(Lacking, match="locked by another statement .* `SHOW LOCKS` names it"):
        writer.execute("DROP TABLE held")
    reading.join()
    assert len(read) == 1
    writer.execute("DROP TABLE held")
    for engine in (reader, writer):
        engine.close()


def test_too_little_memory_is_said_and_the_server_stays(server: Server) -> None:
    engine = connected(server)
    with pytest.raises(Lacking, match=r"Hive ran out of memory .* Raise hive\.tez\.container\.size"):
        engine.rows("SELECT SIZE(SPLIT(REPEAT('a,', 300000000), ','))")
    assert engine.rows("SELECT 1 + 1") == [(2,)]
    engine.close()


def test_a_metastore_of_another_version_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.hive.INIT", ["-initSchemaTo", "3.1.0"])
    one = Server(tmp_path / "hive")
    began = time.monotonic()
    with pytest.raises(Lacking, match=r"schema version 3\.1\.0.* Move it away: an empty one is made .*-upgradeSchema"):
        one.start()
    assert time.monotonic() - began < 150
    assert one.server.pid is None


@pytest.mark.long
def test_a_server_that_ends_in_the_middle_is_said_and_the_next_run_heals(lake: Path, server: Server) -> None:
    build = building(lake, server, PASSWORD)
    until = time.monotonic() + 300
    while not any((lake / "on/hive/core").glob("*/g-*/**/*")):
        assert build.poll() is None
        assert time.monotonic() < until
        time.sleep(0.1)
    assert server.server.pid is not None
    os.kill(server.server.pid, signal.SIGKILL)
    said = build.communicate()[1]
    assert build.returncode == 3, said
    assert "the session with HiveServer2 ended in the middle" in said
    assert "Traceback" not in said
    assert not (lake / "on/hive/CURRENT").exists()
    server.stop()
    server.start()
    again = building(lake, server, PASSWORD)
    # The dead server's locks are still there: no metastore of its own sets them free here.
    said = again.communicate(timeout=600)[1]
    assert again.returncode == 0, said
    assert subprocess.run([sys.executable, "-m", "shoplake", "--lake", lake, "build"], check=False).returncode == 0
    found = []
    for engine in ("duckdb", "hive"):
        with opened(session(lake, engine=engine)) as one:
            found.append(all_hashes(one))
    assert found[0] == found[1]
