"""Money and days of what was landed, measured on the raw files themselves, not on the way to them.

Sums are exact decimals. A value that is no decimal is left to clean and counted here as `without_amount`.
"""

from typing import Any

from shoplake.ingest.write import RawTable

_TIMES = {
    "transactions": "ordered_at",
    "refunds": "refunded_at",
    "clickstream": "event_ts",
    "users": "updated_at",
    "products": "updated_at",
}
_DECIMAL = "^-?[0-9]{1,14}([.][0-9]{1,4})?$"


def measure(
    tables: list[RawTable], threads: int, memory: str
) -> tuple[list[dict[str, object]], dict[str, dict[str, object]]]:
    """(money a table and line type, days a table). Amounts: quantity x unit_price; refunds: the money back."""
    import duckdb

    money: list[dict[str, object]] = []
    days: dict[str, dict[str, object]] = {}
    with duckdb.connect(
        config={"threads": threads, "memory_limit": memory} if threads else {"memory_limit": memory}
    ) as con:
        for table in tables:
            if not table.rows:
                continue
            con.sql(f"CREATE OR REPLACE TEMP VIEW raw_rows AS {_rows(table)}")
            if table.table in ("transactions", "refunds"):
                money += _money(con, table.table)
            days[table.table] = _days(con, _TIMES[table.table])
    return money, days


def _rows(table: RawTable) -> str:
    columns = [c for c in ("line_type", "quantity", "unit_price", "amount", _TIMES[table.table]) if c in table.columns]
    chosen = ", ".join(columns)
    types = "{" + ", ".join(f"'{c}': 'VARCHAR'" for c in table.columns) + "}"
    if table.format == "csv":
        plain = (
            f"read_csv('{_quoted(table.plain_path)}', columns={types}, header=true, delim=',', quote='', escape='', "
            "auto_detect=false, max_line_size=2000000)"
        )
    else:
        plain = (
            f"read_json('{_quoted(table.plain_path)}', columns={types}, format='newline_delimited', auto_detect=false)"
        )
    odd = f"read_json('{_quoted(table.odd_path)}', columns={types}, format='newline_delimited', auto_detect=false)"
    parts = [
        f"SELECT {chosen} FROM {p}" for p, rows in ((plain, table.rows - table.odd_rows), (odd, table.odd_rows)) if rows
    ]
    return " UNION ALL ".join(parts)


def _quoted(path: object) -> str:
    return str(path).replace("'", "''")


def _money(con: Any, table: str) -> list[dict[str, object]]:
    number = f"regexp_matches(%s, '{_DECIMAL}')"
    if table == "refunds":
        amount = f"CASE WHEN {number % 'amount'} THEN CAST(amount AS DECIMAL(38,8)) END"
    else:
        # Both operands wide: the product of two DECIMAL(18,4) overflows before any outer cast.
        amount = (
            f"CASE WHEN regexp_matches(quantity, '^-?[0-9]{{1,18}}$') AND {number % 'unit_price'} "
            "THEN CAST(quantity AS DECIMAL(19,0)) * CAST(unit_price AS DECIMAL(18,4)) END"
        )
    rows = con.sql(
        f"SELECT COALESCE(NULLIF(lower(trim(line_type)), ''), 'product') AS kind, "
        f"COUNT(*), SUM({amount}), COUNT(*) - COUNT({amount}) "
        "FROM raw_rows GROUP BY kind ORDER BY kind"
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
        f"CASE WHEN regexp_matches({column}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN {column}[1:10] "
        f"WHEN regexp_matches({column}, '^[0-9]{{13}}$') "
        f"THEN CAST(CAST(epoch_ms(CAST({column} AS BIGINT)) AS DATE) AS VARCHAR) END"
    )
    [(first, last, count)] = con.sql(
        f"SELECT MIN(d), MAX(d), COUNT(DISTINCT d) FROM (SELECT {day} AS d FROM raw_rows)"
    ).fetchall()
    return {"first": first, "last": last, "days": count}
