"""The process that a Spark session runs in: how it ended, in words, where the library in between only speaks of connections."""

import subprocess
from dataclasses import dataclass
from typing import Any, Self

from shoplake.errors import Lacking, ShoplakeError

RAISE_MEMORY = "Raise it with --memory, for example --memory 4GB (spark-submit: --driver-memory)."
_OUT_OF_MEMORY = 52  # the exit code of one whose heap was full
_PATIENCE = 20.0  # seconds that one whose connection is lost may take to end


@dataclass(frozen=True)
class Process:
    """The one that pyspark started; None inside spark-submit, which was there first."""

    child: "subprocess.Popen[bytes] | None"

    @classmethod
    def of(cls, session: Any) -> Self:
        return cls(getattr(session.sparkContext._gateway, "proc", None))

    @property
    def has_ended(self) -> bool:
        return self._code(0) is not None

    def end(self, e: Exception) -> ShoplakeError | None:
        """What is said of an error that came about because the process is gone; None when it is not."""
        is_lost = isinstance(e, ConnectionError) or (
            type(e).__module__ == "py4j.protocol" and not hasattr(e, "java_exception")
        )
        code = self._code(_PATIENCE if is_lost else 0)
        if code is None:
            return None
        if code == _OUT_OF_MEMORY:
            return Lacking(f"Spark ran out of memory, and its process ended. {RAISE_MEMORY}")
        how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
        return Lacking(
            f"Spark's process {how} in the middle of the work. If nobody ended it, the system did when memory ran out: "
            "end other programs, or lower --memory. Then run the same again."
        )

    def _code(self, patience: float) -> int | None:
        """The exit code, waited for so many seconds."""
        if self.child is None:
            return None
        try:
            return self.child.wait(patience)
        except subprocess.TimeoutExpired:
            return None


def forget() -> None:
    """Have pyspark forget a process that is gone, so that the next session starts one of its own."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    SparkSession._instantiatedSession = None
    SparkContext._active_spark_context = SparkContext._gateway = SparkContext._jvm = None


def end_idle() -> None:
    """End a process that no session came up in: the next would be started in it, with its memory."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None and SparkContext._active_spark_context is None:
        child = getattr(gateway, "proc", None)
        if child is not None:
            gateway.shutdown()
            child.stdin.close()
            child.wait()
            forget()
