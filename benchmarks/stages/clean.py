"""Cleaning: all of ours, against DuckDB's raw scan of the same bytes and one Parquet file of them as text."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

if TYPE_CHECKING:
    from shoplake.build.embedded import EmbeddedBuilder

# Columns whose text cleaning does not change, blanks around it apart.
KEPT = {"clickstream": ("event_id", "visitor_id", "page_url", "user_agent"), "transactions": ("transaction_id", "product_id", "ship_city", "coupon_code")}  # fmt: skip


def cases(s: Setting) -> list[Case]:
    found = []
    for table, lake, goals in (("clickstream", s.clicks, (2.5, 2.0)), ("transactions", s.orders, (2.5, 2.0))):
        for threads in s.threads:
            a = {"raw": lake["lake"], "table": table}
            found.append(Case(
                f"clean {table}", "clean", threads, Work("stages.clean:scan", a), Work("stages.clean:ours", a), _accounted,
                None, Goal("ratio", goals[0]), Goal("ratio", goals[1]),
                "types, reasons, kept rejects, duplicates, counts, robots, a folder a day, SHA-256 of each file read and written, checks, "
                "without planning and the calendar, which are made once a build and once a lake; against a raw scan "
                "and a Parquet write (zstd-1, all columns as text) of the same bytes",
            ))  # fmt: skip
    return found


def scan(a: Facts) -> Callable[[], Callable[[], Facts]]:
    """The files as they are, each in the reader's own way, into one Parquet file."""
    from shoplake.contracts import load

    names = load().table(f"raw.{a['table']}").names
    files = sorted(str(p) for p in Path(a["raw"], "raw", a["table"]).glob("ds=*/*"))
    columns = "{" + ", ".join(f"'{c}': 'VARCHAR'" for c in names) + "}"
    parts = []
    csv = [f for f in files if f.endswith(".csv")]
    if csv:
        parts.append(f"SELECT * FROM read_csv({csv}, columns = {columns}, header = true, auto_detect = false, delim = ',', quote = '', escape = '', "
                     "null_padding = true, strict_mode = false)")  # fmt: skip
    lines = [f for f in files if f.endswith(".jsonl")]
    if lines:
        parts.append(
            f"SELECT * FROM read_json({lines}, format = 'newline_delimited', columns = {columns}, maximum_object_size = 67108864)"
        )
    target = f"{a['folder']}/raw.parquet"
    connection = setting.connect(a["threads"], a["folder"])
    sql = f"COPY ({' UNION ALL '.join(parts)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"

    def timed() -> Callable[[], Facts]:
        connection.execute(sql)

        def facts() -> Facts:
            rows, mark = connection.execute(
                f"SELECT COUNT(*), BIT_XOR(HASH({', '.join(KEPT[a['table']])})) FROM '{target}'"
            ).fetchone()
            return {"rows": rows, "bytes": sum(os.path.getsize(f) for f in files), "same": [rows, str(mark)]}

        return facts

    return timed


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.embedded import EmbeddedBuilder
    from shoplake.build.plan import Options, make_plan
    from shoplake.terminal import Steps

    root = setting.fresh_lake(a["raw"], a["folder"])
    session = setting.session(root, a["threads"])

    builder = EmbeddedBuilder(session, make_plan(session, Options(full=True)))
    builder.reference()

    def timed() -> Callable[[], Facts]:
        partitions = [p for p in builder.clean(Steps("clean", 1)) if p.table == a["table"]]

        def facts() -> Facts:
            rows = builder.engine.rows
            mark = rows(f"SELECT COUNT(*), BIT_XOR(HASH(c)) FROM lake.clean.{a['table']} AS c")[0]
            counts = {k: sum(getattr(p, k) for p in partitions) for k in ("landed", "clean", "duplicate", "rejected")}
            found = {
                **counts,
                "size": sum(f.bytes for p in partitions for f in p.clean_files),
                "same": [*counts.values(), str(mark[1])],
            }
            if a["prove"]:
                found["unfound"] = _unfound(builder, a["table"])
            return found

        return facts

    return timed


def _unfound(builder: "EmbeddedBuilder", table: str) -> int:
    """Clean rows whose texts are not those of a raw row of the same day."""
    from shoplake.engines.duckdb import FUNCTIONS
    from shoplake.engines.duckdb_raw import raw_select

    files = [f for one in builder.plan.new for f in one.files]
    raw = raw_select(builder.plan.contracts.table(f"raw.{table}"), files, builder.lake.files.address)
    tidy = ", ".join(f"{FUNCTIONS['tidy'](c)}" for c in KEPT[table])
    left, right = (
        f"SELECT DISTINCT ds, {c} FROM {source}"
        for source, c in ((f"lake.clean.{table}", ", ".join(KEPT[table])), (f"({raw})", tidy))
    )
    return int(builder.engine.rows(f"SELECT COUNT(*) FROM ({left} EXCEPT {right})")[0][0])


def _accounted(reference: Facts, mine: Facts) -> str:
    if mine["landed"] != mine["clean"] + mine["duplicate"] + mine["rejected"] or mine["landed"] != reference["rows"]:
        raise Unequal(f"clean: {reference['rows']} rows scanned, {mine} accounted for.")
    if mine["unfound"]:
        raise Unequal(f"clean: {mine['unfound']} clean rows hold texts that no raw row of their day holds.")
    return f"{mine['landed']:,} rows on both sides, all accounted for, each clean row's texts found in raw; every repetition the same content hash"
