"""The framework's tax on Spark: a whole build against the statements it ran, run bare in a session that is as warm.

`capture` builds once and writes down each statement, each write and each folder that was shown as a table. `bare` does the same things on a
fresh lake with nothing around them: no planning, no hashing of files, no syncing, no classifying of agents, no accounts.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Work
from benchmarks.setting import Setting
from benchmarks.stages.tax import PLACE, equal_tables


def cases(s: Setting) -> list[Case]:
    threads = max(s.threads)
    captured = s.prepared("stages.spark:capture", raw=s.shop["lake"], folder=str(s.folder / "spark"))["captured"]
    return [
        Case(
            "Spark's framework tax", "spark", threads,
            Work("stages.spark:bare", {"raw": s.shop["lake"], "captured": captured}), Work("stages.spark:ours", {"raw": s.shop["lake"]}),
            equal_tables, None, Goal("ratio", 1.3), None,
            "`build --engine spark` against the same statements (SELECTs, writes and checks) run bare in a session that had started before", rounds=2,
        )
    ]  # fmt: skip


def _session(a: Facts) -> Any:
    """A session that has started; a build takes it over instead of starting one."""
    from shoplake.engines.spark import Spark, master_of, memory_of

    engine = Spark(scratch=Path(a["folder"]) / "session", master=master_of("", str(a["threads"])), memory=memory_of(setting.MEMORY))
    engine.rows("SELECT COUNT(*) FROM RANGE(1000000)")
    return engine


def _facts(root: Path) -> Callable[[], Facts]:
    def facts() -> Facts:
        connection = setting.connect(2, str(root))
        found = {}
        for table in sorted(p for layer in ("core", "marts") for p in (root / "on/spark" / layer).iterdir()):
            files = [str(f) for f in table.rglob("*.parquet")]
            rows = f"read_parquet({files!r}, hive_partitioning = true)"
            count, total = connection.execute(f"SELECT COUNT(*), SUM(CAST(HASH(t) AS HUGEINT)) FROM (SELECT * EXCLUDE (g) FROM {rows}) AS t").fetchone()
            found[f"{table.parent.name}.{table.name}"] = f"{count} {total}"
        return {"tables": found, "same": found}

    return facts


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.plan import Options
    from shoplake.build.run import build

    session = setting.session(setting.fresh_lake(a["raw"], a["folder"]), a["threads"]).on("spark")
    _session(a)

    def timed() -> Callable[[], Facts]:
        build(session, Options(full=True))
        return _facts(session.lake.root)

    return timed


def capture(a: Facts) -> Callable[[], Facts]:
    """Build in a folder that stays, and write `captured` beside the lake."""
    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    session = setting.session(root, a["threads"]).on("spark")
    captured = Path(a["folder"]) / "captured"
    captured.mkdir()

    def timed() -> Facts:
        from shoplake.build.plan import Options
        from shoplake.build.run import build

        steps = _record(captured, str(root))
        build(session, Options(full=True))
        (captured / "steps.json").write_text(json.dumps(steps).replace(str(root), PLACE))
        return {"captured": str(captured), "steps": len(steps)}

    return timed


def _record(folder: Path, root: str) -> list[list[Any]]:
    """Have everything a build asks of its session written down as [what, ...]."""
    from shoplake.build import on_spark
    from shoplake.engines.spark import Spark

    steps: list[list[Any]] = []
    execute, fetch, write, show, raw = Spark.execute, Spark.fetch, Spark.write, Spark.show_files, on_spark.raw_records

    def kept_execute(self: Spark, sql: str) -> None:
        steps.append(["execute", sql])
        execute(self, sql)

    def kept_fetch(self: Spark, sql: str) -> Any:
        steps.append(["fetch", sql])
        return fetch(self, sql)

    def kept_write(self: Spark, select: str, to: Path, partition: str | None = None) -> Any:
        steps.append(["write", select, str(to), partition])
        return write(self, select, to, partition)

    def kept_show(self: Spark, view: str, schema: Any, base: Path, paths: list[str]) -> None:
        made = schema if isinstance(schema, str) else schema.json()
        if base.parent.name == "ref":  # made outside Spark
            kept = f"ref-{len(steps)}"
            shutil.copytree(base, folder / kept)
            steps.append(["ref", view, made, kept])
        else:
            steps.append(["show", view, made, str(base), paths])
        show(self, view, schema, base, paths)

    def kept_raw(session: Any, table: Any, files: Any, lake: Path) -> Any:
        steps.append(["raw", table.name, [(f.path, f.kind, f.format) for f in files]])
        return raw(session, table, files, lake)

    Spark.execute, Spark.fetch, Spark.write, Spark.show_files = kept_execute, kept_fetch, kept_write, kept_show  # type: ignore[method-assign]
    on_spark.raw_records = kept_raw
    return steps


def bare(a: Facts) -> Callable[[], Callable[[], Facts]]:
    """The captured steps on a fresh lake."""
    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    captured = Path(a["captured"])
    steps = json.loads((captured / "steps.json").read_text().replace(PLACE, str(root)))
    engine = _session(a)

    def timed() -> Callable[[], Facts]:
        for what, *words in steps:
            _STEPS[what](engine, root, captured, *words)
        engine.close()
        return _facts(root)

    return timed


def _raw(engine: Any, root: Path, captured: Path, name: str, files: list[list[str]]) -> None:
    from shoplake.contracts import load
    from shoplake.engines.spark_raw import raw_records
    from shoplake.lake.receipts import RawFile

    some = [RawFile(path, name, "", form, kind, 0, 0, "") for path, kind, form in files]
    raw_records(engine.session, load().table(f"raw.{name}"), some, root).createOrReplaceTempView(f"raw__{name}")


def _show(engine: Any, view: str, schema: str, base: Path, paths: list[str]) -> None:
    from pyspark.sql.types import StructType

    engine.show_files(view, StructType.fromJson(json.loads(schema)) if schema.startswith("{") else schema, base, paths)


_STEPS: dict[str, Callable[..., None]] = {
    "execute": lambda engine, root, captured, sql: engine.execute(sql),
    "fetch": lambda engine, root, captured, sql: engine.fetch(sql),
    "write": lambda engine, root, captured, select, to, partition: engine.write(select, Path(to), partition),
    "ref": lambda engine, root, captured, view, schema, kept: _show(engine, view, schema, captured / kept, [str(captured / kept)]),
    "show": lambda engine, root, captured, view, schema, base, paths: _show(engine, view, schema, Path(base), paths),
    "raw": _raw,
}
