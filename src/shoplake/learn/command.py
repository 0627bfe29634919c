"""The verb `learn`: train, evaluate, history."""

from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}, help="Learn from what is published: who will leave.\n\nExample: shoplake --lake shop learn train churn")
train_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}, help="Train a model and judge it; its version is kept.\n\nExample: shoplake --lake shop learn train churn")
app.add_typer(train_app, name="train")

JSON = Annotated[bool, typer.Option("--json", help="Print one JSON envelope")]


@train_app.command("churn")
def churn(
    context: typer.Context,
    horizon: Annotated[int, typer.Option(help="Days without a purchase that mean: left", metavar="N", min=1)] = 60,
    train_cut: Annotated[str | None, typer.Option(help="It is taught as of this day [default: 30 days before --test-cut]", metavar="DAY", show_default=False)] = None,
    test_cut: Annotated[str | None, typer.Option(help="It is judged as of this day [default: the last with a whole horizon]", metavar="DAY", show_default=False)] = None,
    regularisation: Annotated[float, typer.Option(help="MLlib's regParam", metavar="X", min=1e-9)] = 1e-3,
    seed: Annotated[int, typer.Option(help="Who teaches and who judges", metavar="N")] = 42,
    generation: Annotated[int | None, typer.Option("--generation", help="Of a kept generation [default: the published one]", metavar="N", show_default=False)] = None,
    json: JSON = False,
) -> None:
    """Teach who will buy nothing more, and judge it on a later day by users who did not teach.

    Example: shoplake --lake shop learn train churn --horizon 60
    """
    from shoplake.lake.layout import parse_day
    from shoplake.learn import churn as learnt
    from shoplake.learn.churn_card import as_html, as_text
    from shoplake.learn.cuts import Cuts
    from shoplake.learn.registry import keep, numbers
    from shoplake.look.opened import opened
    from shoplake.terminal import emit_json, out

    def day(text: str | None, what: str) -> Any:
        return None if text is None else parse_day(text, what)

    learnt.require_libraries()
    options = learnt.Options(horizon, day(train_cut, "--train-cut"), day(test_cut, "--test-cut"), regularisation=regularisation, seed=seed)
    lake = context.obj.lake
    lake.require_folder("a model's registry")
    with opened(context.obj, generation) as one:
        trained = learnt.train(Cuts(one, context.obj["project"]), lake, options)
    from shoplake import __version__

    shown = {"version": max(numbers(lake, "churn"), default=0) + 1, "shoplake": __version__, **trained.record}
    number = keep(lake, "churn", learnt.as_json(trained.model), trained.record, as_html(shown))
    shown["version"] = number
    emit_json("learn_train", shown) if json else out(as_text(shown))


@app.command()
def history(context: typer.Context, name: Annotated[str, typer.Argument(help="Which model: churn", metavar="NAME")], json: JSON = False) -> None:
    """Show every version of a model, with its main figures.

    Example: shoplake --lake shop learn history churn
    """
    from shoplake.learn.registry import numbers, read
    from shoplake.terminal import emit_json, out

    lake = context.obj.lake
    lake.require()
    found = [read(lake, name, number).record for number in numbers(lake, name)]
    lines = [f"{'version':>7}  {'taught':<10}  {'judged':<10}  {'users':>9}  {'AUC':>6}  {'PR-AUC':>6}  {'Brier':>6}"]
    lines += [
        f"{r['version']:>7}  {r['train_cut']}  {r['test_cut']}  {r['users_taught']:>9,}  " + "  ".join(f"{r['model'][figure]['value']:>6.3f}" for figure in ("auc", "pr_auc", "brier"))
        for r in found
    ]  # fmt: skip
    emit_json("learn_history", {"name": name, "versions": found}) if json else out("\n".join(lines))
