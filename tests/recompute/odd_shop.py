"""A shop in which everything coincides: few ids, times on a coarse grid, copies that differ, devices that are shared.

The generated shop is likely; this one is not, so that every tie, edge and NULL a mart must settle occurs many times.
"""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.making import deliver

START = datetime(2025, 3, 1, tzinfo=UTC)  # New York changes its clocks on March 9
DAYS = 24
CURRENCIES = ["EUR", "EUR", "USD", None]
STATUSES = ["pending", "payment_failed", "paid", "paid", "shipped", "delivered", "cancelled", "refunded"]
OTHER_KINDS = ["shipping", "fee", "discount", "gift_card", "donation", "adjustment", "stock_adjustment", None]
KINDS = ["product"] * 6 + OTHER_KINDS
STEPS = ["view"] * 4 + ["add_to_cart"] * 3 + ["remove_from_cart", "begin_checkout", "purchase", "search"]
MEDIA = [None, None, "cpc", "email", "paid_social", "partner", "seo", "qr"]
REFERRERS = [
    None,
    "https://www.google.com/",
    "https://m.facebook.com/x",
    "https://blog.example/",
    "https://duckduckgo.com/",
    "https://google.example/",
]


def deliver_odd_shop(root: Path, seed: int, size: int = 1) -> None:
    """Deliver a made shop into a lake; the same seed makes the same shop."""
    pick = random.Random(seed)
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    counts = {"products": 60, "users": 60, "transactions": 900, "refunds": 120, "clickstream": 1800}
    for table, make in MAKERS.items():
        for _ in range(counts[table] * size):
            row, at = make(pick)
            for copy in range(2 if pick.random() < 0.15 else 1):
                day = at + timedelta(days=pick.choice([1, 1, 2, 6]) * (1 + copy))
                ds = (START + timedelta(days=((day - START).days // 6 + 1) * 6)).date().isoformat()
                rows.setdefault((table, ds), []).append(row)
                row = {**row, **{c: v for c, v in make(pick)[0].items() if c in LOOSE and pick.random() < 0.2}}
    for (table, ds), found in sorted(rows.items()):
        deliver(root, table, ds, found)


# What a copy may tell differently.
LOOSE = {
    "user_id",
    "quantity",
    "unit_price",
    "product_id",
    "referrer",
    "status",
    "amount",
    "category",
    "name",
    "session_id",
}


def moment(pick: random.Random, minutes: int) -> datetime:
    return START + timedelta(minutes=pick.randrange(DAYS * 1440 // minutes) * minutes)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe(pick: random.Random, value: Any, share: float = 0.85) -> Any:
    return value if pick.random() < share else None


def user(pick: random.Random) -> str:
    return f"u{min(pick.randrange(12), pick.randrange(12))}"


def product(pick: random.Random) -> str:
    return f"p{pick.randrange(6)}"


def money(pick: random.Random) -> str:
    return pick.choice(["0", "0.001", "1.5", "2.3333", "10", "19.99", "250"])


def make_product(pick: random.Random) -> tuple[dict[str, Any], datetime]:
    at = moment(pick, 720)
    row = {
        "product_id": product(pick),
        "name": maybe(pick, pick.choice(["Cup", "Plate"])),
        "category": maybe(pick, pick.choice(["Kitchen", "Garden", "Kitchen "])),
        "list_price": money(pick),
        "cost_price": maybe(pick, pick.choice(["1.1111", "2"]), 0.7),
        "rating": pick.choice(["1", "5"]),
        "is_active": "true",
        "updated_at": text(at),
    }
    return row, at


def make_user(pick: random.Random) -> tuple[dict[str, Any], datetime]:
    at = moment(pick, 720)
    row = {
        "user_id": user(pick),
        "city": maybe(pick, pick.choice(["Rome", "Oslo"])),
        "customer_segment": pick.choice(["new", "vip"]),
        "phone": str(pick.randrange(5)),
        "updated_at": text(at),
    }
    return row, at


def make_line(pick: random.Random) -> tuple[dict[str, Any], datetime]:
    number = pick.randrange(160)
    order = random.Random(number)  # an order's own facts, the same on each of its lines and states
    at = moment(order, 60)
    if pick.random() < 0.03:
        at = moment(pick, 60)
    updated = at + timedelta(minutes=pick.choice([0, 0, 0, 30, 1440, 2880]))
    kind = pick.choice(KINDS)
    row = {
        "transaction_id": f"t{number}",
        "line_number": pick.choice([1, 1, 2, 3]),
        "line_type": kind,
        "user_id": user(order) if order.random() < 0.8 else maybe(pick, user(pick), 0.3),
        "visitor_id": maybe(pick, f"v{pick.randrange(9)}", 0.5),
        "product_id": maybe(pick, product(pick), 0.95),
        "quantity": pick.choice([1, 1, 2, 3, -2 if kind in ("discount", "adjustment", "stock_adjustment") else 7]),
        "unit_price": "0" if kind == "stock_adjustment" else money(pick),
        "discount_amount": maybe(pick, pick.choice(["0", "0.5", "0.3333"])),
        "tax_amount": maybe(pick, "0.2"),
        "shipping_amount": maybe(pick, "4.99", 0.3),
        "currency": order.choice(CURRENCIES) if pick.random() < 0.95 else "USD",
        "payment_method": "card",
        "status": pick.choice(STATUSES),
        "order_source": "web",
        "ship_country": pick.choice(["DE", "FR"]),
        "ordered_at": text(at),
        "updated_at": text(updated),
    }
    if kind in ("discount", "adjustment") and pick.random() < 0.5:
        row["unit_price"] = "-" + row["unit_price"]
    return row, updated


def make_refund(pick: random.Random) -> tuple[dict[str, Any], datetime]:
    number = pick.randrange(50)
    at = moment(random.Random(1000 + number), 60)
    updated = at + timedelta(minutes=pick.choice([0, 0, 30, 2880]))
    row = {
        "refund_id": f"r{number}",
        "line_number": pick.choice([1, 2]),
        "transaction_id": maybe(pick, f"t{pick.randrange(160)}"),
        "user_id": maybe(pick, user(pick)),
        "product_id": maybe(pick, product(pick)),
        "quantity": 1,
        "unit_price": "3",
        "amount": pick.choice(["0", "1.25", "3", "400.0001"]),
        "currency": pick.choice(CURRENCIES),
        "refunded_at": text(at),
        "updated_at": text(updated),
    }
    return row, updated


def make_event(pick: random.Random) -> tuple[dict[str, Any], datetime]:
    at = moment(pick, 15)
    visitor = pick.randrange(9)
    device = random.Random(visitor)
    owners = [f"u{device.randrange(12)}" for _ in range(1 + visitor % 2)]
    step = pick.choice(STEPS)
    row = {
        "event_id": f"e{pick.randrange(100000)}",
        "event_type": step,
        "event_ts": text(at),
        "visitor_id": f"v{visitor}",
        "user_id": maybe(pick, pick.choice(owners), 0.2 if visitor != 3 else 0),
        "session_id": maybe(pick, f"s{at.day // 2}", 0.5),
        "product_id": None if step == "search" else maybe(pick, product(pick), 0.95),
        "quantity": maybe(pick, pick.choice([1, 1, 2]), 0.9),
        "unit_price": maybe(pick, money(pick), 0.9),
        "currency": pick.choice(CURRENCIES),
        "referrer": pick.choice(REFERRERS),
        "utm_medium": pick.choice(MEDIA),
        "device_type": maybe(pick, pick.choice(["mobile", "desktop"])),
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "country": "US",
    }
    return row, at


MAKERS = {
    "products": make_product,
    "users": make_user,
    "transactions": make_line,
    "refunds": make_refund,
    "clickstream": make_event,
}
