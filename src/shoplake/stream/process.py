"""The processor: each micro-batch of Spark Structured Streaming judged by clean's own SQL, written once, its minutes closed in time.

One query, one checkpoint. An event is late when its minute was closed before its batch began: a minute closes when the newest event
seen is WATERMARK younger than the minute's end. Events too far ahead of their Kafka timestamp are set aside before that, since a single
one dated 2030 would close every minute to come. Both are kept with the good events, and marked: the batch build counts them.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoplake.build import reference
from shoplake.build.models import read_model
from shoplake.build.render import render
from shoplake.contracts import load
from shoplake.contracts.project import project_folder
from shoplake.engines import spark as facts
from shoplake.engines.spark import Spark
from shoplake.errors import Lacking, ShoplakeError
from shoplake.lake.publish import kill_point
from shoplake.settings import Session, zone
from shoplake.stream.broker import Broker
from shoplake.stream.clock import now_ms
from shoplake.stream.letters import DeadLetters
from shoplake.stream.minutes import KEY, MINUTE_US, WATERMARK_US, close_minutes
from shoplake.stream.parse import ddl, parsed
from shoplake.stream.pulse import Pulse
from shoplake.stream.side_table import SideTable
from shoplake.stream.topics import MINUTES

TABLE = "clickstream"
AHEAD_US = 10 * MINUTE_US
PATIENCE = 30.0  # seconds
# Robots say what they are and are nobody's fault.
NO_LETTER = ("bot",)
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
        self.columns = load(session["project"]).table(f"raw.{TABLE}").names
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
                    self._show_ref(engine)
                    self._run(engine, is_told_to_stop)
            finally:
                engine.close()
        self.pulse.end(None)

    def _settings(self) -> dict[str, str]:
        found = {"spark.sql.shuffle.partitions": "2", "spark.sql.streaming.metricsEnabled": "false", "spark.sql.execution.arrow.pyspark.enabled": "true"}
        if self.options.jars:
            jars = sorted(str(p.resolve()) for p in Path(self.options.jars).glob("*.jar"))
            if not jars:
                raise Lacking(f"--jars {self.options.jars}: no jars there. It needs those of {PACKAGE}; `make kafka` fetches them. Without --jars Spark fetches them itself.")
            return {**found, "spark.jars": ",".join(jars)}
        return {**found, "spark.jars.packages": PACKAGE}

    def _show_ref(self, engine: Spark) -> None:
        """ref, made here: a stream needs nobody's build."""
        shop_zone = zone(self.session["timezone"], "timezone")
        tables = {
            "dates": reference.dates(shop_zone, self.session["country"]), "zone_quarters": reference.zone_quarters(shop_zone),
            "enums": reference.enums(load(self.session["project"])), "shop": reference.shop(self.session["timezone"], self.session["currency"]),
        }  # fmt: skip
        import pyarrow.parquet as pq

        for name, rows in tables.items():
            contract = load(self.session["project"]).table(f"ref.{name}")
            folder = self.table.local / ".spark" / "ref" / name
            folder.mkdir(parents=True, exist_ok=True)
            pq.write_table(rows, folder / "rows.parquet")
            engine.show_files(_place(contract.full_name), facts.ddl(contract), str(folder.resolve()), [str(folder.resolve())])
            engine.session.table(_place(contract.full_name)).cache().createOrReplaceTempView(_place(contract.full_name))
        contracts = load(self.session["project"])
        warehouse = project_folder(self.session["project"]) / "warehouse"
        self._model = render(read_model(warehouse / "clean" / f"{TABLE}.sql", "clean", contracts), facts, place=_place)

    def _run(self, engine: Spark, is_told_to_stop: Callable[[], bool]) -> None:
        options = {
            "subscribe": self.topic, "startingOffsets": "earliest", "failOnDataLoss": "true", "maxOffsetsPerTrigger": str(self.options.most),
            "includeHeaders": "true", **_for_spark(self.broker.settings),
        }  # fmt: skip
        source = engine.session.readStream.format("kafka").options(**options).load()
        writer = source.writeStream.queryName("shoplake").option("checkpointLocation", self.table.files.address(self.table.checkpoint)).foreachBatch(self._batch)
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
            told = next((line.strip() for line in said.splitlines() if "Exception" in line or "Error" in line), said.splitlines()[0])
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
        columns, topic, timezone = self.columns, self.topic, self.session["timezone"]
        needed = records.selectExpr("value", "headers", "partition", "offset", "UNIX_MICROS(timestamp) AS kafka_us")
        read = needed.mapInArrow(lambda batches: parsed(batches, columns, topic, timezone), ddl(columns)).persist()
        before = self._watermark(batch)
        try:
            judged = self._judged(read, before).persist()
            try:
                account = self._count(judged, batch, before)
                if account["records"]:
                    self._write(judged, batch, account)
            finally:
                judged.unpersist()
        finally:
            read.unpersist()
        kill_point("before_account")
        closed = close_minutes(self.table, batch, before, account["watermark_us"])
        account |= {"closed_minutes": len(closed), "at_ms": now_ms()}
        self._announce(closed)
        account["totals"] = self.table.totals(account)
        self.table.close(batch, account)
        kill_point("after_account")
        self._tell(account)

    def _judged(self, read: Any, watermark: int) -> Any:
        """Every record: clean's columns, why it is rejected, and where it came from."""
        session = read.sparkSession
        read.where("unlandable IS NULL").createOrReplaceTempView(_place(f"raw.{TABLE}"))
        session.sql(f"SELECT DISTINCT TRIM(user_agent) AS user_agent, is_bot FROM {_place(f'raw.{TABLE}')} WHERE is_bot").createOrReplaceTempView(_place("ref.user_agents"))
        at = f"(SELECT source_file, unlandable, `partition`, `offset`, kafka_us, raw_text AS message FROM {_place('stream.read')})"
        read.createOrReplaceTempView(_place("stream.read"))
        closed = f"FLOOR(m.event_us / {MINUTE_US}) * {MINUTE_US} + {MINUTE_US} <= {watermark}"
        return session.sql(
            f"SELECT m.* EXCEPT (reject, nulled_values, raw_text, source_file), k.message AS raw_text, COALESCE(k.unlandable, m.reject) AS reject, "
            f"k.`partition`, k.`offset`, k.kafka_us, m.event_us > k.kafka_us + {AHEAD_US} AS is_ahead, {closed} AS is_late, "
            f"UNIX_MICROS(CURRENT_TIMESTAMP()) AS processing_us "
            f"FROM {at} AS k LEFT JOIN ({self._model}) AS m ON m.source_file = k.source_file"
        )

    def _watermark(self, batch: int) -> int:
        """As it was when the batch began: so a batch that is done again decides alike."""
        last = self.table.account(batch - 1) if batch else None
        return int(last["watermark_us"]) if last else 0

    def _count(self, judged: Any, batch: int, before: int) -> dict[str, Any]:
        good = "reject IS NULL"
        rows = judged.groupBy("partition", "reject").agg(
            *_sums({
                "records": "COUNT(*)", "first": "MIN(`offset`)", "last": "MAX(`offset`)", "late": f"SUM(CASE WHEN {good} AND is_late AND NOT is_ahead THEN 1 ELSE 0 END)",
                "ahead": f"SUM(CASE WHEN {good} AND is_ahead THEN 1 ELSE 0 END)", "newest": f"MAX(CASE WHEN {good} AND NOT is_ahead THEN event_us END)",
            })
        ).collect()  # fmt: skip
        rejected: Counter[str] = Counter()
        for row in rows:
            if row["reject"] is not None:
                rejected[row["reject"]] += row["records"]
        newest = max((row["newest"] for row in rows if row["newest"] is not None), default=0)
        offsets: dict[str, list[int]] = {}
        for row in rows:
            a, b = offsets.get(str(row["partition"]), [row["first"], row["last"]])
            offsets[str(row["partition"])] = [min(a, row["first"]), max(b, row["last"])]
        records = sum(row["records"] for row in rows)
        return {
            "batch": batch, "records": records, "good": records - sum(rejected.values()), "rejected": dict(sorted(rejected.items())), "late": sum(row["late"] for row in rows),
            "ahead": sum(row["ahead"] for row in rows), "offsets": offsets, "watermark_us": max(before, newest - WATERMARK_US),
        }  # fmt: skip

    def _write(self, judged: Any, batch: int, account: dict[str, Any]) -> None:
        if account["good"]:
            hours = [f"{part.upper()}(event_ts) AS {part}" for part in ("year", "month", "day", "hour")]
            good = judged.where("reject IS NULL").selectExpr("* EXCEPT (reject)", "(processing_us - event_us) DIV 1000 AS latency_ms", *hours)
            good.write.partitionBy("year", "month", "day", "hour").parquet(self.table.files.address(self.table.stage(batch, "events")))
        if account["rejected"]:
            bad = judged.where("reject IS NOT NULL").selectExpr("reject", "raw_text", "`partition`", "`offset`", "kafka_us", "processing_us")
            bad.coalesce(1).write.parquet(self.table.files.address(self.table.stage(batch, "rejected")))
            self._letters(judged, account)
        kill_point("before_publish")
        for table in ("events", "rejected"):
            self.table.publish(batch, table)
            kill_point("between_tables")

    def _letters(self, judged: Any, account: dict[str, Any]) -> None:
        if all(reason.partition(":")[0] in NO_LETTER for reason in account["rejected"]):
            return
        names = ", ".join(f"'{name}'" for name in NO_LETTER)
        for row in judged.where(f"reject IS NOT NULL AND SPLIT(reject, ':')[0] NOT IN ({names})").select("raw_text", "partition", "offset", "reject").toLocalIterator():
            self.letters.copy((row["raw_text"] or "").encode(), row["partition"], row["offset"], row["reject"])
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


def _sums(wanted: dict[str, str]) -> list[Any]:
    from pyspark.sql import functions

    return [functions.expr(sql).alias(name) for name, sql in wanted.items()]


def _place(name: str) -> str:
    return name.replace(".", "__")


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
