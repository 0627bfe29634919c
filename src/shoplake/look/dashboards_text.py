"""The five dashboards on a terminal."""

from collections.abc import Callable
from typing import Any

from shoplake.look import drawing
from shoplake.look.running_hour import as_lines

# Currencies a dashboard spells out; the others are named, and --json has them all.
SHOWN_CURRENCIES = 3

_FORMATS: dict[str, Callable[[Any], str]] = {
    "money": drawing.money,
    "count": drawing.count,
    "share": drawing.percent,
    "change": lambda v: drawing.percent(v, signed=True),
    "number": lambda v: "-" if v is None else str(v),
}


def dashboards_as_text(found: dict[str, Any]) -> str:
    lines = [
        f"As of {found['as_of']} (exclusive). Currencies are never added: "
        + (", ".join(found["currencies"]) or "none yet")
        + "."
    ]
    for i, board in enumerate(found["dashboards"], 1):
        lines += [
            "",
            f"{i}  {board['title']}",
            "─" * min(drawing.width(), len(board["title"]) + 3)
            if drawing.draws_blocks()
            else "-" * (len(board["title"]) + 3),
        ]
        if board["note"]:
            lines += drawing.wrapped(board["note"])
        filled = [b for b in board["blocks"] if _says_something(b)]
        for block in filled[:SHOWN_CURRENCIES]:
            lines += _block(board["name"], block)
        hidden = [b["currency"] for b in filled[SHOWN_CURRENCIES:]]
        if board["name"] == "revenue":
            lines += as_lines(found.get("running_hours", []))
        if hidden:
            lines += ["", f"  Also in {', '.join(hidden)}: --json holds every currency."]
        if not filled and not board["note"]:
            lines.append("  Nothing in this period.")
    return "\n".join(lines)


def _says_something(block: dict[str, Any]) -> bool:
    return any(f["value"] for f in block["figures"])


def _block(board: str, block: dict[str, Any]) -> list[str]:
    lines = [""] if block["currency"] is None else ["", f"  {block['currency']}"]
    lines += _figures(block["figures"])
    return lines + _DRAWN[board](block)


def _figures(figures: list[dict[str, Any]]) -> list[str]:
    """Two columns where the width allows."""
    cells = [(f["label"], _FORMATS[f["unit"]](f["value"])) for f in figures]
    half = (len(cells) + 1) // 2
    columns = [cells[:half], cells[half:]]
    drawn = []
    for column in columns:
        names, values = max((len(n) for n, _ in column), default=0), max((len(v) for _, v in column), default=0)
        drawn.append([f"{n.ljust(names)}  {v.rjust(values)}" for n, v in column])
    left = max((len(c) for c in drawn[0]), default=0)
    right = max((len(c) for c in drawn[1]), default=0)
    if left + right + 7 > drawing.width():
        return ["    " + c for column in drawn for c in column]
    pairs = zip(drawn[0], [*drawn[1], *[""] * (len(drawn[0]) - len(drawn[1]))], strict=True)
    return [f"    {a.ljust(left)}    {b}".rstrip() for a, b in pairs]


def _revenue(block: dict[str, Any]) -> list[str]:
    hours, days = block["series"]["net_by_hour_last_day"], block["series"]["net_by_day_30_days"]
    return [
        "",
        f"    hours 0-23  {drawing.sparkline(hours)}  most {drawing.money(max(hours))}",
        f"    30 days     {drawing.sparkline(days)}  most {drawing.money(max(days))}",
    ]


def _products(block: dict[str, Any]) -> list[str]:
    top = block["rows"].get("top", [])
    if not top:
        return []
    most = max(r["net_amount"] for r in top)
    rows = [
        (
            r["revenue_rank"],
            r["name"] or r["product_id"],
            r["category"] or "",
            drawing.count(r["unit_count"]),
            drawing.money(r["net_amount"]),
            drawing.percent(r["share"]),
            drawing.percent(r["view_to_purchase_ratio"]),
            drawing.bar(r["net_amount"], most, 12),
        )
        for r in top
    ]
    return [
        "",
        *drawing.table(
            ("", "product", "category", "units", "net", "share", "a view", ""), rows, indent=4, right=(0, 3, 4, 5, 6)
        ),
    ]


def _customers(block: dict[str, Any]) -> list[str]:
    segments = block["rows"]["segments"]
    most = max((r["amount"] for r in segments), default=0)
    rows = [
        (
            r["segment"],
            drawing.count(r["customers"]),
            drawing.percent(r["customer_share"]),
            drawing.money(r["amount"]),
            drawing.percent(r["amount_share"]),
            r["mean_recency_days"],
            drawing.bar(r["amount"], most, 24),
        )
        for r in segments
    ]
    return [
        "",
        *drawing.table(
            ("segment", "customers", "share", "money", "share", "days since", ""), rows, indent=4, right=(1, 2, 3, 4, 5)
        ),
    ]


def _funnel(block: dict[str, Any]) -> list[str]:
    steps = block["rows"]["steps"]
    most = max(s["sessions"] for s in steps)
    rows = [
        (
            s["step"].replace("_", " "),
            drawing.count(s["sessions"]),
            drawing.percent(s["of_all"]),
            drawing.percent(s["of_step_before"]),
            drawing.bar(s["sessions"], most, 24),
        )
        for s in steps
    ]
    lines = ["", *drawing.table(("step", "sessions", "of all", "of step before", ""), rows, indent=4, right=(1, 2, 3))]
    for column, title in (("channels", "channel"), ("devices", "device")):
        key = "channel" if column == "channels" else "device_type"
        parts = [
            (
                r[key],
                *(
                    drawing.count(r[c])
                    for c in ("session_count", "viewed_count", "carted_count", "checked_out_count", "purchased_count")
                ),
                drawing.percent(r["conversion_ratio"]),
            )
            for r in block["rows"][column]
        ]
        lines += [
            "",
            *drawing.table(
                (title, "sessions", "viewed", "carted", "checked out", "purchased", "conversion"),
                parts,
                indent=4,
                right=(1, 2, 3, 4, 5, 6),
            ),
        ]
    return [*lines, "", f"    conversion, 30 days  {drawing.sparkline(block['series']['conversion_by_day'])}"]


def _carts(block: dict[str, Any]) -> list[str]:
    days = block["series"]["left_by_day_30_days"]
    lines = ["", f"    value left, 30 days  {drawing.sparkline(days)}  most {drawing.money(max(days))}"]
    top = block["rows"]["top"]
    if top:
        rows = [
            (
                r["cart_date"],
                r["device_type"] or "unknown",
                drawing.count(r["left_product_count"]),
                drawing.count(r["left_unit_count"]),
                drawing.money(r["left_amount"]),
                "bought" if r["is_recovered"] else "",
                drawing.bar(r["left_amount"], top[0]["left_amount"], 12),
            )
            for r in top
        ]
        lines += [
            "",
            *drawing.table(
                ("day", "device", "products", "units", "value", "later", ""), rows, indent=4, right=(2, 3, 4)
            ),
        ]
    return lines


_DRAWN = {
    "revenue": _revenue,
    "products": _products,
    "customers": _customers,
    "funnel": _funnel,
    "abandoned_carts": _carts,
}
