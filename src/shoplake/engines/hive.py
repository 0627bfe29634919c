"""Hive: its dialect, its named functions, a session with a HiveServer2."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from shoplake.contracts import Table
from shoplake.engines import hiveserver2
from shoplake.engines.hiveserver2 import first_line
from shoplake.errors import Lacking, ShoplakeError
from shoplake.lake.hdfs import NO_ROOM, SAFE_MODE

NAME = "hive"
DIALECT = "hive"

# A table's name is unique across core and marts, so the two share a database.
DATABASES = {
    "raw": "ecommerce_raw",
    "ref": "ecommerce_ref",
    "clean": "ecommerce_clean",
    "core": "ecommerce",
    "marts": "ecommerce",
}
RENDERED_AS: Mapping[str, str] = DATABASES

# Strict: tests/unit/build/test_hive_files.py fails when one of these is closed and still stands here.
GAPS: Mapping[str, str] = {
    "reading raw records": "clean is made by the embedded engine, by Spark or by Pig, and Hive reads it. Given raw as a table, "
    "clean's models give the same rows here, too."
}

TYPES = {"text": "STRING", "boolean": "BOOLEAN", "bigint": "BIGINT", "date": "DATE", "timestamp": "TIMESTAMP"}

# What a session must agree on. The rendered SQL itself does not depend on hive.default.nulls.last.
SETTINGS = {
    "hive.exec.dynamic.partition.mode": "nonstrict",
    "hive.exec.max.dynamic.partitions": "20000",  # a partition a day: the default, 1000, is under three years
    "hive.exec.max.dynamic.partitions.pernode": "20000",
    "hive.optimize.sort.dynamic.partition.threshold": "1",  # one open file a task, however many days it writes
    "hive.stats.column.autogather": "false",  # a row a column and day in the metastore: costs more than the load itself
    "hive.groupby.position.alias": "true",
    "hive.local.time.zone": "UTC",
    "tez.counters.max": "10000",  # a statement of many steps has more than 120, and would fail at its very end
    "hive.compute.query.using.stats": "false",  # other engines write the files of external tables: counts kept here go stale
}

_DAY = "[0-9]{2}-[0-9]{2}-[0-9]{2}"  # without its century
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def _whole(x: str, pattern: str) -> str:
    """The whole text: Java's `$` also stands before a line break at the end."""
    return f"{x} RLIKE '^({pattern})\\\\z'"


def _tidy(x: str) -> str:
    return f"NULLIF(TRIM({x}), '')"


def _fold(x: str) -> str:
    """ASCII only: LOWER of U+0130 differs by engine."""
    return f"TRANSLATE({_tidy(x)}, '{_UPPER}', '{_LOWER}')"


def _to_int(x: str) -> str:
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, '-?[0-9]{1,18}')} THEN CAST({x} AS BIGINT) END"


def _to_decimal(x: str) -> str:
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, '-?[0-9]{1,14}([.][0-9]{1,4})?')} THEN CAST({x} AS DECIMAL(18, 4)) END"


def _to_time(x: str) -> str:
    """2000 to 2099. A cast of a day that does not exist is NULL; of a number it is refused, and FROM_UTC_TIMESTAMP takes
    milliseconds."""
    x = f"TRIM({x})"
    millis = f"CAST({x} AS BIGINT)"
    return (
        f"CASE WHEN {_whole(x, f'20{_DAY}(T{_CLOCK}Z| {_CLOCK})')} THEN CAST(TRANSLATE({x}, 'TZ', ' ') AS TIMESTAMP)"
        f" WHEN {_whole(x, '[0-9]{12,13}')} AND {millis} BETWEEN 946684800000 AND 4102444799999"
        f" THEN FROM_UTC_TIMESTAMP({millis}, 'UTC') END"
    )


def _to_day(x: str) -> str:
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, f'(19|20){_DAY}')} THEN CAST({x} AS DATE) END"


