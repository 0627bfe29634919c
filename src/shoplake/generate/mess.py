"""Which records get which fault. A record has at most one that makes clean reject it, so its reason is never in doubt."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shoplake.generate.draws import I64, U64, below, unit
from shoplake.generate.options import DAYS, Plan

_EVERYWHERE = ("malformed", "missing_required", "bad_timestamp", "future_timestamp", "bad_number")
FAULTS: dict[str, tuple[str, ...]] = {
    "products": (*_EVERYWHERE, "bad_amount"),
    "users": _EVERYWHERE,
    "transactions": (
        *_EVERYWHERE, "bad_amount", "total_mismatch", "unknown_type", "unknown_status", "unknown_payment_method", "unknown_currency",
    ),
    "refunds": (*_EVERYWHERE, "bad_amount", "unknown_type", "unknown_payment_method", "unknown_currency"),
    "clickstream": (*_EVERYWHERE, "bad_amount", "unknown_type", "unknown_currency"),
}  # fmt: skip
COSMETIC = ("mixed_case", "mojibake", "quoted", "spelling")
NO_FAULT = -1


def reason(table: str, fault: str) -> str:
    """The reason clean gives for a fault."""
    if fault == "unknown_type":
        return "unknown_event_type" if table == "clickstream" else "unknown_line_type"
    return fault


@dataclass
class Ledger:
    """What clean has to find in a table. `landed = clean + duplicate + rejected`; redelivered rows are clean ones."""

    landed: int = 0
    duplicates: int = 0
    redelivered: int = 0
    late: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    bot_agents: dict[str, int] = field(default_factory=dict)  # rejected rows by crawler

    def reject(self, reason: str, rows: int) -> None:
        if rows:
            self.rejected[reason] = self.rejected.get(reason, 0) + rows

    def add(self, other: "Ledger") -> None:
        self.landed += other.landed
        self.duplicates += other.duplicates
        self.redelivered += other.redelivered
        self.late += other.late
        for name, rows in other.rejected.items():
            self.reject(name, rows)
        for agent, rows in other.bot_agents.items():
            self.bot_agents[agent] = self.bot_agents.get(agent, 0) + rows

    def as_notes(self) -> dict[str, Any]:
        rejected = sum(self.rejected.values())
        return {
            "landed": self.landed, "clean": self.landed - self.duplicates - rejected, "duplicates": self.duplicates,
            "redelivered": self.redelivered, "late": self.late, "rejected": dict(sorted(self.rejected.items())),
            "bot_agents": dict(sorted(self.bot_agents.items())),
        }  # fmt: skip


def _ranges(key: U64, name: str, rates: list[float]) -> I64:
    """The number of the range each draw falls into, NO_FAULT beyond the last."""
    bounds = np.cumsum(np.array(rates))
    found = np.searchsorted(bounds, unit(key, name), side="right")
    return np.where(found < len(rates), found, NO_FAULT)


def faults(plan: Plan, table: str, key: U64) -> I64:
    """For each record the number of its fault in FAULTS[table], or NO_FAULT."""
    return _ranges(key, "fault", [plan.mess[name] for name in FAULTS[table]])


def cosmetics(plan: Plan, key: U64, fault: I64) -> I64:
    """For each record the number of its harmless oddity in COSMETIC, or NO_FAULT; never beside a fault."""
    rates = [plan.mess[name] for name in COSMETIC]
    rates[3] /= 10  # of CSV rows; sessions choose their spelling as a whole
    return np.where(fault == NO_FAULT, _ranges(key, "oddity", rates), NO_FAULT)


@dataclass(frozen=True)
class Deliveries:
    """What arrives: `row` is a record's number, `day` the day of the year, `copy` whether it is a second delivery."""

    row: I64
    day: I64
    duplicates: int
    redelivered: int


def deliveries(plan: Plan, key: U64, day: I64, sound: "np.ndarray[Any, np.dtype[np.bool_]]") -> Deliveries:
    """Sound records may be delivered twice: on the same day (duplicate), or again up to three days later (redelivered)."""
    again = _ranges(key, "again", [plan.mess["duplicate"], plan.mess["redelivered"]])
    twice = np.flatnonzero((again == 0) & sound)
    later = day + 1 + below(key, "again later", 3)
    redelivered = np.flatnonzero((again == 1) & sound & (later < DAYS))
    rows = np.arange(len(key))
    return Deliveries(
        np.concatenate([rows, twice, redelivered]),
        np.concatenate([day, day[twice], later[redelivered]]),
        len(twice),
        len(redelivered),
    )


def in_order(day: I64, block: I64, at: I64) -> I64:
    """The order of rows in files: by day, block and time; `at` is below 2^38."""
    return np.argsort((day * 1024 + block << 38) + at, kind="stable")
