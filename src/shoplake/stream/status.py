"""How streams are: brokers, topics, what is behind, each job's pulse, how old the newest output is, dead letters by reason."""

import json
from pathlib import Path
from typing import Any

from shoplake.errors import ShoplakeError
from shoplake.lake.layout import Lake
from shoplake.stream.broker import Broker
from shoplake.stream.clock import now_ms
from shoplake.stream.landed import landings, topics_folder
from shoplake.stream.pulse import lives
from shoplake.stream.side_table import SideTable, processed_topics

# A job that has said nothing for so long is stuck; it beats every five seconds when not told otherwise.
SILENCE_MS = 60_000


def status(lake: Lake, broker: Broker | None) -> dict[str, Any]:
    """The keys of `shoplake stream status --json`; `troubles` is empty when all is well."""
    jobs = _jobs(lake)
    found: dict[str, Any] = {"brokers": None, "topics": {}, "jobs": jobs, "landed": _landed(lake), "processed": _processed(lake), "troubles": []}
    troubles = found["troubles"]
    ends: dict[str, dict[int, int]] = {}
    if broker is not None:
        try:
            ends, found["brokers"] = _ends(broker, [*{one["topic"] for one in found["landed"]}, *{one["topic"] for one in found["processed"]}])
            found["topics"] = {name: sum(places.values()) for name, places in ends.items()}
        except ShoplakeError as e:
            troubles.append(str(e))
    for one in [*found["landed"], *found["processed"]]:
        mine = one.pop("ends")
        there = ends.get(one["topic"])  # partitions that were never read are behind by all they hold
        one["lag"] = None if there is None or one.pop("is_former", False) else {str(p): max(0, end - mine.get(p, 0)) for p, end in sorted(there.items())}
    for job in jobs:
        if job["how"] in ("killed", "silent"):
            troubles.append(f"{job['job']} (pid {job['pid']}): {'ended without a word' if job['how'] == 'killed' else 'has said nothing for ' + str(job['age_ms'] // 1000) + ' s'}")
    return found


def _ends(broker: Broker, topics: list[str]) -> tuple[dict[str, dict[int, int]], int]:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

    there = broker.topics()
    admin = broker.admin()
    with broker.in_words():
        brokers = len(admin.list_topics(timeout=10).brokers)
    found: dict[str, dict[int, int]] = {}
    newest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(name, p): newest for name in set(topics) if name in there for p in there[name].partitions}
    if asked:
        with broker.in_words():
            for place, future in admin.list_offsets(asked, request_timeout=15).items():
                found.setdefault(place.topic, {})[place.partition] = int(future.result().offset)
    return found, brokers


def _jobs(lake: Lake) -> list[dict[str, Any]]:
    """A pulse a process. What ended, or was killed, is forgotten when the same job was started again after that."""
    found = []
    now = now_ms()
    for file in sorted((topics_folder(lake) / "jobs").glob("*.json")):
        try:
            pulse = json.loads(file.read_bytes())
            age = now - pulse["at_ms"]
            ended, alive = pulse["state"] == "ended", lives(pulse["pid"], pulse.get("process"))
            silent = age > max(SILENCE_MS, 3000 * pulse.get("every", 0))
            how = "ended" if ended else "killed" if not alive else "silent" if silent else "running"
            found.append({**pulse, "how": how, "age_ms": age})
        except (ValueError, OSError, KeyError, TypeError):
            continue  # it is just being replaced, or none of ours
    return [one for one in found if one["how"] in ("running", "silent") or not any(_follows(other, one) for other in found)]


def _follows(other: dict[str, Any], one: dict[str, Any]) -> bool:
    return (other["job"], other.get("topic")) == (one["job"], one.get("topic")) and other.get("started_at_ms", 0) > one["at_ms"]


def _landed(lake: Lake) -> list[dict[str, Any]]:
    found = []
    now = now_ms()
    for landing in landings(lake):
        ends = {p: landing.next_offset(p) or 0 for p in landing.partitions()}
        newest = max((_modified(f.path) for p in landing.partitions() for f in landing.files(p)[-1:]), default=None)
        found.append({"topic": landing.topic, "name": landing.name, "ends": ends, "newest_file_age_ms": None if newest is None else now - newest})
    return found


def _modified(path: Path) -> int:
    """In ms; 0 for a file that a split has just merged."""
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0


def _processed(lake: Lake) -> list[dict[str, Any]]:
    found = []
    now = now_ms()
    for topic in processed_topics(lake):
        table = SideTable(lake, topic)
        last = table.last_account() or {}
        totals = last.get("totals", {})
        ends = {int(partition): end for partition, end in totals.get("ends", {}).items()}
        age = now - last["at_ms"] if last else None
        found.append({"topic": table.topic, "batches": totals.get("batches", 0), "ends": ends, "rejected": totals.get("rejected", {}), "newest_batch_age_ms": age})
    return found


def as_text(found: dict[str, Any]) -> str:
    """For people."""
    lines = [f"brokers    {'no answer' if found['brokers'] is None else found['brokers']}"]
    for one in found["landed"]:
        lines.append(f"landed     {one['name']}: {_behind(one['lag'])}, newest file {_age(one['newest_file_age_ms'])}")
    for one in found["processed"]:
        lines.append(f"processed  {one['topic']}: {_behind(one['lag'])}, newest batch {_age(one['newest_batch_age_ms'])}")
        lines += [f"             rejected {reason}: {count:,}" for reason, count in one["rejected"].items()]
    for job in found["jobs"]:
        lines.append(f"job        {job['job']} (pid {job['pid']}): {job['how']}, {job['records']:,} records, last word {_age(job['age_ms'])}")
    return "\n".join(lines)


def _behind(lag: dict[str, int] | None) -> str:
    return "lag not known" if lag is None else f"{sum(lag.values()):,} behind"


def _age(ms: int | None) -> str:
    return "never" if ms is None else f"{ms / 1000:,.0f} s ago"
