"""Exact quotients, and the few aggregates that every mart uses."""

from typing import Any

import polars as pl


def half_up(above: Any, below: Any, scale: int) -> int | None:
    """above / below in whole units of 10^-scale, half away from zero; NULL when it has no value."""
    if above is None or not below:
        return None
    sign = -1 if (above < 0) != (below < 0) else 1
    above, below = abs(above), abs(below)
    return sign * ((2 * above * 10**scale + below) // (2 * below))


def ratio(frame: pl.DataFrame, name: str, above: str, below: str, scale: int = 6) -> pl.DataFrame:
    """A column of exact quotients; Python's whole numbers have no limit, so nothing overflows."""
    pairs = zip(frame[above].to_list(), frame[below].to_list(), strict=True)
    return frame.with_columns(pl.Series(name, [half_up(a, b, scale) for a, b in pairs], pl.Int64))


def whole_ratio(frame: pl.DataFrame, name: str, money: str, number: str) -> pl.DataFrame:
    """Money over a number, in whole ten-thousandths."""
    return ratio(frame, name, money, number, scale=0)


def total(column: str) -> pl.Expr:
    """A sum that is NULL when nothing is known."""
    return pl.when(pl.col(column).count() > 0).then(pl.col(column).sum()).otherwise(None).alias(column)


def fifth(place: int, rows: int) -> int:
    """NTILE(5): the first rows % 5 buckets hold one row more."""
    size, larger = divmod(rows, 5)
    if place < larger * (size + 1):
        return place // (size + 1) + 1
    return larger + (place - larger * (size + 1)) // size + 1


def count(expr: pl.Expr) -> pl.Expr:
    return expr.cast(pl.Int64)


def orders(condition: pl.Expr | bool = True) -> pl.Expr:
    return count(pl.col("transaction_id").filter(pl.lit(True) & condition).drop_nulls().n_unique())


def units() -> pl.Expr:
    return pl.col("quantity").filter(pl.col("line_type") == "product").sum().alias("unit_count")


def days_until(day: object, column: str) -> pl.Expr:
    return (pl.lit(day, pl.Date) - pl.col(column)).dt.total_days()