def _micros(x: str) -> str:
    """By days, hours and the text of the fraction: UNIX_TIMESTAMP would go by the session's time zone."""
    seconds = f"CAST(DATEDIFF({x}, '1970-01-01') AS BIGINT) * 86400 + HOUR({x}) * 3600 + MINUTE({x}) * 60 + SECOND({x})"
    return f"(({seconds}) * 1000000 + CAST(RPAD(SUBSTR(CAST({x} AS STRING), 21, 6), 6, '0') AS BIGINT))"


def _day_of(us: str) -> str:
    return f"DATE_ADD(CAST('1970-01-01' AS DATE), CAST(FLOOR({us} / 86400000000) AS INT))"


def _ratio(a: str, b: str, scale: str) -> str:
    """a / b, exact, rounded half away from zero; NULL when b is 0 or the quotient has no place in DECIMAL(18, scale).

    Hive rounds the quotient of two decimals to as few as six digits. What is left after taking the remainder off divides
    without one, so it is exact at any number of digits.
    """
    digits = int(scale)

    def whole(x: str) -> str:
        return f"ABS(CAST(CAST({x} AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0)))"

    double = f"CAST({2 * 10**digits} AS DECIMAL({digits + 1}, 0))"
    top = f"CAST({whole(a)} * {double} + {whole(b)} AS DECIMAL(38, 0))"
    bottom = f"NULLIF(CAST({whole(b)} * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)"
    rounded = f"CAST(({top} - {top} % {bottom}) / {bottom} AS DECIMAL(24, 0))"
    sign = f"CASE WHEN ({a} < 0) = ({b} < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END"
    unit = f"CAST('{'0.' + '0' * (digits - 1) + '1'}' AS DECIMAL({digits + 1}, {digits}))"
    return f"CAST({sign} * {rounded} * {unit} AS DECIMAL(18, {digits}))"


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
    """Hive's name of a contract's type."""
    return TYPES.get(contract_type, contract_type.upper())


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def ddl(table: Table) -> str:
    """The columns of a CREATE TABLE, without the partition's, which Hive wants apart."""
    return ", ".join(f"{c.name} {sql_type(c.type)}" for c in table.columns if c.name != table.spec.partition)


def external(table: Table, name: str, location: str) -> str:
    """CREATE TABLE IF NOT EXISTS of a contract over Parquet files. Dropping it drops no file."""
    day = table.spec.partition
    parts = f" PARTITIONED BY ({day} {sql_type(table.column(day).type)})" if day else ""
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {name} ({ddl(table)}){parts} STORED AS PARQUET "
        f"LOCATION {quote(location)} TBLPROPERTIES ('parquet.compression' = 'SNAPPY', 'external.table.purge' = 'false')"
    )


