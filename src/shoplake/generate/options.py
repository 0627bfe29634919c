"""What a person can ask for, checked before anything is made. Light on purpose: `--help` reads it."""

import datetime as dt
import difflib
from dataclasses import dataclass, field
from functools import cached_property

from shoplake.errors import WrongUse

BLOCKS = 1024  # the unit of all parts: changing it changes every byte
_USERS_OF_A_BLOCK = 96  # at least, as at the default size
_RECORDS_OF_A_BLOCK = 20_000  # at most, for memory
DAYS = 365
CLICK_DAYS = 150
TABLES = ("products", "users", "transactions", "refunds", "clickstream")
GENERATOR_VERSION = 6

# name -> (events, transactions, users, products)
SIZES: dict[str, tuple[int, int, int, int]] = {
    "tiny": (10_000, 5_000, 1_000, 400),
    "small": (100_000, 50_000, 10_000, 2_000),
    "default": (1_000_000, 500_000, 100_000, 10_000),
    "large": (10_000_000, 5_000_000, 1_000_000, 50_000),
}

# Shares of records, except *_bots (shares of events) and spelling (share of sessions, or of CSV rows).
# Each record has at most one fault that makes clean reject it.
MESS: dict[str, float] = {
    "malformed": 0.001, "missing_required": 0.001, "bad_timestamp": 0.0008, "future_timestamp": 0.0008, "bad_number": 0.0006,
    "bad_amount": 0.0008, "total_mismatch": 0.0006, "unknown_type": 0.0006, "unknown_status": 0.0006,
    "unknown_payment_method": 0.0006, "unknown_currency": 0.0004,
    "duplicate": 0.006, "redelivered": 0.002, "late": 0.01,
    "mixed_case": 0.01, "mojibake": 0.001, "quoted": 0.001, "spelling": 0.12,
    "declared_bots": 0.03, "undeclared_bots": 0.02,
}  # fmt: skip
REJECTING = (
    "malformed", "missing_required", "bad_timestamp", "future_timestamp", "bad_number", "bad_amount", "total_mismatch",
    "unknown_type", "unknown_status", "unknown_payment_method", "unknown_currency",
)  # fmt: skip
_LEVELS = {"none": 0.0, "light": 0.25, "default": 1.0, "heavy": 6.0}
_BOTS_AT_MOST = 0.30


@dataclass(frozen=True)
class Plan:
    """Everything the bytes depend on, except which part is made."""

    seed: int = 42
    events: int = 1_000_000
    transactions: int = 500_000
    users: int = 100_000
    products: int = 10_000
    start: dt.date = dt.date(2025, 1, 1)
    tracked_share: float | None = None  # None: so that purchases are 0.84 % of views; about 6 % at the default size
    format: str = "csv"
    mess: dict[str, float] = field(default_factory=lambda: dict(MESS), hash=False)

    @property
    def first_day(self) -> int:
        """The first day of the business calendar, in days since 1970."""
        return (self.start - dt.date(1970, 1, 1)).days

    def users_before(self, block: int) -> int:
        """Number of the first user of a block; in a small shop only some blocks have users."""
        return self.users if block == BLOCKS else self.users * (block // self.block_step * self.block_step) // BLOCKS

    @cached_property
    def block_step(self) -> int:
        """One block in so many has users. Users of a block share a fixed number of orders: few of them would all buy about as much."""
        enough = -(-_USERS_OF_A_BLOCK * BLOCKS // max(self.users, 1))
        return max(1, min(enough, _RECORDS_OF_A_BLOCK * BLOCKS // max(self.events, self.transactions, 1), BLOCKS))

    def notes(self) -> dict[str, object]:
        """The parameters, as receipts and truth.json hold them."""
        return {
            "generator_version": GENERATOR_VERSION, "seed": self.seed, "events": self.events, "transactions": self.transactions,
            "users": self.users, "products": self.products, "start_date": self.start.isoformat(),
            "tracked_share": self.tracked_share, "mess": dict(sorted(self.mess.items())),
        }  # fmt: skip


def part_blocks(part: int, parts: int) -> tuple[int, int]:
    """First block of a part, and the block after its last."""
    return BLOCKS * part // parts, BLOCKS * (part + 1) // parts


def whole_number(text: str | int, what: str, least: int, most: int) -> int:
    """A whole number between two bounds. Raises WrongUse naming the option."""
    try:
        value = int(str(text).replace("_", "").replace(",", ""))
    except ValueError:
        raise WrongUse(f"{what}: found {text!r}, expected a whole number like {max(least, 1000):,}.") from None
    if not least <= value <= most:
        raise WrongUse(f"{what}: found {value:,}, expected {least:,} to {most:,}.")
    return value


def share(text: str | float, what: str) -> float:
    """A share between 0 and 1. Raises WrongUse naming the option."""
    try:
        value = float(text)
    except ValueError:
        raise WrongUse(f"{what}: found {text!r}, expected a share between 0 and 1, like 0.01.") from None
    if not 0 <= value <= 1:
        raise WrongUse(f"{what}: found {text}, expected a share between 0 and 1, like 0.01.")
    return value


def named(text: str, known: list[str], what: str) -> str:
    """One of the known names. Raises WrongUse with the nearest one."""
    if text in known:
        return text
    near = difflib.get_close_matches(text, known, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise WrongUse(f"{what}: unknown name {text!r}, expected one of {', '.join(known)}.{hint}")


def mess_rates(level: str, single: list[str]) -> dict[str, float]:
    """Rates of a level, with single ones replaced (`NAME=0.01`). Raises WrongUse for what cannot be."""
    factor = _LEVELS[named(level, list(_LEVELS), "--mess")]
    rates = {}
    for name, rate in MESS.items():
        most = _BOTS_AT_MOST / 2 if name.endswith("_bots") else 0.5
        rates[name] = min(round(rate * factor, 6), most)
    for text in single:
        name, equals, value = text.partition("=")
        if not equals:
            raise WrongUse(f"--mess-rate: found {text!r}, expected NAME=RATE like late=0.02.")
        rates[named(name.strip(), list(MESS), "--mess-rate")] = share(value, f"--mess-rate {name.strip()}")
    rejecting = sum(rates[n] for n in REJECTING)
    if rejecting > 0.9:
        raise WrongUse(
            f"--mess-rate: rejecting faults add up to {rejecting:.2f}, expected at most 0.9: lower some of them."
        )
    if rates["duplicate"] + rates["redelivered"] > 0.9:
        raise WrongUse("--mess-rate: duplicate and redelivered add up to more than 0.9: lower one of them.")
    bots = rates["declared_bots"] + rates["undeclared_bots"]
    if bots > _BOTS_AT_MOST:
        raise WrongUse(
            f"--mess-rate: bots make {bots:.2f} of the events, expected at most {_BOTS_AT_MOST}: lower declared_bots or undeclared_bots."
        )
    return rates
