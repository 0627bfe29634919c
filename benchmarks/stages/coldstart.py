"""Cold start: what a command costs before it does anything."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

TIMES = 5
HELP = ["-m", "shoplake", "--help"]
# What each must at least import; python alone is in both.
STARTS = {
    "cold start of --help": (["-c", "import typer; typer.Typer()"], HELP, Goal("cpu_each", 0.15), None, "against importing typer; to reach in seconds of CPU"),
    "cold start of build": (
        ["-c", "import duckdb, pyarrow.parquet, sqlglot, msgspec, yaml, typer"], ["-c", "import shoplake.cli, shoplake.build.run"],
        Goal("ratio", 1.5), Goal("ratio", 1.2), "all imports of a build, against importing what it stands on",
    ),
}  # fmt: skip


def cases(s: Setting) -> list[Case]:
    return [
        Case(name, "coldstart", 1, Work("stages.coldstart:starts", {"words": reference}), Work("stages.coldstart:starts", {"words": ours}), _ran, None, to_reach, beyond, about)
        for name, (reference, ours, to_reach, beyond, about) in STARTS.items()
    ]  # fmt: skip


def _ran(reference: Facts, mine: Facts) -> str:
    if not reference["starts"] == mine["starts"] == TIMES:
        raise Unequal(f"cold start: {reference['starts']} and {mine['starts']} starts.")
    return f"{TIMES} starts on each side, all exits 0"


def starts(a: Facts) -> Callable[[], Facts]:
    import resource

    def cpu() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    def start() -> None:
        subprocess.run([sys.executable, *a["words"]], check=True, stdout=subprocess.DEVNULL, cwd=Path(a["folder"]))

    start()  # byte code is compiled, files are in memory

    def timed() -> Facts:
        before = cpu()
        for _ in range(TIMES):
            start()
        return {"starts": TIMES, "cpu_each": (cpu() - before) / TIMES, "same": TIMES}

    return timed
