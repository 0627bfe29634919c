"""One repetition in a process group and a folder of its own; rounds of reference, ours, ours, reference; the ratio of each."""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Facts = dict[str, Any]
# Processor kernels forced on this machine's BLAS for other reasons must not slow either side.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
CONTENDED_ABOVE = 0.10
LIMIT_SECONDS = 1800


class Unequal(Exception):
    """The two sides did not do equal work: no ratio counts."""


@dataclass(frozen=True)
class Work:
    """What one side does: `module:function` below benchmarks, and its arguments. See benchmarks/work.py."""

    function: str
    arguments: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """A bound on the ratio, or on ours alone: `ratio`, `wall` (seconds), `cpu` (seconds) or a fact of ours."""

    of: str
    bound: float


@dataclass(frozen=True)
class Case:
    """One comparison. With `per`, a fact both sides give, the ratio is of that fact a second, and more is better."""

    name: str
    stage: str
    threads: int
    reference: Work
    ours: Work
    prove: Callable[[Facts, Facts], str]  # says what was equal; raises Unequal
    per: str | None = None
    to_reach: Goal | None = None
    beyond: Goal | None = None
    about: str = ""
    rounds: int = 5  # fewer where one takes minutes


@dataclass(frozen=True)
class Sample:
    """One repetition: seconds of the work itself; peak memory and the share others took over the whole process."""

    side: str
    wall: float
    cpu: float
    process_wall: float
    process_cpu: float
    peak_mb: float
    others: float
    facts: Facts


def environment(threads: int) -> dict[str, str]:
    """The caller's, with threads pinned for whatever reads them from there."""
    found = {k: v for k, v in os.environ.items() if k not in UNSET and not k.startswith("SHOPLAKE_")}
    found |= {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL", "RAYON", "POLARS")}
    found["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]).rstrip(
        os.pathsep
    )
    return found


def _busy_seconds() -> float | None:
    """Seconds all processors have been busy since the system began; None where it does not say."""
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *more = map(int, fields[:8])
    return float(user + nice + system + sum(more)) / os.sysconf("SC_CLK_TCK")


def repetition(side: str, work: Work, threads: int, parent: Path, *, prove: bool = False) -> Sample:
    """Run a work once. Its folder is emptied afterwards, and its process group ended whatever happened."""
    folder = Path(tempfile.mkdtemp(prefix=f"{side}-", dir=parent))
    asked = {"folder": str(folder), "threads": threads, "prove": prove, **work.arguments}
    command = [sys.executable, "-m", "benchmarks.work", work.function, json.dumps(asked)]
    busy, began = _busy_seconds(), time.monotonic()
    with open(folder / ".out", "wb") as out, open(folder / ".err", "wb") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err, env=environment(threads), cwd=folder, start_new_session=True)  # fmt: skip
        try:
            status, usage = _wait(child.pid)
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            raise
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    others = 0.0
    if busy is not None:
        others = max(0.0, ((_busy_seconds() or busy) - busy - cpu) / (wall * (os.cpu_count() or 1)))
    try:
        if child.returncode:
            said = (folder / ".err").read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{side} {work.function} ended with {child.returncode}:\n{said}")
        answer = json.loads((folder / ".out").read_text().splitlines()[-1])
    finally:
        _empty(folder)
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Sample(side, answer["wall"], answer["cpu"], wall, cpu, usage.ru_maxrss / unit, others, answer["facts"])


def _empty(folder: Path) -> None:
    """Free what its files hold, and leave them: for half a minute after many files were removed ext4 searches long for the place of
    each new one, and the next repetition would pay for it. A raw file is another lake's too."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_nlink > 1:
            path.unlink()
        else:
            os.truncate(path, 0)


def _wait(pid: int) -> tuple[int, Any]:
    """wait4 with a limit. Its usage holds the children that the process waited for; peak memory is the largest process's."""
    until = time.monotonic() + LIMIT_SECONDS
    while True:
        found, status, usage = os.wait4(pid, os.WNOHANG)
        if found:
            return status, usage
        if time.monotonic() > until:
            raise TimeoutError(f"still running after {LIMIT_SECONDS} s")
        time.sleep(0.002)


