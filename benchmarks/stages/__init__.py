"""One file a stage: the works of both sides, what proves them equal, and what is to be reached."""

from collections.abc import Callable

from benchmarks.measure import Case
from benchmarks.setting import Setting
from benchmarks.stages import clean, coldstart, dashboards, generate, growth, learn, spark, stream, tax, whole

STAGES: dict[str, Callable[[Setting], list[Case]]] = {
    "generate": generate.cases,
    "clean": clean.cases,
    "tax": tax.cases,
    "run": whole.cases,
    "dashboards": dashboards.cases,
    "coldstart": coldstart.cases,
    "learn": learn.cases,
    "spark": spark.cases,
    "growth": growth.cases,
    "stream": stream.cases,
}
ON_SPARK = ("spark", "growth", "stream")  # long, and Java: only when named
