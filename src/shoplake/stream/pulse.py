"""The pulse of a job: what it has done and how far behind it is, told every few seconds and kept in a file beside its output."""

import json
import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shoplake.lake.layout import write_atomically
from shoplake.stream.clock import now_ms
from shoplake.terminal import say

EVERY = 5.0
# Ages of the last so many events: enough for a 99th percentile.
SAMPLE = 10_000
WEEK_MS = 7 * 86_400_000


def process_token(pid: int) -> str | None:
    """What tells a process from a later one with the same pid: when it started, in ticks since the machine did. None when there is none, or it cannot be told."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def lives(pid: int, token: str | None) -> bool:
    """Whether this very process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return token is None or process_token(pid) == token
    return token is None or process_token(pid) == token


def forget_old(folder: Path) -> None:
    """Take away the pulses of jobs that are over since a week."""
    for file in folder.glob("*.json"):
        try:
            pulse = json.loads(file.read_bytes())
            if now_ms() - pulse["at_ms"] > WEEK_MS and not lives(pulse["pid"], pulse.get("process")):
                file.unlink(missing_ok=True)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it is just being replaced, or is none of ours


class Pulse:
    """`file` is renewed every `every` seconds; `shoplake stream status` reads it."""

    def __init__(self, job: str, file: Path | None, every: float = EVERY, quiet: bool = False, topic: str = "") -> None:
        self.job, self.file, self.every, self.quiet, self.topic = job, file, every, quiet, topic
        self.records = self.bytes = self.files = 0
        self.reasons: Counter[str] = Counter()
        self.troubles: Counter[str] = Counter()
        self.ranges: list[dict[str, Any]] = []  # offsets that were deleted before they were landed
        self.lag: dict[int, int] = {}
        self.extra: dict[str, Any] = {}
        self._ages: deque[int] = deque(maxlen=SAMPLE)
        self._began, self._told, self._told_records = time.monotonic(), time.monotonic(), 0
        self._started_at = now_ms()

    def landed(self, records: int, size: int, times: Sequence[int], reasons: Counter[str]) -> None:
        """A file is in its place: `times` are its records' Kafka timestamps in ms."""
        now = now_ms()
        self.records += records
        self.bytes += size
        self.files += 1
        self.reasons += reasons
        self._ages.extend(now - ms for ms in times[-SAMPLE:])

    def skipped(self, partition: int, first: int, last: int, kind: str) -> None:
        """Offsets that cannot be had any more."""
        self.ranges.append({"partition": partition, "first": first, "last": last, "kind": kind})
        when = "before landing began" if kind == "before" else "before they were landed, as --accept-loss allows"
        say(f"{self.job}: partition {partition}: offsets {first} to {last} ({last - first + 1:,}) were deleted {when}")

    def trouble(self, name: str, text: str) -> None:
        """Something that mends itself or does not matter, told once."""
        if not self.troubles[name]:
            say(f"{self.job}: {text}")
        self.troubles[name] += 1

    def is_due(self) -> bool:
        return time.monotonic() - self._told >= self.every

    def beat(self, lag: dict[int, int] | None) -> None:
        """Tell, when it is time."""
        if lag is not None:
            self.lag = lag
        if self.is_due():
            self._tell("running")

    def end(self, lag: dict[int, int] | None) -> None:
        """The last words."""
        if lag is not None:
            self.lag = lag
        self._tell("ended")

    def snapshot(self, state: str) -> dict[str, Any]:
        """All of it, as the file and `--json` have it. Seconds and milliseconds are whole numbers."""
        elapsed = time.monotonic() - self._began
        return {
            "job": self.job, "topic": self.topic, "pid": os.getpid(), "process": process_token(os.getpid()), "every": self.every, "state": state, "started_at_ms": self._started_at, "at_ms": now_ms(),
            "seconds": round(elapsed, 1), "records": self.records, "bytes": self.bytes, "files": self.files,
            "per_second": round(self.records / elapsed) if elapsed else 0, "lag": {str(p): n for p, n in self.lag.items()},
            "latency_ms": self.latency(), "unlandable": dict(self.reasons), "skipped": self.ranges, "troubles": dict(self.troubles), **self.extra,
        }  # fmt: skip

    def latency(self) -> dict[str, int] | None:
        """From an event's Kafka timestamp to its file being in place, in ms: p50, p95, p99 of the last ten thousand."""
        if not self._ages:
            return None
        ages = sorted(self._ages)
        return {f"p{q}": ages[min(len(ages) - 1, len(ages) * q // 100)] for q in (50, 95, 99)}

    def _tell(self, state: str) -> None:
        found = self.snapshot(state)
        now = time.monotonic()
        rate = (self.records - self._told_records) / max(now - self._told, 1e-9) if state == "running" else found["per_second"]
        self._told, self._told_records = now, self.records
        if self.file is not None:
            try:
                write_atomically(self.file, json.dumps(found) + "\n")
            except OSError as e:  # it costs those who watch their figures, and the job nothing
                self.trouble("pulse", f"{self.file}: cannot be written ({e.strerror})")
        if not self.quiet:
            behind = f", {sum(self.lag.values()):,} behind" if self.lag else ""
            late = self.latency()
            old = f", {late['p50']:,} ms old (p99 {late['p99']:,})" if late else ""
            say(f"{self.job}: {self.records:,} records, {rate:,.0f}/s{behind}{old}")
