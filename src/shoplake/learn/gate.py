"""What a version must show before it is promoted: judged anew, on the published generation, never by what its record claims alone."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.layout import Lake
from shoplake.learn import als, churn, recommend
from shoplake.learn.churn_scores import everybody, model_of
from shoplake.learn.cuts import Cuts
from shoplake.learn.frame import MART, Frame, frame, teaches
from shoplake.learn.interactions import MART as INTERACTIONS
from shoplake.learn.interactions import as_matrix, asked, bought_within, interactions
from shoplake.learn.judge import judge
from shoplake.learn.planted import BEST
from shoplake.learn.product_lists import placed, ranked, space_of
from shoplake.learn.rank import judge_lists
from shoplake.learn.registry import Version, read

# Figures judged anew may differ so much from those of the record: days that arrived late change both.
APART = 0.02
# Without a planted truth nobody knows what could be reached; above it somebody has to look.
TOO_GOOD = 0.95
USERS, PAIRS = 0.9, 0.8  # shares that must be covered


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    check: str
    is_good: bool
    said: str


@dataclass
class Verdict:
    """`figures`: those of this day, by name; the champion's beside them when there is one."""

    name: str
    version: int
    champion: int | None
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return all(one.is_good for one in self.findings)

    def add(self, check: str, is_good: Any, said: str) -> None:
        self.findings.append(Finding(check, bool(is_good), said))

    @contextmanager
    def looking(self, check: str) -> Iterator[None]:
        """What ends in an error is a finding like others."""
        try:
            yield
        except (WrongUse, CheckFailed) as e:
            self.add(check, False, str(e))

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "champion": self.champion, "passed": self.is_good, "findings": [asdict(f) for f in self.findings], "figures": self.figures}


def look(cuts: Cuts, lake: Lake, name: str, version: Version, has_checked: bool = False) -> Verdict:
    """has_checked: somebody vouches for figures that look too good, or for a champion that is gone."""
    now = cuts.one.manifest.models.get(name)
    verdict = Verdict(name, version.number, now.version if now else None)
    rival = None
    if now and now.version != version.number:
        try:
            rival = read(lake, name, now.version)
        except WrongUse as e:
            verdict.add("not worse than the champion", has_checked, f"it cannot be read ({e}); only with --i-have-checked")
    with verdict.looking("judged anew"):
        GATES[name](verdict, cuts, lake, version, rival, has_checked)
    return verdict


def _churn(verdict: Verdict, cuts: Cuts, lake: Lake, version: Version, rival: Version | None, has_checked: bool) -> None:
    record, model = version.record, model_of(version)
    users = everybody(cuts.one)
    with verdict.looking("schema"):
        probability = model.probability(users)
        share = float(np.isfinite(probability).mean()) if len(users) else 0.0
        verdict.add("coverage", share == 1, f"{share:.1%} of {len(users):,} users have a score")
    if not verdict.is_good:
        return
    cut, horizon = dt.date.fromisoformat(record["test_cut"]), int(record["horizon_days"])
    with verdict.looking("no leak"):
        cuts.check_blind(MART, cut)
    judged = frame(cuts, cut, horizon)
    judged = judged.where(~teaches(judged.users, record["seed"]))
    if not _tells(judged):
        raise WrongUse(f"cut {cut}: of {len(judged):,} users who judge, {int(judged.left.sum()):,} left; {churn.LEAST} are needed on either side. Train a new version.")
    found = churn.evaluated(model, judged, lake, horizon, record["seed"])
    auc, claimed = found["model"]["auc"], record["model"]["auc"]["value"]
    verdict.figures = {"model": found["model"], "baselines": found["baselines"], "planted": found["planted"]}
    verdict.add("as recorded", abs(auc["value"] - claimed) <= APART, f"AUC {auc['value']:.3f} judged anew, {claimed:.3f} in its record")
    for rest, figures in found["baselines"].items():
        verdict.add("beats baselines", auc["value"] > figures["auc"]["value"], f"AUC {auc['value']:.3f}, {rest} {figures['auc']['value']:.3f}")
    if found["planted"]:
        limit = found["planted"][BEST]["auc"]["interval"][1]
        verdict.add("not too good", max(auc["value"], claimed) <= limit, f"AUC {max(auc['value'], claimed):.3f}; who knew what was planted reaches {limit:.3f}")
    else:
        verdict.add("not too good", max(auc["value"], claimed) <= TOO_GOOD or has_checked, f"AUC {max(auc['value'], claimed):.3f}; above {TOO_GOOD} only with --i-have-checked")
    if rival:
        with verdict.looking("not worse than the champion"):
            both = judged.where(~teaches(judged.users, rival.record["seed"]))  # nobody judges who taught one of the two
            both = both if _tells(both) else judged  # too few: then the champion may know some of its judges
            mine, other = (judge(both.left, one.probability(both), record["seed"])["auc"] for one in (model, model_of(rival)))
            verdict.figures["champion"] = other
            verdict.add("not worse than the champion", mine["value"] >= other["interval"][0], f"AUC {mine['value']:.3f}, champion {other['value']:.3f} [{other['interval'][0]:.3f}, {other['interval'][1]:.3f}]")


