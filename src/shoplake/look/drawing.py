"""Tables and small charts as text. Nothing here knows what the figures mean."""

import shutil
import sys
import textwrap
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

PLAIN_WIDTH = 100
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"


def width() -> int:
    """Columns to draw in: the terminal's, or a fixed number when the output goes elsewhere."""
    return (
        max(60, min(160, shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns)) if sys.stdout.isatty() else PLAIN_WIDTH
    )


def draws_blocks() -> bool:
    return "utf" in (getattr(sys.stdout, "encoding", "") or "").lower()


def bar(value: Decimal | int, largest: Decimal | int, cells: int) -> str:
    """A bar of at most `cells` cells; any value above zero shows."""
    if largest <= 0 or value <= 0:
        return ""
    eighths = max(1, int(Decimal(value) * cells * 8 / Decimal(largest)))
    if not draws_blocks():
        return "#" * max(1, eighths // 8)
    whole, rest = divmod(min(eighths, cells * 8), 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def sparkline(values: Sequence[Decimal | int | None]) -> str:
    """A character a value: its share of the largest; a dot for none and for zero or less."""
    largest = max((v for v in values if v is not None), default=Decimal(0))
    levels = _LEVELS if draws_blocks() else "123456789"
    top = len(levels) - 1
    return "".join(
        _NOTHING if v is None or v <= 0 or largest <= 0 else levels[int(Decimal(v) * top / Decimal(largest))]
        for v in values
    )


def money(amount: Decimal | None) -> str:
    """Two decimals, thousands apart; JSON and `query` give all of them."""
    return "-" if amount is None else f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def count(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def ratio(part: Decimal | int | None, whole: Decimal | int | None, digits: int = 6) -> Decimal | None:
    """part / whole, rounded half up; None when there is nothing to divide by."""
    if part is None or not whole:
        return None
    return (Decimal(part) / Decimal(whole)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def percent(share: Decimal | None, signed: bool = False) -> str:
    if share is None:
        return "-"
    points = (share * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{points:+}%" if signed else f"{points}%"


def size(count_of_bytes: int) -> str:
    """Bytes with a unit, powers of 1000."""
    value, units = Decimal(count_of_bytes), ["B", "KB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} {units[0]}" if units[0] == "B" or value >= 100 else f"{value:.1f} {units[0]}"


def cut(text: str, cells: int) -> str:
    """The text, or as much of it as fits."""
    return text if len(text) <= cells else text[: max(1, cells - 1)] + ("…" if draws_blocks() else ">")


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    indent: int = 2,
    right: Sequence[int] = (),
    wrap: bool = False,
) -> list[str]:
    """Aligned lines; columns numbered in `right` stand to the right.

    On a terminal the widest column gives way until all fits; with `wrap` the last one goes on in the next line instead.
    """
    cells = [[_cell(v) for v in row] for row in rows]
    widths = [max([len(h), *(len(row[i]) for row in cells)]) for i, h in enumerate(headers)]
    room = width() - indent - 2 * (len(headers) - 1)
    if wrap:
        widths[-1] = min(widths[-1], max(24, room - sum(widths[:-1])))
    while sys.stdout.isatty() and sum(widths) > room and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    lines = []
    for row in [list(headers), *cells]:
        last = textwrap.wrap(row[-1], widths[-1]) if wrap else []
        for n, rest in enumerate(last or [row[-1]]):
            shown = [*(row[:-1] if n == 0 else [""] * (len(row) - 1)), rest]
            parts = [
                cut(v, w).rjust(w) if i in right else cut(v, w).ljust(w)
                for i, (v, w) in enumerate(zip(shown, widths, strict=True))
            ]
            lines.append((" " * indent + "  ".join(parts)).rstrip())
    return lines


def wrapped(text: str, indent: int = 2) -> list[str]:
    """A sentence in lines of the width."""
    return textwrap.wrap(text, width(), initial_indent=" " * indent, subsequent_indent=" " * indent)


def paragraphs(pairs: Sequence[tuple[str, str]], indent: int = 2) -> list[str]:
    """Named sentences, one under the other, wrapped beside their names."""
    longest = max((len(name) for name, _ in pairs), default=0) + 2
    lines = []
    for name, value in pairs:
        start = " " * indent + name.ljust(longest)
        lines += textwrap.wrap(
            str(value), width(), initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
        )
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).replace("\r", " ").replace("\n", " ").replace("\t", " ")
