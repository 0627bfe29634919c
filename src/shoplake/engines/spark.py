"""Spark: how a model reads there. Rendered here, not yet run from here."""

from collections.abc import Callable

NAME = "spark"
DIALECT = "spark"

TYPES = {"text": "STRING", "boolean": "BOOLEAN", "bigint": "BIGINT", "date": "DATE", "timestamp": "TIMESTAMP_NTZ"}

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def _tidy(x: str) -> str:
    return f"NULLIF(TRIM({x}), '')"


def _fold(x: str) -> str:
    return f"TRANSLATE({_tidy(x)}, '{_UPPER}', '{_LOWER}')"


def _to_int(x: str) -> str:
    return f"CASE WHEN TRIM({x}) RLIKE '^-?[0-9]{{1,18}}$' THEN CAST(TRIM({x}) AS BIGINT) END"


def _to_decimal(x: str) -> str:
    return f"CASE WHEN TRIM({x}) RLIKE '^-?[0-9]{{1,14}}([.][0-9]{{1,4}})?$' THEN CAST(TRIM({x}) AS DECIMAL(18, 4)) END"


def _to_time(x: str) -> str:
    x = f"TRIM({x})"
    spelled = (
        f"CASE WHEN {x} RLIKE '^{_DAY}T{_CLOCK}Z$' THEN TRY_CAST(REPLACE(REPLACE({x}, 'T', ' '), 'Z', '') AS TIMESTAMP_NTZ)"
        f" WHEN {x} RLIKE '^{_DAY} {_CLOCK}$' THEN TRY_CAST({x} AS TIMESTAMP_NTZ)"
        f" WHEN {x} RLIKE '^[0-9]{{12,13}}$' THEN CAST(TIMESTAMP_MILLIS(CAST({x} AS BIGINT)) AS TIMESTAMP_NTZ) END"
    )
    low, high = "CAST('2000-01-01 00:00:00' AS TIMESTAMP_NTZ)", "CAST('2099-12-31 23:59:59.999999' AS TIMESTAMP_NTZ)"
    return f"CASE WHEN ({spelled}) BETWEEN {low} AND {high} THEN ({spelled}) END"


def _to_day(x: str) -> str:
    return f"CASE WHEN TRIM({x}) RLIKE '^(19|20)[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}$' THEN TRY_CAST(TRIM({x}) AS DATE) END"


def _micros(x: str) -> str:
    return f"UNIX_MICROS(CAST({x} AS TIMESTAMP))"


def _ratio(a: str, b: str, scale: str) -> str:
    wide = f"CAST({a} AS DECIMAL(24, 4)) / NULLIF(CAST({b} AS DECIMAL(24, 4)), 0)"
    return f"TRY_CAST(ROUND({wide}, {int(scale)}) AS DECIMAL(18, {int(scale)}))"


FUNCTIONS: dict[str, Callable[..., str]] = {
    "tidy": _tidy,
    "fold": _fold,
    "to_int": _to_int,
    "to_decimal": _to_decimal,
    "to_time": _to_time,
    "to_day": _to_day,
    "micros": _micros,
    "ratio": _ratio,
}


def sql_type(contract_type: str) -> str:
    """Spark's name of a contract's type."""
    return TYPES.get(contract_type, contract_type.upper())
