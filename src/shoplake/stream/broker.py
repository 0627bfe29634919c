"""How clients reach Kafka: the address, who they are, and what they are told by the project's files.

Secrets come from the environment or from a file alone: never from the command line, where every user of the machine sees them.
"""

import ipaddress
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shoplake.contracts.project import project_folder
from shoplake.errors import Lacking, ShoplakeError, WrongUse
from shoplake.settings import Session
from shoplake.stream import properties
from shoplake.terminal import say

PASSWORD = "SHOPLAKE_KAFKA_PASSWORD"  # noqa: S105 (the name of a variable)
PASSWORD_FILE = f"{PASSWORD}_FILE"
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
UNGUARDED = ("PLAINTEXT", "SASL_PLAINTEXT")
# Seconds a broker may take to answer the first question.
PATIENCE = 10.0
SLICE = 1.0
# What waiting does not mend: a password that is refused, a certificate that is not trusted.
HOPELESS = re.compile(r"authentication|certificate|SSL handshake", re.IGNORECASE)
INSTALL = "Kafka's client is not installed. Install it: pip install 'shoplake[stream]'."


@dataclass
class Broker:
    """A Kafka cluster as this session reaches it."""

    address: str
    settings: dict[str, str] = field(repr=False)  # of every client; holds the password
    folder: Path  # producer.properties, consumer.properties, topics.yml
    troubles: list[str] = field(default_factory=list)  # what clients said of lost connections and refused logins, newest last

    def producer(self, more: dict[str, Any] | None = None) -> Any:
        kafka = _kafka()
        with self.in_words():
            return kafka.Producer(self._told("producer.properties", more))

    def consumer(self, more: dict[str, Any] | None = None) -> Any:
        kafka = _kafka()
        with self.in_words():
            return kafka.Consumer(self._told("consumer.properties", more))

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn what Kafka's client raises into a sentence."""
        kafka = _kafka()
        try:
            yield
        except kafka.KafkaException as e:
            error = e.args[0]
            if error.name() in ("_INVALID_ARG", "_UNKNOWN_PROPERTY") or "configuration property" in error.str():
                raise WrongUse(f"Kafka's client: {error.str()}. Correct it in {self.folder}, or in --set.") from e
            raise self.unreachable(e) from e

    def admin(self) -> Any:
        _kafka()
        from confluent_kafka.admin import AdminClient

        told: dict[str, Any] = {**self.settings, "error_cb": self._trouble, "logger": _silent()}
        return AdminClient(told)

    def topics(self) -> dict[str, Any]:
        """The topics there are, by name. Raises Lacking when no broker answers, or it refuses us."""
        kafka, admin = _kafka(), self.admin()
        until = time.monotonic() + PATIENCE
        with self.in_words():
            while True:
                try:
                    found: dict[str, Any] = admin.list_topics(timeout=SLICE).topics
                    return found
                except kafka.KafkaException:
                    admin.poll(0)  # where it hears why
                    if time.monotonic() > until or any(HOPELESS.search(said) for said in self.troubles):
                        raise

    def topic_id(self, topic: str) -> str:
        """The id Kafka gave a topic when it was made, as its tools print it; `0` where the broker knows none."""
        from confluent_kafka import TopicCollection

        admin = self.admin()  # it has to live until the answer is there
        with self.in_words():
            (future,) = admin.describe_topics(TopicCollection([topic]), request_timeout=15).values()
            text = str(future.result().topic_id)
        text = text.replace("+", "-").replace("/", "_")  # as Kafka's own tools print it, and a folder may be called
        return "0" if not text or set(text) <= set("A=0") else text

    def require_topic(self, name: str) -> int:
        """The number of its partitions. Raises WrongUse when there is no such topic."""
        found = self.topics()
        if name not in found:
            raise WrongUse(f"topic {name}: {self.address} has none of that name. Make it: shoplake stream topics")
        return len(found[name].partitions)

    def unreachable(self, error: Any) -> ShoplakeError:
        """What a failed question means."""
        said = " ".join(self.troubles[-3:]) or str(error)
        if "authentication" in said.lower():
            return Lacking(
                f"{self.address}: the broker refuses this login ({self.troubles[-1]}). Set kafka_user, and its password in {PASSWORD} or a file "
                f"named by {PASSWORD_FILE}."
            )
        if "certificate" in said.lower() or "SSL" in said:
            return Lacking(f"{self.address}: no trusted TLS connection ({said[-300:]}). Name the certificate authority's PEM file in kafka_ca.")
        return Lacking(f"{self.address}: no broker answers there ({said[-300:]}). Is it running, and is it the address in setting kafka?")

    def _told(self, file: str, more: dict[str, Any] | None) -> dict[str, Any]:
        written = properties.read(self.folder / file)
        return {**written, **self.settings, "error_cb": self._trouble, "logger": _silent(), **(more or {})}

    def _trouble(self, error: Any) -> None:
        """librdkafka never raises for a lost broker or a wrong password: it says so here, and tries again."""
        text = str(error.str())
        is_new = text not in self.troubles
        self.troubles = [*self.troubles[-20:], text]
        if is_new and (len(self.troubles) > 1 or "Connection refused" not in text):
            say(f"kafka: {text}")


