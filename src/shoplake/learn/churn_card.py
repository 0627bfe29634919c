"""What a version of the churn model is and how good, for people: on a terminal, and as a page of its own."""

from typing import Any

from shoplake.learn.judge import LEVELS
from shoplake.learn.page import facts, figure, in_columns, page, section, table
from shoplake.learn.plots import bars, curve

FIGURES = {"auc": "AUC", "pr_auc": "PR-AUC", "accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1", "brier": "Brier", "lift_top_decile": "lift, top tenth"}
HELPLESS = (
    "<p>Users without an order before the day are not scored. Clicks are known of few users; the others get the mean. "
    "The weights say what goes with leaving, not what causes it.</p>"
)


def as_text(record: dict[str, Any]) -> str:
    """The figures beside the baselines."""
    lines = [
        f"churn version {record['version']}: who buys nothing for {record['horizon_days']} days",
        f"taught by {_group(record, 'taught', 'train_cut')}, judged by {_group(record, 'judged', 'test_cut', 'others')}",
        "", *in_columns(FIGURES, _rows(record), 28),
    ]  # fmt: skip
    if "share_of_best" in record:
        lines += ["", _of_the_best(record)]
    lines += ["", "risk levels begin at " + ", ".join(f"{name} {_number(record['levels'][name])}" for name in LEVELS)]
    lines += ["speaks most: " + ", ".join(f"{name} {weight:+.2f}" for name, weight in list(record["weights"].items())[:5])]
    return "\n".join(lines)


def _group(record: dict[str, Any], who: str, cut: str, name: str = "users") -> str:
    return f"{record[f'users_{who}']:,} {name} at {record[cut]} ({record[f'left_{who}']:.1%} left)"


def _rows(record: dict[str, Any]) -> dict[str, Any]:
    return {"model": record["model"], **record["baselines"], **(record["planted"] or {})}


def _of_the_best(record: dict[str, Any]) -> str:
    return f"above a guess, {record['share_of_seen']:.1%} of the best that orders tell, {record['share_of_best']:.1%} of the best that could be told"


def _number(value: float | None) -> str:
    return "nowhere" if value is None else f"{value:.3f}"


def as_html(record: dict[str, Any]) -> str:
    """The card: figures straight from the record."""
    told = {
        "question": f"Who buys nothing in the {record['horizon_days']} days after a day, of those who bought before it?",
        "taught": _group(record, "taught", "train_cut"),
        "judged": _group(record, "judged", "test_cut", "other users"),
        "data": f"generation {record['generation']}, as of {record['as_of']}; SHA-256 of what taught it: {record['trained_on']}",
        "how": f"logistic regression, regularisation {record['parameters']['regularisation']}, seed {record['seed']}; shoplake {record['shoplake']}",
        "risk levels": ", ".join(f"{name} from {_number(record['levels'][name])}" for name in LEVELS) + " (where a quarter, half and three quarters of those scored alike left)",
    }
    if "share_of_best" in record:
        told["of the best"] = _of_the_best(record)
    groups = record["calibration"]
    return page(
        f"churn, version {record['version']}", facts(told),
        section("Figures, with half the width of their 95 % interval", table(["", *FIGURES.values()], [[name, *(figure(found.get(one)) for one in FIGURES)] for name, found in _rows(record).items()])),
        curve("ROC", record["roc"], "of those who stayed", "of those who left"),
        curve("Calibration", [[g["said"], g["left"]] for g in groups], "probability", "share that left", dots=True),
        bars("Weights (a deviation's worth of log odds)", record["weights"]),
        curve("Cumulative gains", record["gains"], "share of users asked", "share of leavers found"),
        section("By how often they had ordered", table(["", "users", "left", "AUC"], [[name, f"{s['users']:,}", f"{s['left']:.1%}", figure(s["auc"])] for name, s in record["segments"].items()])),
        section("Calibration", table(["users", "said", "left"], [[f"{g['users']:,}", f"{g['said']:.3f}", f"{g['left']:.3f}"] for g in groups])),
        section("Where it is no help", HELPLESS),
    )  # fmt: skip
