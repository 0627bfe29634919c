"""What a version of the recommendations is and how good, for people: on a terminal, and as a page of its own."""

from html import escape
from typing import Any

from shoplake.learn.plots import bars

FIGURES = {"ndcg": "NDCG@10", "recall": "recall@10", "precision": "precision@10", "map": "MAP@10", "coverage": "coverage"}


def as_text(record: dict[str, Any]) -> str:
    """The figures beside the baselines."""
    lines = [
        f"recommend version {record['version']}: lists of ten for every customer",
        f"taught by {record['users_taught']:,} users and {record['products']:,} products before {record['cut']}, judged by {record['pairs_judged']:,} new products that {record['users_judged']:,} of them bought in the {record['window_days']} days after",
        "", f"{'':<20}" + "".join(f"{label:>16}" for label in FIGURES.values()),
    ]  # fmt: skip
    lines += [f"{name:<20}" + "".join(f"{_cell(found[figure]):>16}" for figure in FIGURES) for name, found in _rows(record).items()]
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


def _cell(figure: Any) -> str:
    return f"{figure:.3f}" if isinstance(figure, float) else f"{figure['value']:.3f} ±{(figure['interval'][1] - figure['interval'][0]) / 2:.3f}"


def as_html(record: dict[str, Any]) -> str:
    """The card: figures straight from the record, drawings in it, nothing to load."""
    head = "".join(f"<th>{escape(label)}</th>" for label in FIGURES.values())
    body = "".join(f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(_cell(found[f]))}</td>' for f in FIGURES)}</tr>" for name, found in _rows(record).items())
    facts = {
        "question": f"Which products that they have not bought yet will customers buy in the {record['window_days']} days after a day?",
        "taught": f"{record['users_taught']:,} users, {record['products']:,} products, before {record['cut']}",
        "judged": f"{record['pairs_judged']:,} purchases of {record['users_judged']:,} users after it; {record['newcomers']:,} newcomers apart",
        "data": f"generation {record['generation']}, as of {record['as_of']}",
        "how": "alternating least squares, implicit feedback; " + ", ".join(f"{k} {v}" for k, v in record["parameters"].items()) + f"; seed {record['seed']}; shoplake {record['shoplake']}",
        "beats popularity": "yes" if record["beats_popularity"] else "NO: it is not to be used",
    }
    if record["taste"] is not None:
        facts["planted taste"] = f"rank correlation {record['taste']:.2f} between planted and shown, over categories"
    told = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in facts.items())
    segments = "".join(f"<tr><th>{escape(name)}</th><td>{s['users']:,}</td><td>{s['ndcg']:.3f}</td><td>{s['recall']:.3f}</td></tr>" for name, s in record["segments"].items())
    trials = "".join(f"<tr><td>{escape(', '.join(f'{k} {v:g}' for k, v in t['parameters'].items()))}</td><td>{t['ndcg']:.4f}</td></tr>" for t in record["trials"])
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>recommend version {record["version"]}</title>\n'
        "<style>body{font:14px sans-serif;max-width:70em;margin:2em auto}table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #ccc;padding:.3em .6em;text-align:right}th{text-align:left}</style>\n"
        f"<h1>recommend, version {record['version']}</h1>\n<table>{told}</table>\n"
        f"<h2>Figures, with half the width of their 95 % interval</h2>\n<table><tr><th></th>{head}</tr>{body}</table>\n"
        f"{bars('NDCG@10', {name: found['ndcg']['value'] for name, found in _rows(record).items()})}\n"
        f"<h2>By what they had bought before</h2>\n<table><tr><th></th><th>users</th><th>NDCG@10</th><th>recall@10</th></tr>{segments}</table>\n"
        + (f"<h2>Trials</h2>\n<table>{trials}</table>\n" if trials else "")
        + "<h2>Where it is no help</h2>\n<p>Products nobody has touched, and users nobody has seen. What is shown is what people with like habits bought, not what is good for them.</p></html>"
    )
