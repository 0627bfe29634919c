"""Three brokers, one of them killed again and again under load: what was acknowledged is stored, once."""

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from cluster.kafka import Kafka, kill

from shoplake.stream.live import Item
from shoplake.stream.pace import Pace
from shoplake.stream.produce import FromItems, Options, Sender
from shoplake.stream.pulse import Pulse
from shoplake.stream.spill import Spill
from tests.system.streams import broker_of, landers, make_topic, repeat, topic_values
from tests.system.test_stream_land import note

pytestmark = pytest.mark.kafka


def test_brokers_killed_under_load(tmp_path: Path) -> None:
    kills = repeat(2, 20)
    draw = random.Random(5)
    with Kafka(tmp_path / "brokers", nodes=3, heap="384m") as kafka:
        make_topic(kafka, "load", partitions=3, **{"min.insync.replicas": "2"})
        stop = threading.Event()

        def items():  # type: ignore[no-untyped-def]
            number = 0
            while not stop.is_set():
                yield Item(b"v%d" % (number % 50), b'{"event_id":"%d"}' % number, "2026-03-01")
                number += 1

        def murder() -> None:
            try:
                for _ in range(kills):
                    time.sleep(2)
                    node = draw.randint(1, 3)
                    kill(kafka.servers[node - 1])
                    time.sleep(2)
                    kafka.start_node(node)
                time.sleep(2)
            finally:
                stop.set()

        sender = Sender(broker_of(kafka).producer(), "load", Spill(tmp_path / "spill"), Pulse("produce", None, quiet=True))
        killer = threading.Thread(target=murder)
        killer.start()
        sender.run(FromItems(items()), Pace(1000), Options())
        killer.join()
        assert sender.produced == sender.acknowledged + sender.spill.count
        assert sender.spill.count == 0
        assert sender.produced > kills * 1000
        stored = Counter(topic_values(kafka, "load"))
        assert stored == Counter(b'{"event_id":"%d"}' % n for n in range(sender.produced))
        with landers(kafka, "load", tmp_path / "lake") as one:
            one.finish()
            assert Counter(one.landed()) == stored
        note("brokers killed", kills=kills, acknowledged=sender.acknowledged, stored=sum(stored.values()), lost=0, twice=0)
