"""Random numbers that are a function of what they are for.

A thing (a user, an order, an event) has a 64-bit key, made from the key of the thing it belongs to. A draw is a hash of
that key and of the draw's name, so it does not matter who asks, in what order, or in which process. The hash is the
finaliser of SplitMix64 (Steele, Lea, Flood, 2014): whole numbers only, so every processor gives the same bits. Nothing here
may call exp, log, power or sin: numpy's differ between processors.
"""

import functools
import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

SLOTS = 4096
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31, _32, _11 = (np.uint64(n) for n in (30, 27, 31, 32, 11))
_SLOT_SHIFT = np.uint64(52)
_UNIT = 1.0 / (1 << 53)


def _mix(x: U64) -> U64:
    """Scramble in place: `x` has to be a fresh array."""
    x ^= x >> _30
    x *= _MIX1
    x ^= x >> _27
    x *= _MIX2
    x ^= x >> _31
    return x


@functools.cache
def salt(name: str) -> np.uint64:
    """The number that stands for a draw's name."""
    return np.uint64(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little"))


def keys(seed: int, what: str, numbers: npt.NDArray[np.integer]) -> U64:
    """Keys of things known by a number: the same thing has the same key in every part."""
    start = int.from_bytes(hashlib.blake2b(f"{seed}/{what}".encode(), digest_size=8).digest(), "little")
    return _mix(numbers.astype(np.uint64) * _STEP + np.uint64(start))


def member(parents: U64, what: str, numbers: npt.NDArray[np.integer]) -> U64:
    """Keys of the n-th thing of each parent."""
    return _mix((parents ^ salt(what)) + (numbers.astype(np.uint64) + np.uint64(1)) * _STEP)


def draw(of: U64, name: str) -> U64:
    """64 random bits each."""
    return _mix(of ^ salt(name))


def unit(of: U64, name: str) -> F64:
    """Uniform in [0, 1), exact multiples of 2^-53."""
    return (draw(of, name) >> _11).astype(np.float64) * _UNIT


def chance(of: U64, name: str, share: "float | F64") -> Bools:
    """True with that probability."""
    return unit(of, name) < share


def below(of: U64, name: str, n: "int | npt.NDArray[np.integer]") -> I64:
    """Uniform in 0 .. n-1; n up to 2^31, at least 1."""
    return (((draw(of, name) >> _32) * np.asarray(n).astype(np.uint64)) >> _32).astype(np.int64)


def between(of: U64, name: str, low: int, high: int) -> I64:
    """Uniform in low .. high, both included."""
    return below(of, name, high - low + 1) + low


def choose(of: U64, name: str, table: npt.NDArray[np.integer]) -> I64:
    """An entry of a table of SLOTS entries (see `quantised`)."""
    found: I64 = table[draw(of, name) >> _SLOT_SHIFT].astype(np.int64)
    return found


def quantised(weights: Sequence[float], slots: int = SLOTS) -> I64:
    """A table in which entry i fills its share of the slots: one gather instead of a search."""
    bounds, running, total = [], 0.0, 0.0
    for w in weights:
        total += w
    for w in weights:
        running += w
        bounds.append(round(running / total * slots))
    bounds[-1] = slots
    return np.searchsorted(np.array(bounds), np.arange(slots), side="right").astype(np.int64)


def quantiles(points: Sequence[tuple[float, float]], slots: int = SLOTS) -> I64:
    """A table of whole numbers drawn along a line through (share of the slots, value) points."""
    xs, ys = [p[0] * slots for p in points], [p[1] for p in points]
    out, k = [], 0
    for i in range(slots):
        at = i + 0.5
        while k + 2 < len(xs) and at >= xs[k + 1]:
            k += 1
        out.append(int(ys[k] + (ys[k + 1] - ys[k]) * (at - xs[k]) / (xs[k + 1] - xs[k]) + 0.5))
    return np.array(out, dtype=np.int64)


def exponential_table(slots: int = SLOTS) -> F64:
    """Quantiles of an exponential waiting time with mean 1, by repeated multiplication (no logarithm)."""
    steps = 256
    survive, values = 1.0, []
    for _ in range(steps * 9):
        values.append(1.0 - survive)
        survive *= 1.0 - 1.0 / steps
    at = (np.arange(slots) + 0.5) / slots
    return np.searchsorted(np.array(values), at, side="right") / float(steps)


def group_starts(sizes: I64) -> I64:
    """Where each group begins when groups of these sizes lie one after the other."""
    return np.cumsum(sizes) - sizes


def within(sizes: I64) -> I64:
    """0, 1, 2 .. inside each group."""
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(group_starts(sizes), sizes)
