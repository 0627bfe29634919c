"""Run one work in this process and print its seconds: `python -m benchmarks.work stages.clean:ours '{...}'`.

A work is a function of its arguments that prepares and returns what is timed. That in turn returns its facts, or, where finding
them takes time, what finds them. Imports and preparation are not timed: cold start is a row of its own. A program that was
started inside the timing says under `start` what its own cold start took, and that is taken off.
"""

import importlib
import json
import os
import resource
import sys
import time
from pathlib import Path


def _cpu() -> float:
    """Of this process, of the children it has waited for, and of those of its group that still run: a JVM is one."""
    own = sum(u.ru_utime + u.ru_stime for u in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))  # fmt: skip
    return own + sum(map(_running, Path("/proc").glob("[0-9]*/stat")))


def _running(stat: Path) -> float:
    """CPU seconds of a process of this group, other than this one."""
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except OSError:  # it has ended since the folder was listed, and is counted where it was waited for
        return 0.0
    if int(fields[2]) != os.getpgrp() or stat.parent.name == str(os.getpid()):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    where, arguments = sys.argv[1:]
    module, _, function = where.partition(":")
    timed = getattr(importlib.import_module(f"benchmarks.{module}"), function)(json.loads(arguments))
    cpu, wall = _cpu(), time.perf_counter()
    facts = timed()
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    facts = facts() if callable(facts) else facts
    start = facts.pop("start", [0.0, 0.0])
    print(json.dumps({"wall": wall - start[0], "cpu": cpu - start[1], "facts": facts}))


if __name__ == "__main__":
    main()
