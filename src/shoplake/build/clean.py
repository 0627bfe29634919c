"""raw -> clean: one pure function of one raw partition, run for many partitions in one statement.

A clean model types a record and gives the first reason that rejects it. What is the same for every table is done here, once:
which of two copies of a key stays, what goes to clean and what to rejected, the counts, the files.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from shoplake.build.models import Model
from shoplake.build.reference import fingerprint
from shoplake.build.render import render
from shoplake.contracts import Contracts
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import DuckDB, quote
from shoplake.errors import CheckFailed
from shoplake.lake.layout import Lake, fsync_folder
from shoplake.lake.manifest import DataFile, Partition, sha256_of
from shoplake.lake.publish import kill_point
from shoplake.lake.receipts import RawFile

# Bytes of raw text judged in one statement: enough to keep the processors busy, little enough for the memory limit.
BATCH_BYTES = 192 * 1024 * 1024
# The day a key arrived must not decide, so it is not among the columns that break a tie.
TIE_EXCEPT = {"ds"}
NOT_REASONS = ("clean", "duplicate", "nulled")


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


def batches(arrivals: list[Arrival]) -> Iterator[list[Arrival]]:
    """Arrivals of one table in runs of about BATCH_BYTES; a single larger one runs alone."""
    batch: list[Arrival] = []
    size = 0
    for one in arrivals:
        if batch and size + one.bytes > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.bytes
    if batch:
        yield batch


def clean_batch(
    engine: DuckDB, lake: Lake, contracts: Contracts, model: Model, batch: list[Arrival]
) -> list[Partition]:
    """Judge a batch of raw partitions of one table, and write clean and rejected files under their final names.

    The files are invisible until a manifest names them. Raises CheckFailed when landed = clean + duplicate + rejected does
    not hold for a partition; nothing is published then.
    """
    table = model.table
    raw = contracts.table(f"raw.{table.name}")
    for file in (f for one in batch for f in one.files):
        _check_unchanged(lake, file)
    engine.raw_view(raw, [f for one in batch for f in one.files], lake.root)
    engine.execute("DROP TABLE IF EXISTS lake.work.judged; DROP TABLE IF EXISTS lake.work.extra")
    columns = ", ".join(c.name for c in table.columns)
    engine.execute(
        f"CREATE TABLE lake.work.judged AS SELECT {columns}, reject, nulled_values, "
        f"CASE WHEN reject IS NOT NULL THEN raw_text END AS raw_text, source_file FROM ({render(model, facts, catalogs=facts.CATALOGS)})"
    )
    _mark_duplicates(engine, model)
    found = _count(engine)
    engine.execute("DELETE FROM lake.work.judged WHERE rowid IN (SELECT row_id FROM lake.work.extra)")
    rejected = {one.ds: sum(n for k, n in found.get(one.ds, {}).items() if k not in NOT_REASONS) for one in batch}
    written = {
        "clean": _write(
            engine,
            lake,
            columns.removesuffix(", ds"),
            "reject IS NULL",
            "clean",
            table.name,
            {one: found.get(one.ds, {}).get("clean", 0) for one in batch},
        ),
        "rejected": _write(
            engine,
            lake,
            _REJECTED,
            "reject IS NOT NULL",
            "rejected",
            table.name,
            {one: rejected[one.ds] for one in batch},
        ),
    }
    engine.execute("DROP TABLE lake.work.judged; DROP TABLE lake.work.extra")
    return [_account(one, found.get(one.ds, {}), written) for one in batch]


def _check_unchanged(lake: Lake, file: RawFile) -> None:
    path = lake.root / file.path
    if not path.exists() or sha256_of(path) != file.sha256:
        raise CheckFailed(
            f"{path}: {'changed since it landed' if path.exists() else 'missing'}; its receipt names other bytes. Deliver the original again: "
            f"`shoplake ingest FILE`, or `shoplake generate` for a made shop. Nothing was published."
        )


_REJECTED = (
    "SPLIT_PART(reject, ':', 1) AS reject_reason, SPLIT_PART(reject, ':', 2) AS reject_column, "
    "COALESCE(raw_text, '') AS raw_text, source_file"
)


def _mark_duplicates(engine: DuckDB, model: Model) -> None:
    """Second and further copies of a key within a partition: all but the first by (time, then all columns).

    Only unrejected rows are looked at, else a bad copy would take the good one with it.
    """
    spec = model.table.spec
    keys = ", ".join(f"j.{k}" for k in ("ds", *spec.key))
    order = [spec.time or spec.key[0]] + [c.name for c in model.table.columns if c.name not in {spec.time, *TIE_EXCEPT}]
    same = " AND ".join(f"j.{k} IS NOT DISTINCT FROM r.{k}" for k in ("ds", *spec.key))
    engine.execute(
        f"CREATE TABLE lake.work.extra AS WITH repeated AS ("
        f"SELECT {keys} FROM lake.work.judged AS j WHERE j.reject IS NULL GROUP BY {keys} HAVING COUNT(*) > 1) "
        f"SELECT row_id FROM (SELECT j.rowid AS row_id, ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY "
        f"{', '.join(f'j.{c} NULLS FIRST' for c in order)}) AS n FROM lake.work.judged AS j "
        f"SEMI JOIN repeated AS r ON {same} WHERE j.reject IS NULL) WHERE n > 1"
    )


def _write(
    engine: DuckDB, lake: Lake, columns: str, condition: str, layer: str, table: str, days: dict[Arrival, int]
) -> dict[str, list[DataFile]]:
    """Write the judged rows that meet a condition as one folder a day; ds -> its files. Folders get their final name when whole.

    A statement a day, several at a time: four fifths of the work of one statement that sorts rows into folders.
    """
    stage = lake.scratch / f"{layer}-{table}"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    files = {one: stage / f"{one.ds}.parquet" for one, rows in days.items() if rows}
    engine.run_side_by_side(
        f"COPY (SELECT {columns} FROM lake.work.judged WHERE ds = DATE '{one.ds}' AND {condition}) TO {quote(str(path))} "
        "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        for one, path in files.items()
    )
    kill_point("in_clean_files")
    found: dict[str, list[DataFile]] = {}
    for one, path in files.items():
        final = (
            _place((lake.clean if layer == "clean" else lake.rejected) / table / f"ds={one.ds}", one.b)
            / "part-0.parquet"
        )
        _move(path, final)
        rows = pq.read_metadata(final).num_rows
        found[one.ds] = [
            DataFile(final.relative_to(lake.root).as_posix(), rows, final.stat().st_size, sha256_of(final))
        ]
    shutil.rmtree(stage, ignore_errors=True)
    return found


def _place(base: Path, b: str) -> Path:
    """The folder a partition's files go to. What lies under a name may be published and is never replaced: building the same
    inputs again (--full) takes another name. Folders that no generation names are gone before a build begins."""
    final, again = base / f"b={b}", 0
    while final.exists():
        again += 1
        final = base / f"b={fingerprint(b, str(again))}"
    return final


def _move(written: Path, final: Path) -> None:
    """Give a written file its name, in a folder of its own."""
    with open(written, "rb") as f:
        os.fsync(f.fileno())
    final.parent.mkdir(parents=True)
    os.rename(written, final)
    fsync_folder(final.parent)


def _count(engine: DuckDB) -> dict[str, dict[str, int]]:
    """ds -> counts: clean, duplicate, nulled, and `reason:column` for each reject."""
    found: dict[str, dict[str, int]] = {}
    rows = engine.rows(
        "SELECT CAST(j.ds AS VARCHAR), j.reject, COUNT(*), SUM(CASE WHEN e.row_id IS NOT NULL THEN 1 ELSE 0 END), "
        "SUM(CASE WHEN j.reject IS NULL AND e.row_id IS NULL THEN j.nulled_values ELSE 0 END) "
        "FROM lake.work.judged AS j LEFT JOIN lake.work.extra AS e ON e.row_id = j.rowid GROUP BY 1, 2"
    )
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


def _account(one: Arrival, counts: dict[str, int], written: dict[str, dict[str, list[DataFile]]]) -> Partition:
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
