"""The topics, as cluster/kafka/topics.yml describes them: made when they are missing, compared when they are there."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from shoplake.errors import CheckFailed, Lacking, WrongUse
from shoplake.stream.broker import Broker

EVENTS = "clickstream"
DEAD_LETTERS = "-dead-letters"
MINUTES = "-minutes"
TIMEOUT = 30.0


class Topic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic. `config` holds Kafka's own settings of a topic."""

    about: str
    partitions: int
    replication: int
    config: dict[str, str | int] = {}

    def settings(self, brokers: int) -> dict[str, str]:
        """What the topic says on so many brokers: on fewer than it asks for, one copy needs no second."""
        found = {key: str(value) for key, value in self.config.items()}
        least = found.get("min.insync.replicas")
        if least and brokers < self.replication:
            found["min.insync.replicas"] = str(max(1, min(int(least), brokers - 1)))
        return found


@dataclass(frozen=True)
class Found:
    """A topic after the check: `differs` says where it is not as described."""

    name: str
    made: bool
    partitions: int
    differs: list[str]


def read_topics(file: Path) -> dict[str, Topic]:
    """Raises WrongUse naming file and place of what is not a topic."""
    from shoplake.contracts.yaml_lines import load

    document, _ = load(file)
    try:
        return msgspec.convert(document, dict[str, Topic], strict=True)
    except msgspec.ValidationError as e:
        raise WrongUse(f"{file}: {e}. A topic has about, partitions, replication and config.") from None


def ensure(broker: Broker, *, check_only: bool = False) -> list[Found]:
    """Make the topics that are missing and compare those there are; fewer brokers than copies asked for get as many as there are.

    Nothing that exists is changed. Raises Lacking when no broker answers, CheckFailed naming every difference.
    """
    wanted = read_topics(broker.folder / "topics.yml")
    there = broker.topics()
    admin = broker.admin()
    with broker.in_words():
        brokers = len(admin.list_topics(timeout=TIMEOUT).brokers)
    missing = [name for name in wanted if name not in there]
    if missing and not check_only:
        _make(admin, {name: wanted[name] for name in missing}, brokers)
    with broker.in_words():
        found = _compared(admin, wanted, there, missing, brokers, check_only)
    if wrong := [f"{one.name}: {difference}" for one in found for difference in one.differs]:
        raise CheckFailed(
            f"{broker.address}: " + "; ".join(wrong) + f". Change the topic with Kafka's own tools, or {broker.folder / 'topics.yml'}; nothing that exists was changed."
        )
    return found


def _compared(admin: Any, wanted: dict[str, Topic], there: dict[str, Any], missing: list[str], brokers: int, check_only: bool) -> list[Found]:
    return [
        Found(name, name in missing and not check_only, len(there[name].partitions) if name in there else topic.partitions,
              ["missing"] if check_only and name in missing else _differences(admin, name, topic, there.get(name), brokers))
        for name, topic in wanted.items()
    ]  # fmt: skip


def _make(admin: Any, topics: dict[str, Topic], brokers: int) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]

    asked = [
        NewTopic(name, num_partitions=t.partitions, replication_factor=min(t.replication, brokers), config=t.settings(brokers))
        for name, t in topics.items()
    ]
    for name, future in admin.create_topics(asked, operation_timeout=TIMEOUT, request_timeout=TIMEOUT).items():
        try:
            future.result()
        except KafkaException as e:
            if e.args[0].name() != "TOPIC_ALREADY_EXISTS":  # another one made it at the same time
                raise Lacking(f"topic {name}: the broker did not make it ({e.args[0].str()}). Has this user the right to create topics?") from e


def _differences(admin: Any, name: str, topic: Topic, there: Any, brokers: int) -> list[str]:
    """Where a topic that exists is not as described."""
    if there is None:
        return []
    from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]

    found = []
    if len(there.partitions) != topic.partitions:
        found.append(f"{len(there.partitions)} partitions, expected {topic.partitions}")
    copies = min((len(p.replicas) for p in there.partitions.values()), default=0)
    if copies != min(topic.replication, brokers):
        found.append(f"{copies} copies, expected {min(topic.replication, brokers)}")
    (future,) = admin.describe_configs([ConfigResource("topic", name)]).values()
    config = {key: entry.value for key, entry in future.result().items()}
    for key, value in topic.settings(brokers).items():
        if config.get(key) != value:
            found.append(f"{key} is {config.get(key)}, expected {value}")
    return found
