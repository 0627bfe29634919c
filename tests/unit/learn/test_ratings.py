"""Files of ratings from elsewhere: read in any form, split, taught and judged; explicit ALS beside its closed form."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.errors import WrongUse
from shoplake.learn import explicit
from shoplake.learn.als import Parameters
from shoplake.learn.from_ratings import Options, train
from shoplake.learn.ratings import as_ratings, read_ratings, split_by
from tests.unit.look.conftest import Ask


def made(path: Path, count: int = 4_000, noise: float = 0.2, least: float = -99) -> Path:
    """Ratings of 200 users and 60 items by three tastes, with times; a pair once. `least`: none is below it."""
    draws = np.random.default_rng(3)
    users, items = draws.normal(size=(200, 3)), draws.normal(size=(60, 3))
    pairs = draws.permutation(200 * 60)[:count]
    values = [max(least, 3 + users[p // 60] @ items[p % 60] * 0.7 + draws.normal() * noise) for p in pairs]
    lines = [f"u{p // 60},i{p % 60},{value:.3f},{1_700_000_000 + n}" for n, (p, value) in enumerate(zip(pairs, values, strict=True))]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("separator", ["::", "\t", ";", "|", ",", " "])
@pytest.mark.parametrize("head", ["", "user{0}item{0}rating{0}at\n"])
def test_any_separator_with_a_header_or_without(tmp_path: Path, separator: str, head: str) -> None:
    file = tmp_path / "r"
    file.write_text(head.format(separator) + "\n".join(separator.join(row) for row in (("a", "x", "3.5", "7"), ("b", "y", "1", "5"))) + "\n")
    assert read_ratings(file, explicit=True).to_pylist() == [{"user": "a", "item": "x", "value": 3.5, "at": "7"}, {"user": "b", "item": "y", "value": 1.0, "at": "5"}]


def test_without_times_in_quotes_and_with_more_columns(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('\ufeff"a b","x, y",2\n"c","z",3\n', encoding="utf-8")
    assert read_ratings(tmp_path / "a", explicit=False).column("at").null_count == 2
    assert read_ratings(tmp_path / "a", explicit=False).column("item").to_pylist() == ["x, y", "z"]
    (tmp_path / "b").write_text("a,x,2,9,more,and more\n")
    assert read_ratings(tmp_path / "b", explicit=False).to_pylist() == [{"user": "a", "item": "x", "value": 2.0, "at": "9"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [("a,x,1\nb,y,good\n", ":2: found 'good'"), ("user,item,n\na,x,1\nb,,2\n", ":3: found '2'"), ("a,x,-1\n", ":1: found '-1'"), ("a,x,nan\n", ":1: found 'nan'"), ("", "no lines"),
     ("a,x\n", ":1: found 'a,x'"), ("a,x,1\nb,y\n", "cannot be read"), ("a,x,inf\n", ":1: found 'inf'")],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r").write_text(text)
    with pytest.raises(WrongUse) as e:
        read_ratings(tmp_path / "r", explicit=False)
    assert said in str(e.value)


def test_the_latest_judge_or_a_share_by_a_hash(tmp_path: Path) -> None:
    rows = read_ratings(made(tmp_path / "r"), explicit=True)
    judges = split_by(rows, 0.25, 1)
    assert judges.sum() == 1_000
    assert (np.flatnonzero(judges) >= 3_000).all()
    timeless = rows.set_column(3, "at", pa.nulls(rows.num_rows, pa.string()))
    judges = split_by(timeless, 0.25, 1)
    assert 900 < judges.sum() < 1_100
    assert (judges == split_by(timeless, 0.25, 1)).all()
    assert (judges != split_by(timeless, 0.25, 2)).any()


def test_a_pair_that_comes_twice() -> None:
    rows = pa.table({"user": ["a", "a", "b"], "item": ["x", "x", "x"], "value": [1.0, 4.0, 2.0], "at": pa.nulls(3, pa.string())})
    assert as_ratings(rows, explicit=True).value.tolist() == [4.0, 2.0]
    assert as_ratings(rows, explicit=False).value.tolist() == [5.0, 2.0]


def test_a_half_step_is_the_closed_form() -> None:
    draws = np.random.default_rng(2)
    fixed, row, column, value = draws.normal(size=(12, 4)), draws.integers(0, 5, 40), draws.integers(0, 12, 40), draws.normal(size=40)
    found = explicit.half_step(fixed, row, column, value, 6, 0.3)
    for n in range(5):
        of, given = fixed[column[row == n]], value[row == n]
        # min |Qp - r|^2 + c |p|^2 is the plain least squares of Q over sqrt(c) I, and r over zeros.
        more = np.sqrt(0.3 * len(given)) * np.eye(4)
        wanted = np.linalg.lstsq(np.vstack([of, more]), np.concatenate([given, np.zeros(4)]), rcond=None)[0]
        assert np.allclose(found[n], wanted)
    assert (found[5] == 0).all()


@pytest.mark.parametrize("explicit", [[], ["--explicit"]])
def test_a_number_beyond_all_measure_is_told_and_the_largest_allowed_is_not(ask: Ask, tmp_path: Path, explicit: list[str]) -> None:
    text = made(tmp_path / "r", least=0.1).read_text()
    for value, code in (("1e300", 2), ("1000000001", 2), ("1000000000", 0)):
        (tmp_path / "r").write_text(f"{text}u0,i60,{value},1\n")
        found = ask("learn", "train", "recommend", "--ratings", str(tmp_path / "r"), "--lake", str(tmp_path / value), *explicit)
        assert found.code == code, found.err
        assert (f":4001: found '{value}'" in found.err) == bool(code)
        assert (tmp_path / value / "models/ratings/000001").exists() == (not code)


def test_an_alpha_beyond_all_measure_is_told(ask: Ask, tmp_path: Path) -> None:
    found = ask("learn", "train", "recommend", "--ratings", str(made(tmp_path / "r", least=0.1)), "--alpha", "1e38", "--lake", str(tmp_path / "L"))
    assert found.code == 2
    assert "the factors are no numbers" in found.err
    assert not (tmp_path / "L/models/ratings/000001").exists()


def test_ratings_are_foretold(tmp_path: Path) -> None:
    one = Parameters(factors=5, regularisation=0.02, iterations=15)
    record = train(Options(made(tmp_path / "r"), explicit=True, parameters=one)).record
    assert record["pairs_judged"] > 700
    assert record["model"]["rmse"] < 0.5  # the noise alone is 0.2
    assert record["model"]["rmse"] < 0.6 * min(found["rmse"] for found in record["baselines"].values())
    assert record["beats_baselines"]
    again = train(Options(tmp_path / "r", explicit=True, parameters=one)).record
    assert again == record


def test_by_the_command(ask: Ask, tmp_path: Path) -> None:
    lake, file = str(tmp_path / "lake"), str(made(tmp_path / "r"))
    found = json.loads(ask("--lake", lake, "learn", "train", "recommend", "--ratings", file, "--explicit", "--json").out)
    assert (found["name"], found["version"], found["explicit"]) == ("ratings", 1, True)
    lists = ask("--lake", lake, "learn", "train", "recommend", "--ratings", str(made(tmp_path / "c", least=0)), "--split", "0.3")
    assert "NDCG@10" in lists.out
    other = str(made(tmp_path / "s", 1_000))
    assert "from r" in ask("--lake", lake, "learn", "train", "recommend", "--ratings", file, "--split", other, "--explicit").out
    assert len(ask("--lake", lake, "learn", "history", "ratings").out.splitlines()) == 4
    said = pq.read_table(tmp_path / "lake/models/ratings/000001/predictions.parquet")
    assert np.sqrt(np.mean(np.square(said.column("value").to_numpy() - said.column("foretold").to_numpy()))) == pytest.approx(found["model"]["rmse"], abs=1e-6)
    card = (tmp_path / "lake/models/ratings/000001/card.html").read_text()
    assert f"{found['model']['rmse']:.3f}" in card
    for words, said in (
        (("learn", "promote", "ratings"), "cannot be published"),
        (("learn", "train", "recommend", "--explicit", "--tune"), "searches lists, not ratings"),
        (("learn", "train", "recommend", "--ratings", file, "--split", "2"), "a share between 0 and 1"),
        (("learn", "train", "recommend", "--ratings", file, "--tune"), "leave out"),
        (("learn", "train", "recommend", "--ratings", str(tmp_path / "none")), "cannot be read"),
    ):
        refused = ask("--lake", lake, *words)
        assert refused.code == 2
        assert said in refused.err
