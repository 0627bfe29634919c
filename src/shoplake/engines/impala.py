"""Impala: its dialect, its named functions, a session. It reads what Hive and Spark wrote, from the metastore it shares with Hive.

What is rendered for it is parsed by two Impala grammars, not executed here (docs/guides/impala.md).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from shoplake.engines import hiveserver2
from shoplake.engines.impala_dialect import Impala as Dialect
from shoplake.errors import Lacking, ShoplakeError, WrongUse

NAME = "impala"
DIALECT = Dialect.__name__.lower()  # as sqlglot registers it

# The metastore is Hive's, and so are the databases.
DATABASES = {
    "raw": "ecommerce_raw",
    "ref": "ecommerce_ref",
    "clean": "ecommerce_clean",
    "core": "ecommerce",
    "marts": "ecommerce",
}
RENDERED_AS: Mapping[str, str] = DATABASES
GAPS: Mapping[str, str] = {"executing": "no registry serves an Impala: what is rendered is parsed by two Impala grammars, not executed here."}

TYPES = {"text": "STRING", "boolean": "BOOLEAN", "bigint": "BIGINT", "date": "DATE", "timestamp": "TIMESTAMP"}

_DAY = "[0-9]{2}-[0-9]{2}-[0-9]{2}"  # without its century
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def _whole(x: str, pattern: str) -> str:
    """The whole text: in RE2, unlike in Java, `$` is the very end."""
    return f"{x} RLIKE '^({pattern})$'"


def _tidy(x: str) -> str:
    return f"NULLIF(TRIM({x}), '')"


def _fold(x: str) -> str:
    """ASCII only: what LOWER does with other letters depends on the query option UTF8_MODE."""
    return f"TRANSLATE({_tidy(x)}, '{_UPPER}', '{_LOWER}')"


def _to_int(x: str) -> str:
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, '-?[0-9]{1,18}')} THEN CAST({x} AS BIGINT) END"


def _to_decimal(x: str) -> str:
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, '-?[0-9]{1,14}([.][0-9]{1,4})?')} THEN CAST({x} AS DECIMAL(18, 4)) END"


def _to_time(x: str) -> str:
    """2000 to 2099. A cast to TIMESTAMP of a day that does not exist is NULL. Microseconds, since what takes seconds goes by
    the session's time zone."""
    x = f"TRIM({x})"
    millis = f"CAST({x} AS BIGINT)"
    return (
        f"CASE WHEN {_whole(x, f'20{_DAY}(T{_CLOCK}Z| {_CLOCK})')}"
        f" THEN CAST(REPLACE(REPLACE({x}, 'T', ' '), 'Z', '') AS TIMESTAMP)"
        f" WHEN {_whole(x, '[0-9]{12,13}')} AND {millis} BETWEEN 946684800000 AND 4102444799999"
        f" THEN UNIX_MICROS_TO_UTC_TIMESTAMP({millis} * 1000) END"
    )


def _to_day(x: str) -> str:
    """By way of TIMESTAMP: a cast of text to DATE ends the query when there is no such day."""
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, f'(19|20){_DAY}')} THEN CAST(CAST({x} AS TIMESTAMP) AS DATE) END"


def _micros(x: str) -> str:
    return f"UTC_TO_UNIX_MICROS({x})"


def _day_of(us: str) -> str:
    return f"DAYS_ADD(CAST('1970-01-01' AS DATE), CAST(FLOOR({us} / 86400000000) AS BIGINT))"


def _ratio(a: str, b: str, scale: str) -> str:
    """a / b, exact, rounded half away from zero; NULL when b is 0 or the quotient has no place in DECIMAL(18, scale).

    Impala rounds the quotient of two wide decimals to six digits. What is left after the remainder is taken off divides
    without one. A cast that does not fit ends the query, so the quotient is looked at before it.
    """
    digits = int(scale)

    def whole(x: str) -> str:
        return f"ABS(CAST(CAST({x} AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0)))"

    double = f"CAST({2 * 10**digits} AS DECIMAL({digits + 1}, 0))"
    top = f"CAST({whole(a)} * {double} + {whole(b)} AS DECIMAL(38, 0))"
    bottom = f"NULLIF(CAST({whole(b)} * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)"
    rounded = f"(({top} - {top} % {bottom}) / {bottom})"
    sign = f"CASE WHEN ({a} < 0) = ({b} < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END"
    unit = f"CAST('0.{'0' * (digits - 1)}1' AS DECIMAL({digits + 1}, {digits}))"
    return (
        f"CASE WHEN {rounded} < 1000000000000000000"
        f" THEN CAST({sign} * CAST({rounded} AS DECIMAL(18, 0)) * {unit} AS DECIMAL(18, {digits})) END"
    )


