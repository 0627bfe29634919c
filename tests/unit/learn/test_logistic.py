"""The model is scikit-learn's own pipeline, kept as numbers; what cannot be taught is told."""

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoplake.errors import WrongUse
from shoplake.learn.churn import as_json, read_model
from shoplake.learn.frame import Frame, teaches
from shoplake.learn.logistic import fit, reasons

FEATURES = ["recency_days", "order_count", "net_amount", "session_count"]


def made(count: int = 600, seed: int = 1) -> Frame:
    """Users who leave the more, the longer ago they bought; half of them without clicks, in two currencies."""
    draws = np.random.default_rng(seed)
    recency, orders = draws.integers(1, 200, count).astype(float), draws.integers(1, 9, count).astype(float)
    yen = draws.random(count) < 0.3
    money = draws.gamma(2, 30, count) * np.where(yen, 150, 1)
    sessions = np.where(draws.random(count) < 0.5, np.nan, draws.integers(0, 20, count))
    left = draws.random(count) < 1 / (1 + np.exp(-(recency - 90) / 40 + orders / 8))
    values = np.column_stack([recency, orders, money, sessions])
    return Frame(dt.date(2025, 10, 3), [f"U{n}" for n in range(count)], ["JPY" if y else "EUR" for y in yen], FEATURES, values, left)


def in_own_currency(frame: Frame) -> NDArray[Any]:
    values, currencies = frame.values.copy(), np.array(frame.currencies)
    for currency in set(frame.currencies):
        there = currencies == currency
        values[there, 2] /= np.median(frame.values[there, 2])
    return values


def test_it_gives_what_the_librarys_pipeline_gives() -> None:
    frame = made()
    model = fit(frame, 0.01)
    reference = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=1 / (len(frame) * 0.01), solver="newton-cholesky", tol=1e-8))
    reference.fit(in_own_currency(frame), frame.left)
    np.testing.assert_allclose(model.coefficients, reference[-1].coef_[0], atol=1e-5)
    np.testing.assert_allclose(model.probability(frame), reference.predict_proba(in_own_currency(frame))[:, 1], atol=1e-5)
    assert model.coefficients[0] > 0.5 > abs(model.coefficients[3])


def test_a_model_is_numbers_that_can_be_written_down() -> None:
    frame = made()
    model = fit(frame)
    again = read_model(as_json(model), Path("model.json"))
    assert (again.probability(frame) == model.probability(frame)).all()
    with pytest.raises(WrongUse, match="model.json: not a model of this version"):
        read_model('{"weights": []}', Path("model.json"))


def test_money_counts_in_its_own_currency() -> None:
    frame = made()
    euro = replace(frame, currencies=["EUR"] * len(frame), values=in_own_currency(frame))
    np.testing.assert_allclose(fit(frame).coefficients, fit(euro).coefficients, atol=1e-6)
    model = fit(frame)
    unknown = replace(frame, currencies=["CHF"] * len(frame))
    assert np.isfinite(model.probability(unknown)).all()


def test_gaps_and_constants_are_no_trouble_and_nonsense_is_told() -> None:
    frame = made()
    blank = replace(frame, values=np.column_stack([frame.values[:, :3], np.full(len(frame), np.nan)]))
    assert fit(blank).coefficients[3] == 0
    constant = replace(frame, values=np.column_stack([frame.values[:, :3], np.full(len(frame), 7.0)]))
    assert fit(constant).coefficients[3] == 0
    for left, said in ((np.ones(len(frame), bool), "all left"), (np.zeros(len(frame), bool), "none left")):
        with pytest.raises(WrongUse, match=said):
            fit(replace(frame, left=left))
    endless = frame.values.copy()
    endless[3, 1] = np.inf
    with pytest.raises(WrongUse, match="order_count holds an infinite value"):
        fit(replace(frame, values=endless))
    with pytest.raises(WrongUse, match="knows the features .* found recency_days"):
        fit(frame).probability(replace(frame, features=FEATURES[:1], values=frame.values[:, :1]))


def test_the_reasons_are_the_features_that_pull_most() -> None:
    frame = made()
    model = fit(frame)
    pull = model.standardised(frame) * np.array(model.coefficients)
    for row, names in enumerate(reasons(model, frame)[:50]):
        assert len(names) <= 3
        assert names == [FEATURES[j] for j in np.argsort(-pull[row], kind="stable")[:3] if pull[row, j] > 0]


def test_who_teaches_does_not_judge() -> None:
    users = [f"U{n}" for n in range(5000)]
    mask = teaches(users, 42)
    assert 0.67 < mask.mean() < 0.73
    assert (mask == teaches(users, 42)).all()
    assert (mask != teaches(users, 43)).any()
    assert teaches(users[::-1], 42)[::-1].tolist() == mask.tolist()