def connect(session: Session, allow_plaintext: bool = False) -> Broker:
    """The cluster that the settings name. Raises WrongUse for what cannot be, and for a way to it that others can read along."""
    address, protocol = session["kafka"], session["kafka_protocol"].upper()
    hosts = [_host(part) for part in address.split(",")]
    local = all(_is_loopback(host) for host in hosts)
    protocol = protocol or ("PLAINTEXT" if local else "SASL_SSL")
    if protocol not in PROTOCOLS:
        raise WrongUse(f"kafka_protocol: found {protocol!r} ({session.settings['kafka_protocol'].origin}), expected one of {', '.join(PROTOCOLS)}.")
    if protocol in UNGUARDED and not local and not allow_plaintext:
        raise WrongUse(
            f"kafka: {address} is another machine, and {protocol} sends what goes there unencrypted. Set kafka_protocol to SASL_SSL, or add "
            "--allow-plaintext when the network is guarded in another way."
        )
    settings = {"bootstrap.servers": address, "security.protocol": protocol, "client.id": "shoplake"}
    if "SSL" in protocol:
        settings["ssl.endpoint.identification.algorithm"] = "https"  # the certificate has to name the host
        if session["kafka_ca"]:
            ca = Path(session["kafka_ca"])
            if not ca.exists():
                raise WrongUse(f"kafka_ca: {ca} ({session.settings['kafka_ca'].origin}): no such file. Name the PEM file of the authority that signed the brokers' certificates.")
            settings["ssl.ca.location"] = str(ca)
    if protocol.startswith("SASL"):
        if not session["kafka_user"]:
            raise WrongUse(f"kafka_user: empty, and {protocol} asks who we are. Set it, and the password in {PASSWORD}.")
        settings |= {"sasl.mechanism": "SCRAM-SHA-512", "sasl.username": session["kafka_user"], "sasl.password": _password()}
    return Broker(address, settings, client_files(session["project"]))


def client_files(project: str) -> Path:
    """Where producer.properties, consumer.properties and topics.yml lie: the project's own, else those of the package."""
    own = project_folder(project) / "cluster" / "kafka"
    return own if own.is_dir() else project_folder() / "cluster" / "kafka"


def _password() -> str:
    if file := os.environ.get(PASSWORD_FILE):
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as e:
            raise WrongUse(f"{PASSWORD_FILE}: {file} cannot be read ({e}). Name a file that holds the password.") from None
    if PASSWORD not in os.environ:
        raise WrongUse(f"{PASSWORD}: not set. Set it, or name a file that holds the password in {PASSWORD_FILE}.")
    return os.environ[PASSWORD]


def _host(part: str) -> str:
    host, colon, port = part.strip().rpartition(":")
    if not colon or not port.isdigit() or not host:
        raise WrongUse(f"kafka: found {part.strip()!r}, expected host:port, or several with commas between.")
    return host.strip("[]")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _kafka() -> Any:
    try:
        import confluent_kafka
    except ImportError as e:
        raise Lacking(INSTALL) from e
    return confluent_kafka


def _silent() -> Any:
    """librdkafka's own log repeats what error_cb is told, several lines each."""
    import logging

    logger = logging.getLogger("shoplake.kafka")
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    return logger


