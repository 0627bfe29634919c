"""Keep a job alive: started again when it ends by itself, ever later, and given up loudly when that does not help."""

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence

from filelock import FileLock, Timeout

from shoplake.errors import CheckFailed, Held
from shoplake.lake.layout import Lake
from shoplake.stream.landed import topics_folder
from shoplake.stream.topics import EVENTS
from shoplake.terminal import say

MOST = 3  # restarts
WITHIN = 3600.0  # seconds
FIRST_WAIT = 1.0
LONGEST_WAIT = 60.0
STEADY = 600.0  # seconds after which a job counts as having run well
# What no restart mends: wrong use, and another one that is at work.
HOPELESS = (2, 4)


def supervise(
    lake: Lake, words: Sequence[str], *, within: float = WITHIN, first_wait: float = FIRST_WAIT, say: Callable[[str], None] = say
) -> int:
    """Run `shoplake` with these words until it ends well, or a signal comes, which is passed on; the exit code.

    Raises Held when the same job is supervised already, CheckFailed after MOST restarts within the time, or for a job that no restart mends.
    """
    name = f"{verb_of(words)}-{topic_of(words)}".replace("/", "_")
    folder = topics_folder(lake) / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / f".{name}.lock").acquire(timeout=0)
    except Timeout:
        raise Held(f"{lake.root}: `shoplake {' '.join(words)}` is supervised already. There is one for each job.") from None
    with lock:
        return _keep(words, within, first_wait, say)


def verb_of(words: Sequence[str]) -> str:
    """What runs: the word behind `stream`."""
    return words[words.index("stream") + 1]


def topic_of(words: Sequence[str]) -> str:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "--topic":
            return following
        if word.startswith("--topic="):
            return word.removeprefix("--topic=")
    return EVENTS


def _keep(words: Sequence[str], within: float, first_wait: float, say: Callable[[str], None]) -> int:
    stopped: list[int] = []
    child: list[subprocess.Popen[bytes]] = []

    def passed_on(number: int, _: object) -> None:
        stopped.append(number)
        for one in child:
            if one.poll() is None:
                one.send_signal(number)

    before = {number: signal.signal(number, passed_on) for number in (signal.SIGTERM, signal.SIGINT)}
    restarts: deque[float] = deque()
    wait = first_wait
    try:
        while True:
            # In a group of its own: Ctrl-C on a terminal reaches the job once, by us.
            child[:] = [subprocess.Popen([sys.executable, "-m", "shoplake", *words], start_new_session=True)]  # noqa: S603 (our own program)
            started = time.monotonic()
            if stopped:  # it came while the job was being started
                child[0].send_signal(stopped[-1])
            code = child[0].wait()
            if time.monotonic() - started > STEADY:
                wait = first_wait
            if code == 0 or stopped:
                return code
            if code in HOPELESS:
                raise CheckFailed(f"`shoplake {' '.join(words)}` ended with exit code {code}, which no restart mends. Its own words stand above.")
            now = time.monotonic()
            while restarts and now - restarts[0] > within:
                restarts.popleft()
            if len(restarts) == MOST:
                raise CheckFailed(f"`shoplake {' '.join(words)}` ended {MOST + 1} times within {within / 60:.0f} minutes (last exit code {code}). It is not started again; its own words stand above.")
            restarts.append(now)
            say(f"supervise: it ended with exit code {code}; restart {len(restarts)} of {MOST} in {wait:.0f} s")
            until = time.monotonic() + wait
            while time.monotonic() < until and not stopped:
                time.sleep(0.1)
            if stopped:
                return code
            wait = min(wait * 2, LONGEST_WAIT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
