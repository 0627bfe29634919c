"""The processor: each micro-batch of Spark Structured Streaming judged by clean's own SQL, written once, its minutes closed in time.

One query, one checkpoint. An event is late when its minute was closed before its batch began: a minute closes when the newest event
seen is WATERMARK younger than the minute's end. Events too far ahead of their Kafka timestamp are set aside before that, since a single
one dated 2030 would close every minute to come. Both are kept with the good events, and marked: the batch build counts them.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoplake.engines import spark as facts
from shoplake.engines.spark import Spark
from shoplake.errors import Lacking, ShoplakeError
from shoplake.lake.publish import kill_point
from shoplake.settings import Session
from shoplake.stream.broker import Broker
from shoplake.stream.clock import now_ms
from shoplake.stream.judge import COUNTED, judged, recipe
from shoplake.stream.letters import DeadLetters
from shoplake.stream.minutes import KEY, WATERMARK_US, close_minutes
from shoplake.stream.pulse import Pulse
from shoplake.stream.side_table import TABLES, SideTable
from shoplake.stream.topics import MINUTES

PATIENCE = 30.0  # seconds
# Robots say what they are and are nobody's fault.
NO_LETTER = ("bot",)
BYTES_AT_ONCE = 16_000_000  # that a worker is handed; ten thousand records, Spark's other limit, may be gigabytes
RECORDS_A_TASK = 5_000  # of a worker's second, about a quarter
PACKAGE = "org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0"


@dataclass(frozen=True)
class Options:
    """trigger: seconds from one batch to the next, 0 for at once; jars: a folder with Spark's Kafka source, else Spark fetches it."""

    trigger: float = 1.0
    until_end: bool = False
    jars: str = ""
    most: int = 200_000  # records in a batch


