"""Churn on a made shop: as good as can be expected, and a column that sees the future is caught."""

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest

from shoplake.contracts.project import init
from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.layout import Lake
from shoplake.learn.churn import Options, cuts_of, train
from shoplake.learn.cuts import Cuts
from shoplake.learn.frame import frame
from shoplake.learn.planted import BEST, HAZARD
from shoplake.look.opened import Opened
from tests.unit.look.conftest import Ask

pytestmark = pytest.mark.made

CUT = dt.date(2025, 10, 3)


def test_it_reaches_most_of_what_can_be_told(shop: Lake, one: Opened) -> None:
    trained = train(Cuts(one, ""), shop, Options())
    record = trained.record
    assert (record["train_cut"], record["test_cut"], record["horizon_days"]) == ("2025-10-03", "2025-11-02", 60)
    assert record["users_taught"] > 2_500
    assert record["users_judged"] > 1_000
    auc = {name: found["auc"]["value"] for name, found in {"model": record["model"], **record["baselines"]}.items()}
    assert auc["model"] > max(value for name, value in auc.items() if name != "model") + 0.01
    planted = {name: found["auc"]["value"] for name, found in record["planted"].items()}
    assert (auc["model"] - 0.5) / (planted[HAZARD] - 0.5) >= 0.85
    assert auc["model"] < record["planted"][BEST]["auc"]["interval"][1], "too good to be true"
    assert record["share_of_seen"] >= 0.85
    assert record["share_of_best"] >= 0.85
    assert record["model"]["brier"]["value"] < record["baselines"]["always the majority"]["brier"]["value"] / 2
    assert all(abs(g["said"] - g["left"]) < 0.15 for g in record["calibration"])
    begins = [record["levels"][name] for name in ("medium", "high", "critical")]
    assert begins == sorted(begins)
    again = train(Cuts(one, ""), shop, Options())
    assert again == trained


def test_who_left_is_told_by_the_orders_themselves(one: Opened) -> None:
    found = frame(Cuts(one, ""), CUT, 60)
    bought = {
        str(user)
        for (user,) in one.engine.rows(
            "SELECT DISTINCT user_id FROM core.fact_transactions WHERE is_sale AND line_type <> 'stock_adjustment' AND order_date >= DATE '2025-10-03' AND order_date < DATE '2025-12-02'"
        )
    }
    agree = np.array([user not in bought for user in found.users]) == found.left
    assert agree.mean() > 0.99  # an order that was paid or cancelled behind the horizon is known to one of the two only
    assert 0.3 < found.left.mean() < 0.7


def test_a_mart_as_of_the_generations_own_day_is_the_generations(one: Opened) -> None:
    own = dt.date.fromisoformat(one.manifest.as_of)
    for name in ("marts.churn_features", "marts.interactions"):
        keys = ", ".join(one.contracts.table(name).spec.key)
        assert Cuts(one, "").mart(name, own).equals(one.engine.fetch(f"SELECT * FROM {name} ORDER BY {keys}"))
    with pytest.raises(WrongUse, match="generation 1 reaches to"):
        Cuts(one, "").mart("marts.churn_features", own + dt.timedelta(1))


def test_a_column_that_sees_the_future_is_caught(shop: Lake, one: Opened, tmp_path: Path) -> None:
    for name in ("marts.churn_features", "marts.interactions"):
        Cuts(one, "").check_blind(name, CUT)
    project = tmp_path / "leaky"
    init(project)
    model = project / "warehouse/marts/churn_features.sql"
    text = model.read_text(encoding="utf-8")
    leaky = text.replace("    c.active_days,\n", "    z.order_count AS active_days,\n").replace(
        "LEFT JOIN clicks AS c", "LEFT JOIN (SELECT f.user_id, COUNT(*) AS order_count FROM core.fact_transactions AS f WHERE f.is_sale GROUP BY f.user_id) AS z ON z.user_id = h.user_id\nLEFT JOIN clicks AS c"
    )
    assert leaky.count("z.") == 2
    model.write_text(leaky, encoding="utf-8")
    with pytest.raises(CheckFailed, match=r"marts.churn_features as of 2025-10-03: active_days would be different without what happened on 2025-10-03 or later"):
        train(Cuts(one, str(project)), shop, Options())


def test_cuts_that_cannot_be_are_told(one: Opened, shop: Lake) -> None:
    as_of = dt.date(2026, 1, 1)
    assert cuts_of(Options(horizon=30), as_of) == (dt.date(2025, 11, 2), dt.date(2025, 12, 2))
    with pytest.raises(WrongUse, match="judged on a later day"):
        cuts_of(Options(train_cut=CUT, test_cut=CUT), as_of)
    with pytest.raises(WrongUse, match="ends behind 2026-01-01"):
        cuts_of(Options(test_cut=dt.date(2025, 12, 1)), as_of)
    with pytest.raises(WrongUse, match="nobody had bought before it"):
        train(Cuts(one, ""), shop, Options(train_cut=dt.date(2024, 1, 1)))
    with pytest.raises(WrongUse, match="20 are needed on either side"):
        train(Cuts(one, ""), shop, Options(train_cut=dt.date(2025, 1, 2), horizon=1))


def test_commands(ask: Ask, shop: Lake) -> None:
    found = json.loads(ask("learn", "train", "churn", "--json", "--lake", shop.root).out)
    text = ask("learn", "train", "churn", "--horizon", "30", "--lake", shop.root).out
    assert f"churn version {found['version'] + 1}: who buys nothing for 30 days" in text
    assert "recency alone" in text
    versions = json.loads(ask("learn", "history", "churn", "--json", "--lake", shop.root).out)["versions"]
    assert [v["version"] for v in versions[-2:]] == [found["version"], found["version"] + 1]
    card = (shop.root / f"models/churn/{found['version']:06d}/card.html").read_text(encoding="utf-8")
    assert f"{found['model']['auc']['value']:.3f}" in card
    assert card.count("<svg") == 4
    refused = ask("learn", "history", "weather", "--lake", shop.root)
    assert refused.code == 2
    assert "no such model" in refused.err
