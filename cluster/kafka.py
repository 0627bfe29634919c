"""Kafka: one broker, or three that lose one without losing an event. Each is its own controller; they keep no ZooKeeper."""

import base64
import os
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cluster import java, settings
from cluster.certificates import Certificates
from cluster.ports import HOST, is_answered, kept, noted
from cluster.process import LIMIT, Server
from cluster.resolve import resolve
from cluster.versions import HERE
from shoplake.errors import ShoplakeError
from shoplake.stream import properties

SETTINGS = HERE / "kafka" / "server.properties"
BROKER = "kafka.Kafka"
STORAGE = "kafka.tools.StorageTool"
READY = "Kafka Server started"
# What is safe on three machines cannot be had on one.
REPLICATED = (
    "default.replication.factor", "min.insync.replicas", "offsets.topic.replication.factor", "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr", "share.coordinator.state.topic.replication.factor", "share.coordinator.state.topic.min.isr",
)  # fmt: skip


class Kafka:
    """Brokers of their own under `folder`, which keeps their data. The addresses are known once they were started, and stay.

    users: names and passwords; with them it is what server.properties describes, SASL_SSL and SCRAM-SHA-512, and clients need one of
    them and `certificates.ca`. Without, anyone on this machine may come in, and nobody else: it listens on 127.0.0.1 alone.
    """

    def __init__(
        self, folder: Path, *, nodes: int = 1, users: Mapping[str, str] | None = None, heap: str = "512m", more: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        """more: what else the brokers' server.properties says; ports: what client-1 and controller-1 listen on when nobody else does."""
        self.folder, self.nodes, self.heap, self.more = folder.absolute(), nodes, heap, dict(more or {})
        self.users, self._usual = dict(users or {}), dict(ports or {})
        self.servers = [Server(f"kafka-{n}", self.folder / f"node-{n}") for n in range(1, nodes + 1)]
        self.certificates = Certificates(self.folder / "tls")
        self._ports = noted(self.folder)

    @property
    def bootstrap(self) -> str:
        """What clients are told."""
        host = "localhost" if self.users else HOST  # a certificate names a host
        return ",".join(f"{host}:{self._ports[f'client-{n}']}" for n in range(1, self.nodes + 1))

    def start(self, limit: float = LIMIT) -> Self:
        """Start all and wait until they take events. Raises Lacking when Java or the jars are not to be had, Held when one runs
        already, ShoplakeError with the log's end when one does not come up; nothing is left running then."""
        resolve("kafka")
        for server in self.servers:
            server.refuse_second()
        self._ports = kept(self.folder, [f"{what}-{n}" for n in range(1, self.nodes + 1) for what in ("client", "controller")], self._usual)
        if self.users:
            self.certificates.make()
        try:
            for n in range(1, self.nodes + 1):
                self.start_node(n, wait=False)
            for n in range(1, self.nodes + 1):
                self.wait_for(n, limit)
        except BaseException:
            self.stop()
            raise
        return self

    def start_node(self, n: int, *, wait: bool = True) -> None:
        """Start one of the brokers, also one that was killed."""
        server = self.servers[n - 1]
        conf = self._write_settings(n)
        if not (server.folder / "data" / "meta.properties").exists():
            self._format(n, conf)
        words = self._command(BROKER, self.heap, server.folder)
        server.start([*words, str(conf)], {"KAFKA_BROKER_PASSWORD": self.users.get("broker", "")})
        if wait:
            self.wait_for(n)

    def wait_for(self, n: int, limit: float = LIMIT) -> None:
        """Wait until this broker takes events. After a kill that is when the others have given it up: some ten seconds."""
        self.servers[n - 1].wait(lambda: self.is_ready(n), limit)

    def is_ready(self, n: int = 1) -> bool:
        server = self.servers[n - 1]
        told = server.log.read_text(encoding="utf-8", errors="replace") if server.log.exists() else ""
        return READY in told and is_answered(self._ports[f"client-{n}"])

    def stop(self) -> None:
        """End all. The data stays, for the next start."""
        for server in self.servers:
            server.terminate()
        for server in self.servers:
            server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def overlay(self, n: int) -> dict[str, str]:
        """What broker `n` of one machine says instead of server.properties."""
        client, controller = self._ports[f"client-{n}"], self._ports[f"controller-{n}"]
        secure = bool(self.users)
        kind = "SASL_SSL" if secure else "PLAINTEXT"
        ours = {
            "node.id": str(n),
            "listeners": f"{kind}://{HOST}:{client},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"{kind}://{'localhost' if secure else HOST}:{client}",
            "controller.quorum.voters": ",".join(
                f"{i}@{'localhost' if secure else HOST}:{self._ports[f'controller-{i}']}" for i in range(1, self.nodes + 1)
            ),
            "log.dirs": str(self.servers[n - 1].folder / "data"),
            "group.initial.rebalance.delay.ms": "0",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.num.partitions": "4",
        }
        if self.nodes == 1:
            ours |= dict.fromkeys(REPLICATED, "1")
        if secure:
            ours |= {"ssl.keystore.location": str(self.certificates.broker), "ssl.truststore.location": str(self.certificates.ca)}
        else:
            ours |= {"inter.broker.listener.name": kind, "listener.security.protocol.map": f"{kind}:{kind},CONTROLLER:{kind}"}
        return {**ours, **self.more}

    def _write_settings(self, n: int) -> Path:
        settings_of = {**properties.read(SETTINGS), **self.overlay(n)}
        if not self.users:
            guarded = ("ssl.", "sasl.", "listener.name.", "config.providers", "authorizer.", "allow.everyone", "super.users")
            settings_of = {k: v for k, v in settings_of.items() if not k.startswith(guarded)}
        file = self.servers[n - 1].folder / "server.properties"
        file.parent.mkdir(parents=True, exist_ok=True)
        properties.write(file, settings_of)
        return file

    def _command(self, main: str, heap: str, folder: Path) -> list[str]:
        conf = folder / "conf"
        settings.write_logging(conf, "INFO" if main == BROKER else "WARN")
        logged = f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}"
        return java.command(main, [f"{resolve('kafka')}/lib/*"], heap, folder / "tmp", logged)

    def _format(self, n: int, conf: Path) -> None:
        """Give the node's folder the cluster's id, and the log its first users."""
        id_file = self.folder / "cluster.id"
        if not id_file.exists():
            id_file.write_text("s" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22], encoding="utf-8")
        words = [*self._command(STORAGE, "256m", self.servers[n - 1].folder), "format", "-t", id_file.read_text(encoding="utf-8"), "-c", str(conf)]
        environment = {**java.environment(), "KAFKA_BROKER_PASSWORD": self.users.get("broker", "")}
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as secrets:  # for its owner alone; a command line is everybody's to read
            secrets.writelines(f"--add-scram\nSCRAM-SHA-512=[name={name},password={password}]\n" for name, password in self.users.items())
            secrets.flush()
            if self.users:
                words.append(f"@{secrets.name}")
            done = subprocess.run(words, env=environment, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            # What it prints on standard output holds the users' stored keys.
            raise ShoplakeError(f"Kafka could not format {self.servers[n - 1].folder}: {done.stderr[-600:]}")


def kill(server: Server) -> None:
    """End a broker as a power cut would."""
    if (pid := server.pid) is not None:
        os.kill(pid, 9)