FUNCTIONS: dict[str, Callable[..., str]] = {
    "tidy": _tidy,
    "fold": _fold,
    "to_int": _to_int,
    "to_decimal": _to_decimal,
    "to_time": _to_time,
    "to_day": _to_day,
    "micros": _micros,
    "day_of": _day_of,
    "ratio": _ratio,
}


def place(full_name: str) -> str:
    """Where a table lies: core.dim_users -> ecommerce.dim_users."""
    layer, _, table = full_name.partition(".")
    return f"{DATABASES[layer]}.{table}"


def sql_type(contract_type: str) -> str:
    """Impala's name of a contract's type."""
    return TYPES.get(contract_type, contract_type.upper())


def quote(text: str) -> str:
    """With the quotation mark that the text has not: one of the two grammars knows no backslash before one."""
    mark = '"' if "'" in text and '"' not in text else "'"
    return mark + text.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark


def partition_clause(values: Mapping[str, str]) -> str:
    """PARTITION (event_date = DATE '2026-01-01') of column -> day."""
    return "PARTITION (" + ", ".join(f"{column} = DATE {quote(day)}" for column, day in values.items()) + ")"


def refresh(table: str, partition: Mapping[str, str] | None = None) -> str:
    """After another engine wrote files into a table that Impala knows: of one partition, or of all that changed."""
    return f"REFRESH {table}" + (f" {partition_clause(partition)}" if partition else "")


def invalidate(table: str) -> str:
    """After another engine created the table, changed its columns or moved its files. Costs a whole reload at the next query."""
    return f"INVALIDATE METADATA {table}"


def recover_partitions(table: str) -> str:
    """Take up the folders `column=value` that no engine has told the metastore of."""
    return f"ALTER TABLE {table} RECOVER PARTITIONS"


def compute_stats(table: str, partition: Mapping[str, str] | None = None, *, incremental: bool = False) -> str:
    """Rows, distinct values and widths, from which joins are planned. Incremental: of new partitions, or of the one named."""
    if not incremental and partition is None:
        return f"COMPUTE STATS {table}"
    return f"COMPUTE INCREMENTAL STATS {table}" + (f" {partition_clause(partition)}" if partition else "")


def drop_incremental_stats(table: str, partition: Mapping[str, str]) -> str:
    """Forget a rewritten partition's statistics, so that they are computed anew."""
    return f"DROP INCREMENTAL STATS {table} {partition_clause(partition)}"


def insert_overwrite(table: str, select: str, partition: Mapping[str, str] | None = None) -> str:
    """Replace the table's rows, or one partition's, by the query's."""
    return f"INSERT OVERWRITE {table}{f' {partition_clause(partition)}' if partition else ''}\n{select}"


