"""What a step cost on Spark: read from Spark's own account of its stages, not measured from outside."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass
class Cost:
    """A step. Bytes are bytes; skew is the slowest task's time over the median task's, of the longest stage.

    Of `stages_forgotten` stages Spark had dropped the account before it was read: the sums are without them.
    """

    step: str
    seconds: float
    rows_in: int = 0
    rows_out: int = 0
    files: int = 0
    shuffle_bytes: int = 0
    spilled_bytes: int = 0
    skew: float = 1.0
    stages_forgotten: int = 0

    def told(self) -> str:
        """The part of a progress line that says what it cost."""
        spilled = f", {self.spilled_bytes / 1e6:.1f} MB spilled" if self.spilled_bytes else ""
        return (
            f"{self.rows_in} rows in, {self.rows_out} out, {self.files} files, "
            f"{self.shuffle_bytes / 1e6:.1f} MB shuffled{spilled}, skew {self.skew:.1f}"
            + (f", {self.stages_forgotten} stages not counted" if self.stages_forgotten else "")
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def cost_of(context: Any, group: str, step: str, seconds: float) -> Cost:
    """The stages of a job group, summed. Call it when the group's jobs have ended."""
    found = Cost(step, seconds)
    store = context._jsc.sc().statusStore()
    tracker = context.statusTracker()
    longest = skipped = 0
    seen: set[int] = set()
    for job in tracker.getJobIdsForGroup(group):
        information = tracker.getJobInfo(job)
        skipped += store.job(job).numSkippedStages()
        for stage in information.stageIds if information else ():
            if stage in seen:
                continue
            seen.add(stage)
            if (data := _stage(store, stage)) is None:
                found.stages_forgotten += 1
                continue
            if str(data.status()) == "SKIPPED":
                skipped -= 1
                continue
            found.rows_in += data.inputRecords()
            found.rows_out += data.outputRecords()
            found.shuffle_bytes += data.shuffleWriteBytes()
            found.spilled_bytes += data.diskBytesSpilled()
            if data.executorRunTime() > longest and data.numCompleteTasks() > 1:
                longest = data.executorRunTime()
                found.skew = _skew(context, store, stage, data.attemptId())
    found.stages_forgotten = max(found.stages_forgotten - skipped, 0)  # one that was skipped cost nothing
    return found


def _stage(store: Any, stage: int) -> Any:
    """A stage's account, or None when Spark has dropped it: it keeps `spark.ui.retainedStages` of them."""
    from py4j.protocol import Py4JJavaError

    try:
        return store.lastStageAttempt(stage)
    except Py4JJavaError as e:
        if e.java_exception.getClass().getName() != "java.util.NoSuchElementException":
            raise
        return None


def _skew(context: Any, store: Any, stage: int, attempt: int) -> float:
    quantiles = context._gateway.new_array(context._jvm.double, 2)
    quantiles[0], quantiles[1] = 0.5, 1.0
    summary = store.taskSummary(stage, attempt, quantiles)
    if summary.isEmpty():
        return 1.0
    times = summary.get().executorRunTime()
    return float(times.apply(1)) / max(float(times.apply(0)), 1.0)
