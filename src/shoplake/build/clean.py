"""raw -> clean: one pure function of one raw partition, run for many partitions in one statement.

A clean model types a record and gives the first reason that rejects it. What is the same for every table is done here, once:
which of two copies of a key stays, what goes to clean and what to rejected, the counts, the files.
"""

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from shoplake.build.models import Model
from shoplake.build.reference import fingerprint
from shoplake.build.render import render
from shoplake.contracts import Contracts
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import DuckDB, quote
from shoplake.engines.duckdb_raw import raw_select
from shoplake.errors import CheckFailed
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile, Partition, sha256_of
from shoplake.lake.publish import kill_point
from shoplake.lake.receipts import RawFile

T = TypeVar("T")
U = TypeVar("U")
# Bytes of raw text judged at a time: enough that statements are few, little enough for the memory limit.
BATCH_BYTES = 256 * 1024 * 1024
SMALL_BYTES = 8 * 1024 * 1024  # not worth dividing
DAY_BYTES = 256 * 1024  # cost about as much as the files of a day do beside what they hold
# The day a key arrived must not decide, so it is not among the columns that break a tie.
TIE_EXCEPT = {"ds"}
NOT_REASONS = ("clean", "duplicate", "nulled")
AGENTS_OF = "clean.clickstream"
# The last reason of the model with this fingerprint: test_robots.py says what to look at when it changes.
ROBOTS_REASON, ROBOTS_LAST = "bot:user_agent", "cdbc1bd247fd"


@dataclass(frozen=True)
class Arrival:
    """A raw partition to be cleaned; `b` names what its clean rows are computed from."""

    table: str
    ds: str
    b: str
    files: tuple[RawFile, ...]

    @property
    def landed(self) -> int:
        return sum(f.rows for f in self.files)

    @property
    def bytes(self) -> int:
        return sum(f.bytes for f in self.files)


def arrival(table: str, ds: str, files: list[RawFile], model_fingerprint: str) -> Arrival:
    """The arrival of one raw partition. The same files under the same model have the same `b`, whatever their order."""
    inputs = sorted(f"{f.kind} {f.format} {f.sha256}" for f in files)
    return Arrival(table, ds, fingerprint(model_fingerprint, *inputs), tuple(files))


def batches(arrivals: list[Arrival], at_once: int = 1) -> list[list[Arrival]]:
    """Arrivals of one table in runs, of which `at_once` hold about BATCH_BYTES together. A partition is never divided.

    The first and the last are smaller by a third, so that of two that run at a time one judges while the other writes.
    """
    total = sum(one.bytes for one in arrivals)
    many = at_once * math.ceil(total / BATCH_BYTES) if total > SMALL_BYTES else 1
    work = total + DAY_BYTES * len(arrivals)
    found: dict[int, list[Arrival]] = {}
    done = 0.0
    for one in arrivals:
        mine = (one.bytes + DAY_BYTES) / work
        found.setdefault(int(((done + mine / 2) * (3 * many - 2) + 1) / 3), []).append(one)
        done += mine
    return list(found.values())


_RAW = "\0"  # stands in a SELECT for the records of a batch


def select(model: Model) -> str:
    """What `judge` takes: the model for DuckDB, made once for all batches."""
    return render(model, facts, place=lambda name: _RAW if name == f"raw.{model.table.name}" else facts.place(name))


def judge(engine: DuckDB, lake: Lake, contracts: Contracts, model: Model, select: str, batch: list[Arrival]) -> None:
    """Judge a batch of raw partitions of one table: work.judged, a row a record.

    Raises CheckFailed when a raw file is not what its receipt says.
    """
    files = [f for one in batch for f in one.files]
    check_unchanged(lake, files, engine.threads)
    rejected = "reject IS NOT NULL"
    if model.name == AGENTS_OF and judges_robots_last(model):  # it may yet turn out to be a robot's
        rejected += " OR user_agent NOT IN (SELECT user_agent FROM lake.ref.user_agents)"
    raw = raw_select(contracts.table(f"raw.{model.table.name}"), files, lake.files.address)
    engine.execute(
        f"CREATE OR REPLACE TABLE {engine.place('work.judged')} AS SELECT {_names(model)}, reject, nulled_values, "
        f"CASE WHEN {rejected} THEN raw_text END AS raw_text, CASE WHEN {rejected} THEN source_file END AS source_file "
        f"FROM ({select.replace(_RAW, f'({raw})')})"
    )


