"""Making data: events against tpchgen-cli, bytes a second; user profiles against mimesis, rows a second."""

import hashlib
import importlib
import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

FIELDS = 19


def cases(s: Setting) -> list[Case]:
    target, users = s.clicks["bytes"], setting.plan(s.size).users
    found = []
    for threads in s.threads:
        found.append(Case(
            "events as JSON lines", "generate", threads,
            Work("stages.generate:lineitem", {"bytes": target}), Work("stages.generate:ours", {"size": s.size, "tables": ["clickstream"]}),
            _bytes_alike, "bytes", Goal("ratio", 1.0), Goal("ratio", 3.0),
            "bytes a second, all realism on, a file a day, against `tpchgen-cli csv` of as many bytes into one file",
        ))  # fmt: skip
        found.append(Case(
            "user profiles", "generate", threads,
            Work("stages.generate:mimesis", {"rows": max(200, users // 4)}), Work("stages.generate:ours", {"size": s.size, "tables": ["users"]}),
            _rows_counted, "rows", Goal("ratio", 20.0), Goal("ratio", 40.0),
            f"rows a second against mimesis, {FIELDS} fields a row as CSV in as many processes; ours with history, faults and a file a day",
        ))  # fmt: skip
    return found


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.generate.run import _INLINE_ROWS, generate
    from shoplake.lake.layout import Lake

    lake, plan = Lake(Path(a["folder"]) / "lake"), setting.plan(a["size"])
    makes_processes = a["threads"] > 1 and plan.events + plan.transactions + plan.users >= _INLINE_ROWS
    _import("shoplake.generate.part")
    started = _cost(lambda: _start(a["threads"])) if makes_processes else [0.0, 0.0]

    def timed() -> Callable[[], Facts]:
        done = generate(lake, plan, a["tables"], a["threads"], None, a["threads"])

        def facts() -> Facts:
            digest, size, lines, files = hashlib.sha256(), 0, 0, 0
            for path in sorted(lake.raw.glob("*/ds=*/*")):
                data = path.read_bytes()
                size, files = size + len(data), files + 1
                lines += data.count(b"\n") - (path.suffix == ".csv" and path.name.startswith("part"))
                digest.update(data)
            landed = sum(d.rows for d in done)
            return {
                "bytes": size,
                "rows": landed,
                "files": files,
                "lines": lines,
                "start": started,
                "same": [size, landed, digest.hexdigest()],
            }

        return facts

    return timed


def _cost(start: Callable[[], object]) -> list[float]:
    """Seconds of wall and CPU that processes take to start."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall, cpu = time.perf_counter(), used.ru_utime + used.ru_stime
    start()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return [time.perf_counter() - wall, used.ru_utime + used.ru_stime - cpu]


def _start(count: int) -> None:
    """As many processes as the generator starts, which import what it imports and end."""
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        list(pool.map(_import, ["shoplake.generate.part"] * count))


def _import(module: str) -> None:
    """Arrow imports pandas at its first array, where somebody installed that: with all that is measured here; a default install has none."""
    importlib.import_module(module)
    importlib.import_module("pyarrow").array([""])


def lineitem(a: Facts) -> Callable[[], Facts]:
    """tpchgen-cli first makes its pool of texts, however little is asked for: its cold start."""
    started = _cost(setting.tpchgen("csv", 1_000_000, a["threads"], f"{a['folder']}/start", all_tables=False))
    make = setting.tpchgen("csv", a["bytes"], a["threads"], a["folder"], all_tables=False)

    def timed() -> Facts:
        size = make()
        return {"bytes": size, "start": started, "same": [size]}

    return timed


def _bytes_alike(reference: Facts, mine: Facts) -> str:
    if not 0.9 < mine["bytes"] / reference["bytes"] < 1.1 and mine["bytes"] > 20_000_000:
        raise Unequal(f"events: {mine['bytes']:,} bytes against {reference['bytes']:,}.")
    if mine["lines"] < mine["rows"]:
        raise Unequal(f"events: {mine['lines']:,} lines hold {mine['rows']:,} rows.")
    return f"bytes on disk counted: {mine['bytes']:,} against {reference['bytes']:,}; every repetition the same SHA-256"


def _rows_counted(reference: Facts, mine: Facts) -> str:
    if reference["lines"] != reference["rows"] or mine["lines"] < mine["rows"]:
        raise Unequal(f"user profiles: {reference['lines']} of {reference['rows']} and {mine['lines']} of {mine['rows']} rows were written.")  # fmt: skip
    return f"rows written counted: {mine['rows']:,} against {reference['rows']:,}; every repetition the same SHA-256"


def mimesis(a: Facts) -> Callable[[], Callable[[], Facts]]:
    """Processes are started before the clock: only rows count."""
    shares = [a["rows"] * (k + 1) // a["threads"] - a["rows"] * k // a["threads"] for k in range(a["threads"])]
    paths = [f"{a['folder']}/users-{k}.csv" for k in range(a["threads"])]
    pool = ProcessPoolExecutor(a["threads"]) if a["threads"] > 1 else None
    if pool:
        list(pool.map(_profiles, [1] * a["threads"], [f"{p}.warm" for p in paths]))
    else:
        _profiles(1, f"{paths[0]}.warm")

    def timed() -> Callable[[], Facts]:
        if pool:
            list(pool.map(_profiles, shares, paths))
            pool.shutdown()
        else:
            _profiles(shares[0], paths[0])

        def facts() -> Facts:
            data = b"".join(Path(p).read_bytes() for p in paths)
            return {"rows": a["rows"], "lines": data.count(b"\n"), "bytes": len(data), "same": [a["rows"], hashlib.sha256(data).hexdigest()]}  # fmt: skip

        return facts

    return timed


def _profiles(rows: int, path: str) -> None:
    from mimesis import Address, Choice, Datetime, Numeric, Person
    from mimesis.locales import Locale

    person, address = Person(Locale.EN, seed=setting.SEED), Address(Locale.EN, seed=setting.SEED)
    moment, number, choice = Datetime(seed=setting.SEED), Numeric(seed=setting.SEED), Choice(seed=setting.SEED)
    with open(path, "w", encoding="utf-8") as f:
        for k in range(rows):
            f.write(",".join(map(str, (
                f"U{k:08d}", person.email(), person.phone_number(), person.first_name(), person.last_name(),
                choice(["female", "male", ""]), str(moment.date(1950, 2005)), address.address(), address.city(), address.state(),
                address.postal_code(), address.country_code(), moment.datetime(2020, 2025).isoformat(), choice(["true", "false"]),
                choice(["search", "email", "social"]), choice(["new", "regular", "vip"]), f"{number.float_number(0, 5000, 2)}",
                choice(["EUR", "USD", "GBP"]), moment.datetime(2025, 2025).isoformat(),
            ))) + "\n")  # fmt: skip
