"""HDFS: a NameNode and a DataNode."""

import getpass
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster import java, settings
from cluster.ports import HOST, kept, noted
from cluster.process import LIMIT, Server
from cluster.resolve import resolve
from shoplake.errors import ShoplakeError

NAMENODE = "org.apache.hadoop.hdfs.server.namenode.NameNode"
DATANODE = "org.apache.hadoop.hdfs.server.datanode.DataNode"
STATE = "jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState"
PORTS = ["rpc", "http", "data", "data_http", "data_ipc"]


class Hdfs:
    """A file system of its own under `folder`, which it survives a stop in. The addresses are known once it was started, and stay."""

    def __init__(self, folder: Path, *, heap: str = "384m") -> None:
        self.folder = folder.absolute()
        self.heap = heap
        self.user = getpass.getuser()  # what WebHDFS has to be told; it may do everything
        self.namenode = Server("namenode", self.folder)
        self.datanode = Server("datanode", self.folder)
        self._ports = noted(self.folder)

    @property
    def servers(self) -> list[Server]:
        return [self.datanode, self.namenode]

    @property
    def rpc_port(self) -> int:
        return self._ports["rpc"]

    @property
    def http_port(self) -> int:
        return self._ports["http"]

    @property
    def uri(self) -> str:
        return f"hdfs://{HOST}:{self.rpc_port}"

    def start(self, limit: float = LIMIT) -> Self:
        """Start both and wait until files can be written. Raises Lacking when Java or the jars are not to be had, Held when it
        runs already, ShoplakeError with the log's end when a server does not come up; nothing is left running then."""
        home = resolve("hdfs")
        self._refuse_second()
        self._ports = kept(self.folder, PORTS)
        conf = self._write_settings()
        class_path = [str(conf), f"{home}/lib/*"]
        if not (self.folder / "name" / "current").exists():
            self._format(class_path)
        try:
            for server, main in ((self.namenode, NAMENODE), (self.datanode, DATANODE)):
                server.start(java.command(main, class_path, self.heap, self.folder / "tmp"))
            self.namenode.wait(lambda: self.datanode.pid is None or self.is_ready(), limit)
            self.datanode.wait(self.is_ready, limit)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End both. The files stay, for the next start."""
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.stop()

    def is_ready(self) -> bool:
        """Whether the NameNode has left its safe mode and knows a living DataNode."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self.http_port}/{STATE}", timeout=5) as answer:
                beans = json.load(answer)["beans"]
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
            return False
        return bool(beans) and beans[0].get("FSState") == "Operational" and beans[0].get("NumLiveDataNodes", 0) >= 1

    def client_settings(self, conf: Path, more: Mapping[str, str] | None = None) -> None:
        """Write what a client of this file system needs to know, and `more` of its own into core-site.xml."""
        settings.overlaid(settings.CORE, {**self.core_overlay(), **(more or {})}, conf)
        settings.overlaid(settings.HDFS, self.hdfs_overlay(), conf)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _refuse_second(self) -> None:
        for server in self.servers:
            server.refuse_second()

    def core_overlay(self) -> dict[str, str]:
        """What one machine needs instead of a cluster's settings."""
        return {
            "fs.defaultFS": self.uri,
            "hadoop.tmp.dir": str(self.folder / "tmp"),
            "fs.permissions.umask-mode": "022",
        }

    def hdfs_overlay(self) -> dict[str, str]:
        """What one machine needs instead of a cluster's settings."""
        p = self._ports
        return {
            "dfs.replication": "1",
            "dfs.namenode.name.dir": (self.folder / "name").as_uri(),
            "dfs.datanode.data.dir": (self.folder / "data").as_uri(),
            "dfs.datanode.failed.volumes.tolerated": "0",
            "dfs.blocksize": str(16 << 20),  # so that a test's file has more than one
            "dfs.namenode.fs-limits.min-block-size": "4096",
            "dfs.datanode.du.reserved": "0",
            "dfs.namenode.handler.count": "5",
            "dfs.permissions.enabled": "false",  # one machine, one person
            "dfs.namenode.safemode.extension": "0",
            "dfs.namenode.rpc-bind-host": HOST,
            "dfs.namenode.http-address": f"{HOST}:{p['http']}",
            "dfs.datanode.address": f"{HOST}:{p['data']}",
            "dfs.datanode.http.address": f"{HOST}:{p['data_http']}",
            "dfs.datanode.ipc.address": f"{HOST}:{p['data_ipc']}",
            "dfs.datanode.hostname": HOST,
            "dfs.client.use.datanode.hostname": "true",
            "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        }

    def _write_settings(self) -> Path:
        conf = self.folder / "conf"
        shutil.rmtree(conf, ignore_errors=True)
        self.client_settings(conf)
        settings.write_logging(conf, "INFO")
        # The published jars have no browser pages, and without a place for them the servers do not start.
        for pages in ("hdfs", "datanode"):
            page = conf / "webapps" / pages / "WEB-INF" / "web.xml"
            page.parent.mkdir(parents=True)
            page.write_text("<web-app/>\n", encoding="utf-8")
        return conf

    def _format(self, class_path: list[str]) -> None:
        words = [*java.command(NAMENODE, class_path, "256m", self.folder / "tmp"), "-format", "-nonInteractive"]
        done = subprocess.run(
            words, cwd=self.folder, env=java.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            shutil.rmtree(self.folder / "name", ignore_errors=True)
            last = "\n".join(done.stderr.splitlines()[-15:])
            raise ShoplakeError(
                f"{self.folder / 'name'}: the NameNode could not make an empty file system there:\n{last}"
            )
