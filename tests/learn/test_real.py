"""Both models on UCI Online Retail, a real shop: as good as can be believed, and no better."""

import datetime as dt
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoplake import __version__
from shoplake.learn import churn, churn_card, recommend, recommend_card
from shoplake.learn.cuts import Cuts
from shoplake.look.opened import Opened, opened
from tests.docs.guides import ROOT
from tests.making import session

pytestmark = pytest.mark.real

CARDS = ROOT / "docs/reference/cards"
DRAWN = re.compile(r"<svg.*?</svg>|[0-9a-f]{64}", re.DOTALL)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def is_the_card(name: str, card: str) -> None:
    """The card that the pages link to says what is found now; with SHOPLAKE_RECORD it is written. Other processors may round another last digit."""
    file = CARDS / f"{name}.html"
    if os.environ.get("SHOPLAKE_RECORD"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(card + "\n", encoding="utf-8")
    kept, found = (DRAWN.sub("", text) for text in (file.read_text(encoding="utf-8"), card + "\n"))
    assert NUMBER.sub("#", kept) == NUMBER.sub("#", found), f"{file} is stale: SHOPLAKE_RECORD=1 make test-real writes it"
    numbers = ([float(n.replace(",", "")) for n in NUMBER.findall(text)] for text in (kept, found))
    assert all(a == pytest.approx(b, rel=0.01, abs=0.011) for a, b in zip(*numbers, strict=True)), f"{file} is stale: SHOPLAKE_RECORD=1 make test-real writes it"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
    lake = tmp_path_factory.mktemp("uci") / "lake"
    for words in (["ingest", str(Path(folder).resolve() / "online_retail.csv.gz")], ["build"]):
        subprocess.run([sys.executable, "-m", "shoplake", "--lake", str(lake), *words], env={**os.environ, "SHOPLAKE_TIMEZONE": "Europe/London"}, check=True, capture_output=True)
    with opened(session(lake, threads="2")) as found:
        yield found


def test_churn_is_told_as_well_as_a_real_shop_lets_it(one: Opened) -> None:
    """Three months ahead, at cuts three months apart: nothing of what is judged was known when it was taught."""
    options = churn.Options(horizon=90, train_cut=dt.date(2011, 6, 12), test_cut=dt.date(2011, 9, 10))
    record = churn.train(Cuts(one, ""), one.lake, options).record
    auc = {name: found["auc"]["value"] for name, found in {"model": record["model"], **record["baselines"]}.items()}
    assert 0.68 <= auc["model"] <= 0.80
    assert auc["model"] == max(auc.values())
    assert record["planted"] is None
    is_the_card("uci_churn", churn_card.as_html({**record, "version": 1, "shoplake": __version__}))


def test_recommendations_beat_what_sold_most_and_do_not_hide_what_sold_lately(one: Opened) -> None:
    """Before Christmas, what sold in the last weeks is hard to beat: then the version says so."""
    record = recommend.train(Cuts(one, ""), one.lake, recommend.Options()).record
    ndcg = {name: found["ndcg"]["value"] for name, found in {"als": record["model"], **record["baselines"]}.items()}
    assert ndcg["als"] > 1.5 * ndcg["popularity"]
    assert ndcg["als"] > ndcg["item-item cosine"]
    assert record["beats_popularity"] == (ndcg["als"] > ndcg["recent popularity"])
    assert record["taste"] is None
    is_the_card("uci_recommend", recommend_card.as_html({**record, "version": 1, "shoplake": __version__}))
