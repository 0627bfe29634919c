"""A server is known by its pid and when it started, never by the pid alone; what is not ours is left alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.process import Server, started_at

from shoplake.errors import Held, Lacking, ShoplakeError

SLEEPS = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    one = Server("sleeper", tmp_path)
    yield one
    one.stop()


def is_alive(pid: int) -> bool:
    return started_at(pid) is not None


def test_it_starts_is_waited_for_and_stops(server: Server) -> None:
    server.start(SLEEPS)
    server.wait(lambda: "here" in server.tail(), 20)
    pid = server.pid
    assert pid is not None
    assert is_alive(pid)
    server.stop()
    assert server.pid is None
    assert not server.pid_file.exists()
    assert not is_alive(pid)
    server.stop()


def test_another_object_knows_it_by_its_pid_file(server: Server) -> None:
    server.start(SLEEPS)
    other = Server("sleeper", server.folder)
    assert other.pid == server.pid
    with pytest.raises(Held, match=f"pid {server.pid}"):
        other.start(SLEEPS)
    other.stop()
    assert server.pid is None


def test_a_killed_one_is_lost_and_not_running(server: Server) -> None:
    server.start(SLEEPS)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    while server.pid is not None:
        time.sleep(0.01)
    assert server.is_lost
    server.stop()
    assert not server.is_lost


def test_a_process_that_has_its_pid_now_is_not_ours(server: Server) -> None:
    with subprocess.Popen(SLEEPS, stdout=subprocess.DEVNULL) as stranger:
        noted = {"pid": stranger.pid, "started": "another boot 1"}
        server.pid_file.write_text(json.dumps(noted), encoding="utf-8")
        assert server.pid is None
        assert server.is_lost
        server.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_one_that_does_not_listen_is_killed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.process.PATIENCE", 0.3)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"
    )
    server.start([sys.executable, "-c", deaf])
    server.wait(lambda: "here" in server.tail(), 20)
    pid = server.pid
    assert pid is not None
    server.stop()
    assert not is_alive(pid)


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("some cause", ShoplakeError, "some cause"),
        ("java.io.IOException: No space left on device", Lacking, "disk is full"),
        ("java.lang.OutOfMemoryError: Java heap space", Lacking, "Memory ran out"),
        ("java.net.BindException: Address already in use", Lacking, "took its port"),
    ],
)
def test_one_that_ends_says_why(server: Server, said: str, kind: type[ShoplakeError], told: str) -> None:
    server.start([sys.executable, "-c", f"import sys; print({said!r}); sys.exit(1)"])
    with pytest.raises(kind, match=f"(?s)sleeper ended while starting.*{told}") as e:
        server.wait(lambda: False, 20)
    assert f"{server.log} ends with:\n{said}" in str(e.value)


def test_one_that_takes_too_long_says_so(server: Server) -> None:
    server.start(SLEEPS)
    with pytest.raises(ShoplakeError, match="was not ready after 0 seconds"):
        server.wait(lambda: False, 0.2)


def test_a_broken_pid_file_is_named(server: Server) -> None:
    server.pid_file.write_text("{", encoding="utf-8")
    with pytest.raises(ShoplakeError, match=f"{server.pid_file}"):
        _ = server.pid
    server.pid_file.unlink()
