"""Dead letters: a copy of each message that was not good, in a topic of its own, for people to look at. The processor's hold its text.

The copy is for looking; what counts is kept with the landed files. A run that was killed may send a copy twice: its key, which names
topic, partition and offset, tells.
"""

from typing import Any

from shoplake.errors import Lacking
from shoplake.stream.broker import Broker
from shoplake.stream.topics import DEAD_LETTERS
from shoplake.stream.wire import headers_of

PATIENCE = 30.0
# Of a message in bytes; with room for its headers below what topics.yml allows. A larger one is cut: it lies whole in landed/.
KEPT, LARGEST = 1_900_000, 2_000_000


class DeadLetters:
    """Sends copies to a topic's dead letters. The producer is made when there is a first one."""

    def __init__(self, broker: Broker, topic: str) -> None:
        self.broker, self.topic = broker, topic + DEAD_LETTERS
        self._source = topic
        self._producer: Any = None
        self._refused: str | None = None

    def send(self, message: Any, reason: str) -> None:
        """Copy a message, with what was wrong with it. Returns at once; `flush` says whether it arrived."""
        self.copy(message.value(), message.partition(), message.offset(), reason, headers_of(message))

    def copy(self, value: bytes | None, partition: int, offset: int, reason: str, headers: Any = None) -> None:
        """Like `send`, of a message that is known by its parts."""
        if self._producer is None:
            self._producer = self.broker.producer({"message.max.bytes": LARGEST})
        place = f"{self._source}-{partition}-{offset}"
        told = [*(headers or ()), ("reason", reason.encode()), ("source", place.encode())]
        if value is not None and len(value) > KEPT:
            told.append(("cut_from_bytes", str(len(value)).encode()))
            value = value[:KEPT]
        while True:
            try:
                self._producer.produce(self.topic, value=value, key=place.encode(), headers=told, on_delivery=self._delivered)
                return
            except BufferError:  # as many wait as may wait
                self._producer.poll(0.1)

    def flush(self) -> None:
        """Wait until all copies have arrived. Raises Lacking when one did not."""
        if self._producer is None:
            return
        left = self._producer.flush(PATIENCE)
        if self._refused or left:
            why = self._refused or f"{left} were not acknowledged within {PATIENCE:.0f} s"
            raise Lacking(
                f"topic {self.topic}: dead letters did not arrive ({why}). Make the topic with `shoplake stream topics`, or mend the broker; nothing was skipped."
            )

    def _delivered(self, error: Any, _: Any) -> None:
        if error is not None:
            self._refused = error.str()
