"""What is said when a JDK, Maven or its repository is missing; and nothing half fetched is taken for whole."""

import os
import shutil
from pathlib import Path

import pytest
from cluster import java
from cluster.resolve import cache, fingerprint, resolve

from shoplake.errors import Lacking


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH; the cache is empty."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", str(place))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))
    return place


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def test_no_java(bin_folder: Path) -> None:
    with pytest.raises(Lacking, match="no javac was found on the PATH.*apt install openjdk-17-jdk-headless"):
        resolve("hdfs")


def test_java_home_without_a_compiler(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(Lacking, match=f"no javac was found in JAVA_HOME={tmp_path}"):
        resolve("pig")


@pytest.mark.parametrize("said", ["javac 11.0.2", "javac 25.0.1", "what?"])
def test_another_java(bin_folder: Path, said: str) -> None:
    program(bin_folder, "javac", f"echo '{said}'")
    with pytest.raises(Lacking, match=f"{said[:8]}.*need a JDK of version 17 to 21.*JAVA_HOME"):
        resolve("hdfs")


def test_a_runtime_says_its_version_in_another_way(bin_folder: Path) -> None:
    program(bin_folder, "java", "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2")
    assert java.find() == bin_folder / "java"


def test_no_maven(bin_folder: Path) -> None:
    program(bin_folder, "javac", "echo 'javac 17.0.15'")
    with pytest.raises(Lacking, match="no mvn was found on the PATH.*apt install maven"):
        resolve("hdfs")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("[ERROR] Could not transfer artifact a:b:jar:1 from/to central: Connection refused", "did not reach its repository.*settings.xml"),
        ("[ERROR] Could not find artifact a:b:jar:1 in central", "does not have a:b:jar:1"),
        ("[ERROR] Something else", "Something else.*by hand.*mvn -f"),
    ],
)  # fmt: skip
def test_maven_fails(bin_folder: Path, said: str, told: str, tmp_path: Path) -> None:
    program(bin_folder, "javac", "echo 'javac 17.0.15'")
    program(bin_folder, "mvn", f"echo '{said}'; exit 1")
    with pytest.raises(Lacking, match=f"hdfs.xml: .*{told}"):
        resolve("hdfs")
    assert [p.name for p in (tmp_path / "cache").iterdir() if p.is_dir()] == []


def test_a_folder_that_was_cut_off_is_not_taken_for_whole(
    bin_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program(bin_folder, "javac", "echo 'javac 17.0.15'")
    mkdir, touch = shutil.which("mkdir", path=os.defpath), shutil.which("touch", path=os.defpath)
    program(
        bin_folder,
        "mvn",
        f'for w in "$@"; do case $w in -Dinto=*) {mkdir} "${{w#-Dinto=}}/lib" && {touch} "${{w#-Dinto=}}/lib/a.jar";; esac; done',
    )
    abandoned = cache() / "hdfs-abc.partial"
    (abandoned / "lib").mkdir(parents=True)
    found = resolve("hdfs")
    assert found == tmp_path / "cache" / f"hdfs-{fingerprint('hdfs')}"
    assert (found / "lib" / "a.jar").exists()
    assert not abandoned.exists()
    assert "Fetching hdfs by Maven" in capfd.readouterr().err
    program(bin_folder, "mvn", "exit 1")
    assert resolve("hdfs") == found
    assert capfd.readouterr().err == ""


def test_a_cache_that_cannot_be_written(bin_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bin_folder, "javac", "echo 'javac 17.0.15'")
    program(bin_folder, "mvn", "exit 0")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "file"))
    with pytest.raises(Lacking, match="SHOPLAKE_CACHE"):
        resolve("hdfs")