class Processor:
    """Processes one topic until told to stop."""

    def __init__(self, session: Session, broker: Broker, topic: str, topic_id: str, pulse: Pulse, options: Options) -> None:
        self.session, self.broker, self.topic, self.topic_id, self.pulse, self.options = session, broker, topic, topic_id, pulse, options
        self.table = SideTable(session.lake, topic)
        self.letters = DeadLetters(broker, topic)
        self.recipe = recipe(session, topic)
        self._last: int | None = None  # records of the last batch
        self._failure: Exception | None = None
        self._has_minutes = topic + MINUTES in broker.topics()

    def run(self, is_told_to_stop: Callable[[], bool]) -> None:
        """Raises Held, WrongUse for a checkpoint and output that do not belong together, Lacking for a Spark or broker that fails."""
        with self.table.lock():
            self.table.check(self.topic_id)
            scratch = self.table.local / ".spark"
            engine = Spark(scratch=scratch.resolve(), master=facts.master_of(self.session["spark_master"], self.session["threads"]),
                           memory=facts.memory_of(self.session["memory"]), settings=self._settings())  # fmt: skip
            try:
                with engine.watched():
                    self._run(engine, is_told_to_stop)
            finally:
                engine.close()
        self.pulse.end(None)

    def _settings(self) -> dict[str, str]:
        found = {"spark.sql.streaming.metricsEnabled": "false", "spark.sql.execution.arrow.maxBytesPerBatch": str(BYTES_AT_ONCE)}
        if self.options.jars:
            jars = sorted(str(p.resolve()) for p in Path(self.options.jars).glob("*.jar"))
            if not jars:
                raise Lacking(f"--jars {self.options.jars}: no jars there. It needs those of {PACKAGE}; `make kafka` fetches them. Without --jars Spark fetches them itself.")
            return {**found, "spark.jars": ",".join(jars)}
        return {**found, "spark.jars.packages": PACKAGE}

    def _run(self, engine: Spark, is_told_to_stop: Callable[[], bool]) -> None:
        source = engine.session.readStream.format("kafka").options(**self.source()).load()
        writer = (
            source.writeStream.queryName("shoplake")
            .option("checkpointLocation", self.table.files.address(self.table.checkpoint))
            .foreachBatch(self._batch)
        )
        if self.options.until_end:
            writer = writer.trigger(availableNow=True)
        else:
            writer = writer.trigger(processingTime=f"{int(self.options.trigger * 1000)} milliseconds")
        query = writer.start()
        self.table.own(str(query.id), self.topic_id)
        try:
            while query.isActive and not is_told_to_stop():
                time.sleep(0.2)
                self.pulse.beat(self._lag(query))
            query.stop()
            if (failure := query.exception()) is not None:
                raise failure
        except Exception as e:
            raise self._explained(e) from e

    def source(self) -> dict[str, str]:
        """Options of Spark's Kafka source."""
        return {
            "subscribe": self.topic, "startingOffsets": "earliest", "failOnDataLoss": "true", "maxOffsetsPerTrigger": str(self.options.most), "includeHeaders": "true",
            # A fetch that waits at the end of a partition holds up the question for its offsets that Spark asks after each: half a second by default.
            "kafka.fetch.max.wait.ms": "10", **_for_spark(self.broker.settings),
        }  # fmt: skip

    def _explained(self, e: Exception) -> Exception:
        if isinstance(self._failure, ShoplakeError):
            return self._failure
        said = str(e)
        if "offset" in said and ("data may have been lost" in said or "KAFKA_DATA_LOSS" in said):
            return Lacking(
                f"topic {self.topic}: events were deleted before they were processed ({said.splitlines()[0][:300]}). The landed files may hold them: they are in the next build. "
                f"To process the topic from what it holds now, move {self.table.place()} away."
            )
        if type(e).__name__ == "StreamingQueryException":
            told = worker_words(str(self._failure)) or next((line.strip() for line in said.splitlines() if "Exception" in line or "Error" in line), said.splitlines()[0])
            return ShoplakeError(f"Spark ended the query: {told[:300]}. What was written stays and is whole. Run the same again; when it ends so again, look at {self.table.place(self.table.checkpoint)}.")
        return e

    def _lag(self, query: Any) -> dict[int, int] | None:
        progress = query.lastProgress if self.pulse.is_due() else None
        if not progress or not progress["sources"]:
            return None
        most = (progress["sources"][0].get("metrics") or {}).get("maxOffsetsBehindLatest")
        return None if most is None else {0: int(most)}

    # -- a batch -------------------------------------------------------------------------------------------------------

    def _batch(self, records: Any, batch: int) -> None:
        try:
            self._judge(records, batch)
        except Exception as e:
            self._failure = e
            raise

    def _judge(self, records: Any, batch: int) -> None:
        before = self._watermark(batch)
        told, stage, processing_us = self.recipe, self.table.stage(batch), now_ms() * 1000
        needed = records.selectExpr("value", "headers", "partition", "offset", "UNIX_MICROS(timestamp) AS kafka_us")
        counted = needed.coalesce(self._tasks(records)).mapInArrow(lambda batches: judged(batches, told, stage, _task(), before, processing_us), COUNTED).collect()
        account, tasks = self._account(counted, batch, before), sorted({row["task"] for row in counted})
        self._letters(batch, tasks, account)
        kill_point("before_publish")
        for table in TABLES:
            self.table.publish(batch, table, tasks)
            kill_point("between_tables")
        kill_point("before_account")
        closed = close_minutes(self.table, batch, before, account["watermark_us"])
        account |= {"closed_minutes": len(closed), "at_ms": now_ms()}
        self._announce(closed)
        account["totals"] = self.table.totals(account)
        self.table.close(batch, account)
        self._last = account["records"]
        kill_point("after_account")
        self._tell(account)

    def _tasks(self, records: Any) -> int:
        """As many as the last batch's records kept busy: each writes a file an hour, and files are not merged."""
        most = int(records.sparkSession.sparkContext.defaultParallelism)
        return most if self._last is None else max(1, min(most, self._last // RECORDS_A_TASK))

    def _watermark(self, batch: int) -> int:
        """As it was when the batch began: so a batch that is done again decides alike."""
        last = self.table.account(batch - 1) if batch else None
        return int(last["watermark_us"]) if last else 0

    def _account(self, counted: list[Any], batch: int, before: int) -> dict[str, Any]:
        rejected: Counter[str] = Counter()
        offsets: dict[str, list[int]] = {}
        for row in counted:
            if row["reject"] is not None:
                rejected[row["reject"]] += row["records"]
            a, b = offsets.get(str(row["partition"]), [row["first_offset"], row["last_offset"]])
            offsets[str(row["partition"])] = [min(a, row["first_offset"]), max(b, row["last_offset"])]
        newest = max((row["newest_us"] for row in counted if row["newest_us"] is not None), default=0)
        records = sum(row["records"] for row in counted)
        return {
            "batch": batch, "records": records, "good": records - sum(rejected.values()), "rejected": dict(sorted(rejected.items())), "late": sum(row["late"] for row in counted),
            "ahead": sum(row["ahead"] for row in counted), "offsets": offsets, "watermark_us": max(before, newest - WATERMARK_US),
        }  # fmt: skip

    def _letters(self, batch: int, tasks: list[str], account: dict[str, Any]) -> None:
        import pyarrow.parquet as pq

        if all(_kind(reason) in NO_LETTER for reason in account["rejected"]):
            return
        for path in self.table.staged(batch, "rejected", tasks):
            with self.table.files.open(path) as f:
                for rows in pq.ParquetFile(f).iter_batches(1000, columns=["raw_text", "partition", "offset", "reject"]):
                    for row in rows.to_pylist():
                        if _kind(row["reject"]) not in NO_LETTER:
                            self.letters.copy(
                                (row["raw_text"] or "").encode(), row["partition"], row["offset"], row["reject"]
                            )
        self.letters.flush()

    def _announce(self, closed: list[dict[str, Any]]) -> None:
        """Each closed minute to its topic, the newest of a key counts; at least once."""
        if not closed or not self._has_minutes:
            return
        producer = self.broker.producer()
        for row in closed:
            told = {**row, "minute": f"{row['minute']:%Y-%m-%dT%H:%M:%SZ}", "revenue_amount": str(row["revenue_amount"])}
            producer.produce(self.topic + MINUTES, key="|".join(str(told[name] or "") for name in KEY), value=json.dumps(told))
        if producer.flush(PATIENCE):
            raise Lacking(f"topic {self.topic + MINUTES}: minutes were not acknowledged within {PATIENCE:.0f} s. Is the broker well? Nothing is skipped: the batch is done again.")

    def _tell(self, account: dict[str, Any]) -> None:
        self.pulse.records += account["records"]
        self.pulse.files += 1
        for reason, count in account["rejected"].items():
            self.pulse.reasons[reason] += count
        self.pulse.extra = {
            "good": self.pulse.extra.get("good", 0) + account["good"], "late": self.pulse.extra.get("late", 0) + account["late"],
            "ahead": self.pulse.extra.get("ahead", 0) + account["ahead"], "watermark_us": account["watermark_us"],
        }  # fmt: skip


def worker_words(said: str) -> str | None:
    """Of what Spark says when a worker fails, the worker's own error: the last line of its Python traceback."""
    lines = [line.strip() for line in said.splitlines()]
    found = [line for line in lines if re.match(r"[A-Za-z_.]+(Error|Exception): ", line) and not line.startswith(("org.", "java.", "pyspark."))]
    return re.sub(r"^shoplake[.]errors[.]\w+: ", "", found[-1]) if found else None


def _task() -> str:
    """This try of this task, which no other has the name of."""
    from pyspark import TaskContext

    there = TaskContext.get()
    assert there is not None
    return f"task-{there.taskAttemptId()}"


def _kind(reject: str) -> str:
    return reject.partition(":")[0]


def _for_spark(settings: dict[str, str]) -> dict[str, str]:
    """librdkafka's settings as Java's client has them."""
    found = {"kafka.bootstrap.servers": settings["bootstrap.servers"], "kafka.security.protocol": settings["security.protocol"]}
    if "ssl.ca.location" in settings:
        found |= {"kafka.ssl.truststore.type": "PEM", "kafka.ssl.truststore.location": settings["ssl.ca.location"]}
    if "sasl.username" in settings:
        user, password = (_java(settings[key]) for key in ("sasl.username", "sasl.password"))
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        found |= {"kafka.sasl.mechanism": settings["sasl.mechanism"], "kafka.sasl.jaas.config": f'{module} required username="{user}" password="{password}";'}
    return found


def _java(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
