"""Making tables: parts in processes, then the receipt, then the removal of what no receipt names."""

import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from shoplake.errors import Lacking
from shoplake.generate.mess import Ledger
from shoplake.generate.options import Plan, part_blocks
from shoplake.generate.part import PartMade, make_part
from shoplake.generate.truth import merge, summary, write_agents
from shoplake.lake.layout import Lake, write_atomically
from shoplake.lake.receipts import Receipt, read_receipts, write_receipt

_INLINE_ROWS = 120_000  # below this, starting processes costs more than they save
_MADE_FILE = re.compile(r"\.?(part|odd)-\d{4}\.(csv|jsonl|parquet)(\.tmp)?")
_BYTES = {
    "clickstream": 450,
    "transactions": 330,
    "users": 470,
    "products": 800,
    "refunds": 10,
}  # a row of the parameter, rounded up


class TableMade(msgspec.Struct):
    """What came of one table."""

    table: str
    kept: bool
    rows: int
    files: int
    bytes: int
    seconds: float
    ledger: dict[str, Any]


def generate(
    lake: Lake, plan: Plan, tables: list[str], parts: int, part: int | None = None, processes: int | None = None,
    told: Callable[[TableMade], None] = lambda made: None,
) -> list[TableMade]:  # fmt: skip
    """Make tables of a plan in the lake's raw/. `part` counts from 0 and makes only that part of `parts`.

    A table whose receipt holds the same parameters is kept. Raises Lacking when the disk is full or cannot be written.
    """
    lake.require_folder("generate")
    lake.create()
    wanted = [t for t in tables if part is not None or not _kept(lake, plan, t)]
    _check_space(lake, plan, wanted, parts if part is not None else 1)
    numbers = [part] if part is not None else list(range(parts))
    workers = min(processes or os.cpu_count() or 1, len(numbers))
    if plan.events + plan.transactions + plan.users < _INLINE_ROWS:
        workers = 1
    done = []
    with _pool(workers) as pool:
        for table in tables:
            began = time.perf_counter()
            if table in wanted:
                made = _run_parts(lake, plan, table, numbers, parts, pool)
                done.append(_publish(lake, plan, table, made, numbers, parts, began))
            else:
                done.append(_as_kept(lake, table, began))
            told(done[-1])
    with _writing(lake, "truth.json"):
        write_agents(lake)
        write_atomically(
            lake.root / "truth.json", msgspec.json.format(msgspec.json.encode(summary(plan, _ledgers(lake))), indent=1)
        )
    return done


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor | None]:
    if workers == 1:
        yield None
        return
    import multiprocessing

    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@contextmanager
def _writing(lake: Lake, what: str) -> Iterator[None]:
    """Turn what a disk can say into a sentence."""
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            remedy = "Free some space or choose another disk with --lake, and run the same command again: finished tables are kept."
        else:
            remedy = "Give this user the right to write there, or choose another folder with --lake, and run the same command again."
        raise Lacking(f"{lake.root}: {what} cannot be written ({e.strerror or e}). {remedy}") from e
    except BrokenProcessPool as e:
        raise Lacking(
            f"{what}: a process was ended from outside, most likely for want of memory. Run again with more --parts or fewer processes; "
            "finished tables are kept."
        ) from e


def _run_parts(
    lake: Lake, plan: Plan, table: str, numbers: list[int], parts: int, pool: ProcessPoolExecutor | None
) -> list[PartMade]:
    if pool is None:
        found = {}
        for number in numbers:
            with _writing(lake, f"table {table}, part {number + 1} of {parts}"):
                found[number] = make_part(plan, lake, table, number, parts)
        return [found[n] for n in numbers]
    waiting = {pool.submit(make_part, plan, lake, table, number, parts): number for number in numbers}
    found = {}
    for future in as_completed(waiting):
        with _writing(lake, f"table {table}, part {waiting[future] + 1} of {parts}"):
            found[waiting[future]] = future.result()
    return [found[n] for n in numbers]


