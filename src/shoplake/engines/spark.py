"""Spark: its dialect, its named functions, a session on this machine or a cluster."""

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from shoplake.contracts import Table
from shoplake.engines import spark_process
from shoplake.engines.spark_process import RAISE_MEMORY
from shoplake.errors import Lacking, ShoplakeError
from shoplake.lake.hdfs import NO_ROOM, SAFE_MODE

NAME = "spark"
DIALECT = "spark"

# What Hive's metastore is pointed at lies in databases of Hive's own: two engines that build one lake would take each other's tables away.
DATABASES = {
    "raw": "ecommerce_raw",
    "ref": "ecommerce_ref",
    "clean": "ecommerce_spark_clean",
    "core": "ecommerce_spark",
    "marts": "ecommerce_spark",
}
RENDERED_AS: Mapping[str, str] = DATABASES
GAPS: Mapping[str, str] = {}

TYPES = {"text": "STRING", "boolean": "BOOLEAN", "bigint": "BIGINT", "date": "DATE", "timestamp": "TIMESTAMP_NTZ"}

JAVA = (17, 21)
# Of a session that is not on a cluster.
LOCAL = {
    "spark.sql.shuffle.partitions": "16",  # Spark's own 200 cost more than the work
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",  # a job to list some days costs more than listing
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # else INT96, which other engines read as another type
    "spark.sql.ansi.enabled": "true",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.ui.retainedStages": "10000",  # what a step cost is read from these: see spark_stats.py
    "spark.ui.retainedJobs": "10000",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",  # else a .crc beside every file
}
# Errors come as exceptions; what else Spark logs is not for the person at the terminal.
_LOG = """status = error
rootLogger.level = error
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n%ex{short}
"""

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
    """2000 to 2099; the cast drops the zone that is written, which can only be Z."""
    x = f"TRIM({x})"
    millis = f"TRY_CAST({x} AS BIGINT)"
    return (
        f"CASE WHEN {_whole(x, f'20{_DAY}(T{_CLOCK}Z| {_CLOCK})')} THEN TRY_CAST({x} AS TIMESTAMP_NTZ)"
        f" WHEN {_whole(x, '[0-9]{12,13}')} AND {millis} BETWEEN 946684800000 AND 4102444799999"
        f" THEN CAST(TIMESTAMP_MILLIS({millis}) AS TIMESTAMP_NTZ) END"
    )


def _to_day(x: str) -> str:
    x = f"TRIM({x})"
    return f"CASE WHEN {_whole(x, f'(19|20){_DAY}')} THEN TRY_CAST({x} AS DATE) END"


def _micros(x: str) -> str:
    return f"UNIX_MICROS(CAST({x} AS TIMESTAMP_LTZ))"


def _day_of(us: str) -> str:
    return f"DATE_FROM_UNIX_DATE(CAST(FLOOR({us} / 86400000000) AS INT))"


def _ratio(a: str, b: str, scale: str) -> str:
    """Exact, rounded half away from zero: both sides hold at most 22 digits, so the quotient keeps digits to spare."""
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
    "day_of": _day_of,
    "ratio": _ratio,
}


def place(full_name: str) -> str:
    """Where a table lies: core.dim_users -> ecommerce_spark.dim_users."""
    layer, _, table = full_name.partition(".")
    return f"{DATABASES[layer]}.{table}"


def sql_type(contract_type: str) -> str:
    """Spark's name of a contract's type."""
    return TYPES.get(contract_type, contract_type.upper())


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def ddl(table: Table) -> str:
    """The columns of a CREATE TABLE."""
    return ", ".join(f"{c.name} {sql_type(c.type)}" for c in table.columns)


def external(table: Table, name: str, location: str) -> str:
    """CREATE TABLE IF NOT EXISTS of a contract over Parquet files. Dropping it drops no file."""
    day = table.spec.partition
    parts = f" PARTITIONED BY ({day})" if day else ""
    return f"CREATE TABLE IF NOT EXISTS {name} ({ddl(table)}) USING parquet{parts} LOCATION {quote(location)}"


