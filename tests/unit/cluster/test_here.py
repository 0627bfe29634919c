"""What the commands know of a cluster without starting one: the words meant for them, the files it leaves."""

import json
import os
import socket
from pathlib import Path

import pytest
from cluster.__main__ import arguments
from cluster.here import Cluster
from cluster.ports import is_free, kept, noted
from cluster.process import started_at

from shoplake.errors import Held, Lacking, WrongUse


def note(server_folder: Path, name: str, pid: int, started: str | None) -> None:
    server_folder.mkdir(parents=True, exist_ok=True)
    (server_folder / f"{name}.pid").write_text(json.dumps({"pid": pid, "started": started}), encoding="utf-8")


def test_nothing_was_started(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path / "none")
    well, lines = cluster.status()
    assert not well
    assert [line.split(maxsplit=1)[1] for line in lines] == ["not started"] * 3
    assert cluster.down() == []
    assert not cluster.folder.exists()
    with pytest.raises(WrongUse, match="no whole cluster runs there.*up --dir"):
        cluster.require_running()


def test_a_part_of_it_runs(tmp_path: Path) -> None:
    me = os.getpid()
    note(tmp_path / "hdfs", "namenode", me, started_at(me))
    note(tmp_path / "hdfs", "datanode", me, "another boot 1")
    (tmp_path / "hdfs" / "ports.json").write_text(json.dumps({"http": 1, "rpc": 2}), encoding="utf-8")
    cluster = Cluster(tmp_path)
    assert cluster.running == ["namenode"]
    well, lines = cluster.status()
    assert not well
    assert f"runs (pid {me}), and does not answer" in lines[0]
    assert "ended by itself or was killed" in lines[1]
    assert "not started" in lines[2]
    with pytest.raises(WrongUse, match=r"only a part of this cluster runs \(namenode\).*down --dir"):
        cluster.up()


def test_two_commands_at_a_time(tmp_path: Path) -> None:
    with Cluster(tmp_path)._lock(), pytest.raises(Held, match="another command"):
        Cluster(tmp_path).down()
    assert Cluster(tmp_path).down() == []


def test_ports_are_kept(tmp_path: Path) -> None:
    ports = kept(tmp_path, ["a", "b"])
    assert len(set(ports.values())) == 2
    assert kept(tmp_path, ["a", "b"]) == noted(tmp_path) == ports


def test_a_port_of_last_time_that_another_has_now(tmp_path: Path) -> None:
    ports = kept(tmp_path, ["rpc"])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports["rpc"]))
        taken.listen()
        assert not is_free(ports["rpc"])
        with pytest.raises(Lacking, match=rf"ports.json: port {ports['rpc']} \(rpc\)"):
            kept(tmp_path, ["rpc"])


@pytest.mark.parametrize(
    ("typed", "folder", "theirs"),
    [
        ("up --dir x", "x", ""),
        ("status", "demo-cluster", ""),
        ("fs -du -h /a", "demo-cluster", "-du -h /a"),
        ("fs --dir x -ls --dir", "x", "-ls --dir"),
        ("pig -param a=b -f c.pig", "demo-cluster", "-param a=b -f c.pig"),
    ],
)
def test_a_programs_words_are_its_own(typed: str, folder: str, theirs: str) -> None:
    asked, words = arguments(typed.split())
    assert (str(asked.dir), " ".join(words)) == (folder, theirs)


def test_what_is_not_a_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(["up", "now"])
    assert "unrecognized arguments: now" in capsys.readouterr().err