def _recommend(verdict: Verdict, cuts: Cuts, lake: Lake, version: Version, rival: Version | None, has_checked: bool) -> None:
    record, space = version.record, space_of(version)
    today = as_matrix(cuts.one.engine.fetch("SELECT * FROM marts.interactions"), dt.date.fromisoformat(cuts.one.manifest.as_of), space.weights)
    select, users = placed(space, today)
    listed, pairs = float(np.any(users != 0, axis=1).mean()), float((today.weights @ select).nnz / today.weights.nnz)
    verdict.add("coverage", listed >= USERS and pairs >= PAIRS, f"{listed:.1%} of {len(today.users):,} users have a list ({USERS:.0%} asked); it knows the products of {pairs:.1%} of what they did ({PAIRS:.0%})")
    if not verdict.is_good:
        return
    cut = dt.date.fromisoformat(record["cut"])
    cuts.check_blind(INTERACTIONS, cut)
    known = interactions(cuts, cut, space.weights)
    one = asked(known, bought_within(cuts, cut, cut + dt.timedelta(int(record["window_days"]))))
    if len(one.rows) < recommend.LEAST:
        raise WrongUse(f"cut {cut}: {len(one.rows)} known users bought something new in the days after it; {recommend.LEAST} are needed. Train a new version.")
    tops = {
        "model": ranked(space, known, one.rows, known.bought),
        "taught again": als.lists(als.fit(known.weights, space.parameters), one.rows, known.bought),
        **recommend.baselines(cuts, known, one.rows),
    }
    if rival:
        with verdict.looking("not worse than the champion"):
            tops["champion"] = ranked(space_of(rival), known, one.rows, known.bought)
    figures = {name: judge_lists(top, one, len(known.products), record["seed"])["ndcg"] for name, top in tops.items()}
    verdict.figures = figures
    ndcg, claimed = figures["model"]["value"], record["model"]["ndcg"]["value"]
    verdict.add("as recorded", abs(ndcg - claimed) <= APART, f"NDCG@10 {ndcg:.4f} judged anew, {claimed:.4f} in its record")
    for rest in ("popularity", "recent popularity"):
        verdict.add("beats popularity", ndcg > figures[rest]["value"], f"NDCG@10 {ndcg:.4f}, {rest} {figures[rest]['value']:.4f}")
    limit = figures["taught again"]["interval"][1]
    verdict.add("not too good", max(ndcg, claimed) <= limit or has_checked, f"NDCG@10 {max(ndcg, claimed):.4f}; taught again by what was known at its cut {figures['taught again']['value']:.4f}, at most {limit:.4f}")
    if "champion" in figures:
        other = figures["champion"]
        verdict.add("not worse than the champion", ndcg >= other["interval"][0], f"NDCG@10 {ndcg:.4f}, champion {other['value']:.4f} [{other['interval'][0]:.4f}, {other['interval'][1]:.4f}]")


GATES: dict[str, Callable[..., None]] = {"churn": _churn, "recommend": _recommend}


def _tells(judged: Frame) -> bool:
    """Whether enough left, and enough stayed."""
    return bool(min(judged.left.sum(), (~judged.left).sum()) >= churn.LEAST)


def as_text(verdict: Verdict) -> str:
    """A line a finding."""
    head = f"{verdict.name} {verdict.version}: " + ("passes" if verdict.is_good else "does not pass") + (f" (champion: {verdict.champion})" if verdict.champion else " (no champion yet)")
    return "\n".join([head, *(f"  {'ok ' if f.is_good else 'NO '} {f.check}: {f.said}" for f in verdict.findings)])
