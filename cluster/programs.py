"""Programs that run and end: beeline and Pig."""

import getpass
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cluster import java, settings
from cluster.hdfs import Hdfs
from cluster.ports import HOST
from cluster.resolve import resolve


class Ran(NamedTuple):
    """How a program ended: its exit code (0 is well), and all it printed."""

    code: int
    out: str
    err: str


class Beeline:
    """beeline, connected to the HiveServer2 at this port. `folder` holds its temporary files."""

    def __init__(self, port: int, folder: Path, *, database: str = "default") -> None:
        self.url = f"jdbc:hive2://{HOST}:{port}/{database}"
        self.folder = folder.absolute()

    def run(self, file: Path, hivevars: Mapping[str, str] | None = None, limit: float | None = None) -> Ran:
        """Run a file of statements with these --hivevar; it ends at the first that fails. Rows are printed as tab-separated text.

        Raises Lacking when Java or the jars are not to be had, subprocess.TimeoutExpired after `limit` seconds.
        """
        variables = [word for key, value in (hivevars or {}).items() for word in ("--hivevar", f"{key}={value}")]
        return _run(
            [*self.command(), "--outputformat=tsv2", *variables, "-f", str(file.absolute())], self.folder, limit
        )

    def command(self) -> list[str]:
        """How beeline is called on this machine, connected; its further options come behind."""
        conf = self.folder / "beeline-conf"
        settings.write_logging(conf, "WARN")
        class_path = [str(conf), f"{resolve('beeline')}/lib/*", f"{resolve('hive')}/lib/*"]
        words = _program("org.apache.hive.beeline.BeeLine", class_path, "256m", self.folder)
        return [*words, "-u", self.url, "-n", getpass.getuser(), "-p", "any"]


class Pig:
    """Pig, on this machine's files or on `hdfs`; its jobs run inside its own process. `folder` holds its temporary files."""

    def __init__(self, folder: Path, *, hdfs: Hdfs | None = None, heap: str = "1g") -> None:
        self.folder = folder.absolute()
        self.hdfs = hdfs
        self.heap = heap

    def run(self, script: Path, params: Mapping[str, str] | None = None, limit: float | None = None) -> Ran:
        """Run a script with these -param. Its paths lie on `hdfs` when it is given, else on this machine.

        Raises Lacking when Java or the jars are not to be had, subprocess.TimeoutExpired after `limit` seconds.
        """
        words = [word for key, value in (params or {}).items() for word in ("-param", f"{key}={value}")]
        return _run([*self.command(), *words, "-f", str(script.absolute())], self.folder, limit)

    def command(self) -> list[str]:
        """How Pig is called on this machine; its further options come behind."""
        conf = self.folder / "pig-conf"
        shutil.rmtree(conf, ignore_errors=True)
        core = {"hadoop.tmp.dir": str(self.folder / "tmp")}
        if self.hdfs:
            self.hdfs.client_settings(conf, core)
        else:
            settings.of_this_machine(conf, core)
        settings.overlaid(settings.MAPRED, self.overlay(), conf)
        settings.write_logging(conf, "WARN")
        class_path = [str(conf), f"{resolve('pig')}/lib/*"]
        words = _program("org.apache.pig.Main", class_path, self.heap, self.folder)
        return [*words, "-x", "mapreduce" if self.hdfs else "local"]

    def overlay(self) -> dict[str, str]:
        """What one machine needs instead of a cluster's settings."""
        return {"mapreduce.framework.name": "local", "mapreduce.task.io.sort.mb": "64"}


def shell(hdfs: Hdfs, folder: Path) -> list[str]:
    """How Hadoop's own file commands are called on this machine; the command comes behind, like -ls /."""
    conf = folder.absolute() / "shell-conf"
    hdfs.client_settings(conf, {"hadoop.tmp.dir": str(folder.absolute() / "tmp")})
    settings.write_logging(conf, "ERROR")
    return _program("org.apache.hadoop.fs.FsShell", [str(conf), f"{resolve('hdfs')}/lib/*"], "256m", folder.absolute())


def _program(main: str, class_path: list[str], heap: str, folder: Path) -> list[str]:
    scratch = folder / "tmp"
    # They keep a history and look for start files in the home folder; jline asks for a terminal where there is none.
    return java.command(
        main, class_path, heap, scratch, f"-Duser.home={scratch}", "-Djline.terminal=jline.UnsupportedTerminal"
    )


def _run(words: list[str], folder: Path, limit: float | None) -> Ran:
    done = subprocess.run(
        words, cwd=folder, env=java.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        encoding="utf-8", errors="replace", timeout=limit, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)
