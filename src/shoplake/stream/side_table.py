"""What the processor writes: files of Parquet that any reader may list, each batch once.

stream/<topic>/events/year=Y/month=M/day=D/hour=H/b<batch>-<k>.parquet   good events, by the hour they happened (UTC)
stream/<topic>/rejected/b<batch>-<k>.parquet                             what clean would reject, and what cannot be landed
stream/<topic>/minutes/date=D/b<batch>-<k>.parquet                       figures of minutes that are closed
stream/<topic>/batches/b<batch>.json                                     a batch's account; it is written last
stream/<topic>/checkpoint/, job.json, .stage/                            Spark's own; whose it is; work in progress

A batch is staged outside the tables and renamed to names made of its number, so a batch that is done again after a kill replaces its
own files and doubles none. (A plain list of what Spark's own file sink leaves after kills holds rows twice, and torn files.)
"""

import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shoplake.errors import Held, WrongUse
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake, write_atomically
from shoplake.lake.publish import kill_point

TABLES = ("events", "rejected")


def processed_topics(lake: Lake) -> list[str]:
    """Topics that a processor wrote into this lake."""
    return [file.parent.name for file in sorted((lake.root / "stream").glob("*/job.json"))]


class SideTable:
    """The output of one topic's processor."""

    def __init__(self, lake: Lake, topic: str) -> None:
        self.folder = lake.root / "stream" / topic
        self.topic = topic
        self.checkpoint = self.folder / "checkpoint"
        self._job = self.folder / "job.json"
        self._tidied: set[str] = set()

    def lock(self) -> FileLock:
        """One processor a checkpoint. Raises Held while another one runs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Held(f"{self.folder}: another processor is at work on this topic. There is one for each checkpoint: stop it first.") from None
        return lock

    def check(self, topic_id: str) -> None:
        """Raises WrongUse when checkpoint and output do not belong together: batches would be counted anew over files that are there."""
        has_output = any((self.folder / table).exists() for table in (*TABLES, "batches"))
        query = self._query()
        again = f"Move {self.folder} away to process the topic from its beginning, or restore what is missing."
        if query is None and (has_output or self._job.exists()):
            raise WrongUse(f"{self.checkpoint}: no checkpoint, but there is output of one. {again}")
        if query is not None and not self._job.exists() and has_output:
            raise WrongUse(f"{self.checkpoint}: a checkpoint without its output ({self._job.name} is missing). {again}")
        if not self._job.exists():
            return  # nothing yet; or a checkpoint that was begun by a run that was killed at once
        try:
            job = json.loads(self._job.read_bytes())
            whose = (job["query"], job["topic_id"])
        except (ValueError, KeyError, TypeError) as e:
            raise WrongUse(f"{self._job}: damaged ({e}). {again}") from None
        if whose[0] != query:
            raise WrongUse(f"{self.checkpoint}: it is the checkpoint of another job than {self._job.name} names. {again}")
        if whose[1] != topic_id:
            raise WrongUse(f"{self.folder}: it is of topic {self.topic} as it was before it was made anew ({whose[1]}, now {topic_id}). {again}")
        self._check_logs(again)

    def _check_logs(self, again: str) -> None:
        """Spark's two logs: what each batch was to read, and which are done. Spark itself ends in its own words when they do not fit."""
        planned, done = (self._log(name) for name in ("offsets", "commits"))
        for file in (*planned.values(), *done.values()):
            if not file.read_bytes().startswith(b"v1\n"):
                raise WrongUse(f"{file}: damaged: found {file.stat().st_size} bytes that are no entry of Spark's log. {again}")
        newest = max(done, default=-1)
        if done and newest not in planned:
            raise WrongUse(f"{self.checkpoint}: damaged: batch {newest} is done, and what it read is missing ({self.checkpoint / 'offsets' / str(newest)}). {again}")
        lost = [batch for batch in sorted(done) if self.account(batch) is None]
        if lost:
            raise WrongUse(f"{self.folder / 'batches'}: the checkpoint has done batch {lost[0]}, and its account is missing. {again}")
        last = self.last_account()
        if last is not None and last["batch"] > max(planned, default=-1):
            raise WrongUse(f"{self.checkpoint}: damaged: batch {last['batch']} has an account, and what it read is missing. {again}")

    def _log(self, name: str) -> dict[int, Path]:
        return {int(p.name): p for p in (self.checkpoint / name).glob("*") if p.name.isdigit()}

    def own(self, query: str, topic_id: str) -> None:
        """Write down whose output this is."""
        if not self._job.exists():
            write_atomically(self._job, json.dumps({"query": query, "topic": self.topic, "topic_id": topic_id}) + "\n")

    def _query(self) -> str | None:
        file = self.checkpoint / "metadata"
        if not file.exists():
            return None
        try:
            return str(json.loads(file.read_bytes())["id"])
        except (ValueError, KeyError) as e:
            raise WrongUse(f"{file}: damaged ({e}). Restore the checkpoint, or move {self.folder} away to process the topic from its beginning.") from None

    # -- a batch -------------------------------------------------------------------------------------------------------

    def stage(self, batch: int, table: str) -> Path:
        """An empty place for a batch's files of a table."""
        place = self.folder / ".stage" / f"{batch}" / table
        shutil.rmtree(place, ignore_errors=True)
        return place

    def publish(self, batch: int, table: str) -> int:
        """Put what was staged in its place; how many files. Files of an earlier try that are no longer wanted go."""
        stage, final = self.stage_of(batch, table), self.folder / table
        wanted: dict[Path, Path] = {}
        counts: dict[Path, int] = {}
        for file in sorted(stage.rglob("*.parquet")):
            place = final / file.parent.relative_to(stage)
            number = counts[place] = counts.get(place, -1) + 1
            wanted[place / f"b{batch:012}-{number:03}.parquet"] = file
        if table not in self._tidied:  # only the first batch after a start may have been tried before
            self._tidied.add(table)
            for left in final.rglob(f"b{batch:012}-*.parquet"):
                if left not in wanted:
                    left.unlink()
        for there, file in wanted.items():
            fsync(file)
            there.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file, there)
            kill_point("in_publish")
        for place in {p.parent for p in wanted}:
            fsync(place)
        shutil.rmtree(stage, ignore_errors=True)
        return len(wanted)

    def stage_of(self, batch: int, table: str) -> Path:
        return self.folder / ".stage" / f"{batch}" / table

    def account(self, batch: int) -> dict[str, Any] | None:
        """What a batch's account says; None when it has none."""
        file = self._account(batch)
        return json.loads(file.read_bytes()) if file.exists() else None

    def last_account(self) -> dict[str, Any] | None:
        """That of the newest batch that is done."""
        newest = max((self.folder / "batches").glob("b*.json"), default=None)
        return None if newest is None else json.loads(newest.read_bytes())

    def accounts(self) -> list[dict[str, Any]]:
        """All of them, in order: one a second, so for a week's figures ask the last one's totals."""
        return [json.loads(file.read_bytes()) for file in sorted((self.folder / "batches").glob("b*.json"))]

    def totals(self, account: dict[str, Any]) -> dict[str, Any]:
        """What was done up to and with this batch: the sums of all accounts."""
        before = (self.account(account["batch"] - 1) or {}).get("totals", {})
        found: dict[str, Any] = {name: before.get(name, 0) + account[name] for name in ("records", "good", "late", "ahead")}
        found["batches"] = before.get("batches", 0) + 1
        found["rejected"] = dict(sorted((Counter(before.get("rejected", {})) + Counter(account["rejected"])).items()))
        found["ends"] = {**before.get("ends", {}), **{partition: last + 1 for partition, (_, last) in account["offsets"].items()}}
        return found

    def close(self, batch: int, account: dict[str, Any]) -> None:
        write_atomically(self._account(batch), json.dumps(account) + "\n")

    def _account(self, batch: int) -> Path:
        return self.folder / "batches" / f"b{batch:012}.json"
