"""HiveServer2 with an embedded metastore; Tez runs inside it."""

import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster import java, settings
from cluster.hdfs import Hdfs
from cluster.ports import HOST, is_answered, kept, noted
from cluster.process import LIMIT, Server
from cluster.resolve import resolve
from shoplake.errors import ShoplakeError

SCHEMA_TOOL = "org.apache.hadoop.hive.metastore.tools.schematool.MetastoreSchemaTool"
INIT = ["-initSchema"]
OTHER_VERSION = r"Hive Schema version \S+ does not match metastore's schema version \S+"
SERVER = "org.apache.hive.service.server.HiveServer2"


class Hive:
    """HiveServer2 with all it keeps under `folder`; its warehouse lies there, or on `hdfs`. The port is known once it was started, and stays."""

    def __init__(
        self, folder: Path, *, hdfs: Hdfs | None = None, heap: str = "1200m", more: Mapping[str, str] | None = None
    ) -> None:
        """more: what else this server's hive-site.xml says."""
        self.folder = folder.absolute()
        self.more = dict(more or {})
        self.hdfs = hdfs
        self.heap = heap
        self.server = Server("hiveserver2", self.folder, {OTHER_VERSION: self._other_version()})
        self._ports = noted(self.folder)

    @property
    def servers(self) -> list[Server]:
        return [self.server]

    @property
    def port(self) -> int:
        return self._ports["thrift"]

    @property
    def url(self) -> str:
        """What JDBC clients connect to."""
        return f"jdbc:hive2://{HOST}:{self.port}/default"

    @property
    def warehouse(self) -> str:
        """The URI under which tables without a location of their own lie."""
        return f"{self.hdfs.uri}/warehouse" if self.hdfs else (self.folder / "warehouse").as_uri()

    def start(self, limit: float = LIMIT) -> Self:
        """Make the metastore when there is none, start the server and wait until it answers. The first query takes some seconds.

        Raises Lacking when Java or the jars are not to be had, Held when it runs already, ShoplakeError with the log's end when
        the server does not come up; nothing is left running then.
        """
        home = resolve("hive")
        self.server.refuse_second()
        self._ports = kept(self.folder, ["thrift"])
        class_path = [str(self._write_settings()), str(self._task_jar(home)), f"{home}/lib/*", f"{home}/last/*"]
        (schema,) = (home / "schema").iterdir()
        places = {
            "HADOOP_HOME": str(home),
            "HIVE_HOME": str(home),
            "METASTORE_HOME": str(schema),
            "HIVE_CONF_DIR": class_path[0],
        }
        if not (self.folder / "metastore").exists():
            self._make_metastore(class_path, places)
        try:
            self.server.start(self._command(SERVER, class_path, self.heap), places)
            self.server.wait(lambda: is_answered(self.port), limit)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server. Tables and metastore stay, for the next start."""
        self.server.stop()

    def is_ready(self) -> bool:
        return is_answered(self.port)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _other_version(self) -> str:
        return (
            f"{self.folder / 'metastore'} was made by another version of Hive. Move it away: an empty one is made at the next start, and "
            "a build points its tables to their files again. On a real cluster: `schematool -dbType ... -upgradeSchema`."
        )

    def _task_jar(self, home: Path) -> Path:
        """Tez copies the jar that DagUtils lies in to every task, 80 MB each, although here all run in one process: half of a
        small query's time. So that class lies in a small jar of its own, which comes first."""
        small = self.folder / "tasks.jar"
        (whole,) = (home / "lib").glob("hive-exec-*.jar")
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(small, "w") as target:
            for name in source.namelist():
                if name.startswith("org/apache/hadoop/hive/ql/exec/tez/DagUtils"):
                    target.writestr(name, source.read(name))
        return small

    def _command(self, main: str, class_path: list[str], heap: str) -> list[str]:
        errors = f"-Dderby.stream.error.file={self.folder / 'derby.log'}"
        return java.command(main, class_path, heap, self.folder / "tmp", errors)

    def _make_metastore(self, class_path: list[str], places: dict[str, str]) -> None:
        """In a temporary name, so that one cut off is never taken for whole."""
        partial = self.folder / "metastore.partial"
        shutil.rmtree(partial, ignore_errors=True)
        conf = self.folder / "conf.partial"
        shutil.copytree(class_path[0], conf, dirs_exist_ok=True)
        settings.overlaid(conf / "hive-site.xml", {"javax.jdo.option.ConnectionURL": _derby(partial)}, conf)
        words = [*self._command(SCHEMA_TOOL, [str(conf), *class_path[1:]], "512m"), "-dbType", "derby", *INIT]
        done = subprocess.run(
            words,
            cwd=self.folder,
            env={**java.environment(), **places, "HIVE_CONF_DIR": str(conf)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise ShoplakeError(f"{self.folder / 'metastore'}: the metastore's tables could not be made:\n{last}")
        partial.rename(self.folder / "metastore")
        shutil.rmtree(conf)

    def _write_settings(self) -> Path:
        conf = self.folder / "conf"
        shutil.rmtree(conf, ignore_errors=True)
        core = {"hadoop.tmp.dir": str(self.folder / "tmp")}
        if self.hdfs:
            self.hdfs.client_settings(conf, core)
        else:
            settings.of_this_machine(conf, core)
        settings.overlaid(settings.HIVE, {**self.hive_overlay(), **self.more}, conf)
        settings.overlaid(settings.TEZ, self.tez_overlay(), conf)
        settings.write_logging(conf, "WARN")
        return conf

    def _place(self, name: str) -> str:
        """A folder on the file system that the tables lie on."""
        return f"{self.hdfs.uri}/{name}" if self.hdfs else (self.folder / name).as_uri()

    def hive_overlay(self) -> dict[str, str]:
        """What one machine needs instead of a cluster's settings."""
        return {
            "javax.jdo.option.ConnectionURL": _derby(self.folder / "metastore"),
            "javax.jdo.option.ConnectionDriverName": "org.apache.derby.jdbc.EmbeddedDriver",
            "javax.jdo.option.ConnectionUserName": "APP",
            "hive.metastore.uris": "",
            "hive.metastore.warehouse.dir": f"{self.warehouse}/managed",
            "hive.metastore.warehouse.external.dir": f"{self.warehouse}/external",
            "hive.exec.scratchdir": self._place("tmp/hive"),
            "hive.user.install.directory": self._place("user"),
            "hive.exec.local.scratchdir": str(self.folder / "tmp" / "scratch"),
            "hive.downloaded.resources.dir": str(self.folder / "tmp" / "resources"),
            "hive.querylog.location": str(self.folder / "tmp" / "queries"),
            "hive.server2.logging.operation.log.location": str(self.folder / "tmp" / "operations"),
            "hive.server2.thrift.bind.host": HOST,
            "hive.server2.thrift.port": str(self.port),
            "hive.server2.webui.port": "0",
            "hive.server2.authentication": "NONE",
            "hive.server2.use.SSL": "false",
            "hive.server2.tez.initialize.default.sessions": "false",
            "hive.tez.container.size": "256",
            "hive.auto.convert.join.noconditionaltask.size": "83886080",
            # Derby parses a long list of values by recursion, and a year of new days would overflow its stack.
            "metastore.direct.sql.max.elements.values.clause": "50",
            # Threads that only cost memory where one person asks one server.
            "hive.server2.materializedviews.registry.impl": "DUMMY",
            "hive.notification.event.poll.interval": "0s",
            "hive.scheduled.queries.executor.enabled": "false",
            "metastore.task.threads.always": "",
        }

    def tez_overlay(self) -> dict[str, str]:
        """What one machine needs instead of a cluster's settings."""
        return {
            "tez.local.mode": "true",
            "tez.local.mode.without.network": "true",
            "tez.ignore.lib.uris": "true",
            "tez.lib.uris": "",
            "tez.staging-dir": self._place("tmp/tez-staging"),
            # Two tasks of one process share the operators of a plan, and trip over each other: errors, or wrong rows.
            "tez.am.inline.task.execution.max-tasks": "1",
            "tez.runtime.io.sort.mb": "64",
        }


def _derby(place: Path) -> str:
    return f"jdbc:derby:;databaseName={place};create=true"
