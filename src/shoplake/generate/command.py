"""The verb `generate`: a believable shop of any size, the same bytes for the same seed."""

import datetime as dt
import os
from typing import Annotated, Any

import typer

from shoplake.errors import WrongUse
from shoplake.generate.options import BLOCKS, SIZES, TABLES, Plan, mess_rates, named, share, whole_number

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Make a shop: users, products, orders, refunds and clicks, with faults that are known.\n\n"
    "Example: shoplake --lake shop generate all --size small --seed 7",
)  # fmt: skip


_COUNTS = (("events", 0, 10**11), ("transactions", 0, 10**10), ("users", 1, 10**9), ("products", 1, 10**7))


def plan_of(
    counts: dict[str, str | None],
    size: str = "default",
    seed: str = "42",
    start_date: str = "2025-01-01",
    tracked_share: str | None = None,
    mess: str = "default",
    mess_rate: list[str] | None = None,
    form: str = "csv",
) -> Plan:
    """The plan that these options stand for. Raises WrongUse naming the option that cannot be."""
    preset = SIZES[named(size, list(SIZES), "--size")]
    found = {}
    for k, (name, least, most) in enumerate(_COUNTS):
        text = counts.get(name)
        found[name] = preset[k] if text is None else whole_number(text, f"--{name}", least, most)
    try:
        start = dt.date.fromisoformat(start_date)
    except ValueError:
        raise WrongUse(f"--start-date: found {start_date!r}, expected a day like 2025-01-01.") from None
    if not dt.date(2003, 1, 1) <= start <= dt.date(2097, 12, 31):
        raise WrongUse(f"--start-date: found {start_date}, expected a day from 2003-01-01 to 2097-12-31.")
    return Plan(
        seed=whole_number(seed, "--seed", 0, 2**63 - 1),
        start=start,
        tracked_share=None if tracked_share is None else share(tracked_share, "--tracked-share"),
        format=named(form, ["csv", "parquet"], "--format"),
        mess=mess_rates(mess, mess_rate or []),
        **found,
    )


def _register(name: str, tables: list[str], about: str) -> None:
    @app.command(name, help=about)
    def command(
        context: typer.Context,
        events: Annotated[
            str | None, typer.Option(metavar="N", help="Events, without second copies [default: 1,000,000]")
        ] = None,
        transactions: Annotated[
            str | None, typer.Option(metavar="N", help="Order lines, each with one or more states [default: 500,000]")
        ] = None,
        users: Annotated[str | None, typer.Option(metavar="N", help="Users [default: 100,000]")] = None,
        products: Annotated[str | None, typer.Option(metavar="N", help="Products [default: 10,000]")] = None,
        size: Annotated[
            str, typer.Option(metavar="NAME", help="All four at once: tiny, small, default or large")
        ] = "default",
        seed: Annotated[str, typer.Option(metavar="N", help="The same seed gives the same bytes")] = "42",
        parts: Annotated[
            str | None, typer.Option(metavar="N", help="Parts, each made by a process [default: processors]")
        ] = None,
        part: Annotated[
            str | None, typer.Option(metavar="K", help="Make only part K (1 to --parts), for many machines")
        ] = None,
        mess: Annotated[str, typer.Option(metavar="LEVEL", help="Faults: none, light, default or heavy")] = "default",
        mess_rate: Annotated[
            list[str] | None, typer.Option(metavar="NAME=RATE", help="One fault's rate, 0 to 1; can be repeated")
        ] = None,
        start_date: Annotated[str, typer.Option(metavar="DAY", help="First of the 365 days")] = "2025-01-01",
        tracked_share: Annotated[
            str | None,
            typer.Option(
                metavar="SHARE", help="Users whose clicks are recorded [default: so that purchases are 0.84 % of views]"
            ),
        ] = None,
        format: Annotated[str, typer.Option(metavar="NAME", help="Of transactions: csv or parquet")] = "csv",  # noqa: A002
        json: Annotated[bool, typer.Option("--json", help="Print the result as JSON")] = False,
    ) -> None:
        counts = {"events": events, "transactions": transactions, "users": users, "products": products}
        plan = plan_of(counts, size, seed, start_date, tracked_share, mess, mess_rate, format)
        _run(context.obj, plan, tables, parts, part, json)


def _run(session: Any, plan: Plan, tables: list[str], parts: str | None, part: str | None, as_json: bool) -> None:
    count = min(os.cpu_count() or 1, BLOCKS) if parts is None else whole_number(parts, "--parts", 1, BLOCKS)
    if part is not None and parts is None:
        raise WrongUse("--part: needs --parts, the number of parts there are in all.")
    only = None if part is None else whole_number(part, "--part", 1, count) - 1
    from shoplake.generate.run import TableMade, generate
    from shoplake.terminal import emit_json, steps

    with steps("generate", len(tables)) as shown:

        def told(made: TableMade) -> None:
            size = f"{made.rows:,} rows, {made.files} files, {made.bytes / 1e6:,.1f} MB"
            shown.done(f"{made.table}: {'kept, already made with these options: ' if made.kept else ''}{size}")

        done = generate(session.lake, plan, tables, count, only, None, told)
    if as_json or session.json:
        rows = [
            {"table": d.table, "kept": d.kept, "rows": d.rows, "files": d.files, "bytes": d.bytes, "ledger": d.ledger}
            for d in done
        ]
        emit_json("generate", {"lake": str(session.lake.root), "parameters": plan.notes(), "tables": rows})


_ABOUT: dict[str, str] = {
    "products": "The catalogue as a change feed.", "users": "Customers as a change feed.", "transactions": "Order lines and the states they go through.",
    "refunds": "What was sent back.", "clickstream": "Events of the visitors whose clicks are recorded.",
}  # fmt: skip
_register(
    "all",
    list(TABLES),
    "All tables, in order. What is already there with the same options is kept.\n\nExample: shoplake generate all --size small",
)
for _name in TABLES:
    _register(_name, [_name], f"{_ABOUT[_name]}\n\nExample: shoplake generate {_name} --seed 7")