def judges_robots_last(model: Model) -> bool:
    """Whether it is the model `judge_robots` is right of."""
    return fingerprint(model.meaning) == ROBOTS_LAST


def arriving_agents(engine: DuckDB, lake: Lake, contracts: Contracts, batch: list[Arrival]) -> list[str]:
    """User agents of a batch's records that ref.user_agents does not know yet. Reads the files: see `judge_robots`."""
    raw = raw_select(contracts.table("raw.clickstream"), [f for one in batch for f in one.files], lake.files.address)
    return _unknown(engine, f"SELECT TRIM(user_agent, ' ') AS user_agent FROM ({raw})")


def unseen_agents(engine: DuckDB) -> list[str]:
    """User agents of judged rows that ref.user_agents does not know yet."""
    return _unknown(engine, f"SELECT user_agent FROM {engine.place('work.judged')} WHERE reject IS NULL")


def _unknown(engine: DuckDB, agents: str) -> list[str]:
    known = "SELECT user_agent FROM lake.ref.user_agents"
    rows = engine.rows(f"SELECT DISTINCT user_agent FROM ({agents}) WHERE user_agent <> '' EXCEPT {known}")
    return sorted(str(row[0]) for row in rows)


def judge_robots(engine: DuckDB) -> None:
    """Reject the clean rows of robots, now that ref.user_agents knows them: the files are read once.

    This is right of a model that keeps the agent as it came, and asks ref.user_agents for nothing but its last reason. The one
    that comes with shoplake is known to; of any other nothing is known, so the agents are classified before it judges.
    """
    robots = "SELECT user_agent FROM lake.ref.user_agents WHERE is_bot"
    engine.execute(f"UPDATE {engine.place('work.judged')} SET reject = '{ROBOTS_REASON}' WHERE reject IS NULL AND user_agent IN ({robots})")


def _names(model: Model) -> str:
    return ", ".join(c.name for c in model.table.columns)


def write(engine: DuckDB, lake: Lake, model: Model, batch: list[Arrival]) -> list[Partition]:
    """Write what was judged, clean and rejected, as files under their final names.

    The files are invisible until a manifest names them. Raises CheckFailed when landed = clean + duplicate + rejected does
    not hold for a partition; nothing is published then.
    """
    table = model.table
    judged, alike, extra = (engine.place(f"work.{name}") for name in ("judged", "alike", "extra"))
    # Keys with the same hash first: few rows are left, and no text of the others is compared.
    mark = f"HASH({', '.join(('ds', *table.spec.key))})"
    engine.execute(
        f"CREATE OR REPLACE TABLE {alike} AS SELECT rowid AS row_id, * FROM {judged} WHERE rowid IN (SELECT rowid FROM {judged} WHERE reject IS NULL "
        f"AND {mark} IN (SELECT {mark} FROM {judged} WHERE reject IS NULL GROUP BY 1 HAVING COUNT(*) > 1)); "
        f"CREATE OR REPLACE TABLE {extra} AS {further_copies(model, alike, 'row_id')}; DROP TABLE {alike}"
    )
    found = counted(engine.rows(count_select(judged, extra, "rowid")))
    engine.execute(f"DELETE FROM {judged} WHERE rowid IN (SELECT row_id FROM {extra})")
    filled = [one for one in batch if found.get(one.ds, {}).get("clean")]
    written = _write(engine, lake, model, filled, batch)
    engine.execute(f"DROP TABLE {judged}; DROP TABLE {extra}")
    return [account(one, found.get(one.ds, {}), written) for one in batch]


def check_unchanged(lake: Lake, files: list[RawFile], threads: int) -> None:
    """Raises CheckFailed when a raw file is not what its receipt says."""
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda file: _check_unchanged(lake, file), files):
            pass


