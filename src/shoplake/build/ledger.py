"""The ledger: where every row went. First line: landed = clean + duplicate + rejected, a partition. Second line:
clean = core + superseded + redelivered, a table."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from shoplake.build.warehouse import Warehouse
from shoplake.errors import CheckFailed
from shoplake.lake.manifest import Partition


@dataclass(frozen=True)
class Movement:
    """How a clean table becomes core rows: `line` names what core keeps one row of, `copy` what is the same row delivered again."""

    table: str
    core: str
    line: tuple[str, ...]
    copy: tuple[str, ...]
    is_versioned: bool = False  # a dimension: its rows are versions, and it holds one unknown member


MOVEMENTS = (
    Movement("users", "core.dim_users", ("user_id",), ("user_id", "updated_us"), is_versioned=True),
    Movement("products", "core.dim_products", ("product_id",), ("product_id", "updated_us"), is_versioned=True),
    Movement(
        "transactions",
        "core.fact_transactions",
        ("transaction_id", "line_number"),
        ("transaction_id", "line_number", "updated_us"),
    ),
    Movement("refunds", "core.fact_refunds", ("refund_id", "line_number"), ("refund_id", "line_number", "updated_us")),
    Movement("clickstream", "core.fact_clickstream", ("event_id",), ("event_id",)),
)


def arrivals(partitions: list[Partition]) -> pa.Table:
    """ledger.arrivals: a row a raw partition."""
    return _table(
        ("table_name", "ds", "landed_rows", "clean_rows", "duplicate_rows", "rejected_rows", "nulled_values"),
        [(p.table, p.ds, p.landed, p.clean, p.duplicate, p.rejected, p.nulled) for p in partitions],
    )


def rejections(partitions: list[Partition]) -> pa.Table:
    """ledger.rejections: a row a raw partition, reason and column."""
    return _table(
        ("table_name", "ds", "reject_reason", "reject_column", "rejected_rows"),
        [(p.table, p.ds, *reason.partition(":")[::2], n) for p in partitions for reason, n in p.reasons.items()],
    )


def movements(house: Warehouse, partitions: list[Partition]) -> pa.Table:
    """ledger.movements. Raises CheckFailed when a clean row went nowhere, or core has one that came from nowhere."""
    rows = []
    for m in MOVEMENTS:
        clean = sum(p.clean for p in partitions if p.table == m.table)
        copies = _distinct(house, m.table, m.copy) if clean else 0
        lines = (copies if m.copy == m.line else _distinct(house, m.table, m.line)) if clean else 0
        there = house.place(m.core)
        core = house.count(m.core) - int(m.is_versioned)
        kept = int(house.rows(f"SELECT COUNT(DISTINCT {m.line[0]}) FROM {there}")[0][0]) if m.is_versioned else core
        if kept != lines or core > copies:
            raise CheckFailed(
                f"{m.core}: {kept} different ({', '.join(m.line)}) and {core} rows, but clean.{m.table} holds {lines} and {copies} states. "
                "A model dropped or multiplied rows: look at its joins. Nothing was published."
            )
        rows.append((m.table, clean, core, copies - core, clean - copies))
    return _table(("table_name", "clean_rows", "core_rows", "superseded_rows", "redelivered_rows"), rows)


def ledger(house: Warehouse, partitions: list[Partition]) -> dict[str, pa.Table]:
    """The three tables of the ledger, by full name."""
    return {
        "ledger.arrivals": arrivals(partitions),
        "ledger.rejections": rejections(partitions),
        "ledger.movements": movements(house, partitions),
    }


def _table(names: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> pa.Table:
    kinds = {"ds": pa.date32()} | {n: pa.string() for n in ("table_name", "reject_reason", "reject_column")}
    columns = {}
    for i, name in enumerate(names):
        values = [row[i] for row in rows]
        columns[name] = pa.array(map(_day, values) if name == "ds" else values, kinds.get(name, pa.int64()))
    return pa.table(columns)


def _day(text: object) -> dt.date:
    return dt.date.fromisoformat(str(text))


def _distinct(house: Warehouse, table: str, columns: tuple[str, ...]) -> int:
    keys = ", ".join(columns)
    there = house.place(f"clean.{table}")
    return int(house.rows(f"SELECT COUNT(*) FROM (SELECT {keys} FROM {there} GROUP BY {keys}) AS x")[0][0])
