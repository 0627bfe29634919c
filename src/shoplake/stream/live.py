"""Events of now by the generator's own model: its visitors, sessions, weights and faults, told in the order in which they happen.

Sessions begin evenly over time and keep the gaps between their events. Above a few hundred events a second those gaps are shortened,
so that no more than WAITING events wait for their moment.
"""

from bisect import bisect_left
from dataclasses import replace
from typing import Any, NamedTuple

import msgspec
import numpy as np

from shoplake.generate import click_faults, click_text, text
from shoplake.generate.agents import is_crawler
from shoplake.generate.clicks import clicks
from shoplake.generate.draws import I64, below, chance, draw
from shoplake.generate.mess import NO_FAULT, cosmetics, faults
from shoplake.generate.options import BLOCKS, Plan
from shoplake.stream.wire import key_of

WAITING = 200_000
# Seconds a session lasts, robots included, in the mean over its events: it bounds how many wait.
_REMAINING = 300
_AT_A_TIME = 4_000  # events that are made at a time, about
# Seconds before its beginning that a run knows of, and events at most: a second's work.
_BEFORE, EARLIER = 900, 50_000
# Events of a plan: more only make larger blocks.
EVENTS = 1_000_000
_LATE_MINUTES = 12


class Item(NamedTuple):
    """A message to be sent. `at_ms`: when, in a replay at a speed; None for at once."""

    key: bytes | None
    value: bytes
    ds: str
    at_ms: int | None = None


class _Coming(NamedTuple):
    """An event that waits for its moment."""

    at: float  # seconds of the model's own clock
    number: int
    before: str
    after: str
    spelling: int
    fault: int
    oddity: int
    variant: int
    late_ms: int


class Live:
    """An endless source. The same plan and salt give the same events; only their times are those of the calls."""

    def __init__(self, plan: Plan, rate: float, salt: int) -> None:
        """rate: events a second that will be taken; salt: tells this run's event and session ids from those of another."""
        self.plan, self._rate, self._salt = replace(plan, events=min(max(plan.events, BLOCKS), EVENTS)), rate, salt
        self._shrink = min(1.0, WAITING / (rate * _REMAINING))
        self._block = self._lap = self._number = 0
        self._step = min(BLOCKS, max(1, BLOCKS * _AT_A_TIME // self.plan.events))
        # The model's clock: all that happens before it is waiting. It begins early, so that at 0 some are already about to buy.
        self._filled = -min(_BEFORE * self._shrink, EARLIER / rate)
        self._waiting: list[_Coming] = []

    def take(self, count: int, now_ms: int, ds: str) -> list[Item]:
        """The next events, happening now."""
        if self._filled < 0:
            while self._filled < 0:
                self._fill()
            self._waiting = self._waiting[bisect_left(self._waiting, 0.0, key=lambda one: one.at) :]
        while bisect_left(self._waiting, self._filled, key=lambda one: one.at) < count:
            self._fill()
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return [self._item(one, now_ms, ds) for one in taken]

    def _fill(self) -> None:
        """Sessions that begin in the next moment of the model's clock."""
        made = clicks(self.plan, self._block, min(self._block + self._step, BLOCKS))
        events, sessions = made.events, made.sessions
        count = len(events.key)
        if count:
            span = count / self._rate
            first = np.full(len(sessions.key), np.iinfo(np.int64).max)
            np.minimum.at(first, events.session, events.at)
            begins = self._filled + span * (below(sessions.key, f"live {self._lap}", 1 << 30) / (1 << 30))
            at = begins[events.session] + (events.at - first[events.session]) / 1000 * self._shrink
            self._waiting += self._coming(made, at)
            self._waiting.sort()
            self._filled += span
        self._block += self._step
        if self._block >= BLOCKS:
            self._block, self._lap = 0, self._lap + 1

    def _coming(self, made: Any, at: "np.ndarray[Any, np.dtype[np.float64]]") -> list[_Coming]:
        events, sessions = made.events, made.sessions
        robot = is_crawler(sessions.agent)[events.session]
        fault: I64 = np.where(robot, NO_FAULT, faults(self.plan, "clickstream", events.key))
        oddity = cosmetics(self.plan, events.key, fault)
        oddity = np.where(oddity == 3, NO_FAULT, oddity)  # spelling is chosen by session
        late = chance(events.key, "late", self.plan.mess["late"])
        late_ms = np.where(late, 60_000 + below(events.key, "how late", (_LATE_MINUTES - 1) * 60_000), 0)
        variant = draw(events.key, "variant") >> np.uint64(16)
        every = np.arange(len(events.key))
        prepared = click_text.pieces(self.plan, made)
        before, after = (text.join(*parts).to_pylist() for parts in click_text.around_time(made, prepared, every))
        spelling = prepared.spelling[events.session].tolist()
        rows = list(zip(at.tolist(), before, after, spelling, fault.tolist(), oddity.tolist(), variant.tolist(), late_ms.tolist(), strict=True))
        again = chance(events.key, "again", self.plan.mess["duplicate"] + self.plan.mess["redelivered"]) & (fault == NO_FAULT) & ~robot
        rows += [(rows[i][0] + 1.0, *rows[i][1:]) for i in np.flatnonzero(again).tolist()]  # sent once more, a second later
        found = []
        for moment, head, tail, *rest in rows:
            self._number += 1
            found.append(_Coming(moment, self._number, self._own(head, '{"event_id":"'), self._own(tail, '"session_id":"'), *rest))
        return found

    def _own(self, piece: str, name: str) -> str:
        """The id of an event or session as this run and lap of the model have it."""
        at = piece.find(name) + len(name)
        if at < len(name):
            return piece
        mixed = int(piece[at : at + 8], 16) ^ ((self._salt + self._lap * 0x9E3779B1) & 0xFFFFFFFF)
        return f"{piece[:at]}{mixed:08x}{piece[at + 8 :]}"

    def _item(self, one: _Coming, now_ms: int, ds: str) -> Item:
        line = f"{one.before}{_spelled(now_ms - one.late_ms, one.spelling)}{one.after}"
        if one.fault == NO_FAULT and one.oddity == NO_FAULT:
            value = line[:-1].encode()
        else:
            made = click_faults.edit(line, one.fault, one.oddity, one.variant, now_ms // 1000)
            value = msgspec.json.decode(made.data)["raw_text"].encode() if made.is_odd else made.data[:-1]
        return Item(key_of(value), value, ds)


_seconds: dict[int, str] = {}


def _spelled(ms: int, spelling: int) -> str:
    """A moment as JSON, in one of the ways that a shop's pages spell it."""
    if spelling == 2:
        return str(ms)
    second = ms // 1000
    text = _seconds.get(second)
    if text is None:
        if len(_seconds) > 10_000:
            _seconds.clear()
        text = _seconds[second] = str(np.datetime64(second, "s"))
    return f'"{text.replace("T", " ")}"' if spelling == 1 else f'"{text}.{ms % 1000:03}Z"'
