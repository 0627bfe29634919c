"""DuckDB: the embedded engine. Its dialect, its named functions, its connections. How it reads raw files: duckdb_raw.py."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from shoplake.contracts import Table
from shoplake.errors import Lacking, ShoplakeError

T = TypeVar("T")

NAME = "duckdb"
DIALECT = "duckdb"
# DuckDB 2.0's own default cannot be opened by the tools people have (Metabase, the 1.5 command line).
STORAGE_VERSION = "v1.4.0"

# core, marts and ledger lie in the attached generation, all else in memory.
DATABASES = {
    "raw": "lake.raw",
    "ref": "lake.ref",
    "clean": "lake.clean",
    "rejected": "lake.rejected",
    "core": "gen.core",
    "marts": "gen.marts",
    "ledger": "gen.ledger",
    "work": "lake.work",
}
RENDERED_AS: Mapping[str, str] = {}  # the published file has a schema a layer
GAPS: Mapping[str, str] = {}

TYPES = {"text": "VARCHAR", "boolean": "BOOLEAN", "bigint": "BIGINT", "date": "DATE", "timestamp": "TIMESTAMP"}

_DAY = "[0-9]{2}-[0-9]{2}-[0-9]{2}"  # without its century
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?"
_UPPER, _LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"


def _tidy(x: str) -> str:
    """Spaces only: DuckDB's one-argument TRIM also takes off U+2003 and its like, which no other engine does. Nearly no text has
    one at an end, and comparing looks at first bytes alone: a space and what is empty come before '!'."""
    return f"CASE WHEN {x} < '!' OR SUFFIX({x}, ' ') THEN NULLIF(TRIM({x}, ' '), '') ELSE {x} END"


def _fold(x: str) -> str:
    """ASCII only: LOWER of U+0130 differs by engine. Where bytes = characters there is nothing else to fold."""
    tidy = _tidy(x)
    return f"CASE WHEN STRLEN({x}) = LENGTH({x}) THEN LOWER({tidy}) ELSE TRANSLATE({tidy}, '{_UPPER}', '{_LOWER}') END"


# A cast passes over blanks around a value; taking the spaces off first would cost as much as the rest.
def _to_int(x: str) -> str:
    return f"CASE WHEN REGEXP_FULL_MATCH({x}, ' *-?[0-9]{{1,18}} *') THEN CAST({x} AS BIGINT) END"


def _to_decimal(x: str) -> str:
    return f"CASE WHEN REGEXP_FULL_MATCH({x}, ' *-?[0-9]{{1,14}}([.][0-9]{{1,4}})? *') THEN CAST({x} AS DECIMAL(18, 4)) END"


def _to_time(x: str) -> str:
    """2000 to 2099. TRY_CAST alone takes '24:00:00', '+02:00' and 'infinity'; the expressions before it do not."""
    millis = f"TRY_CAST({x} AS BIGINT)"
    return (
        f"CASE WHEN REGEXP_FULL_MATCH({x}, ' *20{_DAY}(T{_CLOCK}Z| {_CLOCK}) *') THEN TRY_CAST({x} AS TIMESTAMP)"
        f" WHEN REGEXP_FULL_MATCH({x}, ' *[0-9]{{12,13}} *') AND {millis} BETWEEN 946684800000 AND 4102444799999"
        f" THEN MAKE_TIMESTAMP({millis} * 1000) END"
    )


def _to_day(x: str) -> str:
    return f"CASE WHEN REGEXP_FULL_MATCH({x}, ' *(19|20){_DAY} *') THEN TRY_CAST({x} AS DATE) END"


def _micros(x: str) -> str:
    return f"EPOCH_US({x})"


def _day_of(us: str) -> str:
    return f"CAST(MAKE_TIMESTAMP({us}) AS DATE)"


def _ratio(a: str, b: str, scale: str) -> str:
    """a / b, exact, rounded half away from zero; NULL when b is 0 or the quotient has no place in DECIMAL(18, scale). DuckDB's own decimal division is a DOUBLE."""
    digits = int(scale)

    def whole(x: str) -> str:
        return f"CAST(CAST({x} AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS HUGEINT)"

    sign = f"CASE WHEN ({a} < 0) = ({b} < 0) THEN 1 ELSE -1 END"
    rounded = (
        f"(2 * ABS({whole(a)}) * CAST({10**digits} AS HUGEINT) + ABS({whole(b)})) // NULLIF(2 * ABS({whole(b)}), 0)"
    )
    unit = f"CAST({'0.' + '0' * (digits - 1) + '1'} AS DECIMAL({digits + 1}, {digits}))"
    return f"TRY_CAST(CAST({sign} * ({rounded}) AS DECIMAL(24, 0)) * {unit} AS DECIMAL(18, {digits}))"


