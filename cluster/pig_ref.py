"""The ref layer as text, for Pig: what its scripts join and cannot work out."""

import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from shoplake.build import agents, reference
from shoplake.build.clean import Arrival, arriving_agents, batches
from shoplake.contracts import Contracts, load
from shoplake.engines.duckdb import DuckDB
from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import current_generation, read_manifest
from shoplake.lake.receipts import RawFile, raw_partitions
from shoplake.look.opened import data_files
from shoplake.settings import Session, zone

# Parameters of the scripts, by name: the enum whose values they hold.
ENUMS = {
    "EVENT_TYPES": "event_type",
    "LINE_TYPES": "line_type",
    "STATUSES": "status",
    "PAYMENT_METHODS": "payment_method",
    "CURRENCIES": "currency",
}
PARAMETERS = "parameters"


def shop_settings(session: Session) -> dict[str, str]:
    """timezone and currency: those the published generation was built with, before a first build those of the session."""
    if current_generation(session.lake) is not None:
        return read_manifest(session.lake).settings
    return {name: session[name] for name in ("timezone", "currency")}


def write(session: Session, folder: Path) -> None:
    """Write dates, zone_days, user_agents and products as tab-separated text under `folder`, and the file `parameters`.

    user_agents covers every record of raw.clickstream; products is empty until the lake has been built once. Raises WrongUse for a
    zone whose clock changes twice a day, a currency that is none, and an enum's value that no script can hold.
    """
    lake, contracts, settings = session.lake, load(session["project"]), shop_settings(session)
    reference.shop(settings["timezone"], settings["currency"])
    clock = zone(settings["timezone"], "timezone")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="shoplake-") as scratch:
        engine = DuckDB(threads=int(session["threads"]), memory=session["memory"], scratch=Path(scratch))
        try:
            tables = {
                "dates": reference.dates(clock, "").select(["calendar_date", "day_end_us"]),
                "zone_days": reference.zone_days(clock),
                "user_agents": _user_agents(engine, lake, contracts).select(["user_agent", "is_bot"]),
                "products": _products(engine, lake, contracts),
            }
        finally:
            engine.close()
    for name, table in tables.items():
        (folder / f"{name}.tsv").write_text("".join(_lines(table)), encoding="utf-8", newline="\n")
    told = {"CURRENCY": settings["currency"], **_enums(contracts)}
    (folder / PARAMETERS).write_text("".join(f"{name}='{value}'\n" for name, value in told.items()), encoding="utf-8", newline="\n")


def _enums(contracts: Contracts) -> dict[str, str]:
    """The values each enum may take, as the regular expression that a script matches."""
    rows = reference.enums(contracts).to_pylist()
    found = {}
    for parameter, enum in ENUMS.items():
        values = [row["enum_value"] for row in rows if row["enum_name"] == enum]
        odd = [value for value in values if not re.fullmatch(r"[A-Za-z0-9_]+", value)]
        if odd:
            raise WrongUse(f"contracts/columns.yml: {enum} may be {odd[0]!r}, which has no place in a Pig script. Expected letters, digits and _.")
        found[parameter] = "|".join(values)
    return found


def raw_files(lake: Lake, table: str) -> dict[str, list[RawFile]]:
    """ds -> the files that a receipt names. Raises WrongUse when there is none, or one that Pig's scripts do not read."""
    found = {ds: files for (name, ds), files in raw_partitions(lake).items() if name == table}
    if not found:
        raise WrongUse(f"{lake.raw / table}: nothing has landed. Deliver a file with `shoplake ingest FILE`, or `shoplake generate`.")
    for file in (f for files in found.values() for f in files):
        if file.format == "parquet":
            raise WrongUse(
                f"{lake.root / file.path}: raw Parquet, and the Pig scripts read JSON lines and CSV. "
                "Clean this lake with `shoplake build`, or deliver the file as text."
            )
    return found


def _user_agents(engine: DuckDB, lake: Lake, contracts: Contracts) -> pa.Table:
    engine.arrow_table("ref.user_agents", agents.classify([]))
    clicks = [(ds, files) for (table, ds), files in raw_partitions(lake).items() if table == "clickstream"]
    arrivals = [Arrival("clickstream", ds, "", tuple(files)) for ds, files in clicks]
    found: set[str] = set()
    for batch in batches(arrivals):
        found.update(arriving_agents(engine, lake, contracts, batch))
    return agents.classify(sorted(found))


def _products(engine: DuckDB, lake: Lake, contracts: Contracts) -> pa.Table:
    """product_id and the category of its newest version."""
    files = [] if current_generation(lake) is None else data_files(read_manifest(lake), "clean", "products")
    engine.parquet_view("clean.products", contracts.table("clean.products"), [str(lake.root / f.path) for f in files])
    return engine.fetch(
        "SELECT product_id, category FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY product_id "
        "ORDER BY updated_us DESC, ds DESC, category NULLS LAST) AS n FROM lake.clean.products) WHERE n = 1 ORDER BY product_id"
    )


def _lines(table: pa.Table) -> Iterable[str]:
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield "\t".join(_text(value) for value in row) + "\n"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
