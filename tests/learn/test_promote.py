"""Promotion on a made shop: the gate, twenty bad candidates, builds and kills in between, and the way back."""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.build.plan import Options as BuildOptions
from shoplake.build.run import build
from shoplake.contracts.project import init
from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import database_path, read_manifest, sha256_of
from shoplake.learn import als, churn, recommend
from shoplake.learn.churn_card import as_html as churn_card
from shoplake.learn.cuts import Cuts
from shoplake.learn.gate import look
from shoplake.learn.interactions import Weights, interactions
from shoplake.learn.promote import evaluate, promote, rollback
from shoplake.learn.recommend_card import as_html as recommend_card
from shoplake.learn.registry import keep, read
from shoplake.look.opened import opened
from shoplake.look.verify import verify
from tests.making import deliver, session

pytestmark = pytest.mark.made

LISTS: dict[str, Any] = {"count": 10, "keep_bought": False, "keep_unsellable": False}
TABLES = {"churn": ["marts.churn_scores"], "recommend": ["marts.recommendations", "marts.similar_products", "marts.popular_products"]}


@pytest.fixture(scope="module")
def taught(shop: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The shop with a version of each model, both promoted."""
    lake = Lake(tmp_path_factory.mktemp("promote") / "shop")
    shutil.copytree(shop.root, lake.root, symlinks=True)
    shutil.rmtree(lake.models, ignore_errors=True)  # what other tests have taught
    with opened(session(lake.root, threads="2")) as one:
        cuts = Cuts(one, "")
        first = churn.train(cuts, lake, churn.Options())
        other = churn.train(cuts, lake, churn.Options(regularisation=0.01))
        lists = recommend.train(cuts, lake, recommend.Options())
    for trained in (first, other):
        keep(lake, "churn", churn.as_files(trained), trained.record, churn_card)
    keep(lake, "recommend", recommend.as_tables(lists), lists.record, recommend_card)
    promote(session(lake.root, threads="2"), "churn", 1, {})
    promote(session(lake.root, threads="2"), "recommend", 1, LISTS)
    return lake


@pytest.fixture
def lake(taught: Lake, tmp_path: Path) -> Lake:
    shutil.copytree(taught.root, tmp_path / "shop", symlinks=True)
    return Lake(tmp_path / "shop")


def rows(lake: Lake, sql: str) -> list[tuple[Any, ...]]:
    with opened(session(lake.root)) as one:
        return one.engine.rows(sql)


def scores(lake: Lake) -> list[tuple[Any, ...]]:
    return rows(lake, "SELECT * FROM marts.churn_scores ORDER BY user_id")


def test_everybody_is_scored_and_has_a_list(lake: Lake) -> None:
    manifest = read_manifest(lake)
    assert {name: (c.version, c.previous, c.tables) for name, c in manifest.models.items()} == {name: (1, [], tables) for name, tables in TABLES.items()}
    for name in ("marts.churn_scores", *TABLES["recommend"]):
        assert manifest.tables[name] == rows(lake, f"SELECT COUNT(*) FROM {name}")[0][0] > 0
    assert rows(lake, "SELECT COUNT(*) FROM marts.churn_features")[0][0] == manifest.tables["marts.churn_scores"]
    by_level = dict(rows(lake, "SELECT risk_level, AVG(leave_probability) FROM marts.churn_scores GROUP BY ALL"))
    assert len(by_level) > 2
    assert sorted(by_level, key=lambda level: by_level[level]) == [level for level in ("low", "medium", "high", "critical") if level in by_level]
    # Who bought long ago is told so.
    assert rows(lake, "SELECT reason_1 FROM marts.churn_scores s JOIN marts.churn_features USING (user_id) ORDER BY leave_probability DESC LIMIT 1") == [("recency_days",)]
    assert rows(lake, "SELECT MAX(product_rank), COUNT(DISTINCT user_id) >= 0.9 * (SELECT COUNT(DISTINCT user_id) FROM marts.interactions) FROM marts.recommendations") == [(10, True)]
    bought = "SELECT COUNT(*) FROM marts.recommendations JOIN marts.interactions USING (user_id, product_id) WHERE purchase_count > 0"
    unsellable = "JOIN core.dim_products p USING (product_id) WHERE is_current AND (NOT is_active OR stock_quantity <= 0)"
    assert rows(lake, bought) == [(0,)]
    assert rows(lake, f"SELECT COUNT(*) FROM marts.recommendations {unsellable}") == [(0,)]
    assert rows(lake, f"SELECT COUNT(*) FROM marts.popular_products {unsellable}") == [(0,)]
    assert rows(lake, f"SELECT COUNT(*) > 0 FROM (SELECT DISTINCT product_id FROM marts.interactions) {unsellable}") == [(True,)]
    promote(session(lake.root), "recommend", 1, {"count": 3, "keep_bought": True, "keep_unsellable": True})
    assert rows(lake, "SELECT MAX(product_rank) FROM marts.recommendations") == [(3,)]
    assert rows(lake, bought)[0][0] > 0
    assert rows(lake, f"SELECT COUNT(*) FROM marts.recommendations {unsellable}")[0][0] > 0
    assert verify(lake)["findings"] == []


def test_there_and_back_again(lake: Lake) -> None:
    first, lists = scores(lake), rows(lake, "SELECT * FROM marts.recommendations ORDER BY ALL")
    with pytest.raises(WrongUse, match="the first that was promoted"):
        rollback(session(lake.root), "churn")
    verdict = evaluate(session(lake.root), "churn", None)
    assert verdict.is_good, verdict.findings
    assert promote(session(lake.root), "churn", None, {}).version == 2
    second = scores(lake)
    assert {row[-1] for row in second} == {2}
    assert second != first
    assert read_manifest(lake).models["churn"].previous == [1]
    assert rollback(session(lake.root), "churn").version == 1
    assert scores(lake) == first
    assert read_manifest(lake).models["churn"].previous == []
    assert rows(lake, "SELECT * FROM marts.recommendations ORDER BY ALL") == lists
    # An older generation still says what it said.
    generation = read_manifest(lake).generation
    with opened(session(lake.root), generation - 1) as one:
        assert {v for (v,) in one.engine.rows("SELECT model_version FROM marts.churn_scores")} == {2}


@pytest.mark.parametrize("whole", [True, False])
def test_a_build_keeps_what_was_learnt(lake: Lake, whole: bool) -> None:
    before = scores(lake)
    if not whole:  # something arrives
        deliver(lake.root, "users", "2026-01-01", [{"user_id": "U90000001", "updated_at": "2025-12-31T10:00:00Z", "country": "DE"}])
    result = build(session(lake.root), BuildOptions(full=whole))
    assert result.is_full == whole
    assert result.generation is not None
    manifest = read_manifest(lake)
    assert set(manifest.models) == {"churn", "recommend"}
    assert manifest.tables["marts.churn_scores"] == len(before)
    assert scores(lake) == before


def test_a_whole_build_mends_a_damaged_file_without_them(lake: Lake) -> None:
    path = database_path(lake, read_manifest(lake).generation)
    path.write_bytes(path.read_bytes()[:5000])
    result = build(session(lake.root), BuildOptions(full=True))
    assert any("not kept" in line and "shoplake learn promote" in line for line in result.told)
    assert read_manifest(lake).models == {}
    assert verify(lake)["findings"] == []


# -- candidates that must not pass ------------------------------------------------------------------------------


def _model(change: Callable[[dict[str, Any], Any], None]) -> Callable[[Path, Any], None]:
    def bad(folder: Path, draw: Any) -> None:
        model = json.loads((folder / "model.json").read_text())
        change(model, draw)
        (folder / "model.json").write_text(json.dumps(model))

    return bad


def _record(change: Callable[[dict[str, Any]], None]) -> Callable[[Path, Any], None]:
    def bad(folder: Path, draw: Any) -> None:
        record = json.loads((folder / "record.json").read_text())
        change(record)
        (folder / "record.json").write_text(json.dumps(record))

    return bad


def _products(change: Callable[[np.ndarray, list[str], Any], tuple[np.ndarray, list[str]]], column: str = "factors") -> Callable[[Path, Any], None]:
    def bad(folder: Path, draw: Any) -> None:
        there = pq.read_table(folder / "products.parquet")
        ids = there.column("product_id").to_pylist()
        of, ids = change(np.array(there.column("factors").to_pylist(), dtype=np.float32), ids, draw)
        made = pa.FixedSizeListArray.from_arrays(pa.array(of.ravel()), of.shape[1])
        pq.write_table(pa.table({"product_id": ids, column: made}), folder / "products.parquet")

    return bad


def _nan_factors(of: np.ndarray, ids: list[str], draw: Any) -> tuple[np.ndarray, list[str]]:
    of[draw.integers(len(of))] = np.nan
    return of, ids


def _drop(model: dict[str, Any], n: int) -> None:
    for name in ("features", "means", "deviations", "coefficients"):
        del model[name][n]


BAD: dict[str, tuple[str, str, Callable[[Path, Any], None]]] = {
    "leaked 1": ("churn", "not too good", _record(lambda r: r["model"]["auc"].update(value=0.999))),
    "leaked 2": ("churn", "as recorded", _record(lambda r: r["model"]["auc"].update(value=0.81))),
    "leaked 3": ("recommend", "not too good", _record(lambda r: r["model"]["ndcg"].update(value=0.6))),
    "leaked 4": ("recommend", "not too good", _record(lambda r: r.update(was_taught_by="all"))),  # see below: taught by the days that judge it
    "worse 1": ("churn", "beats baselines", _model(lambda m, d: m.update(coefficients=[-c for c in m["coefficients"]]))),
    "worse 2": ("churn", "not worse than the champion", _model(lambda m, d: m.update(coefficients=d.normal(size=len(m["coefficients"])).tolist()))),
    "worse 3": ("recommend", "beats popularity", _products(lambda of, ids, d: (of[d.permutation(len(of))], ids))),
    "worse 4": ("recommend", "not worse than the champion", _products(lambda of, ids, d: (d.normal(size=of.shape).astype(np.float32), ids))),
    "NaN 1": ("churn", "no numbers|coverage", _model(lambda m, d: m["coefficients"].__setitem__(0, float("nan")))),
    "NaN 2": ("churn", "no numbers|coverage", _model(lambda m, d: m.update(intercept=float("inf")) or m["coefficients"].__setitem__(1, float("-inf")))),
    "NaN 3": ("recommend", "no numbers", _products(_nan_factors)),
    "NaN 4": ("recommend", "no numbers", _products(lambda of, ids, d: (of * np.float32("inf"), ids))),
    "coverage 1": ("recommend", "coverage", _products(lambda of, ids, d: (of[::10].copy(), ids[::10]))),
    "coverage 2": ("recommend", "coverage", _products(lambda of, ids, d: (of[: len(of) // 2].copy(), ids[: len(ids) // 2]))),
    "coverage 3": ("recommend", "coverage", _products(lambda of, ids, d: (of, [f"other-{i}" for i in ids]))),
    "coverage 4": ("recommend", "coverage", _products(lambda of, ids, d: (of[:1].copy(), ids[:1]))),
    "schema 1": ("churn", "knows the features", _model(lambda m, d: _drop(m, 3))),
    "schema 2": ("churn", "knows the features", _model(lambda m, d: m["features"].reverse())),
    "schema 5": ("churn", "found 5 coefficients", _model(lambda m, d: m.update(coefficients=m["coefficients"][:5]))),
    "schema 6": ("churn", "not a model", _model(lambda m, d: m.update(features=3))),
    "schema 3": ("recommend", "not the factors of products", _products(lambda of, ids, d: (of, ids), "taste")),
    "schema 4": ("recommend", "factors each", _products(lambda of, ids, d: (of[:, :-1].copy(), ids))),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_candidate_is_refused(taught: Lake, kind: str) -> None:
    name, why, spoil = BAD[kind]
    good = read(taught, name, 1)
    candidate = taught.models / name / "000099"
    try:
        shutil.copytree(good.folder, candidate)
        if kind == "leaked 4":
            _taught_by_its_judges(taught, candidate)
        else:
            spoil(candidate, np.random.default_rng(sum(map(ord, kind))))
        before = (taught.current_file.read_text(), sha256_of(database_path(taught, read_manifest(taught).generation)))
        with pytest.raises(CheckFailed, match="does not pass") as e:
            promote(session(taught.root), name, 99, LISTS if name == "recommend" else {})
        refused = "\n".join(line for line in str(e.value).splitlines() if line.startswith("  NO ") or "Train" in line)
        assert re.search(why, refused), str(e.value)
        assert (taught.current_file.read_text(), sha256_of(database_path(taught, read_manifest(taught).generation))) == before
        assert read_manifest(taught).models[name].version == 1
    finally:
        shutil.rmtree(candidate, ignore_errors=True)


def _taught_by_its_judges(lake: Lake, candidate: Path) -> None:
    """Its factors know what was bought in the window that judges it."""
    with opened(session(lake.root)) as one:
        cuts = Cuts(one, "")
        known = interactions(cuts, dt.date.fromisoformat(one.manifest.as_of), Weights(0, 0, 1))
    factors = als.fit(known.weights, als.Parameters(factors=64, alpha=40.0, regularisation=0.01))
    record = json.loads((candidate / "record.json").read_text())
    record["parameters"] |= {"factors": 64, "alpha": 40.0, "regularisation": 0.01}
    (candidate / "record.json").write_text(json.dumps(record))
    of = np.ascontiguousarray(factors.products)
    pq.write_table(pa.table({"product_id": known.products, "factors": pa.FixedSizeListArray.from_arrays(pa.array(of.ravel()), of.shape[1])}), candidate / "products.parquet")


def test_a_mart_that_sees_the_future_stops_promotion(taught: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def seeing(self: Cuts, name: str, as_of: object) -> None:
        raise CheckFailed(f"{name} as of {as_of}: it sees the future")

    monkeypatch.setattr(Cuts, "check_blind", seeing)
    for name in ("churn", "recommend"):
        with opened(session(taught.root)) as one:
            verdict = look(Cuts(one, ""), taught, name, read(taught, name, 1))
        assert not verdict.is_good
        assert any("sees the future" in finding.said for finding in verdict.findings)


@pytest.mark.parametrize("point", ["in_learnt", "after_learnt", "before_current", "after_current"])
def test_killed_between_writing_and_switching(lake: Lake, point: str) -> None:
    command = [sys.executable, "-m", "shoplake", "--lake", str(lake.root), "learn", "promote", "churn", "--version", "2"]
    done = subprocess.run(command, env={**os.environ, "SHOPLAKE_KILL_AT": point}, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    manifest = read_manifest(lake)
    champion = 2 if point == "after_current" else 1
    assert manifest.models["churn"].version == champion
    assert {row[-1] for row in scores(lake)} == {champion}
    assert {finding["kind"] for finding in verify(lake)["findings"]} <= {"extra"}  # a file that nothing names yet
    assert promote(session(lake.root), "churn", 2, {}).version == 2
    assert {row[-1] for row in scores(lake)} == {2}
    assert verify(lake)["findings"] == []


def test_what_cannot_be_done_is_said(lake: Lake) -> None:
    with pytest.raises(WrongUse, match="no such model"):
        promote(session(lake.root), "price", None, {})
    with pytest.raises(WrongUse, match="no version 7"):
        promote(session(lake.root), "churn", 7, {})
    shutil.rmtree(lake.models / "churn/000001")
    promote(session(lake.root), "recommend", 1, LISTS)
    with pytest.raises(CheckFailed, match="champion: it cannot be read .* no version 1"):
        promote(session(lake.root), "churn", 2, {})
    promote(session(lake.root), "churn", 2, {}, has_checked=True)
    with pytest.raises(WrongUse, match="version 1, the one before, is not kept"):
        rollback(session(lake.root), "churn")


def test_a_project_older_than_the_tables_is_told(lake: Lake, tmp_path: Path) -> None:
    project = tmp_path / "project"
    init(project)
    (project / "contracts/marts/churn_scores.yml").unlink()
    columns = project / "contracts/columns.yml"
    columns.write_text("\n".join(line for line in columns.read_text().splitlines() if not line.startswith(("leave_probability:", "risk_level:", "reason_"))))
    before = lake.current_file.read_text()
    with pytest.raises(WrongUse, match=r"no contract of marts\.churn_scores"):
        promote(session(lake.root, project=str(project)), "churn", 2, {})
    assert lake.current_file.read_text() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [({"test_cut": "soon"}, "test_cut"), ({"seed": "x"}, "seed"), ({"model": {"auc": 5}}, "model.auc"), ({"horizon_days": -3}, "horizon_days"), ({"levels": [1]}, "levels")],
)  # fmt: skip
def test_a_record_that_was_damaged_is_told(taught: Lake, change: dict[str, Any], said: str) -> None:
    candidate = taught.models / "churn/000098"
    shutil.copytree(taught.models / "churn/000001", candidate)
    try:
        (candidate / "record.json").write_text(json.dumps({**json.loads((candidate / "record.json").read_text()), **change}))
        with pytest.raises(WrongUse, match=rf"record\.json: .*\$\.{said}"):
            promote(session(taught.root), "churn", 98, {})
    finally:
        shutil.rmtree(candidate)
