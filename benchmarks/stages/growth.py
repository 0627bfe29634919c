"""What ten times the events cost: a whole build of a shop against one of a tenth of it, on each engine."""

from collections.abc import Callable
from functools import partial

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

ENGINES = {"duckdb": "2GB", "spark": setting.SPARK_MEMORY}


def cases(s: Setting) -> list[Case]:
    lakes = {"reference": s.shop["lake"], "ours": s.large_shop["lake"]}
    found = []
    for engine, memory in ENGINES.items():
        sides = {side: Work("stages.growth:built", {"raw": raw, "engine": engine, "memory": memory}) for side, raw in lakes.items()}
        found.append(Case(
            f"ten times the shop on {engine}", "growth", max(s.threads), sides["reference"], sides["ours"], partial(_ten_times, engine),
            None, Goal("ratio", 11.0), None,
            f"`build --engine {engine} --full` of ten times the events, orders and users; at most linear; {memory} of memory",
            rounds=0,
        ))  # fmt: skip
    return found


def _ten_times(engine: str, reference: Facts, mine: Facts) -> str:
    for table in ("clean.clickstream", "clean.transactions"):
        grown = mine["landed"][table] / reference["landed"][table]
        if not 9 < grown < 11:
            raise Unequal(f"growth on {engine}: {table} has {grown:.1f} times the rows, ten times were to be built.")
    return f"{reference['landed']['clean.clickstream']:,} and {mine['landed']['clean.clickstream']:,} events landed, all accounted for"


def built(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.plan import Options
    from shoplake.build.run import build
    from shoplake.settings import resolve

    root = setting.fresh_lake(a["raw"], a["folder"]).resolve()
    session = resolve({"lake": str(root), "threads": str(a["threads"]), "memory": a["memory"], "engine": a["engine"]})

    def timed() -> Callable[[], Facts]:
        done = build(session, Options(full=True))

        def facts() -> Facts:
            if a["engine"] == "spark":
                setting.end_spark()
            landed: dict[str, int] = {}
            for one in done.partitions:
                if one.landed != one.clean + one.duplicate + one.rejected:
                    raise Unequal(f"{one.table} {one.ds}: {one.landed} landed are not all accounted for.")
                landed[f"clean.{one.table}"] = landed.get(f"clean.{one.table}", 0) + one.landed
            return {"landed": landed, "same": landed}

        return facts

    return timed
