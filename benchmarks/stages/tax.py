"""The framework's tax: a whole build against the statements it ran, run bare on one connection.

`capture` builds once and writes down each statement, each Arrow table handed over, and each folder given its name. `bare` does
the same things on a fresh lake with nothing around them: no planning, no hashing of files, no syncing, no classifying of agents.
"""

import itertools
import json
import os
import re
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

PLACE = "<lake>"
MADE = ("core", "marts")


def cases(s: Setting) -> list[Case]:
    return [
        Case(
            "framework tax", "tax", threads,
            Work("stages.tax:bare", {"raw": s.shop["lake"], "captured": s.built["captured"]}), Work("stages.tax:ours", {"raw": s.shop["lake"]}),
            equal_tables, None, Goal("ratio", 1.2), Goal("ratio", 1.05),
            "`build --full` against the same statements (SELECTs, writes and checks) run bare on one connection",
        )
        for threads in s.threads
    ]  # fmt: skip


def equal_tables(reference: Facts, mine: Facts) -> str:
    if reference["tables"] != mine["tables"]:
        different = [k for k in mine["tables"] if mine["tables"][k] != reference["tables"].get(k)]
        raise Unequal(f"tables differ: {', '.join(different) or sorted(reference['tables'])}")
    rows = sum(int(v.split()[0]) for v in mine["tables"].values())
    return f"{len(mine['tables'])} tables, {rows:,} rows, the same content hashes on both sides and in every repetition"


