"""A lander at work: one topic, one lake, and raw brought up to date now and then."""

import os
import time
from dataclasses import replace

from shoplake.contracts import Contracts, load
from shoplake.errors import Held, WrongUse
from shoplake.lake.layout import Lake
from shoplake.settings import Session, zone
from shoplake.stream.broker import Broker, connect
from shoplake.stream.consume import Lander, Options, sweep
from shoplake.stream.landed import Landing, topics_folder
from shoplake.stream.letters import DeadLetters
from shoplake.stream.pulse import Pulse
from shoplake.stream.split import split
from shoplake.stream.wire import LocalDays
from shoplake.terminal import say

SPLIT_EVERY = 3600.0


def land(session: Session, topic: str, options: Options, partitions: str, allow_plaintext: bool, every: float, splits: bool) -> Pulse:
    """Land a topic until told to stop; what was done. Raises what Lander.run raises, WrongUse for a topic that does not exist."""
    lake = session.lake
    lake.require_folder("landing a stream")
    broker = connect(session, allow_plaintext)
    options = replace(options, partitions=_partitions(partitions, topic, broker.require_topic(topic)))
    lake.create()
    landing = Landing(lake, topic, topic_id(broker, topic))
    sweep(landing)
    pulse = Pulse("consume", topics_folder(lake) / "jobs" / f"consume-{topic}-{os.getpid()}.json", every)
    lander = Lander(broker, landing, LocalDays(zone(session["timezone"], "timezone")), DeadLetters(broker, topic), pulse, options)
    contracts = load(session["project"])
    last = time.monotonic()

    def now_and_then() -> None:
        nonlocal last
        if splits and time.monotonic() - last > SPLIT_EVERY:
            last = time.monotonic()
            _split(lake, contracts)

    lander.run(now_and_then)
    if splits:
        _split(lake, contracts)
    return pulse


def _partitions(text: str, topic: str, count: int) -> tuple[int, ...]:
    if not text:
        return ()
    asked = [part.strip() for part in text.split(",")] if text != "all" else [str(p) for p in range(count)]
    if not all(part.isdigit() and int(part) < count for part in asked):
        raise WrongUse(f"--partitions: found {text!r}, expected all, or some of 0 to {count - 1} of topic {topic}.")
    return tuple(sorted({int(part) for part in asked}))


def _split(lake: Lake, contracts: Contracts) -> None:
    try:
        for one in split(lake, contracts):
            say(f"{one.topic}: {one.records:,} records of {one.files:,} files are raw now")
    except Held:
        say("another process brings files into raw; what was landed waits for the next time")


def topic_id(broker: Broker, topic: str) -> str:
    """The id Kafka gave a topic when it was made, as its tools print it; `0` where the broker knows none (librdkafka's mock)."""
    from confluent_kafka import KafkaException, TopicCollection

    admin = broker.admin()  # it has to live until the answer is there
    try:
        (future,) = admin.describe_topics(TopicCollection([topic]), request_timeout=15).values()
        found = future.result().topic_id
    except KafkaException as e:
        if e.args[0].name() in ("_UNSUPPORTED_FEATURE", "UNSUPPORTED_VERSION"):
            return "0"
        raise broker.unreachable(e) from e
    text = str(found).replace("+", "-").replace("/", "_")  # as Kafka's own tools print it, and a folder may be called
    return "0" if not text or set(text) <= set("A=0") else text
