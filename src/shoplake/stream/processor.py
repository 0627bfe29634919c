"""A processor at work: one topic, one lake, until a signal comes."""

import os
import signal

from shoplake.settings import Session
from shoplake.stream.broker import connect
from shoplake.stream.landed import topics_folder
from shoplake.stream.process import Options, Processor
from shoplake.stream.pulse import Pulse, forget_old


def run(session: Session, topic: str, options: Options, allow_plaintext: bool, every: float) -> Pulse:
    """Process a topic; what was done. Raises what Processor.run raises, WrongUse for a topic that does not exist."""
    lake = session.lake
    lake.require_folder("processing a stream")
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
