"""Jobs that run until they are told to stop: a lander, which brings raw up to date now and then, and a processor."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

from shoplake.contracts import Contracts, load
from shoplake.errors import Held, WrongUse
from shoplake.lake.layout import Lake
from shoplake.settings import Session, zone
from shoplake.stream.broker import connect
from shoplake.stream.consume import Lander, sweep
from shoplake.stream.consume import Options as LandOptions
from shoplake.stream.landed import Landing, topics_folder
from shoplake.stream.letters import DeadLetters
from shoplake.stream.process import Options as ProcessOptions
from shoplake.stream.process import Processor
from shoplake.stream.pulse import Pulse, forget_old
from shoplake.stream.split import split
from shoplake.stream.wire import LocalDays
from shoplake.terminal import say

SPLIT_EVERY = 3600.0


def land(session: Session, topic: str, options: LandOptions, partitions: str, allow_plaintext: bool, every: float, splits: bool) -> Pulse:
    """Land a topic until told to stop; what was done. Raises what Lander.run raises, WrongUse for a topic that does not exist."""
    lake = session.lake
    lake.require_folder("landing a stream")
    broker = connect(session, allow_plaintext)
    options = replace(options, partitions=_partitions(partitions, topic, broker.require_topic(topic)))
    lake.create()
    landing = Landing(lake, topic, broker.topic_id(topic))
    sweep(landing)
    jobs = topics_folder(lake) / "jobs"
    forget_old(jobs)
    pulse = Pulse("consume", jobs / f"consume-{topic}-{os.getpid()}.json", every, topic=topic)
    lander = Lander(broker, landing, LocalDays(zone(session["timezone"], "timezone")), DeadLetters(broker, topic), pulse, options)
    beside = _Splitter(session, pulse)
    lander.run(beside.now_and_then if splits else lambda: None)
    beside.wait()
    if splits:
        _split(lake, load(session["project"]))
    return pulse


def process(session: Session, topic: str, options: ProcessOptions, allow_plaintext: bool, every: float) -> Pulse:
    """Process a topic; what was done. Raises what Processor.run raises, WrongUse for a topic that does not exist."""
    lake = session.lake
    broker = connect(session, allow_plaintext)
    broker.require_topic(topic)
    lake.create()
    jobs = topics_folder(lake) / "jobs"
    forget_old(jobs)
    pulse = Pulse("process", jobs / f"process-{topic}-{os.getpid()}.json", every, topic=topic)
    stopped: list[int] = []
    before = {number: signal.signal(number, lambda n, _: stopped.append(n)) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        Processor(session, broker, topic, broker.topic_id(topic), pulse, options).run(lambda: bool(stopped))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return pulse


class _Splitter:
    """Splits each hour, in a process of its own: one that took minutes would cost this lander its partitions."""

    def __init__(self, session: Session, pulse: Pulse) -> None:
        self.words = [sys.executable, "-m", "shoplake", "--lake", str(session.lake.root), *passed_on(session), "stream", "split", "--json"]
        self.pulse = pulse
        self._last = time.monotonic()
        self._child: subprocess.Popen[bytes] | None = None

    def now_and_then(self) -> None:
        if self._child is not None and self._child.poll() is not None:
            if self._child.returncode:
                self.pulse.trouble("split", f"`shoplake stream split` ended with exit code {self._child.returncode}; what was landed waits for the next time")
            self._child = None
        if self._child is None and time.monotonic() - self._last > SPLIT_EVERY:
            self._last = time.monotonic()
            self._child = subprocess.Popen(self.words, stdout=subprocess.DEVNULL)  # noqa: S603 (our own program)

    def wait(self) -> None:
        if self._child is not None:
            self._child.wait()


def passed_on(session: Session) -> list[str]:
    """The options in front of the verb that a shoplake started by this one needs, too."""
    names = ("project", "threads", "memory")
    return [word for name in names if session.settings[name].origin == "flag" for word in (f"--{name}", session[name])]


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
