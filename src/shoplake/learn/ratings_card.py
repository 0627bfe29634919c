"""What was learnt from a file of ratings, and how good it is: on a terminal, and as a page of its own."""

from typing import Any

from shoplake.learn.page import facts, figure, in_columns, in_words, page, section, table
from shoplake.learn.plots import bars
from shoplake.learn.recommend_card import FIGURES

ERRORS = {"rmse": "RMSE", "mae": "MAE"}


def _rows(record: dict[str, Any]) -> dict[str, Any]:
    return {"model (ALS)": record["model"], **record["baselines"]}


def _figures(record: dict[str, Any]) -> dict[str, str]:
    return ERRORS if record["explicit"] else FIGURES


def as_text(record: dict[str, Any]) -> str:
    """The figures beside the baselines."""
    what = "ratings foretold" if record["explicit"] else "lists of ten"
    lines = [
        f"ratings version {record['version']}: {what}, from {record['file']}",
        f"taught by {record['pairs_taught']:,} pairs of {record['users_taught']:,} users and {record['products']:,} items, judged by {record['pairs_judged']:,} of {record['users_judged']:,} users; {record['pairs_unknown']:,} pairs hold what was not known",
        "", *in_columns(_figures(record), _rows(record), 24),
    ]  # fmt: skip
    if not record["beats_baselines"]:
        lines += ["", "IT DOES NOT BEAT WHAT COSTS NOTHING: do not use it."]
    return "\n".join(lines)


def as_html(record: dict[str, Any]) -> str:
    """The card: figures straight from the record."""
    labels, main = _figures(record), "rmse" if record["explicit"] else "ndcg"
    told = {
        "from": record["file"], "judged by": f"{record['pairs_judged']:,} pairs ({record['split']})", "users, items": f"{record['users_taught']:,}, {record['products']:,}",
        "how": "alternating least squares, " + ("explicit" if record["explicit"] else "implicit") + f"; {in_words(record['parameters'])}; seed {record['seed']}; shoplake {record['shoplake']}",
        "beats what costs nothing": "yes" if record["beats_baselines"] else "NO: it is not to be used",
    }  # fmt: skip
    rows = _rows(record)
    values = {name: found[main] if record["explicit"] else found[main]["value"] for name, found in rows.items()}
    figures = table(["", *labels.values()], [[name, *(figure(found[one]) for one in labels)] for name, found in rows.items()])
    return page(f"ratings, version {record['version']}", facts(told), section("Figures", figures), bars(labels[main], values))