def master_of(named: str, threads: str) -> str:
    """The master that the settings name: this machine, if none. No threads (0): all there are."""
    return named or f"local[{threads if threads != '0' else '*'}]"


def memory_of(text: str) -> str:
    """A memory setting as Spark writes it: 2GB is 2g."""
    return re.sub(r"\s*([kmgt])i?b?$", r"\1", text.strip().lower())


class Spark:
    """A session. `master` is Spark's own word for where it runs: local[2], spark://host:7077."""

    def __init__(
        self,
        *,
        scratch: Path,
        master: str = "local[2]",
        memory: str = "2g",
        settings: dict[str, str] | None = None,
    ) -> None:
        """Inside spark-submit the master, memory and settings are spark-submit's. Raises Lacking when pyspark or Java is
        missing, or Spark does not start."""
        require_java()
        try:
            from pyspark.sql import SparkSession
        except ImportError as e:
            raise Lacking(f"pyspark is not installed ({e}). Install it: pip install 'shoplake[spark]'.") from e
        os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
        builder = SparkSession.builder.appName("shoplake")
        if is_submitted():
            master = "the master of spark-submit"
        else:
            _require_master(master)
            builder = builder.master(master)
            scratch.mkdir(parents=True, exist_ok=True)
            (scratch / "log4j2.properties").write_text(_LOG)
            settings = {**_of_this_machine(scratch, memory, master), **(settings or {})}
        for key, value in {**SETTINGS, **(settings or {})}.items():
            builder = builder.config(key, value)
        try:
            self.session = builder.getOrCreate()
        except Exception as e:
            said = _first_line(e)
            spark_process.end_idle()
            if "INVALID_DRIVER_MEMORY" in said:
                raise Lacking(f"{memory} of memory is too little for Spark ({said}) {RAISE_MEMORY}") from e
            raise Lacking(f"Spark did not start at {master}: {said}. Is the master there, and is memory left?") from e
        self._process = spark_process.Process.of(self.session)
        self.session.sparkContext.setLogLevel("ERROR")
        logging.getLogger("SQLQueryContextLogger").disabled = True  # a page of JSON for each error that explain() tells
        for database in sorted(set(DATABASES.values())):
            self.execute(f"CREATE DATABASE IF NOT EXISTS {database}")

    @property
    def version(self) -> str:
        return str(self.session.version)

    @property
    def has_metastore(self) -> bool:
        """Whether its tables outlive the session: a catalog in memory forgets them."""
        return str(self.session.conf.get("spark.sql.catalogImplementation")) == "hive"

    def close(self) -> None:
        if self._process.has_ended:
            spark_process.forget()
        else:
            self.session.stop()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Whatever is under way when Spark's process ends: raises Lacking, which says how it ended."""
        try:
            yield
        except ShoplakeError:
            raise
        except Exception as e:
            if (end := self._process.end(e)) is not None:
                raise end from e
            raise

    def _explained(self, e: Exception, sql: str) -> ShoplakeError:
        try:
            return self._process.end(e) or explain(e, sql)
        except ConnectionError as lost:  # asked for its words, a Java error turns to the process it came from
            return self._process.end(lost) or explain(lost, sql)

    def execute(self, sql: str) -> None:
        try:
            self.session.sql(sql)
        except Exception as e:
            raise self._explained(e, sql) from e

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found = self.fetch(sql)
        return list(zip(*(c.to_pylist() for c in found.columns), strict=True)) if found.num_columns else []

    def fetch(self, sql: str) -> pa.Table:
        try:
            return self.session.sql(sql).toArrow()
        except Exception as e:
            raise self._explained(e, sql) from e

    def write(self, select: str, folder: str, partition: str | None = None) -> Any:
        """Write what a SELECT gives as Parquet: with a partition, a folder a day, of as few files as is sensible. Returns its schema."""
        try:
            rows = self.session.sql(
                f"SELECT /*+ REBALANCE({partition}) */ * FROM ({select}) AS w" if partition else select
            )
            (rows.write.partitionBy(partition) if partition else rows.write).parquet(folder)
        except Exception as e:
            raise self._explained(e, select) from e
        return rows.schema

    def show_files(self, view: str, schema: Any, base: str, paths: list[str]) -> None:
        """A temporary view of Parquet folders below `base`; what stands in their paths (ds=D) are columns too.

        schema: the columns as in CREATE TABLE, or what `write` returned.
        """
        if paths:
            found = self.session.read.schema(schema).option("basePath", base).parquet(*paths)
            names = (
                schema.names
                if hasattr(schema, "names")
                else [part.split()[0] for part in re.split(r",\s+(?![0-9])", schema)]
            )
            found = found.select(*names)
        else:
            found = self.session.createDataFrame([], schema)
        found.createOrReplaceTempView(view)

    def parquet_table(self, name: str, columns: str, folder: Path) -> None:
        """A table of a folder of Parquet files, which hold these columns (as in CREATE TABLE)."""
        self.execute(f"DROP TABLE IF EXISTS {name}")
        self.execute(f"CREATE TABLE {name} ({columns}) USING parquet LOCATION {quote(str(folder))}")


