"""A file of ratings or counts from elsewhere: user, item, a number, and a time if there is one; any separator, with a header or without."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from shoplake.engines.duckdb import quote
from shoplake.errors import WrongUse
from shoplake.learn.frame import F64, Bools
from shoplake.learn.interactions import I64, numbered

SEPARATORS = ("::", "\t", ";", "|", ",", " ")
NAMES = ("user", "item", "value", "at")
MOST = 1_000_000_000  # factors are of single precision: far larger numbers leave none


@dataclass(frozen=True)
class Ratings:
    """A row a user and item: `value` is the last rating, or the sum of counts. `user` and `item` are places in `users` and `items`, which are sorted."""

    users: list[str]
    items: list[str]
    user: I64
    item: I64
    value: F64

    def where(self, mask: Bools) -> "Ratings":
        return Ratings(self.users, self.items, self.user[mask], self.item[mask], self.value[mask])


def read_ratings(file: Path, *, explicit: bool) -> pa.Table:
    """user, item, value, at (NULL without times), in the order of the file. Raises WrongUse naming the line and what is wrong with it."""
    separator, has_header = _form(file)
    try:
        with duckdb.connect() as c:
            width = len(_cells(_first_lines(file)[0], separator))
            columns = ", ".join(f"'{name}': 'VARCHAR'" for name in [*NAMES, *(f"more_{n}" for n in range(width))][:width])
            c.execute(
                f"CREATE TABLE line AS SELECT ROW_NUMBER() OVER () + {int(has_header)} AS number, * FROM read_csv({quote(str(file))}, delim = {quote(separator)}, "
                f"header = {str(has_header).lower()}, columns = {{{columns}}}, auto_detect = false, quote = '\"', escape = '\"', parallel = false)"
            )
            at = 'TRIM("at")' if width > 3 else "NULL"
            low = f"NOT isfinite(v) OR ABS(v) > {MOST}" + ("" if explicit else " OR v < 0")
            bad = c.execute(
                f"SELECT number, value FROM (SELECT *, TRY_CAST(TRIM(value) AS DOUBLE) AS v FROM line) WHERE v IS NULL OR {low} OR TRIM(COALESCE(\"user\", '')) = '' OR TRIM(COALESCE(item, '')) = '' ORDER BY number LIMIT 1"
            ).fetchone()
            if bad:
                wanted = f"a number from {-MOST if explicit else 0:,} to {MOST:,}"
                raise WrongUse(f"{file}:{bad[0]}: found {bad[1]!r}, expected user{separator}item{separator}{wanted}. Mend the line, or leave it out.")
            return c.sql(f'SELECT TRIM("user") AS "user", TRIM(item) AS item, CAST(TRIM(value) AS DOUBLE) AS value, {at} AS "at" FROM line ORDER BY number').to_arrow_table()
    except duckdb.Error as e:
        raise WrongUse(f"{file}: cannot be read as user, item, number with {separator!r} between ({str(e).splitlines()[0]}).") from e


def _first_lines(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as f:
            lines = [line.rstrip("\r\n") for _, line in zip(range(2), f, strict=False)]
    except OSError as e:
        raise WrongUse(f"{file}: cannot be read ({e.strerror}). Name a file of user, item, number.") from e
    if not lines or not lines[0].strip():
        raise WrongUse(f"{file}: no lines. It should hold user, item, number.")
    return lines


def _cells(line: str, separator: str) -> list[str]:
    return line.split(separator) if len(separator) > 1 else next(csv.reader([line], delimiter=separator), [])


def _form(file: Path) -> tuple[str, bool]:
    """The separator, and whether the first line names columns: its third part is no number."""
    first = _first_lines(file)[0]
    separator = next((s for s in SEPARATORS if len(_cells(first, s)) >= 3), None)
    if separator is None:
        raise WrongUse(f"{file}:1: found {first[:60]!r}, expected user, item, number and perhaps a time, with one of {', '.join(map(repr, SEPARATORS))} between.")
    try:
        float(_cells(first, separator)[2])
    except ValueError:
        return separator, True
    return separator, False


def split_by(rows: pa.Table, share: float, seed: int) -> Bools:
    """Whether a row judges: the latest `share` of all where there are times, else a share by a hash of the pair."""
    count = rows.num_rows
    if rows.column("at").null_count == 0 and count:
        order = np.lexsort((np.arange(count), _times(rows)))
        found = np.zeros(count, dtype=bool)
        found[order[count - round(count * share) :]] = True
        return found
    pairs = zip(rows.column("user").to_pylist(), rows.column("item").to_pylist(), strict=True)
    return np.array([int.from_bytes(hashlib.sha256(f"{seed} {user} {item}".encode()).digest()[:4], "big") < share * 2**32 for user, item in pairs])


def _times(rows: pa.Table) -> F64:
    """Numbers as numbers, anything else in the order of its text (ISO times are)."""
    texts = rows.column("at").to_pylist()
    try:
        return np.array([float(text) for text in texts])
    except ValueError:
        return np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)[1].astype(float)


def as_ratings(rows: pa.Table, *, explicit: bool) -> Ratings:
    """A pair that comes twice: its last rating, or the sum of its counts. Raises WrongUse when there are no rows."""
    if not rows.num_rows:
        raise WrongUse("no ratings to teach with. Name another file, or a smaller --split.")
    users, user = numbered(rows.column("user"))
    items, item = numbered(rows.column("item"))
    key, value = user * len(items) + item, rows.column("value").to_numpy()
    pairs, place = np.unique(key, return_inverse=True)
    merged = np.zeros(len(pairs))
    if explicit:
        merged[place] = value  # in the order of the file: the last one stays
    else:
        np.add.at(merged, place, value)
    return Ratings(users, items, pairs // len(items), pairs % len(items), merged)