class Impala:
    """A session with an impalad. What Impala can and cannot do stands in its attributes."""

    has_merge = False
    has_materialized_views = False  # it reads one of Hive's as a table
    has_transactions = False
    needs_refresh = True  # unless catalogd follows the metastore's events (hms_event_polling_interval_s)
    overwrites_partitions = True
    buckets = False  # it reads Hive's files and does not use their buckets
    writes = frozenset({"PARQUET", "TEXTFILE"})  # ORC is read only

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 21050,
        user: str = "",
        password: str = "",
        auth: str = "NOSASL",
        ssl: bool = False,
        timeout: float = 60,
    ) -> None:
        """`auth` is NOSASL, PLAIN, LDAP or GSSAPI, as the impalad is set up.

        Raises Lacking when impyla is missing, no server answers at that place, or it does not let this user in.
        """
        self.connection = hiveserver2.connect(
            "Impala",
            host=host,
            port=port,
            user=user,
            password=password,
            auth=auth,
            ssl=ssl,
            timeout=timeout,
            advice=_ADVICE,
        )

    def close(self) -> None:
        self.connection.close()

    @property
    def version(self) -> str:
        return str(self.rows("SELECT VERSION()")[0][0]).splitlines()[0]

    def execute(self, sql: str) -> None:
        """Raises ShoplakeError, or Lacking when it is the server that lacks something."""
        self._run(sql, lambda cursor: None)

    def fetch(self, sql: str) -> pa.Table:
        """The answer as Arrow. Raises as execute does."""
        return self._run(sql, hiveserver2.arrow)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found = self.fetch(sql)
        return list(zip(*(c.to_pylist() for c in found.columns), strict=True)) if found.num_columns else []

    def refresh(self, table: str, days: Sequence[str] = (), column: str = "") -> None:
        """Make what another engine wrote visible: the table's partitions `column` of these days, or the whole table."""
        for statement in [refresh(table, {column: day}) for day in days] or [refresh(table)]:
            self.execute(statement)

    def overwrite(self, table: str, select: str, *, stored_as: str, partition: Mapping[str, str] | None = None) -> None:
        """Replace a table's rows, or one partition's, and count the new ones. There is no MERGE: a change is an overwrite.

        Raises WrongUse when the table is stored as what Impala only reads.
        """
        if stored_as.upper() not in self.writes:
            raise WrongUse(
                f"{table} is stored as {stored_as}, which Impala reads and does not write. Write it with Hive or Spark, then refresh it here."
            )
        self.execute(insert_overwrite(table, select, partition))
        self.execute(compute_stats(table, partition, incremental=partition is not None))

    def _run(self, sql: str, then: Callable[[Any], Any]) -> Any:
        cursor = None
        try:
            cursor = self.connection.cursor()
            cursor.execute(sql)
            return then(cursor)
        except ShoplakeError:
            raise
        except Exception as e:
            raise explain(e, sql) from e
        finally:
            if cursor is not None:
                hiveserver2.close(cursor)


_ADVICE = (
    "An impalad takes clients on its hs2_port (21050), not on that of its web page (25000) or of its executors (27000)."
)

# What the server says -> a sentence with the remedy; the first that fits.
_TOLD = (
    (r"appears stale|No such file or directory|File does not exist|Disk I/O error",
     "a file Impala knows of is not there any more: another engine has written since. REFRESH the table, then ask again"),
    (r"Memory limit exceeded|out of memory|Could not create.*reservation",
     "the query needs more memory than it may have. Raise MEM_LIMIT, COMPUTE STATS on what it joins, or give scratch_dirs more room"),
    (r"[Aa]dmission for query|Rejected query from pool|queue full",
     "the pool has no room for another query. Ask again later, or raise the pool's limits in fair-scheduler.xml"),
    (r"AuthorizationException|does not have privileges",
     "this user may not do that. Let someone grant it (GRANT ... TO ROLE, or a Ranger policy)"),
    (r"No space left|scratch.*(?:limit|space)",
     "the disk of the scratch_dirs is full. Free some space, or name further ones"),
    (r"TTransportException|TSocket|Broken pipe|Connection reset|Invalid session|Session.*expired",
     "the session ended in the middle. See that the impalad is up, then connect again"),
)  # fmt: skip


def explain(e: Exception, sql: str) -> ShoplakeError:
    """An error of the server as one a person can act on."""
    said = hiveserver2.first_line(e)
    for pattern, sentence in _TOLD:
        if re.search(pattern, f"{type(e).__name__}: {e}"):
            return Lacking(f"{sentence} ({said}).\nin: {sql[:400]}")
    if re.search(r"Could not resolve table reference|Table not found|Database does not exist", str(e)):
        return ShoplakeError(
            f"Impala: {said}\nIf another engine has just created it: {invalidate('<database>.<table>')}.\nin: {sql[:400]}"
        )
    return ShoplakeError(f"Impala: {said}\nin: {sql[:400]}")
