"""What a version of the recommendations is and how good, for people: on a terminal, and as a page of its own."""

from typing import Any

from shoplake.learn.page import facts, figure, in_columns, in_words, page, section, table
from shoplake.learn.plots import bars

FIGURES = {"ndcg": "NDCG@10", "recall": "recall@10", "precision": "precision@10", "map": "MAP@10", "coverage": "coverage"}

HELPLESS = "<p>Products nobody has touched, and users nobody has seen. What is shown is what people with like habits bought, not what is good for them.</p>"


def as_text(record: dict[str, Any]) -> str:
    """The figures beside the baselines."""
    lines = [
        f"recommend version {record['version']}: lists of ten for every customer",
        f"taught by {record['users_taught']:,} users and {record['products']:,} products before {record['cut']}, judged by {record['pairs_judged']:,} new products that {record['users_judged']:,} of them bought in the {record['window_days']} days after",
        "", *in_columns(FIGURES, _rows(record), 20),
    ]  # fmt: skip
    lines += ["", "by what they had bought before:"]
    lines += [f"{name:<26}{found['users']:>8,} users  NDCG@10 {found['ndcg']:.3f}  recall@10 {found['recall']:.3f}" for name, found in record["segments"].items()]
    if record["taste"] is not None:
        lines += ["", f"planted taste for categories, rank correlation with what is shown: {record['taste']:.2f}"]
    if record["trials"]:
        lines += ["", f"{len(record['trials'])} trials; the best: " + ", ".join(f"{k} {v:g}" for k, v in record["trials"][0]["parameters"].items())]
    if not record["beats_popularity"]:
        lines += ["", "IT DOES NOT BEAT WHAT IS POPULAR: do not use it."]
    if record["newcomers"]:
        lines += ["", f"{record['newcomers']:,} who bought were not known before: for them there is what is popular."]
    return "\n".join(lines)


def _rows(record: dict[str, Any]) -> dict[str, Any]:
    return {"model (ALS)": record["model"], **record["baselines"]}


def as_html(record: dict[str, Any]) -> str:
    """The card: figures straight from the record."""
    told = {
        "question": f"Which products that they have not bought yet will customers buy in the {record['window_days']} days after a day?",
        "taught": f"{record['users_taught']:,} users, {record['products']:,} products, before {record['cut']}",
        "judged": f"{record['pairs_judged']:,} purchases of {record['users_judged']:,} users after it; {record['newcomers']:,} newcomers apart",
        "data": f"generation {record['generation']}, as of {record['as_of']}; SHA-256 of what taught it: {record['trained_on']}",
        "how": f"alternating least squares, implicit feedback; {in_words(record['parameters'])}; seed {record['seed']}; shoplake {record['shoplake']}",
        "beats popularity": "yes" if record["beats_popularity"] else "NO: it is not to be used",
    }
    if record["taste"] is not None:
        told["planted taste"] = f"rank correlation {record['taste']:.2f} between planted and shown, over categories"
    rows = _rows(record)
    parts = [
        facts(told),
        section("Figures, with half the width of their 95 % interval", table(["", *FIGURES.values()], [[name, *(figure(found[one]) for one in FIGURES)] for name, found in rows.items()])),
        bars("NDCG@10", {name: found["ndcg"]["value"] for name, found in rows.items()}),
        section("By what they had bought before", table(["", "users", "NDCG@10", "recall@10"], [[name, f"{s['users']:,}", f"{s['ndcg']:.3f}", f"{s['recall']:.3f}"] for name, s in record["segments"].items()])),
    ]
    if record["trials"]:
        parts.append(section("Trials", table(["parameters", "NDCG@10"], [[", ".join(f"{k} {v:g}" for k, v in t["parameters"].items()), f"{t['ndcg']:.4f}"] for t in record["trials"]])))
    return page(f"recommend, version {record['version']}", *parts, section("Where it is no help", HELPLESS))