def _publish(
    lake: Lake, plan: Plan, table: str, made: list[PartMade], numbers: list[int], parts: int, began: float
) -> TableMade:
    """Old receipts go first, the new one comes last: a reader sees the old files, none, or the new ones."""
    first, last = part_blocks(numbers[0], parts)[0], part_blocks(numbers[-1], parts)[1] - 1
    whole = len(numbers) == parts
    ledger = Ledger()
    for one in made:
        ledger.add(one.ledger)
    with _writing(lake, f"table {table}"):
        for path in _receipts(lake, table):
            begin, end = _blocks(path, table)
            if begin <= last and first <= end:
                path.unlink()
        files = [f for one in made for f in one.files]
        for f in files:
            Path(f.temporary).replace(lake.root / f.file.path)
        merge([one.truth for one in made], lake.truth, "" if whole else f"-{first:04d}-{last:04d}")
        for left in lake.truth.glob(".*-[0-9][0-9][0-9][0-9].tmp"):  # of a run that failed
            left.unlink()
        notes: dict[str, object] = {
            "parameters": plan.notes(),
            "format": plan.format if table == "transactions" else "",
            "ledger": ledger.as_notes(),
        }
        name = f"generate-{table}" if whole else f"generate-{table}-{first:04d}-{last:04d}"
        write_receipt(lake, Receipt(name, "generate", "generate", "", "", [f.file for f in files], notes))
        _remove_unnamed(lake, table)
    return TableMade(
        table,
        False,
        ledger.landed,
        len(files),
        sum(f.file.bytes for f in files),
        time.perf_counter() - began,
        ledger.as_notes(),
    )


def _receipts(lake: Lake, table: str) -> list[Path]:
    """The generator's receipts of a table."""
    found = [lake.receipts / f"generate-{table}.json", *lake.receipts.glob(f"generate-{table}-[0-9]*-[0-9]*.json")]
    return sorted(p for p in found if p.exists())


def _blocks(path: Path, table: str) -> tuple[int, int]:
    span = path.stem.removeprefix(f"generate-{table}").strip("-")
    begin, _, end = span.partition("-")
    return (int(begin), int(end)) if span else (0, 1 << 30)


def _remove_unnamed(lake: Lake, table: str) -> None:
    named = {file.path for receipt in read_receipts(lake) for file in receipt.files}
    for path in (lake.raw / table).glob("ds=*/*"):
        if _MADE_FILE.fullmatch(path.name) and path.relative_to(lake.root).as_posix() not in named:
            path.unlink()
    for folder in (lake.raw / table).glob("ds=*"):
        if not any(folder.iterdir()):
            folder.rmdir()


def _kept(lake: Lake, plan: Plan, table: str) -> bool:
    """Whether a whole run with the same parameters is there, files and all."""
    receipt = _receipt(lake, table)
    if receipt is None or receipt.notes.get("parameters") != msgspec.to_builtins(plan.notes()):
        return False
    if table == "transactions" and receipt.notes.get("format") != plan.format:
        return False
    return all((lake.root / f.path).exists() and (lake.root / f.path).stat().st_size == f.bytes for f in receipt.files)


def _receipt(lake: Lake, table: str) -> Receipt | None:
    path = lake.receipts / f"generate-{table}.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Receipt)
    except (OSError, msgspec.MsgspecError):
        return None


def _as_kept(lake: Lake, table: str, began: float) -> TableMade:
    receipt = _receipt(lake, table)
    assert receipt is not None
    ledger: Any = receipt.notes["ledger"]
    return TableMade(
        table,
        True,
        ledger["landed"],
        len(receipt.files),
        sum(f.bytes for f in receipt.files),
        time.perf_counter() - began,
        ledger,
    )


def _ledgers(lake: Lake) -> dict[str, Any]:
    """What clean has to find in each table, over all of the generator's receipts."""
    found: dict[str, Ledger] = {}
    for receipt in read_receipts(lake):
        if receipt.writer == "generate":
            table = receipt.name.split("-")[1]
            notes: Any = dict(receipt.notes["ledger"])  # type: ignore[call-overload]
            notes.pop("clean")
            found.setdefault(table, Ledger()).add(msgspec.convert(notes, Ledger))
    return {table: ledger.as_notes() for table, ledger in sorted(found.items())}


def _check_space(lake: Lake, plan: Plan, tables: list[str], parts: int) -> None:
    """Refuse early rather than fill a disk."""
    sizes = {
        "clickstream": plan.events,
        "transactions": plan.transactions,
        "users": plan.users,
        "products": plan.products,
        "refunds": plan.transactions,
    }
    need = sum(sizes[t] * _BYTES[t] for t in tables) // parts
    free = shutil.disk_usage(lake.root).free
    if need > free:
        raise Lacking(
            f"{lake.root}: about {need // 1_000_000:,} MB are needed, {free // 1_000_000:,} MB are free. "
            "Free some space, choose another disk with --lake, or make a smaller shop with --size."
        )