def measure(case: Case, folder: Path, rounds: int, say: Callable[[str], None]) -> Facts:
    """All rounds of a case, as plain values. Raises Unequal when the sides did not do equal work.

    0 rounds: the warm-up alone is the only round; quick, to see that it works, and no figure to keep.
    """
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as scratch:
        parent = Path(scratch)
        warm = [
            repetition(side, work, case.threads, parent, prove=True)
            for side, work in (("reference", case.reference), ("ours", case.ours))
        ]
        equal = case.prove(warm[0].facts, warm[1].facts)
        found = [] if rounds else [_round(case, warm)]
        for number in range(rounds):
            samples = [
                repetition(side, getattr(case, side), case.threads, parent)
                for side in ("reference", "ours", "ours", "reference")
            ]
            for sample in samples:
                _same(warm[sample.side == "ours"].facts, sample.facts, case.name)
            found.append(_round(case, samples))
            say(f"{case.name}, {case.threads} threads, round {number + 1} of {rounds}: {found[-1]['ratio']:.2f}")
        return _summary(case, found, equal)


def _same(first: Facts, then: Facts, name: str) -> None:
    """Facts under `same` must not differ between repetitions of one side."""
    if first["same"] != then["same"]:
        raise Unequal(f"{name}: a repetition gave {then['same']}, the first gave {first['same']}.")


def _round(case: Case, samples: list[Sample]) -> Facts:
    contended = any(s.others > CONTENDED_ABOVE for s in samples)
    ratios = {}
    for clock in ("wall", "cpu"):
        cost = {}
        for side in ("reference", "ours"):
            mine = [s for s in samples if s.side == side]
            cost[side] = sum(getattr(s, clock) for s in mine) / sum(s.facts[case.per] if case.per else 1 for s in mine)
        ratio = cost["ours"] / cost["reference"]
        ratios[clock] = 1 / ratio if case.per else ratio
    return {
        "ratio": ratios["cpu" if contended else "wall"],
        "clock": "cpu" if contended else "wall",
        "contended": contended,
        "wall_ratio": ratios["wall"],
        "cpu_ratio": ratios["cpu"],
        "samples": [{**vars(s), "facts": {k: v for k, v in s.facts.items() if k != "same"}} for s in samples],
    }


def _summary(case: Case, rounds: list[Facts], equal: str) -> Facts:
    ratios = [r["ratio"] for r in rounds]
    sides = {}
    for side in ("reference", "ours"):
        mine = [s for r in rounds for s in r["samples"] if s["side"] == side]
        sides[side] = {k: statistics.median(s[k] for s in mine) for k in ("wall", "cpu", "peak_mb")} | {
            k: v for k, v in mine[0]["facts"].items() if isinstance(v, int | float | str)
        }
        if case.per:
            sides[side]["per_second"] = statistics.median(s["facts"][case.per] / s["wall"] for s in mine)
    found = {
        "name": case.name, "stage": case.stage, "threads": case.threads, "about": case.about, "per": case.per, "equal": equal,
        "median": statistics.median(ratios), "min": min(ratios), "max": max(ratios),
        "contended_rounds": sum(r["contended"] for r in rounds), "rounds": rounds, **sides,
    }  # fmt: skip
    for name, goal in (("to_reach", case.to_reach), ("beyond", case.beyond)):
        if goal:
            found[name] = {**vars(goal), "met": _met(goal, case, found)}
    return found


def _met(goal: Goal, case: Case, found: Facts) -> bool:
    value = found["median"] if goal.of == "ratio" else found["ours"][goal.of]
    return bool(value >= goal.bound if goal.of == "ratio" and case.per else value <= goal.bound)