def _check_unchanged(lake: Lake, file: RawFile) -> None:
    try:
        found = lake.files.sha256(file.path)
    except FileNotFoundError:
        found = None
    if found != file.sha256:
        raise CheckFailed(
            f"{lake.files.address(file.path)}: {'changed since it landed' if found else 'missing'}; its receipt names other bytes. Deliver the original again: "
            f"`shoplake ingest FILE`, or `shoplake generate` for a made shop. Nothing was published."
        )


Files = dict[str, list[DataFile]]  # by ds
# Files that have no name yet, each with the rows that DuckDB says it wrote, by layer and partition.
Parts = dict[tuple[str, Arrival], list[tuple[Path, int]]]
_PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
REJECTED = (
    "SPLIT_PART(reject, ':', 1) AS reject_reason, SPLIT_PART(reject, ':', 2) AS reject_column, "
    "COALESCE(raw_text, '') AS raw_text, source_file"
)


def further_copies(model: Model, judged: str, row_id: str) -> str:
    """A SELECT of the row_id of second and further copies of a key within a partition: all but the first by (time, then all
    columns).

    Only unrejected rows are looked at, else a bad copy would take the good one with it.
    """
    spec = model.table.spec
    keys = ", ".join(f"j.{k}" for k in ("ds", *spec.key))
    order = [spec.time or spec.key[0]] + [c.name for c in model.table.columns if c.name not in {spec.time, *TIE_EXCEPT}]
    same = " AND ".join(f"j.{k} IS NOT DISTINCT FROM r.{k}" for k in ("ds", *spec.key))
    return (
        f"WITH repeated AS (SELECT {keys} FROM {judged} AS j WHERE j.reject IS NULL GROUP BY {keys} HAVING COUNT(*) > 1) "
        f"SELECT x.row_id FROM (SELECT j.{row_id} AS row_id, ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY "
        f"{', '.join(f'j.{c} NULLS FIRST' for c in order)}) AS n FROM {judged} AS j "
        f"JOIN repeated AS r ON {same} WHERE j.reject IS NULL) AS x WHERE x.n > 1"
    )


def _write(engine: DuckDB, lake: Lake, model: Model, filled: list[Arrival], batch: list[Arrival]) -> dict[str, Files]:
    """Several statements at a time. Of clean rows one a day: for clicks two thirds of the work of one that sorts rows into folders.
    Of rejected ones one that sorts: of few rows a day, a sixth of the work of a statement a day."""
    table, columns, judged = model.table.name, _names(model).removesuffix(", ds"), engine.place("work.judged")
    # It goes with the build's scratch: a folder that is made soon after another was removed costs ext4 a search.
    stage = lake.scratch / f"{table}-{batch[0].ds}"
    stage.mkdir(parents=True)
    paths = {one: stage / f"{one.ds}.parquet" for one in filled}
    sorted_out, *told = engine.run_side_by_side([
        f"COPY (SELECT {REJECTED}, ds FROM {judged} WHERE reject IS NOT NULL) TO {quote(str(stage / 'rejected'))} ({_PARQUET}, PARTITION_BY (ds), RETURN_STATS)",
        *(
            f"COPY (SELECT {columns} FROM {judged} WHERE ds = DATE '{one.ds}' AND reject IS NULL) TO {quote(str(path))} ({_PARQUET})"
            for one, path in paths.items()
        ),
    ])  # fmt: skip
    kill_point("in_clean_files")
    parts: Parts = {("clean", one): [(path, rows)] for (one, path), ((rows,),) in zip(paths.items(), told, strict=True)}
    by_day = {f"ds={one.ds}": one for one in batch}
    for file, rows, *_ in sorted(sorted_out):
        parts.setdefault(("rejected", by_day[Path(file).parent.name]), []).append((Path(file), rows))
    return _publishable(lake, table, parts)


