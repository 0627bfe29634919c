"""`shoplake ingest`: the only place of this package that reads the clock, for the default of --ds."""

from pathlib import Path
from typing import Annotated

import typer

HELP = """Land real files: exports of your shop, or files in shoplake's own raw format.

The original is kept; the same file twice changes nothing.

Example: shoplake --lake shop ingest online_retail.csv.gz
"""


def ingest(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(help="CSV, JSON lines or Parquet; .gz is unpacked", metavar="FILE...", show_default=False),
    ],
    source: Annotated[
        str,
        typer.Option(
            help="Kind of file: shoplake, uci-online-retail [default: told by its header]",
            metavar="NAME",
            show_default=False,
        ),
    ] = "",
    table: Annotated[
        str,
        typer.Option(
            help="Raw table of a shoplake file [default: told by its header]", metavar="NAME", show_default=False
        ),
    ] = "",
    ds: Annotated[
        str, typer.Option(help="Day the file arrived, YYYY-MM-DD [default: today]", metavar="D", show_default=False)
    ] = "",
    timezone: Annotated[
        str,
        typer.Option(
            help="Zone of times spelled without one [default: the source's own, else UTC]",
            metavar="Z",
            show_default=False,
        ),
    ] = "",
    encoding: Annotated[
        str,
        typer.Option(
            help="utf-8 or iso-8859-1 [default: UTF-8, or what the source allows]", metavar="NAME", show_default=False
        ),
    ] = "",
    drop_repeated_lines: Annotated[
        bool, typer.Option("--drop-repeated-lines", help="Keep one of lines that are the same in every column")
    ] = False,
    ignore_extra_columns: Annotated[
        bool, typer.Option("--ignore-extra-columns", help="Leave out columns that no contract has, and say which")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,
) -> None:
    import datetime as dt

    from shoplake import terminal
    from shoplake.contracts import load
    from shoplake.errors import ShoplakeError, WrongUse
    from shoplake.ingest.land import Request, land
    from shoplake.ingest.report import lines
    from shoplake.ingest.text import LATIN1, UTF8
    from shoplake.lake.layout import parse_day
    from shoplake.settings import Session, zone

    session: Session = context.obj
    encoding = encoding.lower()
    if encoding not in ("", UTF8, LATIN1):
        raise WrongUse(f"--encoding: found {encoding!r}, expected {UTF8} or {LATIN1}. Convert other files with iconv.")
    if timezone:
        zone(timezone, "--timezone")
    day, origin = (str(parse_day(ds, "--ds")), "--ds") if ds else (dt.date.today().isoformat(), "clock")
    request = Request(
        day,
        source,
        table,
        timezone,
        encoding,
        drop_repeated_lines,
        ignore_extra_columns,
        origin,
        int(session["threads"]),
        session["memory"],
    )
    contracts = load(session["project"])
    summaries = []
    try:
        for file in files:
            summary = land(session.lake, file, request, contracts)
            summaries.append(summary)
            for line in lines(summary, session):
                terminal.say(line)
    except ShoplakeError as e:
        if summaries:
            e.args = (f"{e} The {len(summaries)} file(s) named before it are landed.",)
        raise
    if json or session.json:
        terminal.emit_json("ingest", {"files": summaries})


ingest.__doc__ = HELP
