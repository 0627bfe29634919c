"""The whole default run: generate, build and show the dashboards, as a person types it, against the sum of the references."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Work
from benchmarks.setting import Setting
from benchmarks.stages import dashboards, tax


def cases(s: Setting) -> list[Case]:
    threads = max(s.threads)
    reference = {
        "raw": s.shop["lake"],
        "captured": s.built["captured"],
        "bytes": s.shop["bytes"],
        "database": s.built["database"],
        "as_of": s.built["as_of"],
    }
    return [
        Case(
            "whole run", "run", threads, Work("stages.whole:references", reference), Work("stages.whole:ours", {"size": s.size}), tax.equal_tables,
            None, Goal("wall", 20.0), Goal("wall", 10.0),
            "`generate all`, `build`, `show dashboards` with their cold starts, against `tpchgen-cli csv` of as many bytes, the build's statements "
            "run bare, and the dashboards' SQL; to reach in seconds of wall, at the default size on 2 cores",
        )
    ]  # fmt: skip


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    root = Path(a["folder"]) / "lake"
    start = [
        sys.executable,
        "-m",
        "shoplake",
        "--lake",
        str(root),
        "--threads",
        str(a["threads"]),
        "--memory",
        setting.MEMORY,
    ]
    verbs = (
        ["generate", "all", "--size", a["size"], "--seed", str(setting.SEED), "--parts", str(a["threads"])],
        ["build"],
        ["show", "dashboards"],
    )

    def timed() -> Callable[[], Facts]:
        for words in verbs:
            subprocess.run([*start, *words], check=True, stdout=subprocess.DEVNULL)

        def facts() -> Facts:
            from shoplake.lake.layout import Lake

            database = setting.database_of(Lake(root))
            found = tax.tables_of(database)
            return {"tables": found, "same": found}

        return facts

    return timed


def references(a: Facts) -> Callable[[], Callable[[], Facts]]:
    made = setting.tpchgen("csv", a["bytes"], a["threads"], a["folder"], all_tables=True)
    bare = tax.bare(a)

    def timed() -> Callable[[], Facts]:
        made()
        facts = bare()
        dashboards.by_hand({**a, "times": 1})()
        return facts

    return timed
