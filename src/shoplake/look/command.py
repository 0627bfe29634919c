"""The verbs that look: show, query, verify, explain, doctor, export; and rollback, which moves the pointer and no data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from shoplake.settings import Session

Generation = Annotated[
    int | None,
    typer.Option(
        "--generation", help="A kept generation [default: the published one]", metavar="N", show_default=False
    ),
]
Engine = Annotated[
    str | None,
    typer.Option(
        "--engine", help="Of which engine: duckdb, spark, hive [default: duckdb]", metavar="NAME", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON envelope")]

show_app = typer.Typer(rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


@show_app.callback(invoke_without_command=True)
def show(context: typer.Context, generation: Generation = None, engine: Engine = None, json: Json = False) -> None:
    """Show what is in the lake: tables, days, freshness, the ledger, what was told.

    Example: shoplake --lake shop show
    """
    if context.invoked_subcommand is not None:
        return
    from shoplake.look.opened import opened
    from shoplake.look.overview import overview, overview_as_text
    from shoplake.terminal import emit_json, out

    with opened(context.obj.on(engine), generation) as one:
        found = overview(one)
    emit_json("show", found) if json else out(overview_as_text(found))


@show_app.command("dashboards")
def dashboards(
    context: typer.Context, generation: Generation = None, engine: Engine = None, json: Json = False
) -> None:
    """Show the five dashboards: revenue, products, customers, funnel, abandoned carts. Where a stream is processed, its running hour too.

    Example: shoplake --lake shop show dashboards
    """
    from shoplake.look.dashboards import all_dashboards
    from shoplake.look.dashboards_text import dashboards_as_text
    from shoplake.look.opened import opened
    from shoplake.look.running_hour import running_hours
    from shoplake.terminal import emit_json, out

    with opened(context.obj.on(engine), generation) as one:
        found = all_dashboards(
            one.dicts, one.manifest.as_of, has_clicks=one.manifest.tables.get("core.fact_clickstream", 0) > 0
        )
        number = one.manifest.generation
        found["running_hours"] = running_hours(one.lake, one.manifest.as_of, one.manifest.settings["timezone"])
    emit_json("dashboards", {"generation": number, **found}) if json else out(dashboards_as_text(found))


@show_app.command("hashes")
def hashes(
    context: typer.Context,
    against: Annotated[
        str | None,
        typer.Option(help="Another lake; say what differs and show rows of it", metavar="DIR", show_default=False),
    ] = None,
    generation: Generation = None,
    engine: Engine = None,
    json: Json = False,
) -> None:
    """Show a content hash of each table of clean, core and marts: equal hashes, equal tables, in whatever order.

    Example: shoplake --lake shop show hashes --json > before.json
    """
    from shoplake.errors import CheckFailed
    from shoplake.look.compare import all_hashes, compared, compared_as_text
    from shoplake.look.opened import opened
    from shoplake.terminal import emit_json, out

    with opened(context.obj.on(engine), generation) as one:
        mine = all_hashes(one)
        if against is None:
            emit_json("hashes", {"tables": mine}) if json else out("\n".join(f"{mine[name]}  {name}" for name in mine))
            return
        with opened(_other_lake(context.obj.on(engine), against)) as other:
            found = compared(one, other, mine, all_hashes(other))
    emit_json("compared", found) if json else out(compared_as_text(found))
    if found["different"]:
        raise CheckFailed(f"tables that differ from {against}: {', '.join(found['different'])}.")


def _other_lake(session: "Session", folder: str) -> "Session":
    from dataclasses import replace

    from shoplake.settings import Setting

    return replace(session, settings={**session.settings, "lake": Setting(folder, "--against")})


@show_app.command("path")
def path(context: typer.Context, generation: Generation = None, json: Json = False) -> None:
    """Print the path of the published DuckDB file, for other tools. Open it read-only.

    Example: duckdb -readonly "$(shoplake --lake shop show path)"
    """
    from shoplake.errors import WrongUse
    from shoplake.lake.manifest import read_manifest
    from shoplake.terminal import emit_json, out

    root = context.obj.lake.root.resolve()
    manifest = read_manifest(context.obj.lake, generation)
    file = root / manifest.database_file().path
    if not file.exists():
        raise WrongUse(
            f"{file}: missing, though generation {manifest.generation} names it. Run `shoplake build --full`."
        )
    emit_json("path", {"generation": manifest.generation, "path": str(file)}) if json else out(str(file))


def query(
    context: typer.Context,
    sql: Annotated[
        str,
        typer.Argument(
            help="One SELECT over clean.*, rejected.*, core.*, marts.*, ledger.*; - reads it from stdin", metavar="SQL"
        ),
    ],
    format: Annotated[str, typer.Option(help="table, csv or json", metavar="NAME")] = "table",  # noqa: A002
    generation: Generation = None,
    engine: Engine = None,
    json: Json = False,
) -> None:
    """Ask one question in SQL. Reads the lake's tables and nothing else; changes nothing.

    Example: shoplake --lake shop query "select currency, sum(net_amount) from marts.agg_daily_sales group by 1"
    """
    import sys

    from shoplake.errors import WrongUse
    from shoplake.look import query as asked
    from shoplake.look.opened import opened

    if format not in asked.FORMATS:
        raise WrongUse(f"--format: found {format!r}, expected {', '.join(asked.FORMATS)}.")
    text = sys.stdin.read() if sql == "-" else sql
    with opened(context.obj.on(engine), generation) as one:
        asked.run(context.obj.on(engine), one, text, "json" if json else format)


def verify(
    context: typer.Context,
    generation: Generation = None,
    every: Annotated[bool, typer.Option("--all", help="All kept generations, not only the published one")] = False,
    engine: Engine = None,
    json: Json = False,
) -> None:
    """Check every file of the lake against the SHA-256, size and rows that were written down for it.

    Example: shoplake --lake shop verify --all
    """
    from shoplake.errors import CheckFailed, WrongUse
    from shoplake.look.verify import verified_as_text
    from shoplake.look.verify import verify as run
    from shoplake.terminal import emit_json, out

    if every and generation is not None:
        raise WrongUse("--all and --generation: give one of the two.")
    found = run(context.obj.on(engine).lake, generation, every)
    emit_json("verify", found) if json else out(verified_as_text(found))
    if found["findings"]:
        raise CheckFailed(f"{len(found['findings'])} of {found['files']} files are not as they were written.")


def export(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="A new folder, or one exported to before", metavar="DIR", show_default=False)],
    generation: Generation = None,
    json: Json = False,
) -> None:
    """Copy the clean and ref tables into plain folders of Parquet, for engines that read folders: Hive, Impala, Spark.

    Example: shoplake --lake shop export --to exported
    """
    from shoplake.look.export import export as run
    from shoplake.look.export import exported_as_text
    from shoplake.terminal import emit_json, out

    found = run(context.obj, Path(to), generation)
    emit_json("export", found) if json else out(exported_as_text(found))


def reconcile(
    context: typer.Context,
    day: Annotated[str, typer.Option(help="The day, of the shop's zone, that is closed", metavar="DAY")],
    generation: Generation = None,
    topic: Annotated[str, typer.Option(help="Topic of the events", metavar="NAME")] = "clickstream",
    json: Json = False,
) -> None:
    """Compare a day's figures by stream with those by batch, and name every event that makes them differ.

    Exit code 1 when something is left over. Example: shoplake --lake shop stream reconcile --day 2026-01-31
    """
    from shoplake.lake.layout import parse_day
    from shoplake.look.opened import opened
    from shoplake.look.reconcile import as_json, as_text
    from shoplake.look.reconcile import reconcile as run
    from shoplake.terminal import emit_json, out

    with opened(context.obj, generation) as one:
        found = run(one, context.obj.lake, topic, parse_day(day, "--day"))
    emit_json("stream_reconcile", as_json(found)) if json else out(as_text(found))


def rollback(
    context: typer.Context,
    to: Annotated[
        int,
        typer.Option("--to", help="A kept generation (`shoplake show` lists them)", metavar="N", show_default=False),
    ],
    wait: Annotated[float, typer.Option(help="Seconds to wait for a build", metavar="SECONDS")] = 0,
    engine: Engine = None,
    json: Json = False,
) -> None:
    """Publish a kept generation again. No data is changed; the newer generation is kept, and rolling forward is the same verb.

    Example: shoplake --lake shop rollback --to 41
    """
    from shoplake.look.rollback import rollback as run
    from shoplake.look.rollback import rolled_back_as_text
    from shoplake.terminal import emit_json, out

    found = run(context.obj.on(engine).lake, to, wait)
    emit_json("rollback", found) if json else out(rolled_back_as_text(found))


def explain(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            help="A table such as core.dim_users, or a column such as marts.customer_rfm.monetary_amount",
            metavar="TABLE[.COLUMN]",
        ),
    ],
    json: Json = False,
) -> None:
    """Explain a table or a column: what it means, where it comes from, what reads it.

    Example: shoplake explain marts.agg_daily_sales.net_amount
    """
    from shoplake.look.meaning import meaning, meaning_as_text
    from shoplake.terminal import emit_json, out

    found = meaning(context.obj["project"], name)
    emit_json("explain", found) if json else out(meaning_as_text(found))


def doctor(
    context: typer.Context,
    config: Annotated[bool, typer.Option("--config", help="Every setting, its value and where it came from")] = False,
    json: Json = False,
) -> None:
    """Look whether everything needed is there: Python, packages, disk, memory, the lake.

    Example: shoplake --lake shop doctor
    """
    from shoplake.errors import Lacking
    from shoplake.look.doctor import diagnose, diagnosis_as_text, settings_as_text, settings_found
    from shoplake.terminal import emit_json, out

    if config:
        found = settings_found(context.obj)
        emit_json("config", found) if json else out(settings_as_text(found))
        return
    found = diagnose(context.obj, Path.cwd())
    emit_json("doctor", found) if json else out(diagnosis_as_text(found))
    lacking = [c["name"] for c in found["checks"] if c["state"] == "lacking"]
    if lacking:
        raise Lacking(f"doctor: needed and not as it has to be: {', '.join(lacking)}. The remedies stand above.")
