"""The verb `build`."""

from typing import Annotated

import typer


def build(
    context: typer.Context,
    first: Annotated[str | None, typer.Option("--from", help="First arrival day to take in", metavar="DAY")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last arrival day to take in", metavar="DAY")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Business date of the marts, exclusive; `today` reads the clock [default: the day after the last business day]",
            metavar="DAY",
        ),
    ] = None,
    ds: Annotated[
        str | None,
        typer.Option(help="Business date: the days before it are closed, and must not be empty", metavar="DAY"),
    ] = None,
    close: Annotated[list[str] | None, typer.Option(help="Declare a day closed (repeatable)", metavar="DAY")] = None,
    allow_empty: Annotated[
        list[str] | None, typer.Option(help="Accept a closed day that is empty or small (repeatable)", metavar="DAY")
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Rebuild a core or marts table and all that depends on it (repeatable)", metavar="NAME+"),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Build everything anew from raw")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be rebuilt and why; touch nothing")] = False,
    engine: Annotated[
        str | None, typer.Option(help="Where to compute: duckdb, spark, hive [default: duckdb]", metavar="NAME")
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for another build", metavar="SECONDS")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON envelope")] = False,
) -> None:
    """Build the warehouse from what has arrived, check it, and publish it.

    Example: shoplake --lake shop build --ds 2026-01-31
    """
    from shoplake.build.plan import Options, make_plan
    from shoplake.build.run import build as run
    from shoplake.build.told import plan_as_json, plan_as_text, result_as_json, result_as_text
    from shoplake.terminal import emit_json, out

    if as_of == "today":
        import datetime as dt

        as_of = dt.date.today().isoformat()
    options = Options(first, last, as_of, ds, tuple(close or ()), tuple(allow_empty or ()), tuple(select or ()), full)
    session = context.obj.on(engine)
    if plan:
        made = make_plan(session, options)
        emit_json("plan", plan_as_json(made)) if json else out(plan_as_text(made))
        return
    result = run(session, options, wait)
    emit_json("build", result_as_json(result)) if json else out(result_as_text(result))
