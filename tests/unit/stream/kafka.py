"""librdkafka's mock broker: it keeps what is sent in this process's memory and speaks Kafka's protocol, in part. The real ones are in tests/system."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from shoplake.lake.layout import Lake
from shoplake.settings import zone
from shoplake.stream.audit import audit
from shoplake.stream.broker import Broker, client_files
from shoplake.stream.consume import Lander, Options, sweep
from shoplake.stream.landed import Landing
from shoplake.stream.letters import DeadLetters
from shoplake.stream.pulse import Pulse
from shoplake.stream.split import lines_of
from shoplake.stream.wire import LocalDays, headers

TOPIC = "clickstream"
Message = tuple[bytes | None, bytes | None, Any]  # key, value, headers


@contextmanager
def mock_broker() -> Iterator[Broker]:
    """One mock broker with the topic and its dead letters, of four partitions each."""
    owner = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 0})
    found = owner.list_topics(timeout=5)
    for name in (TOPIC, f"{TOPIC}-dead-letters"):
        owner.list_topics(name, timeout=5)
    yield broker_at(",".join(f"{b.host}:{b.port}" for b in found.brokers.values()))
    owner.flush(1)


def broker_at(address: str, **more: str) -> Broker:
    return Broker(address, {"bootstrap.servers": address, "security.protocol": "PLAINTEXT", **more}, client_files(""))


def send(broker: Broker, messages: Sequence[Message], partition: int | None = None) -> None:
    # The mock broker takes half a second to number a producer; what is tested here is who reads.
    producer = broker.producer({"enable.idempotence": "false"})
    place = {} if partition is None else {"partition": partition}
    for key, value, told in messages:
        producer.produce(TOPIC, value=value, key=key, headers=told, **place)
    assert producer.flush(30) == 0


def event(number: int, ds: str = "2026-03-01") -> Message:
    value = f'{{"event_id":"e{number}","event_type":"view","event_ts":"2026-03-01T10:00:00.000Z","visitor_id":"v{number % 17}"}}'
    return f"v{number % 17}".encode(), value.encode(), headers(ds)


def lander(broker: Broker, lake: Path, **options: Any) -> Lander:
    made = Lake(lake)
    made.create()
    landing = Landing(made, TOPIC, "mock")
    sweep(landing)
    asked = Options(**{"until_end": True, "timeout": 0.5, "partitions": (0, 1, 2, 3), **options})
    return Lander(broker, landing, LocalDays(zone("UTC", "")), DeadLetters(broker, TOPIC), Pulse("consume", None, quiet=True), asked)


def land(broker: Broker, lake: Path, **options: Any) -> Lander:
    one = lander(broker, lake, **options)
    one.run()
    return one


def landed_values(lake: Path) -> list[bytes]:
    """Every value in the landed files, in order of partition and offset; a torn or doubled one fails."""
    found = audit(Lake(lake))
    assert found.is_whole, found
    landing = Landing(Lake(lake), TOPIC, "mock")
    return [line.split(b"\t", 3)[3][:-1] for p in landing.partitions() for one in landing.whole(p) for line in lines_of(one)]
