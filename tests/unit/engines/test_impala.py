"""Impala's dialect and statements, and what its errors become. What needs a server or impyla is in tests/impala."""

import datetime as dt
import sys
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from sqlglot import parse_one

from shoplake.engines import hiveserver2, impala
from shoplake.engines.impala import Impala, explain
from shoplake.errors import Lacking, ShoplakeError, WrongUse


def said(spark_sql: str) -> str:
    return parse_one(spark_sql, read="spark").sql(impala.DIALECT)


@pytest.mark.parametrize(
    ("spark_sql", "wanted"),
    [
        ("SELECT a FROM t ORDER BY a DESC NULLS LAST", "SELECT a FROM t ORDER BY a DESC NULLS LAST"),
        ("SELECT a FROM t ORDER BY a NULLS FIRST", "SELECT a FROM t ORDER BY a NULLS FIRST"),
        ("SELECT a || '/' || b AS c FROM t", "SELECT CONCAT(a, '/', b) AS c FROM t"),
        ("SELECT DATEDIFF(a, b) AS c FROM t", "SELECT DATEDIFF(a, b) AS c FROM t"),
        ("SELECT DATE_TRUNC('DAY', a) AS b FROM t", "SELECT DATE_TRUNC('day', a) AS b FROM t"),
        ("SELECT a + INTERVAL '7' DAY AS b FROM t", "SELECT a + INTERVAL 7 DAY AS b FROM t"),
        ("SELECT SUM(a) FILTER (WHERE b) AS c FROM t", "SELECT SUM(CASE WHEN b THEN a END) AS c FROM t"),
        ("SELECT COUNT(*) FILTER (WHERE b) AS c FROM t", "SELECT COUNT(CASE WHEN b THEN 1 END) AS c FROM t"),
        ("SELECT IF(a, 1, 2) AS b FROM t", "SELECT CASE WHEN a THEN 1 ELSE 2 END AS b FROM t"),
        ("SELECT a AS views, `value` FROM t", "SELECT a AS `views`, `value` FROM t"),
        ("SELECT CAST(a AS TIMESTAMP_NTZ) AS b FROM t", "SELECT CAST(a AS TIMESTAMP) AS b FROM t"),
    ],
)
def test_the_dialect_says_what_impala_reads(spark_sql: str, wanted: str) -> None:
    assert said(spark_sql) == wanted


@pytest.mark.parametrize(
    "spark_sql",
    [
        "SELECT EXPLODE(a) AS b FROM t",
        "SELECT COLLECT_LIST(a) AS b FROM t",
        "SELECT b FROM t LATERAL VIEW EXPLODE(a) x AS b",
    ],
)
def test_the_dialect_refuses_what_impala_has_no_form_of(spark_sql: str) -> None:
    with pytest.raises(WrongUse, match="Impala has no "):
        said(spark_sql)


def test_statements() -> None:
    day = {"event_date": "2026-01-01"}
    assert impala.refresh("ecommerce.f") == "REFRESH ecommerce.f"
    assert impala.refresh("ecommerce.f", day) == "REFRESH ecommerce.f PARTITION (event_date = DATE '2026-01-01')"
    assert impala.compute_stats("ecommerce.f") == "COMPUTE STATS ecommerce.f"
    assert impala.compute_stats("ecommerce.f", incremental=True) == "COMPUTE INCREMENTAL STATS ecommerce.f"
    assert impala.compute_stats("ecommerce.f", day).endswith(
        "STATS ecommerce.f PARTITION (event_date = DATE '2026-01-01')"
    )
    assert impala.place("marts.customer_rfm") == "ecommerce.customer_rfm"


@pytest.mark.parametrize(
    ("text", "wanted"), [("a", "'a'"), ("it's", '"it\'s"'), ("a\\b", "'a\\\\b'"), ("'\"", "'\\'\"'")]
)
def test_quote(text: str, wanted: str) -> None:
    assert impala.quote(text) == wanted


@pytest.mark.parametrize(
    ("words", "kind", "remedy"),
    [
        ("Metadata for file 'x' appears stale. Try running \"refresh t\"", Lacking, "REFRESH the table"),
        ("Memory limit exceeded: Could not allocate", Lacking, "MEM_LIMIT"),
        ("Admission for query exceeded timeout 60000ms", Lacking, "the pool has no room"),
        ("AuthorizationException: User 'ana' does not have privileges to execute 'SELECT'", Lacking, "GRANT"),
        ("AnalysisException: Could not resolve table reference: 't'", ShoplakeError, "INVALIDATE METADATA"),
        ("AnalysisException: operands of type BIGINT and STRING are not comparable", ShoplakeError, "in: SELECT"),
    ],
)
def test_errors_say_the_remedy(words: str, kind: type[ShoplakeError], remedy: str) -> None:
    told = explain(RuntimeError(words), "SELECT 1")
    assert type(told) is kind
    assert remedy in str(told)
    assert words.splitlines()[0] in str(told)


def test_without_impyla(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "impala.dbapi", None)
    with pytest.raises(Lacking, match=r"impyla is not installed.*pip install 'shoplake\[hadoop\]'"):
        Impala()


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        ("2026-01-31", pa.date32(), dt.date(2026, 1, 31)),  # as Impala sends a DATE; Hive sends a date
        (dt.date(2026, 1, 31), pa.date32(), dt.date(2026, 1, 31)),
        ("1.5", pa.decimal128(18, 4), Decimal("1.5")),
        (b"[1]", pa.string(), "[1]"),
        (None, pa.date32(), None),
    ],
)
def test_a_value_becomes_what_its_column_is(value: Any, kind: pa.DataType, wanted: Any) -> None:
    assert hiveserver2.arrow_value(value, kind) == wanted
