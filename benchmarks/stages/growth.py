"""What ten times the events cost: `build` of 1 and of 10 million events, on the embedded engine and on Spark.

The reference is the smaller build on the same engine, so the ratio is the growth: 10 is linear.
"""

from collections.abc import Callable
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

# Of a size of the benchmarks -> events of the two lakes.
EVENTS = {"tiny": (1_000, 10_000), "small": (10_000, 100_000), "default": (1_000_000, 10_000_000), "large": (1_000_000, 10_000_000)}
MEMORY = "4GB"


def cases(s: Setting) -> list[Case]:
    lakes = [s.prepared("stages.growth:made", folder=str(s.folder / f"growth-{n}"), events=n)["lake"] for n in EVENTS[s.size]]
    threads = max(s.threads)
    return [
        Case(
            f"ten times the events, {engine}", "growth", threads, Work("stages.growth:built", {"raw": lakes[0], "engine": engine}),
            Work("stages.growth:built", {"raw": lakes[1], "engine": engine}), whole, None, Goal("ratio", 11.0), None,
            f"`build --engine {engine}` of {EVENTS[s.size][1]:,} events against {EVENTS[s.size][0]:,}, {MEMORY}; the session's start counts on both sides", rounds=0,
        )
        for engine in ("duckdb", "spark")
    ]  # fmt: skip


def made(a: Facts) -> Callable[[], Facts]:
    """A lake of that many events."""
    from shoplake.generate.options import Plan
    from shoplake.generate.run import generate
    from shoplake.lake.layout import Lake

    lake = Lake(Path(a["folder"]) / "lake")

    def timed() -> Facts:
        generate(lake, Plan(events=a["events"], seed=setting.SEED), ["clickstream"], a["threads"], None, a["threads"])
        return {"lake": str(lake.root)}

    return timed


def built(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.plan import Options
    from shoplake.build.run import build
    from shoplake.lake.manifest import read_manifest
    from shoplake.settings import resolve

    root = setting.fresh_lake(a["raw"], a["folder"])
    session = resolve({"lake": str(root), "threads": str(a["threads"]), "memory": MEMORY}).on(a["engine"])

    def timed() -> Callable[[], Facts]:
        build(session, Options())

        def facts() -> Facts:
            manifest = read_manifest(session.lake)
            lines = {k: sum(getattr(p, k) for p in manifest.partitions) for k in ("landed", "clean", "duplicate", "rejected")}
            return {"lines": lines, "rows": manifest.tables["core.fact_clickstream"]}

        return facts

    return timed


def whole(small: Facts, large: Facts) -> str:
    """Every record of both is accounted for, and the larger has ten times as many."""
    for side in (small, large):
        lines = side["lines"]
        if lines["landed"] != lines["clean"] + lines["duplicate"] + lines["rejected"]:
            raise Unequal(f"the ledger does not add up: {lines}")
    times = large["lines"]["landed"] / small["lines"]["landed"]
    if not 9 < times < 11:
        raise Unequal(f"{times:.1f} times the records, ten expected")
    return f"{small['lines']['landed']:,} and {large['lines']['landed']:,} records, each accounted for"
