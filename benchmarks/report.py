"""The figures as a page: docs/reference/benchmarks.md, written from benchmarks.json beside it."""

import datetime as dt
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Facts
from benchmarks.stages import STAGES

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
JSON, PAGE = FOLDER / "benchmarks.json", FOLDER / "benchmarks.md"
PACKAGES = ("shoplake", "duckdb", "pyarrow", "numpy", "sqlglot", "tpchgen-cli", "mimesis")


def surroundings(size: str) -> Facts:
    """Where and with what it was measured."""
    plan = setting.plan(size)
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "memory_gb": _memory_gb(), "system": platform.system(), "kernel": platform.release()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "size": {"name": size, "events": plan.events, "transactions": plan.transactions, "users": plan.users, "products": plan.products, "seed": plan.seed},
        "memory_limit": setting.MEMORY,
        "files_on": _file_system(tempfile.gettempdir()),
    }  # fmt: skip


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _file_system(folder: str) -> str:
    """The kind of file system a folder lies on."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    inside = [(len(at), kind) for at, kind in mounts if Path(folder).resolve().is_relative_to(at)]
    return max(inside, default=(0, "unknown"))[1]


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def line(case: Facts) -> str:
    """A case in one line, for the terminal."""
    goals = ", ".join(
        f"{what.replace('_', ' ')} {goal_text(case, what)}" for what in ("to_reach", "beyond") if what in case
    )
    seconds = f"reference {case['reference']['wall']:.2f} s, ours {case['ours']['wall']:.2f} s"
    return f"{case['name']} ({case['threads']} threads): {case['median']:.2f}x [{case['min']:.2f}, {case['max']:.2f}] {seconds}; {goals}"


def goal_text(case: Facts, what: str) -> str:
    """A bound, and whether it is met."""
    goal = case.get(what)
    if goal is None:
        return ""
    sign = "≥" if goal["of"] == "ratio" and case["per"] else "≤"
    unit = {"ratio": "x", "wall": " s wall", "cpu": " s CPU", "cpu_each": " s CPU", "ms_each": " ms each"}[goal["of"]]
    value = "" if goal["of"] == "ratio" else f" ({case['ours'][goal['of']]:.3g})"
    return f"{sign} {goal['bound']:g}{unit}{value}: {'yes' if goal['met'] else 'no'}"


def _amount(case: Facts, side: str) -> str:
    mine = case[side]
    if case["per"] == "bytes":
        return f"{mine['per_second'] / 1e6:,.0f} MB/s"
    if case["per"]:
        return f"{mine['per_second']:,.0f} {case['per']}/s"
    return f"{mine['wall']:.2f} s, CPU {mine['cpu']:.2f} s"


def _row(case: Facts) -> str:
    rounds = len(case["rounds"])
    contended = f"{case['contended_rounds']} of {rounds}"
    return (
        f"| {case['name']} | {case['threads']} | {_amount(case, 'reference')} | {_amount(case, 'ours')} | **{case['median']:.2f}x** "
        f"| {case['min']:.2f} to {case['max']:.2f} | {goal_text(case, 'to_reach')} | {goal_text(case, 'beyond')} "
        f"| {case['ours']['peak_mb']:,.0f} MB | {contended} |"
    )


def _machine(found: Facts) -> str:
    m, v, s = found["machine"], found["versions"], found["size"]
    return (
        f"{m['processor']}, {m['cores']} cores, {m['memory_gb']} GiB, {m['system']} {m['kernel']}; "
        + ", ".join(f"{name} {number}" for name, number in v.items())
        + f". Size {s['name']}: {s['events']:,} events, {s['transactions']:,} order lines, {s['users']:,} users, {s['products']:,} products, "
        f"seed {s['seed']}; memory limit {found['memory_limit']}; files on {found['files_on']}. Measured {found['date']}."
    )


def page(found: Facts) -> str:
    lines = [
        "# How fast it is, and against whom", "", "Written by `make bench` from benchmarks.json; do not edit.", "",
        "An absolute second holds on no shared machine, so every figure is a ratio to a reference run beside it: rounds of reference, ours, ours,",
        "reference after a warm-up, threads pinned alike on both sides, each repetition in a process and a folder of its own, and a ratio per round.",
        "Imports, and what processes and tpchgen-cli take to start, are not in it (cold start is a row of its own). Where others took more than a tenth of the machine, a round is called contended and",
        "goes by CPU seconds instead of wall. A ratio of rates (MB/s, rows/s) is better when higher, one of seconds when lower. No ratio counts before",
        "both sides are proven to have done equal work; what was proven is listed below. Peak memory is ours, of the largest process.", "",
    ]  # fmt: skip
    machines: dict[str, list[str]] = {}
    for stage, one in found.items():
        machines.setdefault(_machine(one), []).append(stage)
    for machine, stages in machines.items():
        lines += [f"{', '.join(stages)}: {machine}", ""]
    lines += ["| what | threads | reference | ours | ratio | min to max | to reach | beyond | peak | contended rounds |", "|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    cases = [case for stage in STAGES if stage in found for case in found[stage]["cases"]]
    lines += [_row(case) for case in cases]
    lines += ["", "## What each row compares, and what was proven equal", ""]
    for case in cases:
        lines.append(f"- {case['name']}, {case['threads']} threads: {case['about']}. Equal: {case['equal']}.")
    return "\n".join(lines) + "\n"
