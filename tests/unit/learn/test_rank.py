"""Lists of ten: who is on them, and what they are worth."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import ndcg_score

from shoplake.learn import als
from shoplake.learn.interactions import Asked
from shoplake.learn.rank import judge_lists, per_user


def asked(wanted: list[list[int]], products: int) -> Asked:
    rows = [r for r, columns in enumerate(wanted) for _ in columns]
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, [c for columns in wanted for c in columns])), shape=(len(wanted), products))
    return Asked(np.arange(len(wanted)), matrix, 0, 0)


def test_figures_of_lists_that_can_be_counted() -> None:
    top = np.array([[3, 1, 7, 0, 2, 4, 5, 6, 8, 9], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], [0, 1, -1, -1, -1, -1, -1, -1, -1, -1]])
    found = per_user(top, asked([[1, 7, 15], [15], [0]], 20))
    assert found["recall"].tolist() == pytest.approx([2 / 3, 0, 1])
    assert found["precision"].tolist() == pytest.approx([0.2, 0, 0.1])
    assert found["map"].tolist() == pytest.approx([(1 / 2 + 2 / 3) / 3, 0, 1])
    assert found["ndcg"].tolist() == pytest.approx([(1 / np.log2(3) + 1 / np.log2(4)) / (1 + 1 / np.log2(3) + 0.5), 0, 1])
    judged = judge_lists(top, asked([[1, 7, 15], [15], [0]], 20), 20, 1)
    assert judged["coverage"] == 0.5
    low, high = judged["ndcg"]["interval"]
    assert low <= judged["ndcg"]["value"] <= high


def test_ndcg_is_scikit_learns() -> None:
    draws = np.random.default_rng(2)
    scores, wanted = draws.random((40, 60)), draws.random((40, 60)) < 0.1
    wanted[:, 0] = True
    one = asked([np.flatnonzero(row).tolist() for row in wanted], 60)
    mine = per_user(als.best(scores, sparse.csr_matrix(scores.shape)), one)["ndcg"].mean()
    assert mine == pytest.approx(ndcg_score(wanted, scores, k=10), abs=1e-9)


@pytest.mark.parametrize("columns", [9, 50, 320, 321, 352, 777])
@pytest.mark.parametrize("digits", [0, 1, 2, 3, 9])  # from nothing but ties to none
def test_the_best_are_a_plain_sort_without_what_is_left_out_and_ties_go_by_order(columns: int, digits: int) -> None:
    draws = np.random.default_rng(columns + digits)
    scores = np.round(draws.random((60, columns)), digits).astype(np.float32)
    left_out = draws.random((60, columns)) < draws.random((60, 1))  # of some rows hardly anything stays
    found = als.best(scores.copy(), sparse.csr_matrix(left_out), 10)
    for row in range(60):
        there = sorted(np.flatnonzero(~left_out[row]).tolist(), key=lambda c, row=row: (-scores[row, c], c))[:10]
        assert found[row].tolist() == there + [-1] * (10 - len(there))


def test_nobody_has_no_list() -> None:
    assert als.best(np.empty((0, 777), np.float32), sparse.csr_matrix((0, 777)), 10).shape == (0, 10)


def test_a_score_that_is_no_number_hides_none_beside_it() -> None:
    draws = np.random.default_rng(6)
    scores = draws.random((50, 777)).astype(np.float32)
    scores[draws.random(scores.shape) < 0.02] = np.nan
    found = als.best(scores.copy(), sparse.csr_matrix(scores.shape), 10)
    assert found.tolist() == [np.argsort(-np.nan_to_num(row, nan=-1))[:10].tolist() for row in scores]


def test_few_columns() -> None:
    few = als.best(np.array([[1.0, 2.0, 3.0]]), sparse.csr_matrix(np.array([[0, 0, 1]])), 10)
    assert few.tolist() == [[1, 0] + [-1] * 8]


def test_tastes_that_do_not_overlap_are_found() -> None:
    """Two crowds, each with products of its own: hardly anybody is shown the other crowd's."""
    draws = np.random.default_rng(4)
    crowd = np.repeat([0, 1], 150)
    weights = np.zeros((300, 60))
    for user, side in enumerate(crowd):
        weights[user, draws.choice(30, 8, replace=False) + 30 * side] = 5
    matrix = sparse.csr_matrix(weights)
    factors = als.fit(matrix, als.Parameters(factors=4, iterations=10))
    top = als.lists(factors, np.arange(300), matrix)
    assert ((top // 30) == crowd[:, None]).mean() > 0.99
    assert not np.take_along_axis(weights, top, axis=1).any()
    again = als.fit(matrix, als.Parameters(factors=4, iterations=10))
    assert (again.users == factors.users).all()
    assert (again.products == factors.products).all()


def test_lists_by_blocks_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(5)
    matrix = sparse.csr_matrix((draws.random((70, 40)) < 0.2).astype(float))
    factors = als.fit(matrix, als.Parameters(factors=4))
    whole = als.lists(factors, np.arange(70), matrix)
    monkeypatch.setattr(als, "BLOCK", 16)
    assert (als.lists(factors, np.arange(70), matrix) == whole).all()


def test_one_order_for_all_is_what_equal_scores_give() -> None:
    draws = np.random.default_rng(8)
    for products in (5, 12, 60):
        score = draws.integers(0, 6, products).astype(float)  # many equal ones
        out = sparse.csr_matrix((draws.random((50, products)) < 0.4).astype(float))
        wanted = als.best(np.tile(score, (50, 1)), out)
        assert (als.first(np.argsort(-score, kind="stable"), out) == wanted).all()
