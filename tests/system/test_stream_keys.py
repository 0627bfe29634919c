"""No setting of Kafka is a slip of the pen: a broker passes over what it does not know in silence."""

import re
from collections.abc import Iterable

import pytest
from cluster.kafka import SETTINGS
from cluster.keys import published, refuse_unknown
from confluent_kafka import Consumer, KafkaException, Producer

from shoplake.errors import WrongUse
from shoplake.stream.broker import client_files
from shoplake.stream.properties import read
from shoplake.stream.topics import read_topics

pytestmark = pytest.mark.kafka
FILES = client_files("")
# librdkafka's own, which Kafka's Java clients call otherwise or do not have: such a client refuses one that it does not know.
LIBRDKAFKA = {
    "producer.properties": {"partitioner", "socket.keepalive.enable", "queue.buffering.max.messages", "queue.buffering.max.kbytes"},
    "consumer.properties": {"fetch.wait.max.ms", "queued.max.messages.kbytes", "enable.partition.eof", "socket.keepalive.enable"},
}


def plain(keys: Iterable[str]) -> set[str]:
    """Keys without what says to which listener, mechanism or provider they belong."""
    found = {re.sub(r"^listener\.name\.[a-z_]+\.(scram-sha-512\.)?", "", key) for key in keys}
    return {"config.providers" if key.startswith("config.providers") else key for key in found}


def test_the_servers() -> None:
    known = published("kafka")
    assert len(known) > 200
    refuse_unknown("server.properties", plain(read(SETTINGS)), known)
    with pytest.raises(WrongUse, match=r"server.properties: log.retention.hour:"):
        refuse_unknown("server.properties", ["log.retention.hour"], known)


@pytest.mark.parametrize("name", LIBRDKAFKA)
def test_the_clients(name: str) -> None:
    written = read(FILES / name)
    known = published(f"kafka-{name.partition('.')[0]}")
    refuse_unknown(name, set(written) - LIBRDKAFKA[name], known)
    assert not LIBRDKAFKA[name] & known
    make = Producer if name.startswith("producer") else Consumer
    client = make({"bootstrap.servers": "127.0.0.1:9", "group.id": "g", **written} if make is Consumer else {"bootstrap.servers": "127.0.0.1:9", **written})
    client.close() if make is Consumer else client.purge()
    with pytest.raises(KafkaException, match="No such configuration property"):
        make({"bootstrap.servers": "127.0.0.1:9", "group.id": "g", "linger.millis": "1"})


def test_the_topics() -> None:
    known = published("kafka-topic")
    for topic in read_topics(FILES / "topics.yml").values():
        refuse_unknown("topics.yml", topic.config, known)
