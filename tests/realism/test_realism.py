"""The generated shop is like a real one, what was planted is found, and the page says so."""

import os
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from shoplake.engines.duckdb import DuckDB
from shoplake.generate import realism
from shoplake.generate.options import GENERATOR_VERSION, Plan
from shoplake.generate.realism import ASKED, NEAR, Figure, beside, click_figures, order_figures, out_of_band
from shoplake.generate.realism_found import PRECISION, RECALL, RULED, Carts, Count, Fit, Robots
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest

from .conftest import PLAN, REFERENCES, Shop, make
from .references import computed

PAGE = Path(__file__).parents[2] / "docs/reference/realism.md"


def figures(shop: Shop, **changed: float) -> list[Figure]:
    return beside({**shop.values, **changed}, shop.references)


# -- figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [a.key for a in ASKED])
def test_each_figure_is_in_its_band(shop: Shop, key: str) -> None:
    assert [line for line in out_of_band(figures(shop)) if line.startswith(f"{key}:")] == []


@pytest.mark.parametrize("key", [a.key for a in ASKED])
def test_a_distorted_figure_leaves_its_band(shop: Shop, key: str) -> None:
    band = next(f for f in figures(shop) if f.asked.key == key)
    for value in (band.low * 0.99, band.high * 1.01):
        (told,) = out_of_band(figures(shop, **{key: value}))
        assert told.startswith(f"{key}: found")
        assert "Tune the generator" in told


def test_every_band_is_a_quarter_or_says_why_not(shop: Shop) -> None:
    for f in beside(shop.values, shop.references):
        if f.asked.band is None:
            assert (f.low, f.high) == pytest.approx((f.reference.value * (1 - NEAR), f.reference.value * (1 + NEAR)))
        else:
            assert f.asked.note
        assert f.reference.source in shop.references.sources
        assert f.reference.how


def test_a_distorted_shop_is_found_out(shop: Shop, tmp_path: Path) -> None:
    """The figures are measured, not remembered: what is changed in a copy shows in the figures it belongs to, and no others."""
    copy = tmp_path / "copy.duckdb"
    shutil.copyfile(shop.lake.root / read_manifest(shop.lake).database.path, copy)
    engine = DuckDB(threads=1)
    engine.attach(copy, read_only=False)
    engine.execute("DELETE FROM gen.core.fact_clickstream WHERE event_type = 'add_to_cart' AND event_hour % 3 <> 0")
    engine.execute("UPDATE gen.core.fact_transactions SET order_hour = (order_hour + 12) % 24")
    values = {**click_figures(engine), **order_figures(engine)}
    engine.close()
    told = {line.partition(":")[0] for line in out_of_band(beside(values, shop.references))}
    assert told == {"carts_per_view", "purchases_per_cart", "night_share", "busiest_hour"}


# -- what was planted ---------------------------------------------------------------------------------------------


def test_the_ledger_is_exact_in_every_reason(shop: Shop) -> None:
    assert [c for c in shop.found.ledger if c.expected != c.found] == []
    for table, expected in shop.truth["expected_ledger"].items():
        told = {c.what: c.found for c in shop.found.ledger if c.table == table}
        assert told["landed"] == told["clean"] + told["duplicate"] + sum(
            told[reason] for reason in expected["rejected"]
        )
        assert told["redelivered"] == expected["redelivered"]
        assert set(told) == {"landed", "clean", "duplicate", "redelivered", *expected["rejected"]}
    assert sum(c.found for c in shop.found.ledger if c.what == "redelivered") > 100


@pytest.mark.parametrize("what", [
    "An event's user was registered by then", "An order line's product was in the catalogue by then", "An event's product was still on sale",
    "A session has one device_type", "A session has one user_agent", "A session has one ip_address", "A session has one visitor_id",
])  # fmt: skip
def test_nothing_is_otherwise(shop: Shop, what: str) -> None:
    (fit,) = [f for f in shop.found.fits if f.what == what]
    assert fit.looked_at > 10_000
    assert (fit.otherwise, fit.planted) == (0, 0)


def test_facts_fit_together_but_for_what_was_planted(shop: Shop) -> None:
    assert [f for f in shop.found.fits if not f.is_right] == []
    assert sum(f.what.endswith(("registered by then", "catalogue by then")) for f in shop.found.fits) == 6
    for f in shop.found.fits:
        assert f.otherwise < 0.01 * f.looked_at


