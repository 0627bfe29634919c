"""Recommendations on a made shop: better than what is popular, and nothing of the window is seen before it."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.learn import recommend
from shoplake.learn.als import Parameters
from shoplake.learn.cuts import Cuts
from shoplake.learn.from_ratings import train_on_behaviour
from shoplake.learn.interactions import Weights, asked, bought_within, interactions
from shoplake.learn.recommend import Options, train
from shoplake.look.opened import Opened
from tests.unit.look.conftest import Ask

pytestmark = pytest.mark.made

CUT = dt.date(2025, 12, 2)


def test_it_beats_what_is_popular_and_keeps_up_with_item_item(shop: Lake, one: Opened) -> None:
    trained = train(Cuts(one, ""), shop, Options())
    record = trained.record
    ndcg = {name: found["ndcg"]["value"] for name, found in {"als": record["model"], **record["baselines"]}.items()}
    assert record["beats_popularity"]
    # Tastes are planted as strong as that: of the UCI file it is 1.3.
    assert 1.1 < ndcg["item-item cosine"] / ndcg["popularity"] < 2
    assert ndcg["als"] >= 0.95 * ndcg["item-item cosine"]
    assert record["model"]["ndcg"]["interval"][0] > record["baselines"]["popularity"]["ndcg"]["interval"][1]
    assert record["taste"] > 0.1
    assert sum(s["users"] for s in record["segments"].values()) == record["users_judged"]
    again = train(Cuts(one, ""), shop, Options())
    assert again.record == record
    assert (again.factors.users == trained.factors.users).all()


def test_what_is_judged_was_bought_later_and_not_before(one: Opened) -> None:
    cuts = Cuts(one, "")
    known = interactions(cuts, CUT, Weights())
    later = bought_within(cuts, CUT, dt.date(2026, 1, 1))
    found = asked(known, later)
    assert not found.wanted.multiply(known.bought[found.rows]).nnz
    sold = {
        (str(user), str(product))
        for user, product in one.engine.rows(
            "SELECT user_id, product_id FROM core.fact_transactions WHERE is_sale AND line_type = 'product' AND user_id IS NOT NULL AND product_id IS NOT NULL AND order_date >= DATE '2025-12-02'"
        )
    }
    rows, columns = found.wanted.nonzero()
    mine = {(known.users[found.rows[r]], known.products[c]) for r, c in zip(rows, columns, strict=True)}
    assert mine <= sold
    before = {(u, p) for u, p in sold if u in set(known.users) and p in set(known.products) and not known.bought[known.users.index(u), known.products.index(p)]}
    assert mine == before


def test_a_search_is_recorded_and_chooses_the_best(shop: Lake, one: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recommend, "GRID", {"factors": (2, 16), "alpha": (1.0,)})
    told: list[object] = []
    record = train(Cuts(one, ""), shop, Options(tune=True), told.append).record
    assert len(told) == len(record["trials"]) == 2
    assert [t["ndcg"] for t in record["trials"]] == sorted((t["ndcg"] for t in record["trials"]), reverse=True)
    assert record["parameters"]["factors"] == record["trials"][0]["parameters"]["factors"] == 16
    assert all(t["ndcg"] == pytest.approx(np.mean(t["folds"]), abs=1e-6) for t in record["trials"])


def test_what_was_done_is_a_rating_and_new_pairs_judge(one: Opened) -> None:
    cuts = Cuts(one, "")
    trained = train_on_behaviour(cuts, CUT, 30, Parameters(factors=8))

    def rated(day: dt.date) -> dict[tuple[str, str], float]:
        found = {}
        for row in cuts.mart("marts.interactions", day).to_pylist():
            worth = 2 + min(3, row["purchase_count"]) if row["purchase_count"] else 2 if row["cart_count"] else 1 if row["view_count"] else 0
            if worth:
                found[row["user_id"], row["product_id"]] = float(worth)
        return found

    before, after = rated(CUT), rated(dt.date(2026, 1, 1))
    users, items = ({pair[side] for pair in before} for side in (0, 1))
    new = {pair: worth for pair, worth in after.items() if pair not in before}
    judged = {pair: worth for pair, worth in new.items() if pair[0] in users and pair[1] in items}
    record = trained.record
    assert (record["pairs_taught"], record["pairs_judged"], record["pairs_unknown"]) == (len(before), len(judged), len(new) - len(judged))
    mean = np.mean(list(before.values()))
    assert record["baselines"]["mean of all"]["rmse"] == pytest.approx(np.sqrt(np.mean([(worth - mean) ** 2 for worth in judged.values()])), abs=1e-6)
    place = {name: n for names in (trained.users, trained.products) for n, name in enumerate(names)}
    said = [float(trained.factors.users[place[u]] @ trained.factors.products[place[p]]) for u, p in judged]
    assert record["model"]["rmse"] == pytest.approx(np.sqrt(np.mean([(s - w) ** 2 for s, w in zip(said, judged.values(), strict=True)])), abs=1e-4)


def test_cuts_that_cannot_be_are_told(shop: Lake, one: Opened) -> None:
    for options, said in (
        (Options(cut=dt.date(2025, 12, 20)), "ends behind 2026-01-01"),
        (Options(cut=dt.date(2024, 12, 1)), "no customer has looked at or bought anything before it"),
        (Options(cut=dt.date(2025, 1, 3), window=1), "20 are needed"),
    ):
        with pytest.raises(WrongUse, match=said):
            train(Cuts(one, ""), shop, options)


def test_commands(ask: Ask, shop: Lake) -> None:
    found = json.loads(ask("learn", "train", "recommend", "--json", "--lake", shop.root).out)
    text = ask("learn", "train", "recommend", "--factors", "4", "--weights", "purchase=1, view=0,cart=0", "--lake", shop.root).out
    assert f"recommend version {found['version'] + 1}: lists of ten" in text
    assert "item-item cosine" in text
    assert "planted taste" in text
    folder = shop.root / f"models/recommend/{found['version']:06d}"
    users = pq.read_table(folder / "users.parquet")
    assert (users.num_rows, len(users.column("factors")[0])) == (found["users_taught"], 16)
    said = pq.read_table(folder / "predictions.parquet")
    assert said.filter(pc.field("is_hit")).num_rows == pytest.approx(found["model"]["precision"]["value"] * 10 * found["users_judged"], abs=0.5)
    assert f"{found['model']['ndcg']['value']:.3f}" in Path(folder / "card.html").read_text(encoding="utf-8")
    assert f"{found['model']['ndcg']['value']:.4f}" in ask("learn", "history", "recommend", "--lake", shop.root).out
    foretold = ask("learn", "train", "recommend", "--explicit", "--lake", shop.root).out
    assert "ratings foretold, from what customers did" in foretold
    assert "means of item and user" in foretold
    for weights, said in (("view=-1", "none below 0"), ("smell=3", "expected view=NUMBER"), ("view=0,cart=0,purchase=0", "nothing would count")):
        refused = ask("learn", "train", "recommend", "--weights", weights, "--lake", shop.root)
        assert refused.code == 2
        assert said in refused.err
