"""A cluster that stays for a person: HDFS and Hive under one folder, known by their pid files and ports."""

import sys
from contextlib import AbstractContextManager
from pathlib import Path

from filelock import FileLock, Timeout

from cluster.hdfs import Hdfs
from cluster.hive import Hive
from cluster.process import Server
from shoplake.errors import Held, WrongUse

DEFAULT = Path("demo-cluster")


class Cluster:
    """What runs, or ran, under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.hdfs = Hdfs(self.folder / "hdfs")
        self.hive = Hive(self.folder / "hive", hdfs=self.hdfs)

    @property
    def servers(self) -> list[Server]:
        return [self.hdfs.namenode, self.hdfs.datanode, self.hive.server]

    @property
    def running(self) -> list[str]:
        return [s.name for s in self.servers if s.pid is not None]

    def up(self) -> None:
        """Start all, or none. What runs already stays as it is. Raises WrongUse when only a part of it runs, Held while another
        `up` or `down` is at work, and what Hdfs.start and Hive.start raise."""
        with self._lock():
            if len(self.running) == len(self.servers):
                return
            if self.running:
                raise WrongUse(
                    f"{self.folder}: only a part of this cluster runs ({', '.join(self.running)}). "
                    f"Stop it first: python -m cluster down --dir {self.folder}"
                )
            print(f"Starting HDFS and Hive in {self.folder} ...", file=sys.stderr, flush=True)
            self.hdfs.start()
            try:
                self.hive.start()
            except BaseException:
                self.hdfs.stop()
                raise

    def down(self) -> list[str]:
        """Stop what runs, and nothing else; the names of what was stopped. Data stays. Raises Held like `up`."""
        if not self.folder.exists():
            return []
        with self._lock():
            stopped = self.running
            self.hive.stop()
            self.hdfs.stop()
            return stopped

    def status(self) -> tuple[bool, list[str]]:
        """Whether all run and answer, and a line for each server."""
        answers = {self.hive.server.name: self.hive.is_ready, self.hdfs.namenode.name: self.hdfs.is_ready}
        lines, well = [], True
        for server in self.servers:
            pid, lost = server.pid, server.is_lost
            if pid is None:
                how = f"ended by itself or was killed; its log: {server.log}" if lost else "not started"
            elif answers.get(server.name, lambda: True)():
                how = f"runs (pid {pid})"
            else:
                pid, how = None, f"runs (pid {pid}), and does not answer; its log: {server.log}"
            well = well and pid is not None
            lines.append(f"{server.name:<12} {how}")
        return well, lines

    def connect(self) -> list[str]:
        """How to reach it."""
        at = "" if self.folder == DEFAULT.absolute() else f" --dir {self.folder}"
        http = f"http://127.0.0.1:{self.hdfs.http_port}/webhdfs/v1/?user.name={self.hdfs.user}"
        return [
            f"HDFS         {self.hdfs.uri}",
            f"WebHDFS      {http}",
            f"JDBC         {self.hive.url}",
            f"beeline      python -m cluster beeline{at}",
        ]

    def env(self) -> dict[str, str]:
        """What a shell is to know of it: where a lake on HDFS begins, and shoplake's settings."""
        return {
            "HDFS": self.hdfs.uri,
            "SHOPLAKE_WEBHDFS": f"127.0.0.1:{self.hdfs.http_port}",
            "SHOPLAKE_HIVE": f"127.0.0.1:{self.hive.port}",
        }

    def require_running(self) -> None:
        """Raises WrongUse when it does not run."""
        if len(self.running) < len(self.servers):
            raise WrongUse(
                f"{self.folder}: no whole cluster runs there. Start one: python -m cluster up --dir {self.folder}"
            )

    def _lock(self) -> AbstractContextManager[object]:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            return FileLock(self.folder / "lock").acquire(timeout=0)
        except Timeout as e:
            raise Held(f"{self.folder}: another command starts or stops this cluster. Wait until it has ended.") from e
