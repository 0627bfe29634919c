"""One tiny lake with two generations, three currencies and clicks; made once, read by all tests here, copied by those that break it."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shoplake.cli import main
from tests.making import deliver, run


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Ask = Callable[..., Answer]


def _fill(root: Path) -> None:
    for n, (user, email) in enumerate([("u1", "a@x.org"), ("u2", "b@x.org"), ("u3", "~")], 1):
        deliver(
            root,
            "users",
            f"2025-03-0{n}",
            [{"user_id": user, "email": email, "customer_segment": "new", "updated_at": f"2025-03-0{n}T01:00:00Z"}],
        )
    products = [
        {
            "product_id": f"p{i}",
            "name": f"Thing {i}",
            "category": "toys",
            "list_price": i,
            "cost_price": 1,
            "is_active": "true",
            "updated_at": "2025-03-01T00:00:00Z",
        }
        for i in (1, 2, 3)
    ]
    deliver(root, "products", "2025-03-01", products)
    lines: list[dict[str, Any]] = []
    for i, (user, currency, day, price, status) in enumerate([
        ("u1", "EUR", "02", "10.50", "paid"), ("u1", "EUR", "09", "20.25", "delivered"), ("u2", "EUR", "09", "3.001", "paid"),
        ("u2", "USD", "09", "7", "paid"), ("u3", "JPY", "08", "900", "paid"), (None, "EUR", "05", "5", "cancelled"),
    ]):  # fmt: skip
        stamp = f"2025-03-{day}T1{i}:00:00Z"
        lines.append({"transaction_id": f"t{i}", "line_number": 1, "user_id": user, "product_id": f"p{i % 3 + 1}", "quantity": 2, "unit_price": price,
                      "currency": currency, "status": status, "payment_method": "card", "ordered_at": stamp, "updated_at": stamp})  # fmt: skip
    lines.append({**lines[0], "transaction_id": "bad", "quantity": "many"})
    deliver(root, "transactions", "2025-03-09", lines)
    deliver(root, "refunds", "2025-03-09", [
        {"refund_id": "r1", "line_number": 1, "user_id": "u1", "product_id": "p1", "quantity": 1, "unit_price": "1.5", "amount": "1.5", "currency": "EUR",
         "refunded_at": "2025-03-09T08:00:00Z", "updated_at": "2025-03-09T08:00:00Z"}])  # fmt: skip
    deliver(root, "clickstream", "2025-03-08", _clicks())


def _clicks() -> list[dict[str, Any]]:
    """v1 views, carts, checks out and buys; v2 leaves a cart; v3 looks; v4 buys at once; v2 comes back and buys."""
    story = [
        ("v1", "view", 1), ("v1", "add_to_cart", 2), ("v1", "begin_checkout", 3), ("v1", "purchase", 4),
        ("v2", "view", 1), ("v2", "add_to_cart", 2), ("v3", "view", 1), ("v4", "view", 1), ("v4", "purchase", 2), ("v2", "purchase", 90),
        ("v5", "view", 1), ("v5", "add_to_cart", 2),
    ]  # fmt: skip
    found = []
    for i, (visitor, kind, minute) in enumerate(story):
        found.append({"event_id": f"e{i}", "event_type": kind, "event_ts": f"2025-03-08T{8 + minute // 60:02}:{minute % 60:02}:00Z", "visitor_id": visitor,
                      "session_id": f"{visitor}-{minute // 60}", "product_id": "p1" if visitor != "v5" else "p2", "quantity": 1, "unit_price": "10.5" if visitor != "v5" else "99",
                      "currency": "EUR", "device_type": "mobile" if visitor in ("v1", "v2") else "desktop", "user_agent": "Mozilla/5.0 Firefox/120",
                      "utm_medium": "email" if visitor == "v1" else None})  # fmt: skip
    return [*found, {"raw_text": "{broken", "is_malformed": True}]


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("look") / "lake"
    _fill(root)
    run(root, as_of="2025-03-10")
    deliver(
        root,
        "users",
        "2025-03-09",
        [{"user_id": "u4", "email": "d@x.org", "customer_segment": "vip", "updated_at": "2025-03-09T01:00:00Z"}],
    )
    run(root, as_of="2025-03-10")
    return root


@pytest.fixture(scope="session")
def lake_without_clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("dry") / "lake"
    stamp = "2025-03-02T10:00:00Z"
    deliver(root, "users", "2025-03-02", [{"user_id": "u1", "email": "a@x.org", "updated_at": stamp}])
    deliver(root, "transactions", "2025-03-02", [
        {"transaction_id": "t1", "line_number": 1, "user_id": "u1", "product_id": "p1", "quantity": 1, "unit_price": "2.5", "currency": "GBP",
         "status": "paid", "ordered_at": stamp, "updated_at": stamp}])  # fmt: skip
    run(root)
    return root


@pytest.fixture
def broken(lake: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    root = tmp_path / "copy"
    shutil.copytree(lake, root, symlinks=True)
    return root


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """Run the command line as a person does, from an empty folder."""

    def asked(*arguments: str | Path) -> Answer:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["shoplake", "--threads", "1", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as e:
            code = int(e.code or 0)
        shown = capsys.readouterr()
        return Answer(code, shown.out, shown.err)

    return asked