def _publishable(lake: Lake, table: str, parts: Parts) -> dict[str, Files]:
    """layer -> ds -> files on disk under the names a manifest gives them."""
    _at_once(fsync, [path for files in parts.values() for path, _ in files])
    moves: list[tuple[str, str, Path, Path, int]] = []  # layer, ds, from, to, rows
    for (layer, one), files in parts.items():
        folder = _place(lake, lake.root / layer / table / f"ds={one.ds}", one.b)
        folder.mkdir(parents=True)
        moves += [(layer, one.ds, path, folder / f"part-{n}.parquet", rows) for n, (path, rows) in enumerate(files)]
    found: dict[str, Files] = {"clean": {}, "rejected": {}}
    for (layer, ds, *_), file in zip(moves, _at_once(lambda move: _named(lake, *move[2:]), moves), strict=True):
        found[layer].setdefault(ds, []).append(file)
        lake.files.share(file.path)
    _at_once(fsync, list({to.parent for _, _, _, to, _ in moves}))
    return found


def _at_once(do: Callable[[T], U], things: list[T]) -> list[U]:
    """Many at a time: a busy disk answers sixteen as soon as one."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(do, things))


def _named(lake: Lake, written: Path, final: Path, rows: int) -> DataFile:
    os.rename(written, final)
    return DataFile(lake.name_of(final), rows, final.stat().st_size, sha256_of(final))


def _place(lake: Lake, base: Path, b: str) -> Path:
    """The folder a partition's files go to. What lies under a name may be published and is never replaced: building the same
    inputs again (--full) takes another name. Folders that no generation names are gone before a build begins."""
    final, again = base / f"b={b}", 0
    while final.exists() or lake.files.entries([lake.name_of(final)]):
        again += 1
        final = base / f"b={fingerprint(b, str(again))}"
    return final


def count_select(judged: str, extra: str, row_id: str) -> str:
    """ds, reject, rows, further copies, nulled values: what `counted` takes."""
    return (
        "SELECT j.ds, j.reject, COUNT(*) AS n, SUM(CASE WHEN e.row_id IS NOT NULL THEN 1 ELSE 0 END) AS copies, "
        "SUM(CASE WHEN j.reject IS NULL AND e.row_id IS NULL THEN j.nulled_values ELSE 0 END) AS nulled "
        f"FROM {judged} AS j LEFT JOIN {extra} AS e ON e.row_id = j.{row_id} GROUP BY j.ds, j.reject"
    )


def counted(rows: list[tuple[Any, ...]]) -> dict[str, dict[str, int]]:
    """ds -> counts: clean, duplicate, nulled, and `reason:column` for each reject."""
    found: dict[str, dict[str, int]] = {}
    for ds, reject, count, duplicates, nulled in rows:
        counts = found.setdefault(str(ds), {})
        if reject is None:
            counts["clean"], counts["duplicate"], counts["nulled"] = (
                int(count) - int(duplicates),
                int(duplicates),
                int(nulled),
            )
        else:
            counts[str(reject)] = int(count)
    return found


def account(one: Arrival, counts: dict[str, int], written: dict[str, Files]) -> Partition:
    """A partition's ledger line. Raises CheckFailed when it does not add up, or files do not hold what was counted."""
    reasons = {k: n for k, n in sorted(counts.items()) if k not in NOT_REASONS}
    clean_files = written["clean"].get(one.ds, [])
    rejected_files = written["rejected"].get(one.ds, [])
    found = Partition(
        one.table,
        one.ds,
        one.b,
        one.landed,
        counts.get("clean", 0),
        counts.get("duplicate", 0),
        sum(reasons.values()),
        counts.get("nulled", 0),
        reasons,
        clean_files,
        rejected_files,
    )
    if found.landed != found.clean + found.duplicate + found.rejected:
        raise CheckFailed(
            f"raw/{one.table}/ds={one.ds}: {found.landed} records landed, but {found.clean} clean + {found.duplicate} duplicate + "
            f"{found.rejected} rejected = {found.clean + found.duplicate + found.rejected}. A raw file was changed after it landed: "
            "deliver it again with `shoplake ingest`."
        )
    for layer, files, expected in (("clean", clean_files, found.clean), ("rejected", rejected_files, found.rejected)):
        if sum(f.rows for f in files) != expected:
            raise CheckFailed(
                f"{layer}/{one.table}/ds={one.ds}: {sum(f.rows for f in files)} rows written, {expected} expected. Run the build again."
            )
    return found
