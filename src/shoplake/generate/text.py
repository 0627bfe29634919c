"""Columns of text from columns of numbers: fixed-width fields in one buffer, everything else by Arrow's string kernels."""

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shoplake.generate.draws import I64, U64

_MONEY_TABLE = 200_000  # cents; dearer amounts take the slower way
_DAY = 86_400


def strings(values: list[str]) -> Any:
    return pa.array(values, pa.string())


def pick(table: Any, index: npt.NDArray[np.integer]) -> Any:
    return table.take(pa.array(index))


def join(*pieces: Any) -> Any:
    """Columns and constants, one after the other, row by row."""
    return pc.binary_join_element_wise(*[pa.scalar(p) if isinstance(p, str) else p for p in pieces], "")


def fixed(rows: npt.NDArray[Any]) -> Any:
    """A text column from rows of equal width (a structured or byte-string array)."""
    n, width = len(rows), rows.dtype.itemsize
    offsets = np.arange(0, (n + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows)))


def _side_by_side(**parts: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Byte strings of fixed width, one after the other in each row. Tables made so cost a tenth of formatting every entry."""
    out = np.empty(len(next(iter(parts.values()))), dtype=[(name, part.dtype) for name, part in parts.items()])
    for name, part in parts.items():
        out[name] = part
    return out.view(f"S{out.dtype.itemsize}")


@functools.cache
def _hex4() -> npt.NDArray[Any]:
    two, i = np.array([f"{i:02x}".encode() for i in range(256)]), np.arange(65536)
    return _side_by_side(a=two[i >> 8], b=two[i & 255])


@functools.cache
def _digits2() -> npt.NDArray[Any]:
    return np.array([f"{i:02d}".encode() for i in range(100)])


@functools.cache
def _digits4() -> npt.NDArray[Any]:
    i = np.arange(10_000)
    return _side_by_side(a=_digits2()[i // 100], b=_digits2()[i % 100])


@functools.cache
def _clock() -> npt.NDArray[Any]:
    two, s = _digits2(), np.arange(_DAY)
    colon = np.full(_DAY, b":")
    return _side_by_side(h=two[s // 3600], a=colon, m=two[s // 60 % 60], b=colon, s=two[s % 60])


@functools.cache
def _digits3() -> npt.NDArray[Any]:
    return np.array([f"{i:03d}".encode() for i in range(1000)])


def _hex_quarters(bits: U64) -> npt.NDArray[np.uint32]:
    """Four columns of four hexadecimal digits, the lowest first. A digit group is a number of four bytes on the way: those are copied
    into a row twice as fast as texts of four are."""
    quarters = np.ascontiguousarray(bits, "<u8").view("<u2")
    return _hex4().view(np.uint32).take(quarters).reshape(-1, 4)


def hex_rows(prefix: str, bits: U64, digits: int, suffix: str = "") -> npt.NDArray[Any]:
    """prefix + the lowest `digits` hexadecimal digits, the lowest four first, + suffix; digits is a multiple of 4."""
    fields = [("p", f"S{len(prefix)}")] if prefix else []
    fields += [(f"h{k}", "u4") for k in range(digits // 4)] + ([("s", f"S{len(suffix)}")] if suffix else [])
    out = np.empty(len(bits), dtype=fields)
    if prefix:
        out["p"] = prefix.encode()
    quarters = _hex_quarters(bits)
    for k in range(digits // 4):
        out[f"h{k}"] = quarters[:, k]
    if suffix:
        out["s"] = suffix.encode()
    return out


def uuid_rows(prefix: str, high: U64, low: U64, suffix: str = "") -> npt.NDArray[Any]:
    """prefix + a version 4 UUID of 122 of these 128 bits + suffix."""
    high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x4000)
    low = (low & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(0x8000000000000000)
    names = ["a", "b", "-1", "c", "-2", "d", "-3", "e", "-4", "f", "g", "h"]
    out = np.empty(
        len(high),
        dtype=[
            ("p", f"S{len(prefix)}"),
            *[(n, "S1" if n[0] == "-" else "u4") for n in names],
            ("s", f"S{len(suffix) or 1}"),
        ],
    )
    out["p"], out["s"] = prefix.encode(), suffix.encode()
    for n in ("-1", "-2", "-3", "-4"):
        out[n] = b"-"
    for bits, four in ((high, "dcba"), (low, "hgfe")):
        quarters = _hex_quarters(bits)
        for k, name in enumerate(four):
            out[name] = quarters[:, k]
    return out


def numbered(prefix: str, numbers: I64, digits: int = 8) -> Any:
    """prefix + at least eight (or `digits`) digits; numbers below 10^8 keep one width, so ids sort as text."""
    if digits != 8 or (len(numbers) and int(numbers.max()) >= 10**8):
        return join(prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), digits, "0"))
    out = np.empty(len(numbers), dtype=[("p", f"S{len(prefix)}"), ("a", "S4"), ("b", "S4")])
    out["p"], out["a"], out["b"] = prefix.encode(), _digits4()[numbers // 10_000], _digits4()[numbers % 10_000]
    return fixed(out)


def day_names(first_day: int, days: int) -> npt.NDArray[Any]:
    """YYYY-MM-DD for `days` days from `first_day` (days since 1970)."""
    return np.datetime_as_string(np.arange(first_day, first_day + days).astype("datetime64[D]")).astype("S10")


def seconds_text(seconds: I64) -> Any:
    """Seconds since 1970 as `YYYY-MM-DD HH:MM:SS`."""
    if len(seconds) == 0:
        return strings([])
    days, rest = np.divmod(seconds, _DAY)
    first = int(days.min())
    names = day_names(first, int(days.max()) - first + 1)
    out = np.empty(len(seconds), dtype=[("d", "S10"), ("b", "S1"), ("c", "S8")])
    out["d"], out["b"], out["c"] = names[days - first], b" ", _clock()[rest]
    return fixed(out)


def dates_text(days: I64) -> Any:
    """Days since 1970 as `YYYY-MM-DD`."""
    return fixed(np.datetime_as_string(days.astype("datetime64[D]")).astype("S10"))


def stamp_rows(millis: I64, prefix: str, suffix: str) -> npt.NDArray[Any]:
    """prefix + `YYYY-MM-DDTHH:MM:SS.mmmZ` + suffix from milliseconds since 1970."""
    seconds, part = np.divmod(millis, 1000)
    days, rest = np.divmod(seconds, _DAY)
    first = int(days.min()) if len(days) else 0
    names = day_names(first, (int(days.max()) if len(days) else 0) - first + 1)
    out = np.empty(
        len(millis),
        dtype=[
            ("p", f"S{len(prefix)}"),
            ("d", "S10"),
            ("t", "S1"),
            ("c", "S8"),
            ("o", "S1"),
            ("m", "S3"),
            ("s", f"S{1 + len(suffix)}"),
        ],
    )
    out["p"], out["d"], out["t"], out["c"], out["o"] = prefix.encode(), names[days - first], b"T", _clock()[rest], b"."
    out["m"], out["s"] = _digits3()[part], b"Z" + suffix.encode()
    return out


@functools.cache
def _money() -> Any:
    cents = np.arange(_MONEY_TABLE)
    return _money_slow(cents)


def _money_slow(cents: I64) -> Any:
    size = np.abs(cents)
    tail = strings([f".{i:02d}" for i in range(100)])
    sign = strings(["", "-"])
    return join(
        pick(sign, (cents < 0).astype(np.int8)), pa.array(size // 100).cast(pa.string()), pick(tail, size % 100)
    )


def money(cents: I64) -> Any:
    """Cents as `12.34`."""
    if len(cents) and (int(cents.min()) < 0 or int(cents.max()) >= _MONEY_TABLE):
        common = (cents >= 0) & (cents < _MONEY_TABLE)
        text = pick(_money(), np.where(common, cents, 0))
        return pc.replace_with_mask(text, pa.array(~common), _money_slow(cents[~common]))
    return pick(_money(), cents)


def whole(numbers: npt.NDArray[np.integer]) -> Any:
    """Whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def blank_where(column: Any, mask: npt.NDArray[np.bool_]) -> Any:
    """The column, empty where the mask is set."""
    return pc.if_else(pa.array(mask), pa.scalar(""), column)


def either(mask: npt.NDArray[np.bool_], yes: Any, no: Any) -> Any:
    """The first column where the mask is set, else the second."""
    return pc.if_else(pa.array(mask), yes, no)
