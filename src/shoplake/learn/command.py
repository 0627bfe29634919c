"""The verb `learn`: train, history."""

from typing import Annotated, Any

import typer

from shoplake.errors import WrongUse

HELP = {"no_args_is_help": True, "rich_markup_mode": None, "context_settings": {"help_option_names": ["-h", "--help"]}}
app = typer.Typer(help="Learn from what is published: who will leave, what to recommend.\n\nExample: shoplake --lake shop learn train churn", **HELP)  # type: ignore[arg-type]
train_app = typer.Typer(help="Train a model and judge it; its version is kept.\n\nExample: shoplake --lake shop learn train churn", **HELP)  # type: ignore[arg-type]
app.add_typer(train_app, name="train")

JSON = Annotated[bool, typer.Option("--json", help="Print one JSON envelope")]
GENERATION = Annotated[int | None, typer.Option("--generation", help="Of a kept generation [default: the published one]", metavar="N", show_default=False)]
SEED = Annotated[int, typer.Option(help="The same data and seed give the same model", metavar="N")]


def _day(text: str | None, what: str) -> Any:
    from shoplake.lake.layout import parse_day

    return None if text is None else parse_day(text, what)


@train_app.command("churn")
def churn(
    context: typer.Context,
    horizon: Annotated[int, typer.Option(help="Days without a purchase that mean: left", metavar="N", min=1)] = 60,
    train_cut: Annotated[str | None, typer.Option(help="It is taught as of this day [default: 30 days before --test-cut]", metavar="DAY", show_default=False)] = None,
    test_cut: Annotated[str | None, typer.Option(help="It is judged as of this day [default: the last with a whole horizon]", metavar="DAY", show_default=False)] = None,
    regularisation: Annotated[float, typer.Option(help="MLlib's regParam", metavar="X", min=1e-9)] = 1e-3,
    seed: SEED = 42,
    generation: GENERATION = None,
    json: JSON = False,
) -> None:
    """Teach who will buy nothing more, and judge it on a later day by users who did not teach.

    Example: shoplake --lake shop learn train churn --horizon 60
    """
    from shoplake.learn import churn as learnt
    from shoplake.learn.churn_card import as_html, as_text
    from shoplake.learn.cuts import Cuts
    from shoplake.learn.libraries import require
    from shoplake.learn.registry import keep
    from shoplake.look.opened import opened
    from shoplake.terminal import emit_json, out

    require()
    options = learnt.Options(horizon, _day(train_cut, "--train-cut"), _day(test_cut, "--test-cut"), regularisation=regularisation, seed=seed)
    lake = context.obj.lake
    lake.require_folder("a model's registry")
    with opened(context.obj, generation) as one:
        trained = learnt.train(Cuts(one, context.obj["project"]), lake, options)
    kept = keep(lake, "churn", {"model.json": learnt.as_json(trained.model)}, trained.record, as_html)
    emit_json("learn_train", kept) if json else out(as_text(kept))


@train_app.command("recommend")
def recommend(
    context: typer.Context,
    window: Annotated[int, typer.Option(help="Days after the cut in which what is bought counts", metavar="N", min=1)] = 30,
    cut: Annotated[str | None, typer.Option(help="It is taught by what happened before this day [default: the last with a whole window]", metavar="DAY", show_default=False)] = None,
    weights: Annotated[str, typer.Option(help="What each kind of event counts for", metavar="LIST")] = "view=1,cart=3,purchase=5",
    factors: Annotated[int, typer.Option(help="Length of a taste", metavar="N", min=1, max=1024)] = 16,
    regularisation: Annotated[float, typer.Option(metavar="X", min=0, help="Of `implicit`, not scaled by ratings")] = 0.1,
    alpha: Annotated[float, typer.Option(metavar="X", min=1e-9, help="Confidence is 1 + alpha x weight")] = 1.0,
    iterations: Annotated[int, typer.Option(metavar="N", min=1)] = 15,
    tune: Annotated[bool, typer.Option("--tune", help="Search factors, regularisation and alpha on windows before the cut")] = False,
    seed: SEED = 42,
    generation: GENERATION = None,
    json: JSON = False,
) -> None:
    """Teach what people with like habits buy, and judge lists of ten by what was bought later.

    Example: shoplake --lake shop learn train recommend --window 30
    """
    from shoplake.learn import recommend as learnt
    from shoplake.learn.als import Parameters
    from shoplake.learn.cuts import Cuts
    from shoplake.learn.libraries import require
    from shoplake.learn.recommend_card import as_html, as_text
    from shoplake.learn.registry import keep
    from shoplake.look.opened import opened
    from shoplake.terminal import emit_json, out, say

    require()
    options = learnt.Options(window, _day(cut, "--cut"), _weights(weights), Parameters(factors, regularisation, alpha, iterations, seed), tune)
    lake = context.obj.lake
    lake.require_folder("a model's registry")

    def told(trial: dict[str, Any]) -> None:
        say("trial " + ", ".join(f"{k} {v:g}" for k, v in trial["parameters"].items()) + f": NDCG@10 {trial['ndcg']:.4f}")

    with opened(context.obj, generation) as one:
        trained = learnt.train(Cuts(one, context.obj["project"]), lake, options, told)
    kept = keep(lake, "recommend", learnt.as_tables(trained), trained.record, as_html)
    emit_json("learn_train", kept) if json else out(as_text(kept))


def _weights(text: str) -> Any:
    from dataclasses import asdict

    from shoplake.learn.interactions import Weights

    found = asdict(Weights())
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        try:
            number = float(value)
        except ValueError:
            number = -1
        if name not in found or not 0 <= number < 1e6:
            raise WrongUse(f"--weights: found {part.strip()!r}, expected view=NUMBER, cart=NUMBER or purchase=NUMBER, none below 0.")
        found[name] = number
    if not any(found.values()):
        raise WrongUse("--weights: all are 0: nothing would count.")
    return Weights(**found)


@app.command()
def history(context: typer.Context, name: Annotated[str, typer.Argument(help="Which model: churn, recommend", metavar="NAME")], json: JSON = False) -> None:
    """Show every version of a model, with its main figures.

    Example: shoplake --lake shop learn history churn
    """
    from shoplake.learn.registry import history_as_text, numbers, read
    from shoplake.terminal import emit_json, out

    lake = context.obj.lake
    lake.require()
    found = [read(lake, name, number).record for number in numbers(lake, name)]
    emit_json("learn_history", {"name": name, "versions": found}) if json else out(history_as_text(name, found))