class Hive:
    """A session with a HiveServer2. It sets what it needs (SETTINGS) for itself and changes no server."""

    def __init__(
        self,
        *,
        host: str = "localhost",
        port: int = 10000,
        user: str = "shoplake",
        password: str = "",
        auth: str = "PLAIN",
        ssl: bool = False,
        timeout: float = 60,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`auth` is NOSASL, PLAIN, LDAP or GSSAPI, as the server's hive.server2.authentication asks (NONE is PLAIN here).

        Raises Lacking when impyla is missing, no HiveServer2 answers there, it does not let this user in, or its metastore
        is not ready.
        """
        try:
            self.connection = hiveserver2.connect(
                "HiveServer2", host=host, port=port, user=user, password=password, auth=auth, ssl=ssl, timeout=timeout, advice=_ADVICE
            )
        except Lacking as e:
            if _METASTORE.search(str(e.__cause__)):
                raise _metastore(e.__cause__ or e) from e
            raise
        self.cursor = self.connection.cursor()
        for key, value in {**SETTINGS, **(settings or {})}.items():
            self.execute(f"SET {key}={value}")

    @property
    def version(self) -> str:
        """Such as 4.0.1, without the build it was made from."""
        return str(self.rows("SELECT VERSION()")[0][0]).split()[0]

    def close(self) -> None:
        hiveserver2.close(self.cursor)  # with its session; left to the garbage collector it would connect anew to close it
        hiveserver2.close(self.connection)

    def create_databases(self) -> None:
        for database in dict.fromkeys(DATABASES.values()):
            self.execute(f"CREATE DATABASE IF NOT EXISTS {database}")

    def execute(self, sql: str) -> None:
        try:
            self.cursor.execute(sql)
        except Exception as e:
            raise explain(e, sql) from e

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found = self.fetch(sql)
        return list(zip(*(c.to_pylist() for c in found.columns), strict=True)) if found.num_columns else []

    def fetch(self, sql: str) -> pa.Table:
        """The rows as Arrow: decimals at the precision and scale Hive gives them, times in microseconds without a zone."""
        try:
            self.cursor.execute(sql)
            return hiveserver2.arrow(self.cursor)
        except Exception as e:
            raise explain(e, sql) from e

    def parquet_table(self, name: str, columns: str, folder: Path | str) -> None:
        """A table of a folder of Parquet files, which hold these columns (as in CREATE TABLE). Dropping it drops no file."""
        location = folder.resolve().as_uri() if isinstance(folder, Path) else folder
        self.execute(f"DROP TABLE IF EXISTS {name}")
        self.execute(f"CREATE EXTERNAL TABLE {name} ({columns}) STORED AS PARQUET LOCATION {quote(location)}")


_ADVICE = "Its port is hive.server2.thrift.port (10000), not that of its web page (10002); the transport mode is binary."
_METASTORE = re.compile(
    r"Version information not found in metastore|Schema version .* does not match|Required table missing|"
    r"Unable to instantiate .*MetaStoreClient|Could not connect to meta store|MetaException.*(?:JDO|Schema)"
)


def _metastore(e: BaseException) -> ShoplakeError:
    return Lacking(
        f"Hive's metastore is not ready ({first_line(e)}). An empty one is made by `schematool -dbType ... -initSchema`, one of "
        "another version is brought up by `-upgradeSchema`; then start the metastore and HiveServer2 again."
    )


LOCKED = "the table is locked by another statement"
# What the server's words look like -> a sentence with the remedy. The first that fits is taken.
_TOLD: tuple[tuple[str, str], ...] = (
    (
        r"OutOfMemoryError|Java heap space|GC overhead limit|beyond physical memory",
        "Hive ran out of memory ({said}). Raise hive.tez.container.size (on one machine: HiveServer2's -Xmx) and run it again.",
    ),
    SAFE_MODE,
    NO_ROOM,
    (
        r"LockException|[Ll]ock.*(?:timed out|could not be acquired|cannot be acquired)|Unable to acquire .*lock",
        LOCKED + " ({said}). `SHOW LOCKS` names it; wait for it, or end it, and run the same again.",
    ),
    (
        r"(?:not|n't) a Parquet file|Malformed ORC|Can not read value|Invalid postscript|expected magic number|Footer|corrupt",
        "a file cannot be read ({said}). It is damaged or no Parquet or ORC file; put the right one in its place, or take it away.",
    ),
    (
        r"Input path does not exist|File does not exist|FileNotFoundException|No such file",
        "a file or partition the metastore names is not there ({said}). Put it back, or take the partition away: "
        "`MSCK REPAIR TABLE ... SYNC PARTITIONS`.",
    ),
    (
        r"Permission denied|AccessControlException|HiveAccessControlException",
        "Hive may not do that ({said}). Give its user the right to this table or folder.",
    ),
    (
        r"TTransportException|TSocket|Broken pipe|Connection reset|Invalid SessionHandle|SessionHandle.*not|EOF",
        "the session with HiveServer2 ended in the middle ({said}). See that the server is up, and run the same again; "
        "a statement that was under way may have ended or not.",
    ),
)


def explain(e: Exception, sql: str) -> ShoplakeError:
    """A Hive error as one a person can act on."""
    text = f"{type(e).__name__}: {e}"
    if _METASTORE.search(text):
        return _metastore(e)
    for pattern, sentence in _TOLD:
        if re.search(pattern, text):
            return Lacking(sentence.format(said=first_line(e)))
    return ShoplakeError(f"Hive: {first_line(e)}\nin: {sql[:400]}")
