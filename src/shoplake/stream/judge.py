"""Messages judged where Spark's workers read them: by clean's own SQL on DuckDB, as a build on one machine judges them, and staged as files.

Planning, compiling and writing by Spark took two seconds for what judges a thousand events in a tenth of one. Spark brings the messages,
remembers what was read, and has as many workers as there are cores; a worker's files count when its task has succeeded.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from shoplake.build import reference
from shoplake.build.models import read_model
from shoplake.build.render import render
from shoplake.contracts import load
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import DuckDB, quote
from shoplake.lake.files import Files, LocalFiles
from shoplake.lake.hdfs import on_hdfs
from shoplake.settings import Session, zone
from shoplake.stream.minutes import MINUTE_US
from shoplake.stream.parse import NO_MESSAGES, parsed

TABLE = "clickstream"
# What is further ahead of its Kafka timestamp is set aside.
AHEAD_US = 10 * MINUTE_US
MEMORY = "512MB"  # of each worker
# Of messages, in bytes: so much is judged before it is written, or a topic of large messages would need more memory than there is.
HELD = 32_000_000
HOUR = ", ".join(f'{part.upper()}(event_ts) AS "{part}"' for part in ("year", "month", "day", "hour"))
# Of every message: clean's columns, why it is rejected, and where it came from.
_SELECT = """
WITH message AS (
    SELECT source_file, unlandable, raw_text, "partition", "offset", kafka_us FROM lake.raw.{table}
), judged AS (
    SELECT m.* EXCLUDE (nulled_values, reject, raw_text, source_file), COALESCE(k.unlandable, m.reject) AS reject,
        k.raw_text, k."partition", k."offset", k.kafka_us
    FROM message AS k
    LEFT JOIN (
{model}
    ) AS m ON m.source_file = k.source_file
)
SELECT
    *,
    COALESCE(event_us > kafka_us + {ahead}, FALSE) AS is_ahead,
    COALESCE(event_us // {minute} * {minute} + {minute} <= {watermark}, FALSE) AS is_late,
    CAST({processing} AS BIGINT) AS processing_us,
    (CAST({processing} AS BIGINT) - event_us) // 1000 AS latency_ms
FROM judged
"""
_JUDGED = "lake.work.judged"
_EVENTS = f"SELECT * EXCLUDE (reject, raw_text), {HOUR} FROM {_JUDGED} WHERE reject IS NULL"
_REJECTED = (
    f'SELECT reject, raw_text, "partition", "offset", kafka_us, processing_us FROM {_JUDGED} WHERE reject IS NOT NULL'
)
_COUNTED = f"""
SELECT
    '{{task}}' AS task, "partition", reject, COUNT(*) AS records, MIN("offset") AS first_offset, MAX("offset") AS last_offset,
    COUNT(*) FILTER (reject IS NULL AND is_late AND NOT is_ahead) AS late,
    COUNT(*) FILTER (reject IS NULL AND is_ahead) AS ahead,
    MAX(event_us) FILTER (reject IS NULL AND NOT is_ahead) AS newest_us
FROM {_JUDGED}
GROUP BY "partition", reject
"""
# What a task tells of its messages, as Spark writes a schema.
COUNTED = "task STRING, `partition` INT, reject STRING, records BIGINT, first_offset BIGINT, last_offset BIGINT, late BIGINT, ahead BIGINT, newest_us BIGINT"


@dataclass(frozen=True)
class Recipe:
    """All that a worker must know, which may be another machine than that of the project's files."""

    topic: str
    columns: tuple[str, ...]  # of raw
    model: str  # clean's SELECT in DuckDB's words
    enums: tuple[tuple[str, str], ...]
    timezone: str
    country: str
    currency: str
    lake: str  # its folder, or its address on HDFS
    web: str  # of HDFS, where it is asked


def recipe(settings: Session, topic: str) -> Recipe:
    contracts = load(settings["project"])
    clean = read_model(project_folder(settings["project"]) / "warehouse" / "clean" / f"{TABLE}.sql", "clean", contracts)
    enums = tuple((row["enum_name"], row["enum_value"]) for row in reference.enums(contracts).to_pylist())
    lake = settings.lake
    return Recipe(
        topic, tuple(contracts.table(f"raw.{TABLE}").names), render(clean, facts, place=facts.place), enums, settings["timezone"], settings["country"],
        settings["currency"], lake.hdfs.uri if lake.hdfs else str(lake.root.absolute()), lake.hdfs.web if lake.hdfs else "",
    )  # fmt: skip


def judged(batches: Iterable[Any], told: Recipe, stage: str, task: str, watermark_us: int, processing_us: int) -> Iterator[Any]:
    """For mapInArrow: value, headers, partition, offset, kafka_us in; out come the columns of COUNTED, and below <stage>/<task>-<n> the files
    events/year=Y/month=M/day=D/hour=H/*.parquet and rejected/rows.parquet.

    task: of this try alone, so that what a failed try has left is nobody's. A message is late when its minute was closed at
    `watermark_us`, and is_ahead when it happens too long after its Kafka timestamp.
    """
    return _judge(told, os.getpid()).run(batches, stage, task, watermark_us, processing_us)


@lru_cache(maxsize=1)
def _judge(told: Recipe, process: int) -> "_Judge":
    """A worker keeps it; a fork of it makes its own."""
    return _Judge(told)


class _Judge:
    def __init__(self, told: Recipe) -> None:
        self._told = told
        self._files: Files = on_hdfs(told.lake, told.web) if told.web else LocalFiles(Path(told.lake))
        # One file a partition, and a core for each worker.
        self._engine = DuckDB(
            threads=1, memory=MEMORY, scratch=Path(tempfile.gettempdir()) / f"shoplake-judge-{os.getpid()}"
        )
        self._show_ref()
        for rows in parsed([NO_MESSAGES], list(told.columns), told.topic, told.timezone):
            self._show(rows)
        select = {"table": TABLE, "model": told.model, "ahead": AHEAD_US, "minute": MINUTE_US}
        self._engine.execute(f"CREATE TABLE {_JUDGED} AS {_SELECT.format(**select, watermark=0, processing=0)}")
        # Planned once: that costs more than judging a thousand events.
        self._engine.execute(
            f"PREPARE judge AS INSERT INTO {_JUDGED} {_SELECT.format(**select, watermark='CAST($watermark AS BIGINT)', processing='$processing')}"
        )

    def _show_ref(self) -> None:
        """ref, made here: a stream needs nobody's build."""
        told, shop_zone = self._told, zone(self._told.timezone, "timezone")
        tables = {
            "dates": reference.dates(shop_zone, told.country), "zone_days": reference.zone_days(shop_zone), "shop": reference.shop(told.timezone, told.currency),
            "enums": pa.table({name: [row[i] for row in told.enums] for i, name in enumerate(("enum_name", "enum_value"))}),
        }  # fmt: skip
        for name, rows in tables.items():
            self._engine.arrow_table(f"ref.{name}", rows)

    def _show(self, rows: pa.RecordBatch) -> None:
        self._engine.arrow_table(f"raw.{TABLE}", pa.Table.from_batches([rows]))
        self._engine.execute(
            f"CREATE OR REPLACE TABLE lake.ref.user_agents AS SELECT DISTINCT TRIM(user_agent) AS user_agent, is_bot FROM lake.raw.{TABLE} WHERE is_bot"
        )

    def run(self, batches: Iterable[Any], stage: str, task: str, watermark_us: int, processing_us: int) -> Iterator[Any]:
        self._engine.execute(f"TRUNCATE {_JUDGED}")
        held = part = 0
        for rows in parsed(batches, list(self._told.columns), self._told.topic, self._told.timezone):
            self._show(rows)
            self._engine.execute(f"EXECUTE judge(watermark := {watermark_us}, processing := {processing_us})")
            held += rows.nbytes
            if held > HELD:
                yield from self._staged(stage, f"{task}-{part}")
                held, part = 0, part + 1
        yield from self._staged(stage, f"{task}-{part}")

    def _staged(self, stage: str, task: str) -> Iterator[Any]:
        """Write what is held, and tell of it."""
        counted = self._engine.fetch(_COUNTED.format(task=task))
        if counted.num_rows:
            self._write(f"{stage}/{task}")
            self._engine.execute(f"TRUNCATE {_JUDGED}")
        yield from counted.to_batches()

    def _write(self, folder: str) -> None:
        here = self._files.root / folder
        here.mkdir(parents=True)
        for table, select in (("events", _EVENTS), ("rejected", _REJECTED)):
            if self._engine.rows(f"SELECT COUNT(*) FROM ({select})") != [(0,)]:
                (here / table).mkdir()
                place, more = (here / table, ", PARTITION_BY (year, month, day, hour)") if table == "events" else (here / table / "rows.parquet", "")
                self._engine.execute(f"COPY ({select}) TO {quote(str(place))} (FORMAT parquet, COMPRESSION zstd{more})")
        for path in sorted(here.rglob("*.parquet")):
            self._files.share(path.relative_to(self._files.root).as_posix())
        if self._told.web:  # they lie on HDFS now
            shutil.rmtree(here)
