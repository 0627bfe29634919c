"""A standalone Spark cluster: a master and a worker, from the pip package."""

import importlib.util
import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster import java
from cluster.ports import HOST, kept, noted
from cluster.process import LIMIT, Server
from cluster.versions import HERE
from shoplake.errors import Lacking, WrongUse

DEFAULTS = HERE / "spark" / "spark-defaults.conf"
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"


class SparkStandalone:
    """A master and a worker with all they keep under `folder`. The address is known once they were started, and stays."""

    def __init__(self, folder: Path, *, cores: int = 2, memory: str = "1500m") -> None:
        self.folder = folder.absolute()
        self.cores = cores
        self.memory = memory  # of all executors together
        self.master = Server("master", self.folder)
        self.worker = Server("worker", self.folder)
        self._ports = noted(self.folder)

    @property
    def servers(self) -> list[Server]:
        return [self.worker, self.master]

    @property
    def url(self) -> str:
        """What a session names as its master."""
        return f"spark://{HOST}:{self._ports['master']}"

    @property
    def conf(self) -> Path:
        """The settings; SPARK_CONF_DIR of whoever submits."""
        return self.folder / "conf"

    def start(self, limit: float = LIMIT) -> Self:
        """Start both and wait until the master knows the worker. Raises Lacking when Java or pyspark is missing, Held when it runs
        already, ShoplakeError with the log's end when a server does not come up; nothing is left running then."""
        java.find()
        home = spark_home()
        for server in self.servers:
            server.refuse_second()
        self._ports = kept(self.folder, ["master", "master_web", "worker", "worker_web"])
        self._write_settings()
        run = str(home / "bin" / "spark-class")
        p = self._ports
        master = [run, MASTER, "--host", HOST, "--port", str(p["master"]), "--webui-port", str(p["master_web"])]
        worker = [
            run, WORKER, "--host", HOST, "--port", str(p["worker"]), "--webui-port", str(p["worker_web"]),
            "--cores", str(self.cores), "--memory", self.memory, "--work-dir", str(self.folder / "work"), self.url,
        ]  # fmt: skip
        try:
            self.master.start(master, self._environment(home))
            self.worker.start(worker, self._environment(home))
            self.master.wait(lambda: self.worker.pid is None or self.is_ready(), limit)
            self.worker.wait(self.is_ready, limit)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End both, the worker first: it ends the executors it started."""
        for server in self.servers:
            server.stop()

    def is_ready(self) -> bool:
        """Whether the master knows a living worker."""
        try:
            with urllib.request.urlopen(f"http://{HOST}:{self._ports['master_web']}/json/", timeout=5) as answer:
                return bool(json.load(answer)["aliveworkers"] >= 1)
        except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
            return False

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def overlay(self) -> dict[str, str]:
        """What one machine needs instead of a cluster's settings."""
        return {
            "spark.master": self.url,
            "spark.driver.host": HOST,
            "spark.driver.bindAddress": HOST,
            "spark.driver.memory": "1g",
            "spark.executor.memory": "1g",
            "spark.executor.cores": str(self.cores),
            "spark.dynamicAllocation.enabled": "false",
            "spark.sql.shuffle.partitions": "8",
            "spark.authenticate": "false",  # nothing leaves this machine
            "spark.network.crypto.enabled": "false",
            "spark.io.encryption.enabled": "false",
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
            "spark.eventLog.dir": (self.folder / "events").as_uri(),
            "spark.ui.enabled": "false",
        }

    def settings(self) -> dict[str, str]:
        """What a session here is started with."""
        return {**read(DEFAULTS), **self.overlay()}

    def _write_settings(self) -> None:
        shutil.rmtree(self.conf, ignore_errors=True)
        for place in (self.conf, self.folder / "events"):
            place.mkdir(parents=True, exist_ok=True)
        lines = "".join(f"{key} {value}\n" for key, value in self.settings().items())
        (self.conf / DEFAULTS.name).write_text(lines, encoding="utf-8")

    def _environment(self, home: Path) -> dict[str, str]:
        return {
            "SPARK_HOME": str(home),
            "SPARK_CONF_DIR": str(self.conf),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": f"-XX:+UseSerialGC -XX:-UsePerfData -Djava.io.tmpdir={self._scratch()}",
        }

    def _scratch(self) -> Path:
        scratch = self.folder / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        return scratch


def spark_home() -> Path:
    """The folder of the installed Spark. Raises Lacking when there is none."""
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise Lacking("pyspark is not installed. Install it: make spark, or pip install 'shoplake[spark]'.")
    return Path(found.origin).parent


def read(file: Path) -> dict[str, str]:
    """The keys and values of a file in Spark's way of writing settings."""
    found: dict[str, str] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            key, value = line.split(maxsplit=1)
            if key in found:
                raise WrongUse(f"{file}: {key} is set twice. Remove one.")
            found[key] = value.strip()
    return found