def is_submitted() -> bool:
    """Whether this process was started by spark-submit, which has made the session's machine ready."""
    return "PYSPARK_GATEWAY_PORT" in os.environ


def _of_this_machine(scratch: Path, memory: str, master: str) -> dict[str, str]:
    """Settings of a driver that is started here."""
    for other in ("SPARK_HOME", "SPARK_CONF_DIR"):  # another Spark on this machine is not the pinned one
        os.environ.pop(other, None)
    java = (
        f'-XX:+UseSerialGC -XX:ReservedCodeCacheSize=192m -Dlog4j2.configurationFile="{scratch / "log4j2.properties"}"'
    )
    found = {
        "spark.driver.memory": memory,
        "spark.driver.extraJavaOptions": java,
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
    }
    if master.startswith("local"):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        found |= {**LOCAL, "spark.local.dir": str(scratch / "local")}
    return found


def _require_master(master: str) -> None:
    """Raises Lacking when no master of spark://HOST:PORT[,HOST:PORT] takes a connection: Spark itself would try for a minute."""
    if not master.startswith("spark://"):
        return
    said = ""
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
            return
        except (OSError, ValueError) as e:
            said = f"{place}: {e}"
    raise Lacking(f"Spark did not start at {master}: no master answers ({said}). Start it, or correct spark_master.")


def require_java() -> None:
    """Raises Lacking when no Java of a version Spark runs on is found."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise Lacking(
            "Spark needs Java, and none was found. On Debian and Ubuntu: apt install openjdk-17-jre-headless."
        )
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    version = re.search(r'version "(\d+)', told)
    if version is None or not JAVA[0] <= int(version[1]) <= JAVA[1]:
        raise Lacking(
            f"{java}: {told.splitlines()[0] if told else 'says no version'}; Spark needs Java {JAVA[0]} to {JAVA[1]}. "
            "Install one, and name it in JAVA_HOME."
        )


def explain(e: Exception, sql: str) -> ShoplakeError:
    """A Spark error as one a person can act on."""
    text = str(e)
    if "OutOfMemoryError" in text:
        return Lacking(f"Spark ran out of memory ({_first_line(e)}). {RAISE_MEMORY}")
    for pattern, sentence in (SAFE_MODE, NO_ROOM):
        if re.search(pattern, text):
            return Lacking("Spark: " + sentence.format(said=_first_line(e)))
    return ShoplakeError(f"Spark: {_first_line(e)}\nin: {sql[:400]}")


def _first_line(e: Exception) -> str:
    """Spark's own words, not those of the library that carried them."""
    lines = (line.removeprefix(": ") for line in str(e).splitlines() if not line.startswith("An error occurred while calling"))
    return next((line.strip() for line in lines if line.strip()), type(e).__name__)
