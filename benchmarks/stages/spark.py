"""A build on Spark against the statements it ran, run bare in one session.

`capture` builds once and writes down each statement, each folder written and each view shown. `bare` does the same on a fresh
lake with nothing around it: no planning, no hashing, no syncing, no account of costs, no classifying of agents.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Work
from benchmarks.setting import Setting
from benchmarks.stages.tax import PLACE, equal_tables


def cases(s: Setting) -> list[Case]:
    captured = s.prepared("stages.spark:capture", raw=s.small_shop["lake"], folder=str(s.folder / "captured-spark"))["captured"]
    a = {"raw": s.small_shop["lake"], "captured": captured}
    return [
        Case(
            "build on Spark", "spark", max(s.threads), Work("stages.spark:bare", a), Work("stages.spark:ours", a), equal_tables,
            None, Goal("ratio", 1.3), None,
            "`build --engine spark --full` against the same statements (reads, SELECTs, writes and checks) run bare in one session of "
            "the same settings; the session's start is timed on neither side",
            rounds=2,
        )
    ]  # fmt: skip


def _session(root: Path, threads: int) -> Any:
    from shoplake.settings import resolve

    return resolve({"lake": str(root), "threads": str(threads), "memory": setting.SPARK_MEMORY, "engine": "spark"})


def _facts(home: Path) -> Facts:
    """Rows and content hash of each table, of the files of the only build below a lake's `on/spark`. Spark is no longer needed."""
    import duckdb

    setting.end_spark()
    found = {}
    with duckdb.connect() as c:
        for folder in sorted(home.glob("*/*/g=*")):
            layer, table = folder.parts[-3:-1]
            if layer in ("clean", "core", "marts"):
                files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning = true)"
                columns = sorted(r[0] for r in c.execute(f"DESCRIBE SELECT * FROM {files}").fetchall())
                row = c.execute(f"SELECT COUNT(*), SUM(CAST(HASH({', '.join(columns)}) AS HUGEINT)) FROM {files}").fetchall()[0]
                found[f"{layer}.{table}"] = " ".join(map(str, row))
    return {"tables": found, "same": found}


def _started(root: Path, threads: int) -> Any:
    """A Spark like the builds', so that neither side pays for its start."""
    from shoplake.engines import spark

    return spark.Spark(
        scratch=root / "scratch", master=spark.master_of("", str(threads)), memory=spark.memory_of(setting.SPARK_MEMORY)
    )


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.plan import Options
    from shoplake.build.run import build

    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    session = _session(root, a["threads"])
    _started(root, a["threads"])  # the build takes up the session that is there

    def timed() -> Callable[[], Facts]:
        build(session, Options(full=True))
        return lambda: _facts(root / "on" / "spark")

    return timed


def capture(a: Facts) -> Callable[[], Facts]:
    """Build in a folder that stays, and write `captured` beside the lake."""
    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    session = _session(root, a["threads"])
    captured = Path(a["folder"]) / "captured"
    captured.mkdir()

    def timed() -> Facts:
        from shoplake.build.plan import Options
        from shoplake.build.run import build

        steps = _record(captured, str(root))
        build(session, Options(full=True))
        (captured / "steps.json").write_text(json.dumps(steps))
        return {"captured": str(captured), "steps": len(steps)}

    return timed


def _record(folder: Path, root: str) -> list[dict[str, Any]]:
    """Have what a build asks of Spark written down, in order."""
    from shoplake.build.on_spark import SparkBuilder
    from shoplake.engines.spark import Spark

    steps: list[dict[str, Any]] = []

    def kept(what: str, **more: Any) -> None:
        steps.append({"what": what, **{k: _away(v, root) for k, v in more.items()}})

    execute, fetch, write, show = Spark.execute, Spark.fetch, Spark.write, Spark.show_files
    show_raw = SparkBuilder._show_raw

    def kept_execute(self: Any, sql: str) -> None:
        kept("execute", sql=sql)
        execute(self, sql)

    def kept_fetch(self: Any, sql: str) -> Any:
        kept("fetch", sql=sql)
        return fetch(self, sql)

    def kept_write(self: Any, select: str, to: str, partition: str | None = None) -> Any:
        kept("write", sql=select, to=to, partition=partition)
        return write(self, select, to, partition)

    def kept_show(self: Any, view: str, schema: Any, base: str, paths: list[str]) -> None:
        if Path(base).parent == Path(root, "on", "spark", "tmp", "ref"):  # rows that the builder made: they are kept beside
            copy = folder / f"{len(steps)}"
            shutil.copytree(base, copy)
            base, paths = str(copy), [str(copy)]
        kept("show", view=view, schema=schema if isinstance(schema, str) else schema.json(), base=base, paths=paths)
        show(self, view, schema, base, paths)

    def kept_raw(self: Any, table: Any, arrivals: Any) -> None:
        files = [f for one in arrivals for f in one.files]
        kept("raw", table=f"raw.{table.name}", files=msgspec.to_builtins(files))
        show_raw(self, table, arrivals)

    Spark.execute, Spark.fetch, Spark.write, Spark.show_files = kept_execute, kept_fetch, kept_write, kept_show  # type: ignore[method-assign, assignment]
    SparkBuilder._show_raw = kept_raw  # type: ignore[method-assign]
    return steps


def _away(value: Any, root: str) -> Any:
    return json.loads(json.dumps(value).replace(root, PLACE))


def bare(a: Facts) -> Callable[[], Callable[[], Facts]]:
    """The captured steps on a fresh lake, in one session."""
    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    steps = json.loads((Path(a["captured"]) / "steps.json").read_text().replace(PLACE, str(root)))
    spark = _started(root, a["threads"]).session

    def timed() -> Callable[[], Facts]:
        for step in steps:
            _step(spark, step, root)
        return lambda: _facts(root / "on" / "spark")

    return timed


def _step(spark: Any, step: dict[str, Any], root: Path) -> None:
    what = step["what"]
    if what == "execute":
        spark.sql(step["sql"])
    elif what == "fetch":
        spark.sql(step["sql"]).toArrow()
    elif what == "write":
        day = step["partition"]
        rows = spark.sql(f"SELECT /*+ REBALANCE({day}) */ * FROM ({step['sql']}) AS w" if day else step["sql"])
        (rows.write.partitionBy(day) if day else rows.write).parquet(step["to"])
    elif what == "raw":
        _show_raw(spark, step, root)
    else:
        _show(spark, step)


def _show(spark: Any, step: dict[str, Any]) -> None:
    from pyspark.sql.types import StructType

    text = step["schema"]
    schema: Any = StructType.fromJson(json.loads(text)) if text.startswith("{") else StructType.fromDDL(text)
    if step["paths"]:
        rows = spark.read.schema(schema).option("basePath", step["base"]).parquet(*step["paths"]).select(*schema.names)
    else:
        rows = spark.createDataFrame([], schema)
    rows.createOrReplaceTempView(step["view"])


def _show_raw(spark: Any, step: dict[str, Any], root: Path) -> None:
    from shoplake.contracts import load
    from shoplake.engines.spark_raw import raw_records
    from shoplake.lake.receipts import RawFile

    files = msgspec.convert(step["files"], list[RawFile])
    records = raw_records(spark, load().table(step["table"]), files, lambda path: str(root / path))
    records.createOrReplaceTempView(step["table"].replace(".", "__"))
