"""Programs that run and end: beeline and Pig."""

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
        options = ["-u", self.url, "-n", "shoplake", "-p", "shoplake", "--outputformat=tsv2", *variables, "-f", str(file.absolute())]
        return _run([*self.command(), *options], self.folder, limit)

    def command(self) -> list[str]:
        """How beeline is called on this machine; its options come behind."""
        conf = self.folder / "beeline-conf"
        settings.write_logging(conf, "WARN")
        class_path = [str(conf), f"{resolve('beeline')}/lib/*", f"{resolve('hive')}/lib/*"]
        quiet = "-Djline.terminal=jline.UnsupportedTerminal"
        return java.command("org.apache.hive.beeline.BeeLine", class_path, "256m", self.folder / "tmp", quiet)


class Pig:
    """Pig, on this machine's files or on `hdfs`; its jobs run inside its own process. `folder` holds its temporary files."""

    def __init__(self, folder: Path, *, hdfs: Hdfs | None = None, heap: str = "1g") -> None:
        self.folder = folder.absolute()
        self.hdfs = hdfs
        self.heap = heap

    def run(self, script: Path, params: Mapping[str, str] | None = None, limit: float | None = None) -> Ran:
        """Run a script with these -param. A path without a scheme means `hdfs` when it is given, else this machine.

        Raises Lacking when Java or the jars are not to be had, subprocess.TimeoutExpired after `limit` seconds.
        """
        words = [word for key, value in (params or {}).items() for word in ("-param", f"{key}={value}")]
        mode = "mapreduce" if self.hdfs else "local"
        return _run([*self.command(), "-x", mode, *words, "-f", str(script.absolute())], self.folder, limit)

    def command(self) -> list[str]:
        """How Pig is called on this machine; its options come behind."""
        conf = self.folder / "pig-conf"
        shutil.rmtree(conf, ignore_errors=True)
        if self.hdfs:
            self.hdfs.client_settings(conf)
        else:
            local = {"fs.defaultFS": "file:///", "fs.permissions.umask-mode": "022"}
            settings.overlaid(settings.CORE, local, conf)
        tmp = {"hadoop.tmp.dir": str(self.folder / "tmp")}
        settings.overlaid(conf / settings.CORE.name, tmp, conf)
        settings.overlaid(settings.MAPRED, {"mapreduce.framework.name": "local", "mapreduce.task.io.sort.mb": "64"}, conf)
        settings.write_logging(conf, "WARN")
        class_path = [str(conf), f"{resolve('pig')}/lib/*"]
        # Short jobs in this very process: the second compiler does not earn back what it costs, and Pig need not wait five seconds
        # before it asks how far a job is.
        short = ("-XX:TieredStopAtLevel=1", "-Dpig.jobcontrol.sleep=100")
        return java.command("org.apache.pig.Main", class_path, self.heap, self.folder / "tmp", *short)


def _run(words: list[str], folder: Path, limit: float | None) -> Ran:
    done = subprocess.run(
        words, cwd=folder, env=java.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        encoding="utf-8", errors="replace", timeout=limit, check=False,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)
