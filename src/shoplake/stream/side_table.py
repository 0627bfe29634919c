"""What the processor writes: files of Parquet that any reader may list, each batch once. In a folder, or on HDFS with the lake.

stream/<topic>/events/year=Y/month=M/day=D/hour=H/b<batch>-<k>.parquet   good events, by the hour they happened (UTC)
stream/<topic>/rejected/b<batch>-<k>.parquet                             what clean would reject, and what cannot be landed
stream/<topic>/minutes/date=D/b<batch>-<k>.parquet                       figures of minutes that are closed
stream/<topic>/batches/b<batch>.json                                     a batch's account; it is written last
stream/<topic>/checkpoint/, job.json, .stage/                            Spark's own; whose it is; work in progress

A batch is staged outside the tables and renamed to names made of its number, so a batch that is done again after a kill replaces its
own files and doubles none. (A plain list of what Spark's own file sink leaves after kills holds rows twice, and torn files.)
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock, Timeout

from shoplake.engines.duckdb import quote
from shoplake.errors import Held, WrongUse
from shoplake.lake.layout import Lake, write_atomically
from shoplake.lake.publish import kill_point

TABLES = ("events", "rejected")
# Accounts that stay, at one a second some fifteen minutes; Spark's own logs keep the last hundred. The newest holds the sums of all.
KEPT_ACCOUNTS = 1000


def processed_topics(lake: Lake) -> list[str]:
    """Topics that a processor wrote into this lake."""
    found = [e.path for e in lake.files.entries(["stream"]) if e.bytes is None]
    return [folder.rpartition("/")[2] for folder in found if any(e.path == f"{folder}/job.json" for e in lake.files.entries([folder]))]


class SideTable:
    """The output of one topic's processor. Paths are those below the lake's root."""

    def __init__(self, lake: Lake, topic: str) -> None:
        self.lake, self.topic, self.files = lake, topic, lake.files
        self.name = f"stream/{topic}"
        self.checkpoint = f"{self.name}/checkpoint"
        self._job = f"{self.name}/job.json"
        self._tidied: set[str] = set()

    @property
    def local(self) -> Path:
        """A folder of this machine, for what a process needs while it runs."""
        return self.lake.root / self.name

    def place(self, path: str = "") -> str:
        """How a person calls a file of it."""
        return f"{self.lake.place}/{path or self.name}"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One processor a checkpoint. Raises Held while another one runs."""
        held = Held(f"{self.place()}: another processor is at work on this topic. There is one for each checkpoint: stop it first.")
        self.local.mkdir(parents=True, exist_ok=True)
        if self.lake.hdfs:
            try:
                with self.lake.hdfs.locked(0, f"{self.name}/.lock"):
                    yield
            except Held as e:
                raise Held(f"{held} {e}") from None
            return
        lock = FileLock(self.local / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise held from None
        try:
            yield
        finally:
            lock.release()

    def check(self, topic_id: str) -> None:
        """Raises WrongUse when checkpoint and output do not belong together: batches would be counted anew over files that are there."""
        there = {e.path.rpartition("/")[2] for e in self.files.entries([self.name])}
        has_output = bool(there & {*TABLES, "batches"})
        query, job_text = self._query(), self._read(self._job)
        again = f"Move {self.place()} away to process the topic from its beginning, or restore what is missing."
        if query is None and (has_output or job_text is not None):
            raise WrongUse(f"{self.place(self.checkpoint)}: no checkpoint, but there is output of one. {again}")
        if query is not None and job_text is None and has_output:
            raise WrongUse(f"{self.place(self.checkpoint)}: a checkpoint without its output (job.json is missing). {again}")
        if job_text is None:
            return  # nothing yet; or a checkpoint that was begun by a run that was killed at once
        try:
            job = json.loads(job_text)
            whose = (job["query"], job["topic_id"])
        except (ValueError, KeyError, TypeError) as e:
            raise WrongUse(f"{self.place(self._job)}: damaged ({e}). {again}") from None
        if whose[0] != query:
            raise WrongUse(f"{self.place(self.checkpoint)}: it is the checkpoint of another job than job.json names. {again}")
        if whose[1] != topic_id:
            raise WrongUse(f"{self.place()}: it is of topic {self.topic} as it was before it was made anew ({whose[1]}, now {topic_id}). {again}")
        self._check_logs(again)

    def _check_logs(self, again: str) -> None:
        """Spark's two logs: what each batch was to read, and which are done. Spark itself ends in its own words when they do not fit."""
        planned, done = (self._log(name) for name in ("offsets", "commits"))
        for path in (*planned.values(), *done.values()):
            text = self._read(path) or b""
            if not text.startswith(b"v1\n"):
                raise WrongUse(f"{self.place(path)}: damaged: found {len(text)} bytes that are no entry of Spark's log. {again}")
        newest = max(done, default=-1)
        if done and newest not in planned:
            raise WrongUse(f"{self.place(self.checkpoint)}: damaged: batch {newest} is done, and what it read is missing ({self.checkpoint}/offsets/{newest}). {again}")
        lost = [batch for batch in sorted(done) if self.account(batch) is None]
        if lost:
            raise WrongUse(f"{self.place()}/batches: the checkpoint has done batch {lost[0]}, and its account is missing. {again}")
        last = self.last_account()
        if last is not None and last["batch"] > max(planned, default=-1):
            raise WrongUse(f"{self.place(self.checkpoint)}: damaged: batch {last['batch']} has an account, and what it read is missing. {again}")

    def _log(self, name: str) -> dict[int, str]:
        found = [e.path for e in self.files.entries([f"{self.checkpoint}/{name}"])]
        return {int(path.rpartition("/")[2]): path for path in found if path.rpartition("/")[2].isdigit()}

    def own(self, query: str, topic_id: str) -> None:
        """Write down whose output this is."""
        if self._read(self._job) is None:
            self._write(self._job, {"query": query, "topic": self.topic, "topic_id": topic_id})

    def _query(self) -> str | None:
        path = f"{self.checkpoint}/metadata"
        text = self._read(path)
        if text is None:
            return None
        try:
            return str(json.loads(text)["id"])
        except (ValueError, KeyError) as e:
            raise WrongUse(f"{self.place(path)}: damaged ({e}). Restore the checkpoint, or move {self.place()} away to process the topic from its beginning.") from None

    # -- a batch -------------------------------------------------------------------------------------------------------

    def stage(self, batch: int) -> str:
        """An empty place for a batch's files: <task>/<table>/... below it."""
        self.files.remove(self._stage(batch))
        return self._stage(batch)

    def _stage(self, batch: int) -> str:
        return f"{self.name}/.stage/{batch}"

    def staged(self, batch: int, table: str, tasks: Iterable[str]) -> list[str]:
        """The files of a table that these tasks have staged. There may be others, of tasks that were tried again."""
        return sorted(e.path for task in tasks for e in self.files.below(f"{self._stage(batch)}/{task}/{table}") if e.path.endswith(".parquet"))

    def publish(self, batch: int, table: str, tasks: Iterable[str]) -> int:
        """Put what was staged in its place; how many files. Files of an earlier try that are no longer wanted go."""
        final = f"{self.name}/{table}"
        wanted: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for path in self.staged(batch, table, tasks):
            folder = final + path.rpartition("/")[0].removeprefix(f"{self._stage(batch)}/").partition(f"/{table}")[2]
            wanted[f"{folder}/b{batch:012}-{counts[folder]:03}.parquet"] = path
            counts[folder] += 1
        if table not in self._tidied:  # only the first batch after a start may have been tried before
            self._tidied.add(table)
            for left in [e.path for e in self.files.below(final) if batch_of(e.path) == batch and e.path not in wanted]:
                self.files.remove(left)
        self.files.settle(wanted.values())
        for there, path in wanted.items():
            self.files.rename(path, there)
            kill_point("in_publish")
        self.files.settle(wanted)
        return len(wanted)

    def folders(self, table: str, depth: int) -> list[str]:
        """The folders of a table's partitions, `depth` levels down."""
        found = [f"{self.name}/{table}"]
        for _ in range(depth):
            found = [e.path for e in self.files.entries(found) if e.bytes is None]
        return found

    def published(self, folders: list[str], upto: int) -> list[str]:
        """How an engine calls the files in these folders, of batches up to this one. Those of a later one may be work in progress."""
        return [self.files.address(e.path) for e in self.files.entries(folders) if 0 <= batch_of(e.path) <= upto]

    def account(self, batch: int) -> dict[str, Any] | None:
        """What a batch's account says; None when it has none."""
        text = self._read(self._account(batch))
        try:
            return None if text is None else dict(json.loads(text))
        except (ValueError, TypeError) as e:
            raise WrongUse(f"{self.place(self._account(batch))}: damaged ({e}). Restore it, or move {self.place()} away to process the topic from its beginning.") from None

    def last_account(self) -> dict[str, Any] | None:
        """That of the newest batch that is done."""
        newest = max(self._accounts(), default=None)
        return None if newest is None else self.account(newest)

    def accounts(self) -> list[dict[str, Any]]:
        """Those that are kept, in order; for the sums of all ask the last one's totals."""
        return [found for batch in sorted(self._accounts()) if (found := self.account(batch)) is not None]

    def _accounts(self) -> list[int]:
        return [batch_of(e.path) for e in self.files.entries([f"{self.name}/batches"]) if batch_of(e.path) >= 0]

    def totals(self, account: dict[str, Any]) -> dict[str, Any]:
        """What was done up to and with this batch: the sums of all accounts."""
        before = (self.account(account["batch"] - 1) or {}).get("totals", {})
        found: dict[str, Any] = {name: before.get(name, 0) + account[name] for name in ("records", "good", "late", "ahead")}
        found["batches"] = before.get("batches", 0) + 1
        found["rejected"] = dict(sorted((Counter(before.get("rejected", {})) + Counter(account["rejected"])).items()))
        found["ends"] = {**before.get("ends", {}), **{partition: last + 1 for partition, (_, last) in account["offsets"].items()}}
        return found

    def close(self, batch: int, account: dict[str, Any]) -> None:
        self._write(self._account(batch), account)
        self.files.remove(self._stage(batch))
        if batch >= KEPT_ACCOUNTS:
            self.files.remove(self._account(batch - KEPT_ACCOUNTS))

    def _account(self, batch: int) -> str:
        return f"{self.name}/batches/b{batch:012}.json"

    def arrow(self, sql: str) -> Any:
        """What a query of files says, which `read_parquet` names by their addresses."""
        return self._connection.sql(sql).to_arrow_table()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        self.files.register(connection)
        return connection

    # -- small files ---------------------------------------------------------------------------------------------------

    def _read(self, path: str) -> bytes | None:
        try:
            with self.files.open(path) as f:
                return f.read()
        except FileNotFoundError:
            return None

    def _write(self, path: str, content: dict[str, Any]) -> None:
        write_atomically(self.lake.root / path, json.dumps(content) + "\n")
        self.files.share(path)


def read_parquet(files: list[str]) -> str:
    """In SQL, files by their addresses; what stands in their paths is no column."""
    return f"read_parquet([{', '.join(quote(f) for f in files)}], hive_partitioning = false)"


def batch_of(path: str) -> int:
    """The batch that a file's name tells; -1 for a file of another name."""
    name = path.rpartition("/")[2]
    return int(name[1:13]) if name.startswith("b") and name[1:13].isdigit() else -1
