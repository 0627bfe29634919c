"""The verb `learn`: train, evaluate, promote, rollback, show, history, track."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from shoplake.errors import WrongUse

HELP = {"no_args_is_help": True, "rich_markup_mode": None, "context_settings": {"help_option_names": ["-h", "--help"]}}
app = typer.Typer(help="Learn from what is published: who will leave, what to recommend.\n\nExample: shoplake --lake shop learn train churn", **HELP)  # type: ignore[arg-type]
train_app = typer.Typer(help="Train a model and judge it; its version is kept.\n\nExample: shoplake --lake shop learn train churn", **HELP)  # type: ignore[arg-type]
app.add_typer(train_app, name="train")

JSON = Annotated[bool, typer.Option("--json", help="Print one JSON envelope")]
GENERATION = Annotated[int | None, typer.Option("--generation", help="Of a kept generation [default: the published one]", metavar="N", show_default=False)]
BY = Annotated[str, typer.Option("--by", help="Who teaches: embedded (scikit-learn, implicit), or spark (MLlib)", metavar="NAME")]
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
    tune: Annotated[bool, typer.Option("--tune", help="With --by spark: the regularisation by MLlib's CrossValidator")] = False,
    by: BY = "embedded",
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
    from shoplake.learn.logistic import fit
    from shoplake.look.opened import opened

    require()
    options = learnt.Options(horizon, _day(train_cut, "--train-cut"), _day(test_cut, "--test-cut"), regularisation=regularisation, seed=seed)
    lake = context.obj.lake
    lake.require_folder("a model's registry")
    if tune and by != "spark":
        raise WrongUse("--tune: needs --by spark; the embedded fit takes --regularisation as it is.")
    with _teacher(context, by) as spark, opened(context.obj, generation) as one:
        fitted = partial(spark.logistic, tune=tune) if spark else fit
        trained = learnt.train(Cuts(one, context.obj["project"]), lake, options, fitted)
        told = {"taught_by": by, **({"trials": spark.tried} if spark else {})}
        _kept(context, {**learnt.as_files(trained), **(spark.saved if spark else {})}, {**trained.record, **told}, as_html, as_text, json)


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
    ratings: Annotated[Path | None, typer.Option(help="Teach by a file of user, item, rating or count, and perhaps a time", metavar="FILE", show_default=False)] = None,
    explicit: Annotated[bool, typer.Option("--explicit", help="Foretell ratings: those of --ratings, or what customers did as ratings from 1 (looked) to 5 (bought three times)")] = False,
    by: BY = "embedded",
    split: Annotated[str, typer.Option(help="What judges --ratings: a share of it (the latest, where it has times), or another file", metavar="SHARE|FILE")] = "0.2",
    seed: SEED = 42,
    generation: GENERATION = None,
    json: JSON = False,
) -> None:
    """Teach what people with like habits buy, and judge lists of ten by what was bought later.

    Example: shoplake --lake shop learn train recommend --window 30
    Example: shoplake --lake shop learn train recommend --ratings ratings.csv --explicit --split 0.2
    """
    from shoplake.learn import recommend as learnt
    from shoplake.learn.als import Parameters
    from shoplake.learn.libraries import require

    require()
    context.obj.lake.require_folder("a model's registry")
    parameters = Parameters(factors, regularisation, alpha, iterations, seed)
    if ratings is None and explicit and tune:
        raise WrongUse("--tune: searches lists, not ratings; leave it or --explicit out.")
    if ratings is not None and (cut or generation is not None or tune):
        raise WrongUse("--ratings: the file is split by --split, and nothing is searched; leave out --cut, --generation and --tune.")
    if ratings is not None:
        _from_ratings(context, by, ratings, explicit, split, parameters, json)
    elif explicit:
        _from_behaviour(context, by, _day(cut, "--cut"), window, parameters, generation, json)
    else:
        _from_shop(context, by, learnt.Options(window, _day(cut, "--cut"), _weights(weights), parameters, tune), generation, json)


def _from_shop(context: typer.Context, by: str, options: Any, generation: int | None, json: bool) -> None:
    from shoplake.learn import als
    from shoplake.learn import recommend as learnt
    from shoplake.learn.cuts import Cuts
    from shoplake.learn.recommend_card import as_html, as_text
    from shoplake.look.opened import opened
    from shoplake.terminal import say

    def told(trial: dict[str, Any]) -> None:
        say("trial " + ", ".join(f"{k} {v:g}" for k, v in trial["parameters"].items()) + f": NDCG@10 {trial['ndcg']:.4f}")

    lake = context.obj.lake
    with _teacher(context, by) as spark, opened(context.obj, generation) as one:
        trained = learnt.train(Cuts(one, context.obj["project"]), lake, options, told, spark.als if spark else als.fit)
        _kept(context, {**learnt.as_tables(trained), **(spark.saved if spark else {})}, {**trained.record, "taught_by": by}, as_html, as_text, json)


@contextmanager
def _teacher(context: typer.Context, by: str) -> Iterator[Any]:
    """MLlib on a Spark of its own, or None for the libraries here."""
    if by not in ("embedded", "spark"):
        raise WrongUse(f"--by: found {by!r}, expected embedded or spark.")
    if by == "embedded":
        yield None
        return
    import tempfile

    from shoplake.learn.mllib import started

    with tempfile.TemporaryDirectory(prefix="shoplake-learn-") as scratch, started(context.obj, Path(scratch)) as spark:
        yield spark


def _from_ratings(context: typer.Context, by: str, file: Path, explicit: bool, split: str, parameters: Any, json: bool) -> None:
    from shoplake.learn import from_ratings
    from shoplake.learn.ratings_card import as_html, as_text
    from shoplake.learn.recommend import as_tables

    try:
        share: float | Path = float(split)
    except ValueError:
        share = Path(split)
    if isinstance(share, float) and not 0 < share < 1:
        raise WrongUse(f"--split: found {split}, expected a share between 0 and 1, or a file.")
    with _teacher(context, by) as spark:
        fitted = (spark.explicit_als if explicit else spark.als) if spark else None
        trained = from_ratings.train(from_ratings.Options(file, share, explicit, parameters), fitted)
        context.obj.lake.create()
        _kept(context, {**as_tables(trained), **(spark.saved if spark else {})}, {**trained.record, "taught_by": by}, as_html, as_text, json)


def _from_behaviour(context: typer.Context, by: str, cut: Any, window: int, parameters: Any, generation: int | None, json: bool) -> None:
    from shoplake.learn.cuts import Cuts
    from shoplake.learn.from_ratings import train_on_behaviour
    from shoplake.learn.ratings_card import as_html, as_text
    from shoplake.learn.recommend import as_tables, cut_of
    from shoplake.look.opened import opened

    with _teacher(context, by) as spark, opened(context.obj, generation) as one:
        trained = train_on_behaviour(Cuts(one, context.obj["project"]), cut_of(one, cut, window), window, parameters, spark.explicit_als if spark else None)
        _kept(context, {**as_tables(trained), **(spark.saved if spark else {})}, {**trained.record, "taught_by": by}, as_html, as_text, json)


def _kept(context: typer.Context, files: Any, record: dict[str, Any], card: Any, as_text: Any, json: bool) -> None:
    """Keep what was taught as a version, send it to MLflow where there is one, and show it."""
    from shoplake.learn.registry import keep
    from shoplake.terminal import emit_json, out

    kept = keep(context.obj.lake, record["name"], files, record, card)
    sent = _tracked(context, (record["name"],))
    emit_json("learn_train", {**kept, "mlflow": sent and sent.as_dict()}) if json else out(as_text(kept))


def _tracked(context: typer.Context, names: tuple[str, ...]) -> Any:
    """What was sent to MLflow and what waits, told on stderr; None where no server is named."""
    from shoplake.learn.tracking import track
    from shoplake.terminal import say

    sent = track(context.obj.lake, names)
    if sent:
        say(sent.as_text())
    return sent


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


VERSION = Annotated[int | None, typer.Option("--version", help="Which version [default: the newest]", metavar="N", show_default=False)]
NAME = Annotated[str, typer.Argument(help="Which model: churn, recommend", metavar="NAME")]
CHECKED = Annotated[bool, typer.Option("--i-have-checked", help="Figures that look too good were looked into, and are true")]
WAIT = Annotated[float, typer.Option("--wait", help="Wait so long for another writer", metavar="SECONDS", min=0)]


def _ready(context: typer.Context, name: str) -> Any:
    from shoplake.learn.libraries import require
    from shoplake.learn.registry import folder_of, require_published

    require()
    context.obj.lake.require_folder("a model's registry")
    folder_of(context.obj.lake, name)
    require_published(name)
    return context.obj


@app.command()
def evaluate(context: typer.Context, name: NAME, version: VERSION = None, i_have_checked: CHECKED = False, json: JSON = False) -> None:
    """Judge a version anew on what is published, as `promote` would. Exits with 1 when it does not pass.

    Example: shoplake --lake shop learn evaluate churn
    """
    from shoplake.learn import promote as champions
    from shoplake.learn.gate import as_text
    from shoplake.terminal import emit_json, out

    found = champions.evaluate(_ready(context, name), name, version, i_have_checked)
    emit_json("learn_evaluate", found.as_dict()) if json else out(as_text(found))
    if not found.is_good:
        raise typer.Exit(1)


@app.command()
def promote(
    context: typer.Context,
    name: NAME,
    version: VERSION = None,
    count: Annotated[int, typer.Option(help="Products in a list", metavar="N", min=1, max=100)] = 10,
    keep_bought: Annotated[bool, typer.Option("--keep-bought", help="Also what the user has bought already")] = False,
    keep_unsellable: Annotated[bool, typer.Option("--keep-unsellable", help="Also what is not on sale or not in stock")] = False,
    i_have_checked: CHECKED = False,
    wait: WAIT = 0,
    json: JSON = False,
) -> None:
    """Publish what a version says of everybody, when it passes; readers see its tables and its name change at once.

    Example: shoplake --lake shop learn promote churn
    """
    from shoplake.learn import promote as champions
    from shoplake.terminal import emit_json, out

    options = {"count": count, "keep_bought": keep_bought, "keep_unsellable": keep_unsellable} if name == "recommend" else {}
    found = champions.promote(_ready(context, name), name, version, options, i_have_checked, wait)
    sent = _tracked(context, (name,))
    emit_json("learn_promote", {**champions.as_dict(found), "mlflow": sent and sent.as_dict()}) if json else out(champions.published_as_text(found))


@app.command()
def rollback(context: typer.Context, name: NAME, wait: WAIT = 0, json: JSON = False) -> None:
    """Publish the tables of the champion before this one.

    Example: shoplake --lake shop learn rollback churn
    """
    from shoplake.learn import promote as champions
    from shoplake.terminal import emit_json, out

    found = champions.rollback(_ready(context, name), name, wait)
    sent = _tracked(context, (name,))
    emit_json("learn_rollback", {**champions.as_dict(found), "mlflow": sent and sent.as_dict()}) if json else out(champions.published_as_text(found))


@app.command()
def show(
    context: typer.Context,
    name: NAME,
    top: Annotated[int, typer.Option(help="How many users", metavar="N", min=1, max=1000)] = 10,
    user: Annotated[str | None, typer.Option(help="One user; who is not known is shown what is popular", metavar="ID", show_default=False)] = None,
    generation: GENERATION = None,
    json: JSON = False,
) -> None:
    """Show who is most likely to leave, or what is recommended to those who were there last.

    Example: shoplake --lake shop learn show churn --top 5
    """
    from shoplake.learn.registry import folder_of, require_published
    from shoplake.learn.shown import as_text, shown
    from shoplake.look.opened import opened
    from shoplake.terminal import emit_json, out

    folder_of(context.obj.lake, name)
    require_published(name)
    with opened(context.obj, generation) as one:
        found = shown(one, name, top, user)
    emit_json("learn_show", found) if json else out(as_text(found))


@app.command()
def track(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Which model: churn, recommend, ratings [default: all]", metavar="NAME", show_default=False)] = None,
    json: JSON = False,
) -> None:
    """Send to MLflow what its server does not have yet; exits with 1 when it did not take all.

    Training, promote and rollback do so by themselves when MLFLOW_TRACKING_URI names a server.

    Example: MLFLOW_TRACKING_URI=http://127.0.0.1:5000 shoplake --lake shop learn track
    """
    from shoplake.learn.tracking import require_server
    from shoplake.terminal import emit_json

    context.obj.lake.require_folder("a model's registry")
    context.obj.lake.require()
    sent = _tracked(context, require_server(context.obj.lake, name))
    if json:
        emit_json("learn_track", sent.as_dict())
    if sent.error:
        raise typer.Exit(1)


@app.command()
def history(context: typer.Context, name: Annotated[str, typer.Argument(help="Which model: churn, recommend, ratings", metavar="NAME")], json: JSON = False) -> None:
    """Show every version of a model, with its main figures.

    Example: shoplake --lake shop learn history churn
    """
    from shoplake.lake.manifest import current_generation, read_manifest
    from shoplake.learn.registry import alias, history_as_text, numbers, read
    from shoplake.terminal import emit_json, out

    lake = context.obj.lake
    lake.require()
    there = numbers(lake, name)
    now = read_manifest(lake).models.get(name) if current_generation(lake) else None
    found = [{**read(lake, name, number).record, "alias": alias(number, now.version if now else None, there[-1])} for number in there]
    emit_json("learn_history", {"name": name, "versions": found}) if json else out(history_as_text(name, found))
