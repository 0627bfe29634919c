"""Money and days of what was landed, measured on the raw files themselves, not on the way to them.

Sums are exact decimals. A value that is no decimal is left to clean and counted here as `without_amount`; malformed rows
have no values and are not here.
"""

from typing import Any

from shoplake.errors import Lacking
from shoplake.ingest.write import RawTable

_TIMES = {
    "transactions": "ordered_at",
    "refunds": "refunded_at",
    "clickstream": "event_ts",
    "users": "updated_at",
    "products": "updated_at",
}
# What stands for line types that the contract does not name: a mangled file has a thousand of them.
OTHER = "(unknown)"
_DECIMAL = "^-?[0-9]{1,14}([.][0-9]{1,4})?$"


def measure(
    tables: list[RawTable], line_types: tuple[str, ...], threads: int, memory: str
) -> tuple[list[dict[str, object]], dict[str, dict[str, object]]]:
    """(money a table and line type, days a table). Amounts: quantity x unit_price; refunds: the money back.

    Raises Lacking when the memory does not suffice.
    """
    import duckdb

    money: list[dict[str, object]] = []
    days: dict[str, dict[str, object]] = {}
    config: dict[str, Any] = {"memory_limit": memory, **({"threads": threads} if threads else {})}
    try:
        with duckdb.connect(config=config) as con:
            for table in tables:
                if table.rows:
                    con.sql(f"CREATE OR REPLACE TEMP VIEW raw_rows AS {_rows(table)}")
                    if table.table in ("transactions", "refunds"):
                        money += _money(con, table.table, line_types)
                    days[table.table] = _days(con, _TIMES[table.table])
    except duckdb.OutOfMemoryException as e:
        raise Lacking(f"measuring what was read needs more than {memory} of memory. Give more with --memory.") from e
    return money, days


def _rows(table: RawTable) -> str:
    columns = [c for c in ("line_type", "quantity", "unit_price", "amount", _TIMES[table.table]) if c in table.columns]
    chosen = ", ".join(columns)
    types = ", ".join(f"'{c}': 'VARCHAR'" for c in table.columns)
    plain = f"'{_quoted(table.plain_path)}', columns={{{types}}}, auto_detect=false"
    odd = f"'{_quoted(table.odd_path)}', columns={{{types}, 'is_malformed': 'BOOLEAN'}}, auto_detect=false"
    if table.format == "csv":
        plain = f"read_csv({plain}, header=true, delim=',', quote='', escape='', max_line_size=2000000)"
    else:
        plain = f"read_json({plain}, format='newline_delimited')"
    parts = [f"SELECT {chosen} FROM {plain}"] if table.rows > table.odd_rows else []
    if table.odd_rows:
        parts.append(f"SELECT {chosen} FROM read_json({odd}, format='newline_delimited') WHERE NOT is_malformed")
    return " UNION ALL ".join(parts)


def _quoted(path: object) -> str:
    return str(path).replace("'", "''")


def _money(con: Any, table: str, line_types: tuple[str, ...]) -> list[dict[str, object]]:
    number = f"regexp_matches(%s, '{_DECIMAL}')"
    if table == "refunds":
        amount = f"CASE WHEN {number % 'amount'} THEN CAST(amount AS DECIMAL(38,8)) END"
    else:
        # Both operands wide: the product of two DECIMAL(18,4) overflows before any outer cast. At most 12 digits, so
        # that no sum of them overflows.
        amount = (
            f"CASE WHEN regexp_matches(quantity, '^-?[0-9]{{1,12}}$') AND {number % 'unit_price'} "
            "THEN CAST(quantity AS DECIMAL(12,0)) * CAST(unit_price AS DECIMAL(18,4)) END"
        )
    known = ", ".join(f"'{t}'" for t in line_types)
    rows = con.sql(
        f"SELECT CASE WHEN kind = '' THEN 'product' WHEN kind IN ({known}) THEN kind ELSE '{OTHER}' END AS line_type, "
        f"COUNT(*), SUM({amount}), COUNT(*) - COUNT({amount}) "
        "FROM (SELECT *, LOWER(TRIM(COALESCE(line_type, ''))) AS kind FROM raw_rows) AS r GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return [
        {"table": table, "line_type": kind, "rows": count, "amount": _decimal(total), "without_amount": without}
        for kind, count, total, without in rows
    ]


def _decimal(total: Any) -> str:
    text = f"{total or 0:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _days(con: Any, column: str) -> dict[str, object]:
    day = (
        f"CASE WHEN regexp_matches({column}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN TRY_CAST({column}[1:10] AS DATE) "
        f"WHEN regexp_matches({column}, '^[0-9]{{13}}$') THEN CAST(epoch_ms(CAST({column} AS BIGINT)) AS DATE) END"
    )
    # The range that clean accepts.
    [(first, last, count)] = con.sql(
        f"SELECT CAST(MIN(d) AS VARCHAR), CAST(MAX(d) AS VARCHAR), COUNT(DISTINCT d) FROM (SELECT {day} AS d FROM raw_rows) "
        "WHERE d >= DATE '2000-01-01' AND d < DATE '2100-01-01'"
    ).fetchall()
    return {"first": first, "last": last, "days": count}
