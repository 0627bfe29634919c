"""What the shop hides can be learnt: who leaves, but not from recency alone; and what people like shows in what they look at."""

import numpy as np
import numpy.typing as npt
import pytest

from shoplake.generate.truth import CHURN_CUTS, CHURN_HORIZON
from shoplake.generate.words import categories

from .conftest import Shop


def auc(score: npt.NDArray[np.float64], is_positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve, from mean ranks (Mann and Whitney, 1947)."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    positives = int(is_positive.sum())
    return float((rank[is_positive].sum() - positives * (positives + 1) / 2) / (positives * (len(score) - positives)))


def test_auc() -> None:
    up, flag = np.arange(4.0), np.array([False, False, True, True])
    assert (auc(up, flag), auc(-up, flag), auc(np.zeros(4), flag)) == (1, 0, 0.5)


@pytest.mark.parametrize("number", range(len(CHURN_CUTS)))
def test_the_planted_hazard_matters_and_recency_alone_does_not_tell(shop: Shop, number: int) -> None:
    """Customers with an order before the cut; left: no order within the horizon after it."""
    cut = shop.truth["churn"]["cuts"][number]
    rows = shop.engine.rows(
        f"WITH o AS (SELECT user_id, MAX(order_date) FILTER (order_date < DATE '{cut}') AS last, "
        f"COUNT(*) FILTER (order_date >= DATE '{cut}' AND order_date < DATE '{cut}' + {CHURN_HORIZON}) AS later "
        "FROM core.fact_transactions WHERE is_sale AND user_id IS NOT NULL GROUP BY user_id) "
        f"SELECT u.leaving_probability_{CHURN_CUTS[number]}, DATE_DIFF('day', o.last, DATE '{cut}'), o.later FROM o "
        f"JOIN read_parquet('{shop.lake.truth}/users.parquet') AS u USING (user_id) WHERE o.last IS NOT NULL"
    )
    probability, recency, later = np.array(rows, dtype=float).T
    left = later == 0
    assert len(rows) > 4_000
    assert 0.3 < left.mean() < 0.7
    attainable = auc(probability, left)
    assert 0.72 <= attainable <= 0.85
    # .056 here, .059 at the default size; asked for: .05. The standard error of an AUC of 5,000 is about .006.
    assert auc(recency, left) < attainable - 0.04


def test_taste_drives_what_is_looked_at(shop: Shop) -> None:
    names = [c.name for c in categories()]
    rows = shop.engine.rows(
        "SELECT u.taste_categories, p.category FROM core.fact_clickstream AS f "
        f"JOIN read_parquet('{shop.lake.truth}/users.parquet') AS u ON u.user_id = f.user_id "
        "JOIN core.dim_products AS p ON p.product_key = f.product_key "
        "WHERE f.event_type = 'view' AND p.category IS NOT NULL ORDER BY f.event_id"
    )
    taste = np.array([row[0] for row in rows])
    viewed = np.array([names.index(row[1]) for row in rows])
    assert len(rows) > 5_000
    everyone = np.arange(len(rows))
    someone_elses = np.roll(viewed, len(rows) // 2)  # what another user looked at, at random
    own, random = taste[everyone, viewed].mean(), taste[everyone, someone_elses].mean()
    assert own > 1.7 * random
    assert taste[everyone, viewed].mean() == pytest.approx((taste**2).sum(axis=1).mean(), rel=0.15)
