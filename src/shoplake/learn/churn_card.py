"""What a version of the churn model is and how good, for people: on a terminal, and as a page of its own."""

from html import escape
from typing import Any

from shoplake.learn.judge import LEVELS
from shoplake.learn.plots import bars, curve

FIGURES = {"auc": "AUC", "pr_auc": "PR-AUC", "accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1", "brier": "Brier", "lift_top_decile": "lift, top tenth"}


def as_text(record: dict[str, Any]) -> str:
    """The figures beside the baselines."""
    rows = _rows(record)
    lines = [
        f"churn version {record['version']}: who buys nothing for {record['horizon_days']} days",
        f"taught by {record['users_taught']:,} users at {record['train_cut']} ({record['left_taught']:.1%} left), judged by {record['users_judged']:,} others at {record['test_cut']} ({record['left_judged']:.1%} left)",
        "", f"{'':<20}" + "".join(f"{label:>16}" for label in FIGURES.values()),
    ]  # fmt: skip
    lines += [f"{name:<20}" + "".join(f"{_cell(found.get(figure)):>16}" for figure in FIGURES) for name, found in rows.items()]
    if "share_of_attainable" in record:
        lines += ["", f"of what could be told from the planted chances, above a guess: {record['share_of_attainable']:.1%}"]
    lines += ["", "risk levels begin at " + ", ".join(f"{name} {_number(record['levels'][name])}" for name in LEVELS)]
    lines += ["speaks most: " + ", ".join(f"{name} {weight:+.2f}" for name, weight in list(record["weights"].items())[:5])]
    return "\n".join(lines)


def _rows(record: dict[str, Any]) -> dict[str, Any]:
    rows = {"model": record["model"], **record["baselines"]}
    return {**rows, "attainable": record["attainable"]} if record["attainable"] else rows


def _cell(figure: dict[str, Any] | None) -> str:
    return "" if figure is None else f"{figure['value']:.3f} ±{(figure['interval'][1] - figure['interval'][0]) / 2:.3f}"


def _number(value: float | None) -> str:
    return "nowhere" if value is None else f"{value:.3f}"


def as_html(record: dict[str, Any]) -> str:
    """The card: figures straight from the record, drawings in it, nothing to load."""
    head = "".join(f"<th>{escape(label)}</th>" for label in FIGURES.values())
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(_cell(found.get(figure)))}</td>' for figure in FIGURES)}</tr>"
        for name, found in _rows(record).items()
    )  # fmt: skip
    groups = record["calibration"]
    drawings = [
        curve("ROC", record["roc"], "of those who stayed", "of those who left"),
        curve("Calibration", [[g["said"], g["left"]] for g in groups], "probability", "share that left", dots=True),
        bars("Weights (a deviation's worth of log odds)", record["weights"]),
    ]
    facts = {
        "question": f"Who buys nothing in the {record['horizon_days']} days after a day, of those who bought before it?",
        "taught": f"{record['users_taught']:,} users at {record['train_cut']}, of whom {record['left_taught']:.1%} left",
        "judged": f"{record['users_judged']:,} other users at {record['test_cut']}, of whom {record['left_judged']:.1%} left",
        "data": f"generation {record['generation']}, as of {record['as_of']}; SHA-256 of what taught it: {record['trained_on']}",
        "how": f"logistic regression, regularisation {record['parameters']['regularisation']}, seed {record['seed']}; shoplake {record['shoplake']}",
        "risk levels": ", ".join(f"{name} from {_number(record['levels'][name])}" for name in LEVELS) + " (where a quarter, half and three quarters of those scored alike left)",
    }
    if "share_of_attainable" in record:
        facts["of the attainable"] = f"{record['share_of_attainable']:.1%} of what the planted chances tell above a guess"
    told = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in facts.items())
    table = "".join(f"<tr><td>{g['users']:,}</td><td>{g['said']:.3f}</td><td>{g['left']:.3f}</td></tr>" for g in groups)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>churn version {record["version"]}</title>\n'
        "<style>body{font:14px sans-serif;max-width:70em;margin:2em auto}table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #ccc;padding:.3em .6em;text-align:right}th{text-align:left}</style>\n"
        f"<h1>churn, version {record['version']}</h1>\n<table>{told}</table>\n"
        f"<h2>Figures, with half the width of their 95 % interval</h2>\n<table><tr><th></th>{head}</tr>{body}</table>\n"
        f"{''.join(drawings)}\n<h2>Calibration</h2>\n<table><tr><th>users</th><th>said</th><th>left</th></tr>{table}</table>\n"
        "<h2>Where it is no help</h2>\n<p>Users without an order before the day are not scored. Clicks are known of few users; the others get the mean. "
        "The weights say what goes with leaving, not what causes it.</p></html>"
    )
