"""Run one work in this process and print its seconds: `python -m benchmarks.work stages.clean:ours '{...}'`.

A work is a function of its arguments that prepares and returns what is timed. That in turn returns its facts, or, where finding
them takes time, what finds them. Imports and preparation are not timed: cold start is a row of its own. A program that was
started inside the timing says under `start` what its own cold start took, and that is taken off.
"""

import importlib
import json
import resource
import sys
import time


def _cpu() -> float:
    return sum(u.ru_utime + u.ru_stime for u in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))  # fmt: skip


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
