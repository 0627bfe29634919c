"""The ledger: where every row went. First line: landed = clean + duplicate + rejected, a partition. Second line:
clean = core + superseded + redelivered, a table."""

from dataclasses import dataclass

import pyarrow as pa

from shoplake.engines.duckdb import DuckDB
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


def write_arrivals(engine: DuckDB, partitions: list[Partition]) -> None:
    """gen.ledger.arrivals and gen.ledger.rejections, from the partitions' counts."""
    arrivals = {
        "table_name": pa.array([p.table for p in partitions], pa.string()),
        "ds": pa.array([p.ds for p in partitions], pa.string()),
        "landed_rows": pa.array([p.landed for p in partitions], pa.int64()),
        "clean_rows": pa.array([p.clean for p in partitions], pa.int64()),
        "duplicate_rows": pa.array([p.duplicate for p in partitions], pa.int64()),
        "rejected_rows": pa.array([p.rejected for p in partitions], pa.int64()),
        "nulled_values": pa.array([p.nulled for p in partitions], pa.int64()),
    }
    lines = [
        (p.table, p.ds, *reason.partition(":")[::2], count) for p in partitions for reason, count in p.reasons.items()
    ]
    rejections = {
        name: pa.array([line[i] for line in lines], pa.int64() if i == 4 else pa.string())
        for i, name in enumerate(("table_name", "ds", "reject_reason", "reject_column", "rejected_rows"))
    }
    for name, columns in (("arrivals", arrivals), ("rejections", rejections)):
        engine.arrow_table("work.ledger", pa.table(columns))
        engine.execute(
            f"CREATE OR REPLACE TABLE gen.ledger.{name} AS SELECT * REPLACE (CAST(ds AS DATE) AS ds) FROM lake.work.ledger ORDER BY table_name, ds"
        )
    engine.execute("DROP TABLE lake.work.ledger")


def write_movements(engine: DuckDB, partitions: list[Partition]) -> None:
    """gen.ledger.movements. Raises CheckFailed when a clean row went nowhere, or core has one that came from nowhere."""
    rows = []
    for m in MOVEMENTS:
        clean = sum(p.clean for p in partitions if p.table == m.table)
        copies = _distinct(engine, m.table, m.copy) if clean else 0
        lines = (copies if m.copy == m.line else _distinct(engine, m.table, m.line)) if clean else 0
        core = int(engine.rows(f"SELECT COUNT(*) FROM gen.{m.core}")[0][0]) - int(m.is_versioned)
        kept = (
            int(engine.rows(f"SELECT COUNT(DISTINCT {m.line[0]}) FROM gen.{m.core}")[0][0]) if m.is_versioned else core
        )
        if kept != lines or core > copies:
            raise CheckFailed(
                f"{m.core}: {kept} different ({', '.join(m.line)}) and {core} rows, but clean.{m.table} holds {lines} and {copies} states. "
                "A model dropped or multiplied rows: look at its joins. Nothing was published."
            )
        rows.append((m.table, clean, core, copies - core, clean - copies))
    names = ("table_name", "clean_rows", "core_rows", "superseded_rows", "redelivered_rows")
    engine.arrow_table(
        "work.ledger",
        pa.table({n: pa.array([r[i] for r in rows], pa.int64() if i else pa.string()) for i, n in enumerate(names)}),
    )
    engine.execute("CREATE OR REPLACE TABLE gen.ledger.movements AS SELECT * FROM lake.work.ledger")
    engine.execute("DROP TABLE lake.work.ledger")


def _distinct(engine: DuckDB, table: str, columns: tuple[str, ...]) -> int:
    keys = ", ".join(columns)
    return int(engine.rows(f"SELECT COUNT(*) FROM (SELECT {keys} FROM lake.clean.{table} GROUP BY {keys})")[0][0])