def tables_of(database: Path) -> dict[str, str]:
    """Rows and content hash of each table of core and marts."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as c:
        names = c.execute(
            f"SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE schema_name IN {MADE} ORDER BY 1"
        ).fetchall()
        return {n: " ".join(map(str, c.execute(f"SELECT COUNT(*), SUM(CAST(HASH(t) AS HUGEINT)) FROM {n} AS t").fetchall()[0])) for (n,) in names}  # fmt: skip


def _facts(database: Path) -> Facts:
    found = tables_of(database)
    return {"tables": found, "size": database.stat().st_size, "same": found}


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.plan import Options
    from shoplake.build.run import build

    session = setting.session(setting.fresh_lake(a["raw"], a["folder"]), a["threads"])

    def timed() -> Callable[[], Facts]:
        build(session, Options(full=True))
        return lambda: _facts(setting.database_of(session.lake))

    return timed


def capture(a: Facts) -> Callable[[], Facts]:
    """Build in a folder that stays, and write `captured` beside the lake."""
    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    session = setting.session(root, a["threads"])
    captured = Path(a["folder"]) / "captured"
    captured.mkdir()

    def timed() -> Facts:
        from shoplake.build.plan import Options
        from shoplake.build.run import build
        from shoplake.lake.manifest import read_manifest

        steps = _record(captured, str(root))
        build(session, Options(full=True))
        (captured / "steps.json").write_text(json.dumps(steps))
        shutil.copytree(root / "ref", captured / "ref")
        manifest = read_manifest(session.lake)
        return {
            "captured": str(captured), "lake": str(root), "steps": len(steps), "as_of": manifest.as_of,
            "database": str(setting.database_of(session.lake)),
        }  # fmt: skip

    return timed


def _record(folder: Path, root: str) -> list[list[str]]:
    """Have every statement, Arrow table and renaming of a build written down as [what, text, more, the connection's number]."""
    import pyarrow.parquet as pq

    from shoplake.build import clean
    from shoplake.engines.duckdb import DuckDB

    steps: list[list[str]] = []
    inside = threading.local()  # an Arrow table becomes a table through `execute`; that is one step

    def whole(what: str, engine: DuckDB, text: str, more: str, method: Callable[[], Any]) -> Any:
        if getattr(inside, "now", False) or engine.number.count("_") > 1:  # of a step that is written down as a whole
            return method()
        steps.append([what, text.replace(root, PLACE), more, engine.number])
        inside.now = True
        try:
            return method()
        finally:
            inside.now = False

    def wrapped(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda engine, sql: whole(name, engine, sql, "", lambda: method(engine, sql))

    for name in ("execute", "rows", "fetch"):
        setattr(DuckDB, name, wrapped(name, getattr(DuckDB, name)))
    arrow_table, side_by_side, named = DuckDB.arrow_table, DuckDB.run_side_by_side, clean._named

    def kept_table(engine: DuckDB, name: str, table: Any) -> None:
        file = f"{len(steps)}{engine.number}.parquet"
        pq.write_table(table, folder / file)
        whole("arrow", engine, engine.place(name), file, lambda: arrow_table(engine, name, table))

    def kept_side_by_side(engine: DuckDB, statements: Any) -> Any:
        listed = list(statements)
        return whole("side by side", engine, json.dumps(listed), "", lambda: side_by_side(engine, listed))

    def kept_named(lake: Any, written: Path, final: Path, rows: int) -> Any:
        steps.append(["move", str(written).replace(root, PLACE), str(final).replace(root, PLACE), ""])
        return named(lake, written, final, rows)

    DuckDB.arrow_table, clean._named = kept_table, kept_named  # type: ignore[method-assign, assignment]
    DuckDB.run_side_by_side = kept_side_by_side  # type: ignore[method-assign, assignment]
    return steps


def bare(a: Facts) -> Callable[[], Callable[[], Facts]]:
    """The captured steps on a fresh lake."""
    import pyarrow.parquet as pq

    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    captured = Path(a["captured"])
    steps = [
        [what, text.replace(PLACE, str(root)), more.replace(PLACE, str(root)), number]
        for what, text, more, number in json.loads((captured / "steps.json").read_text())
    ]
    tables = {more: pq.read_table(captured / more) for what, _, more, _ in steps if what == "arrow"}
    shutil.copytree(captured / "ref", root / "ref", dirs_exist_ok=True)
    database = next(Path(m.group(1)) for _, text, *_ in steps if (m := re.match(r"ATTACH '(/[^']+)' AS gen", text)))
    database.parent.mkdir(parents=True, exist_ok=True)
    (root / ".scratch").mkdir(exist_ok=True)

    def timed() -> Callable[[], Facts]:
        connection = setting.connect(a["threads"], a["folder"])
        for number, some in _phases(steps):
            if number:
                _side_by_side(connection, a["threads"], some, tables)
            else:
                for step in some:
                    _step(connection, step, tables, a["threads"])
        connection.close()
        return lambda: _facts(database)

    return timed


_TARGET = re.compile(r" TO '([^']+)' \(FORMAT parquet")


def _make_room(sql: str) -> None:
    """A folder for what a COPY writes; for a sorting one an empty folder of its own."""
    if (found := _TARGET.search(sql)) is None:
        return
    target = found.group(1)
    if "PARTITION_BY" in sql:
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)


def _phases(steps: list[list[str]]) -> list[tuple[bool, list[list[str]]]]:
    """Runs of steps of one connection, and of several side by side. What those share comes before them: which agents are robots. A
    file gets its name when all are written."""
    found = []
    for apart, some in itertools.groupby((s for s in steps if s[0] != "move"), lambda step: step[3] != ""):
        run = list(some)
        if apart:
            shared = [s for s in run if "CREATE SCHEMA" in s[1] or "INTO lake.ref.user_agents" in s[1] or s[0] == "arrow"]
            found += [(False, shared), (True, [s for s in run if s not in shared]), (False, [s for s in steps if s[0] == "move"])]
        else:
            found.append((False, run))
    return found


def _step(connection: Any, step: list[str], tables: Facts, threads: int) -> None:
    what, text, more, _ = step
    if what == "arrow":
        connection.register("arriving", tables[more])
        connection.execute(f"CREATE OR REPLACE TABLE {text} AS SELECT * FROM arriving")
        connection.unregister("arriving")
    elif what == "move":
        os.makedirs(os.path.dirname(more), exist_ok=True)
        os.rename(text, more)
    elif what == "rows":
        connection.execute(text).fetchall()
    elif what == "fetch":
        connection.sql(text).to_arrow_table()
    elif what == "side by side":
        _each(connection, json.loads(text), threads)
    else:
        _make_room(text)
        connection.execute(text)


def _each(connection: Any, statements: list[str], threads: int) -> None:
    for sql in statements:
        _make_room(sql)

    def work(k: int) -> None:
        with connection.cursor() as cursor:
            for sql in statements[k::threads]:
                cursor.execute(sql).fetchall()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))


def _side_by_side(connection: Any, threads: int, steps: list[list[str]], tables: Facts) -> None:
    """Each connection's steps in their order, as many connections at a time as there are threads."""
    numbers = list(dict.fromkeys(step[3] for step in steps))
    at_once = min(threads, len(numbers))

    def work(number: str) -> None:
        with connection.cursor() as cursor:
            for step in steps:
                if step[3] == number:
                    _step(cursor, step, tables, threads // at_once)

    connection.execute(f"SET external_threads = {at_once}")
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(work, numbers))
    connection.execute("SET external_threads = 1")
