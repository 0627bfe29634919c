"""Small drawings as SVG, for cards: no library, no script, nothing to load."""

from collections.abc import Sequence
from html import escape

SIZE, LEFT, BOTTOM = 260, 40, 30
_STYLE = 'font-family="sans-serif" font-size="11"'


def _frame(title: str, x: str, y: str, body: str) -> str:
    side = SIZE - LEFT - 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE}" height="{SIZE}" role="img" aria-label="{escape(title)}" {_STYLE}>'
        f'<text x="{LEFT}" y="14" font-weight="bold">{escape(title)}</text>'
        f'<rect x="{LEFT}" y="20" width="{side}" height="{side}" fill="none" stroke="#999"/>{body}'
        f'<text x="{LEFT + side / 2}" y="{20 + side + 24}" text-anchor="middle">{escape(x)}</text>'
        f'<text x="12" y="{20 + side / 2}" text-anchor="middle" transform="rotate(-90 12 {20 + side / 2})">{escape(y)}</text>'
        f'<text x="{LEFT - 4}" y="{24 + side}" text-anchor="end">0</text><text x="{LEFT - 4}" y="28" text-anchor="end">1</text></svg>'
    )


def _at(x: float, y: float) -> str:
    side = SIZE - LEFT - 10
    return f"{LEFT + x * side:.1f},{20 + (1 - y) * side:.1f}"


def curve(title: str, points: Sequence[Sequence[float]], x: str, y: str, *, dots: bool = False) -> str:
    """Points of the unit square, joined, over the diagonal."""
    line = f'<polyline points="{_at(0, 0)} {_at(1, 1)}" fill="none" stroke="#ccc" stroke-dasharray="4"/>'
    line += f'<polyline points="{" ".join(_at(*p) for p in points)}" fill="none" stroke="#0a58ca" stroke-width="2"/>'
    if dots:
        line += "".join('<circle cx="{}" cy="{}" r="3" fill="#0a58ca"/>'.format(*_at(*p).split(",")) for p in points)
    return _frame(title, x, y, line)


def bars(title: str, values: dict[str, float]) -> str:
    """A line a name, to the right above 0 and to the left below."""
    most = max((abs(v) for v in values.values()), default=0) or 1
    height, middle = 18 * len(values) + 30, 330
    rows = ""
    for i, (name, value) in enumerate(values.items()):
        top, wide = 24 + 18 * i, abs(value) / most * 120
        rows += f'<text x="190" y="{top + 11}" text-anchor="end">{escape(name)}</text>'
        rows += f'<rect x="{middle - (wide if value < 0 else 0):.1f}" y="{top}" width="{wide:.1f}" height="13" fill="{"#c0392b" if value > 0 else "#1e8449"}"/>'
        rows += f'<text x="470" y="{top + 11}" text-anchor="end">{value:+.2f}</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="480" height="{height}" role="img" aria-label="{escape(title)}" {_STYLE}><text x="4" y="14" font-weight="bold">{escape(title)}</text>{rows}</svg>'