# What no portable subset can say. Each has one table of inputs and outputs that every engine must reproduce
# (tests/models/functions.yml).
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
    """Where a table lies: core.dim_users -> gen.core.dim_users."""
    layer, _, table = full_name.partition(".")
    return f"{DATABASES[layer]}.{table}"


def sql_type(contract_type: str) -> str:
    """DuckDB's name of a contract's type."""
    return TYPES.get(contract_type, contract_type.upper())


def quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quote_all(paths: Sequence[str]) -> str:
    return "[" + ", ".join(quote(p) for p in paths) + "]"


def ddl(table: Table) -> str:
    """CREATE TABLE of a contract."""
    columns = ",\n".join(f"    {c.name} {sql_type(c.type)}" for c in table.columns)
    return f"CREATE TABLE {table.full_name} (\n{columns}\n)"


class DuckDB:
    """A connection that sees one lake. core, marts and ledger live in the attached generation, all else in memory."""

    def __init__(self, *, threads: int = 0, memory: str = "2GB", scratch: Path | None = None) -> None:
        self.number = ""  # of a sibling: what its work schema is called by
        config: dict[str, Any] = {
            # Nothing phones home: DuckDB would otherwise fetch an extension it lacks.
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "memory_limit": memory,
            "preserve_insertion_order": False,
            # Handing a small local file from thread to thread costs more than waiting for it.
            "async_threads": 0,
        }
        if threads:
            config["threads"] = threads
        if scratch is not None:
            config["temp_directory"] = str(scratch)
        try:
            self.connection = duckdb.connect(":memory:", config=config)
        except duckdb.Error as e:
            raise Lacking(f"memory or threads: {e}. Give a memory limit like 2GB and a whole number of threads.") from e
        self.threads = int(self.rows("SELECT current_setting('threads')")[0][0])
        self.execute("SET TimeZone = 'UTC'")
        self.execute("ATTACH ':memory:' AS lake")
        for schema in ("raw", "ref", "clean", "rejected", "work"):
            self.execute(f"CREATE SCHEMA lake.{schema}")
        self.execute("SET search_path = 'lake.clean'")

    def close(self) -> None:
        self.connection.close()

    def execute(self, sql: str) -> None:
        try:
            self.connection.execute(sql)
        except duckdb.Error as e:
            raise explain(e, sql) from e

    @contextmanager
    def side_by_side(self, many: int) -> Iterator[Callable[[Callable[["DuckDB"], T]], Future[T]]]:
        """What it yields runs works, `many` at a time, each on a connection of its own; they share the threads.

        A work sees the same database, but has work tables of its own. When one fails, or the caller does, those that run are
        interrupted and the others never begin.
        """
        others = [self._sibling(n, many) for n in range(many)]
        free = deque(others)

        def run(work: Callable[[DuckDB], T]) -> T:
            other = free.popleft()
            try:
                return work(other)
            finally:
                free.append(other)

        self._share(many)
        pool, begun = ThreadPoolExecutor(many), list[Future[Any]]()

        def submit(work: Callable[[DuckDB], T]) -> Future[T]:
            begun.append(pool.submit(run, work))
            return begun[-1]

        try:
            yield submit
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while running := [work for work in begun if not work.done()]:
                for other in others:
                    other.connection.interrupt()
                wait(running, timeout=0.1)  # and again, for one may have been between two statements
            raise
        finally:
            pool.shutdown()
            for other in others:
                other.close()
        self._share(1)

    def run_side_by_side(self, statements: Iterable[str]) -> list[list[tuple[Any, ...]]]:
        """What small statements give that do not depend on each other, as many at a time as there are threads."""
        if self.threads == 1:
            return [self.rows(sql) for sql in statements]
        with self.side_by_side(self.threads) as run:
            return [done.result() for done in [run(partial(DuckDB.rows, sql=sql)) for sql in statements]]

    def _share(self, many: int) -> None:
        """A thread that waits for its statement takes part in it, so DuckDB has as many less of its own. Siblings leave that as it is."""
        if self.number == "":
            self.connection.execute(f"SET external_threads = {many}")

    def _sibling(self, number: int, of: int) -> "DuckDB":
        other = copy(self)
        other.connection = self.connection.cursor()
        other.threads = max(self.threads // of, 1)
        other.number = f"{self.number}_{number}"
        other.execute(f"CREATE SCHEMA IF NOT EXISTS lake.work{other.number}")
        return other

    def place(self, full_name: str) -> str:
        """Where a table lies for this connection."""
        layer, _, table = full_name.partition(".")
        return f"lake.work{self.number}.{table}" if layer == "work" else place(full_name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            return self.connection.execute(sql).fetchall()
        except duckdb.Error as e:
            raise explain(e, sql) from e

    def fetch(self, sql: str) -> pa.Table:
        try:
            return self.connection.sql(sql).to_arrow_table()
        except duckdb.Error as e:
            raise explain(e, sql) from e

    def attach(self, path: Path, *, read_only: bool) -> None:
        """Make the generation at `path` the home of core, marts and ledger; create it when it is to be written."""
        mode = "READ_ONLY" if read_only else f"STORAGE_VERSION '{STORAGE_VERSION}'"
        self.execute(f"ATTACH {quote(str(path))} AS gen ({mode})")
        self._home(make=not read_only)

    def attach_files(self, tables: Iterable[tuple[Table, Sequence[str]]]) -> None:
        """Make Parquet files the home of core, marts and ledger: what another engine made, to be read."""
        self.execute("ATTACH ':memory:' AS gen")
        self._home(make=True)
        for table, paths in tables:
            self.parquet_view(table.full_name, table, paths)

    def _home(self, *, make: bool) -> None:
        if make:
            for schema in ("core", "marts", "ledger"):
                self.execute(f"CREATE SCHEMA IF NOT EXISTS gen.{schema}")
        # Two-part names are looked up in both.
        self.execute("SET search_path = 'gen.core,gen.marts,gen.ledger,lake.clean,lake.rejected,lake.ref'")

    def copy_tables(self, file: Path, names: Iterable[str]) -> None:
        """Tables of another generation's file, as they are."""
        self.execute(f"ATTACH {quote(str(file))} AS former (READ_ONLY)")
        try:
            for name in names:
                self.execute(f"CREATE TABLE gen.{name} AS SELECT * FROM former.{name}")
        finally:
            self.execute("DETACH former")

    def detach(self) -> None:
        """Write everything down and let go of the generation's file."""
        self.execute("CHECKPOINT gen")
        self.execute("SET search_path = 'lake.clean'")
        self.execute("DETACH gen")

    def arrow_table(self, name: str, table: pa.Table) -> None:
        """A table in memory from Arrow."""
        self.connection.register("arriving", table)
        self.execute(f"CREATE OR REPLACE TABLE {self.place(name)} AS SELECT * FROM arriving")
        self.connection.unregister("arriving")

    def parquet_view(self, name: str, table: Table, paths: Sequence[str]) -> None:
        """<name>: a table's Parquet files, named one by one (never `**`, which enters hidden folders)."""
        columns = ", ".join(f"CAST({c.name} AS {sql_type(c.type)}) AS {c.name}" for c in table.columns)
        if paths:
            day = table.spec.partition
            partition = f", hive_partitioning = true, hive_types = {{'{day}': DATE}}" if day else ""
            source = f"read_parquet({quote_all(paths)}{partition})"
            columns = ", ".join(table.names)
        else:
            columns = ", ".join(f"CAST(NULL AS {sql_type(c.type)}) AS {c.name}" for c in table.columns)
            source = "(SELECT 1) WHERE FALSE"
        self.execute(f"CREATE OR REPLACE VIEW {place(name)} AS SELECT {columns} FROM {source}")


def explain(e: duckdb.Error, sql: str) -> ShoplakeError:
    """A DuckDB error as one a person can act on."""
    text = str(e)
    if re.search(r"No space left|disk full|max_temp_directory_size", text, re.IGNORECASE):
        return Lacking(
            f"the disk is full ({text.splitlines()[0]}). Free some space and run the same command again; nothing was published."
        )
    if isinstance(e, duckdb.OutOfMemoryException):
        return Lacking(
            f"the memory limit was not enough ({text.splitlines()[0]}). Raise it with --memory, for example --memory 4GB."
        )
    if re.search(r"Permission denied|Read-only file system", text):
        return Lacking(f"the lake cannot be written ({text.splitlines()[0]}). Give this user the right to write there.")
    return ShoplakeError(f"DuckDB: {text}\nin: {sql[:400]}")