def test_purchases_and_tracked_orders_match_both_ways(shop: Shop) -> None:
    there, back = shop.found.fits[-2:]
    assert (there.what, back.what) == (
        "A purchase event has its order line",
        "A tracked order's line has its purchase event",
    )
    assert there.looked_at > 2_000
    assert back.looked_at > 2_000


def test_declared_robots_are_found_and_nobody_else(shop: Shop) -> None:
    for agent in shop.found.agents:
        assert (agent.recall, agent.precision) == (1, 1), agent
    assert any(a.kind in shop.found.unlisted for a in shop.found.agents)


def test_the_rule_finds_half_of_the_undeclared_robots(shop: Shop) -> None:
    all_ = shop.found.undeclared
    assert all_.recall >= RECALL
    assert all_.precision >= PRECISION
    assert shop.found.people_suspected > 0  # some people look for hours, or precision would mean nothing


def test_half_of_the_kinds_are_unlike_the_rule(shop: Shop) -> None:
    assert all(r.planted > 0 for r in shop.found.robots)
    unlike = [r for r in shop.found.robots if r.kind not in RULED]
    assert 2 * len(unlike) >= len(shop.found.robots)
    assert [r for r in unlike if r.recall >= 0.1] == []
    assert [r for r in shop.found.robots if r.kind in RULED and r.recall <= 0.5] == []


def test_carts_planted_to_be_bought_later_are_found_and_no_others(shop: Shop) -> None:
    carts = shop.found.carts
    assert carts.found + carts.spoilt == carts.planted
    assert carts.planted > 200
    assert carts.spoilt < 0.03 * carts.planted
    assert carts.late > 0.03 * carts.planted  # the mart's 7 days are put to the test
    assert carts.by_chance < 0.01 * carts.planted
    assert 0.05 < carts.share < 0.10


def test_what_is_wrong_is_said(shop: Shop) -> None:
    assert shop.found.wrong == []
    found = msgspec.structs.replace(
        shop.found, ledger=[Count("users", "malformed", 3, 2)], fits=[Fit("This is so", 9, 1)], agents=[Robots("x/1", 5, 4, 0)], people_suspected=10**6,
        carts=Carts(90, 9, 7, 1, 0, 0),
    )  # fmt: skip
    assert [line.partition(" ")[0] for line in found.wrong] == ["ledger", "This", "robot", "undeclared", "left"]


# -- the page -----------------------------------------------------------------------------------------------------


def test_the_page_is_of_this_generator_and_all_in_band() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"generator version {GENERATOR_VERSION} with seed {Plan().seed}: 1,000,000 events" in text, (
        "docs/reference/realism.md is of another generator: make it again, its first lines say how"
    )
    assert "**no**" not in text
    assert "expected" not in re.sub(r"Rows expected from.*", "", text)
    for asked in ASKED:
        assert f"| {asked.label} |" in text


def test_the_command_writes_the_page(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(shop.lake.root), "--references", str(REFERENCES), "--write", str(tmp_path / "page.md")]
    assert realism.main(words) == 0
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert f"{PLAN.events:,} events" in text
    assert str(shop.lake.root) not in text
    assert realism.main([str(tmp_path), "--references", str(REFERENCES)]) == 2
    assert "Only a generated shop can be scored" in capsys.readouterr().err


@pytest.mark.long
def test_the_page_is_what_the_default_shop_gives(tmp_path: Path) -> None:
    lake = make(tmp_path / "lake", Plan())
    assert realism.main([str(lake.root), "--references", str(REFERENCES), "--write", str(tmp_path / "page.md")]) == 0
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8")


@pytest.mark.real
def test_the_references_are_the_files_own(tmp_path: Path) -> None:
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
    again = computed(Path(folder) / "online_retail.csv.gz", Lake(tmp_path / "lake").root)
    committed = realism.read_references(REFERENCES)
    assert {k: f.value for k, f in again.figures.items()} == pytest.approx(
        {k: f.value for k, f in committed.figures.items()}, abs=2e-6
    )
    for name, shares in committed.profiles.items():
        assert again.profiles[name] == pytest.approx(shares, abs=2e-6)


def test_the_page_states_the_rule_of_the_model() -> None:
    model = (PAGE.parents[2] / "warehouse/core/fact_sessions.sql").read_text(encoding="utf-8")
    assert "d.view_count >= 60 AND d.buying_count = 0" in model
    assert "d.event_count >= 20 AND d.span_us <= (d.event_count - 1) * 3000000" in model
    assert (
        "60 views in a day and nothing put into a cart, or 20 events and more at most 3 seconds apart on average"
        in PAGE.read_text(encoding="utf-8")
    )
