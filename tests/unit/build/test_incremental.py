"""Order does not matter, and incremental equals full: promises 2 and 3."""

import datetime as dt
import random
from pathlib import Path
from typing import Any

import pytest

from tests.making import deliver, run, tables

START = dt.date(2025, 3, 27)  # a clock change in Europe lies within the days
DAYS = 6


def _ts(rng: random.Random, day: dt.date, spread: int = 86400) -> str:
    moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(seconds=rng.randrange(spread))
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def hostile_shop(seed: int) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Arrivals made to reach backwards: the same keys on several days with other times and owners, late changes, sessions
    without an id that run over midnight, facts whose user or product comes later or never."""
    rng = random.Random(seed)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    users, products, visitors = [f"u{i}" for i in range(6)], [f"p{i}" for i in range(5)], [f"v{i}" for i in range(7)]
    for n in range(DAYS):
        day = START + dt.timedelta(n)
        ds = day.isoformat()
        back = lambda: day - dt.timedelta(rng.choice([0, 0, 0, 1, 2, n]))  # noqa: B023, E731
        found["users", ds] = [
            {
                "user_id": rng.choice(users),
                "email": f"{rng.choice('ab')}@x.org",
                "city": rng.choice(["A", "B"]),
                "customer_segment": rng.choice(["new", "vip"]),
                "lifetime_value": rng.randrange(100),
                "updated_at": _ts(rng, back()),
            }
            for _ in range(rng.randrange(4))
        ]
        found["products", ds] = [
            {
                "product_id": rng.choice(products),
                "name": "n",
                "category": rng.choice(["x", "y"]),
                "list_price": rng.randrange(1, 9),
                "cost_price": 1,
                "is_active": "true",
                "updated_at": _ts(rng, back()),
            }
            for _ in range(rng.randrange(3))
        ]
        found["transactions", ds] = [
            {
                "transaction_id": f"t{rng.randrange(12)}",
                "line_number": rng.randrange(1, 3),
                "user_id": rng.choice([*users, None]),
                "visitor_id": rng.choice(visitors),
                "product_id": rng.choice([*products, "gone"]),
                "quantity": rng.randrange(1, 4),
                "unit_price": rng.randrange(1, 9),
                "currency": rng.choice(["EUR", "GBP"]),
                "status": rng.choice(["paid", "pending", "cancelled", "delivered"]),
                "ordered_at": _ts(rng, back()),
                "updated_at": _ts(rng, day),
            }
            for _ in range(rng.randrange(6))
        ]
        found["refunds", ds] = [
            {
                "refund_id": f"r{rng.randrange(5)}",
                "line_number": 1,
                "user_id": rng.choice(users),
                "product_id": rng.choice(products),
                "quantity": 1,
                "unit_price": 2,
                "amount": rng.randrange(1, 5),
                "refunded_at": _ts(rng, back()),
            }
            for _ in range(rng.randrange(2))
        ]
        found["clickstream", ds] = [
            {
                "event_id": f"e{rng.randrange(60)}",
                "event_type": rng.choice(
                    ["view", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase", "search"]
                ),
                "event_ts": _ts(rng, back(), rng.choice([3600, 86400])),
                "visitor_id": rng.choice(visitors),
                "user_id": rng.choice([None, None, *users]),
                "session_id": rng.choice([None, None, "s1"]),
                "product_id": rng.choice(products),
                "quantity": 1,
                "unit_price": 3,
                "currency": "EUR",
                "device_type": "mobile",
                "user_agent": "Mozilla/5.0 Firefox/120",
            }
            for _ in range(rng.randrange(12))
        ]
    return {key: rows for key, rows in found.items() if rows}


@pytest.fixture(scope="module", params=[1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 8))])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, dict[Any, Any], Path, dict[str, Any]]:
    seed = request.param
    arrivals = hostile_shop(seed)
    lake = tmp_path_factory.mktemp("whole") / "lake"
    for (table, ds), rows in arrivals.items():
        deliver(lake, table, ds, rows)
    run(lake, timezone="Europe/London")
    return seed, arrivals, lake, tables(lake)


def _days(arrivals: dict[Any, Any]) -> list[str]:
    return sorted({ds for _, ds in arrivals})


def _bring(lake: Path, arrivals: dict[Any, Any], days: list[str], monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Deliver and build a day at a time; returns whether each build was whole."""
    monkeypatch.setattr("shoplake.build.plan.WHOLE_ABOVE", 10.0)
    whole = []
    for ds in days:
        for (table, day), rows in arrivals.items():
            if day == ds:
                deliver(lake, table, ds, rows)
        whole.append(run(lake, timezone="Europe/London").is_full)
    return whole


@pytest.mark.made
def test_day_by_day_equals_all_in_one_go(shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, arrivals, _, expected = shop
    whole = _bring(tmp_path / "lake", arrivals, _days(arrivals), monkeypatch)
    assert whole == [True] + [False] * (len(whole) - 1)
    assert tables(tmp_path / "lake") == expected


def test_any_order_of_days_and_full_equal_all_in_one_go(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, arrivals, _, expected = shop
    days = _days(arrivals)
    random.Random(seed).shuffle(days)
    lake = tmp_path / "lake"
    assert _bring(lake, arrivals, days, monkeypatch) == [True] + [False] * (len(days) - 1)
    assert tables(lake) == expected
    assert run(lake, timezone="Europe/London", full=True).is_full
    assert tables(lake) == expected


def test_building_twice_does_nothing(shop: Any) -> None:
    assert run(shop[2], timezone="Europe/London").generation is None


def test_a_replaced_partition_takes_its_old_rows_with_it(
    shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, arrivals, _, expected = shop
    lake = tmp_path / "lake"
    monkeypatch.setattr("shoplake.build.plan.WHOLE_ABOVE", 10.0)
    other = hostile_shop(99)
    for (table, ds), rows in {**arrivals, **{k: v for k, v in other.items() if k in arrivals}}.items():
        deliver(lake, table, ds, rows)
    run(lake, timezone="Europe/London")
    for (table, ds), rows in arrivals.items():
        deliver(lake, table, ds, rows)
    result = run(lake, timezone="Europe/London")
    assert not result.is_full
    assert tables(lake) == expected


def test_only_the_days_that_changed_are_rewritten(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for n in range(20):
        day = (START + dt.timedelta(n)).isoformat()
        deliver(
            lake,
            "transactions",
            day,
            [
                {
                    "transaction_id": f"t{n}-{i}",
                    "line_number": 1,
                    "product_id": "p",
                    "quantity": 1,
                    "unit_price": 5,
                    "ordered_at": f"{day}T10:00:00Z",
                }
                for i in range(5)
            ],
        )
    run(lake)
    late = {
        "transaction_id": "late",
        "line_number": 1,
        "product_id": "p",
        "quantity": 1,
        "unit_price": 5,
        "ordered_at": "2025-03-29T10:00:00Z",
    }
    deliver(lake, "transactions", "2025-04-16", [late])
    result = run(lake)
    assert not result.is_full
    assert result.touched["core.fact_transactions"] == ["2025-03-29"]
