"""Two tables, row for row."""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import polars as pl
import yaml

from tests.recompute import core, reading, recompute

CONTRACTS = Path(__file__).parents[2] / "contracts"
FROM_REF = ("core.dim_date", "core.dim_user_agents")
NEVER_KNOWN = "@unknown"


def published(database: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> pl.DataFrame:
    """Columns of a published table; money in whole ten-thousandths."""
    relation = database.sql(f"SELECT {', '.join(columns)} FROM {table}")
    return reading.in_whole_units(pl.from_arrow(relation.to_arrow_table()))


def differences(name: str, mine: pl.DataFrame, theirs: pl.DataFrame, key: list[str]) -> str:
    """Empty when both hold the same rows; else how many do not, and five of them each way."""
    columns = theirs.columns
    mine = mine.select(columns).cast(dict(theirs.schema))
    found = ""
    if mine.height != theirs.height:
        found += f"{name}: {mine.height} rows recomputed, {theirs.height} published\n"
    for who, these, those in (("recomputed", mine, theirs), ("published", theirs, mine)):
        if these.n_unique(key) != these.height:
            found += f"{name}: {who} rows share a key\n"
        only = these.join(those, on=columns, how="anti", nulls_equal=True)
        if only.height:
            found += f"{name}: {only.height} rows only {who}\n"
            found += "".join(f"    {row}\n" for row in only.sort(key).head(5).to_dicts())
    return found


def compare(root: Path) -> tuple[str, dict[str, int]]:
    """Every core and marts table of the published generation against its recomputation: differences, and rows of each."""
    lake = reading.read_lake(root)
    database = duckdb.connect(str(lake.database), read_only=True)
    sessions = published(database, "core.fact_sessions", ["session_key", "is_suspected_bot"])
    suspected = set(sessions.filter("is_suspected_bot")["session_key"].to_list())
    again = {f"marts.{n}": f for n, f in recompute.marts(lake, suspected).items()}
    again |= {f"core.{n}": f for n, f in core.core(lake).items()}
    found, rows = "", {}
    for path in sorted([*(CONTRACTS / "marts").glob("*.yml"), *(CONTRACTS / "core").glob("*.yml")]):
        name = f"{path.parent.name}.{path.stem}"
        contract = yaml.safe_load(path.read_text())
        if name in FROM_REF or contract.get("made_by") == "learn":
            continue
        columns = contract["columns"]
        if name.startswith("core.") and name in again:
            columns = [c for c in columns if c in again[name].columns]
        theirs = published(database, name, columns)
        if name.startswith("core.dim_"):
            theirs = theirs.filter(~pl.col(contract["key"][0]).str.ends_with(NEVER_KNOWN))
        rows[name] = theirs.height
        if name in again:
            key = [c if c in columns else "valid_from_us" for c in contract["key"]]
            found += differences(name, again[name], theirs, key)
        elif theirs.height:
            found += f"{name}: {theirs.height} rows published, none recomputed\n"
    database.close()
    return found, rows
