"""Is the lake whole? Every file against what was written down when it was made."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from shoplake.errors import ShoplakeError
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import (
    DataFile,
    current_generation,
    database_path,
    kept_generations,
    manifest_path,
    read_manifest,
)
from shoplake.lake.receipts import Receipt
from shoplake.look.lock import holder
from shoplake.terminal import Steps, steps

_SHA256 = re.compile(r"[0-9a-f]{64}")
# Names a writer uses while it writes; they are no part of the lake.
_WORKING = re.compile(r"^[.]")
_PROGRESS_EVERY, _PROGRESS_STEPS = 100, 20


@dataclass(frozen=True)
class Finding:
    """A file that is not as it was written. kind: missing, damaged, extra, unreadable."""

    kind: str
    path: str
    what: str
    remedy: str


@dataclass(frozen=True)
class _Expected:
    path: str
    bytes: int | None
    rows: int | None
    sha256: str
    remedy: str


def verify(lake: Lake, generation: int | None = None, every: bool = False) -> dict[str, Any]:
    """Check a generation (by default the published one, with `every` all kept ones), all raw files and all originals.

    Returns generations, files, bytes and findings. Raises WrongUse when there is no lake or the generation is not kept.
    """
    lake.require()
    findings: list[Finding] = []
    published = current_generation(lake)
    numbers = (
        kept_generations(lake)
        if every
        else [generation]
        if generation is not None
        else [published]
        if published
        else []
    )
    if generation is not None:
        read_manifest(lake, generation)
    expected: dict[str, _Expected] = {}
    for number in numbers:
        for e in _of_manifest(lake, number, published, findings):
            expected.setdefault(e.path, e)
    for e in _of_receipts(lake, findings):
        expected.setdefault(e.path, e)
    for e in _originals(lake):
        expected.setdefault(e.path, e)
    seen_bytes = 0
    every_files = max(_PROGRESS_EVERY, -(-len(expected) // _PROGRESS_STEPS))
    with steps("verify", -(-len(expected) // every_files) or 1) as shown:
        for i, e in enumerate(expected.values(), 1):
            finding = _check(lake, e)
            seen_bytes += e.bytes or 0
            if finding:
                findings.append(finding)
            if i % every_files == 0 or i == len(expected):
                _tell(shown, i, findings)
    # While a build runs there are files that nothing names yet.
    writer = holder(lake)
    findings += [] if writer else _extra(lake, set(expected)) + _link(lake, published)
    return {
        "generations": numbers, "files": len(expected), "bytes": seen_bytes, "writer": writer,
        "findings": [asdict(f) for f in sorted(findings, key=lambda f: (f.path, f.kind))],
    }  # fmt: skip


def _tell(shown: Steps, files: int, findings: list[Finding]) -> None:
    shown.done(f"{files} files, {len(findings)} findings")


def _of_manifest(lake: Lake, number: int, published: int | None, findings: list[Finding]) -> Iterator[_Expected]:
    try:
        manifest = read_manifest(lake, number)
    except ShoplakeError as e:
        findings.append(
            Finding("unreadable", f"gen/gen-{number:06d}.json", str(e), _OTHER if number != published else _REBUILD)
        )
        return
    rebuild = _REBUILD if number == published else _OTHER
    ref = {f.path for f in manifest.ref_files.values()}
    for file in manifest.files():
        # A build makes a ref file only when none is there.
        remedy = f"Delete it; then {rebuild[0].lower()}{rebuild[1:]}" if file.path in ref else rebuild
        rows = file.rows if file.path.endswith(".parquet") else None
        yield _Expected(file.path, file.bytes, rows, file.sha256, remedy)


_REBUILD = "Run `shoplake build --full`: it makes clean, core and marts anew from raw."
_OTHER = "It is not the published generation: publish another and let it go, or restore the file from a backup."


def _of_receipts(lake: Lake, findings: list[Finding]) -> Iterator[_Expected]:
    for path in sorted(lake.receipts.glob("*.json")):
        name = path.relative_to(lake.root).as_posix()
        try:
            receipt = msgspec.json.decode(path.read_bytes(), type=Receipt)
        except (msgspec.MsgspecError, OSError) as e:
            findings.append(
                Finding("unreadable", name, f"no receipt ({e})", "Deliver the same file again with `shoplake ingest`.")
            )
            continue
        remedy = _redeliver(receipt)
        for f in receipt.files:
            yield _Expected(f.path, f.bytes, f.rows if f.format == "parquet" else None, f.sha256, remedy)
        landed = receipt.notes.get("landed")
        if receipt.writer == "stream" and isinstance(landed, dict):
            for there, sha256 in landed.items():
                yield _Expected(str(there), None, None, str(sha256), remedy)
        elif receipt.original_sha256 and (lake.landed.is_dir() or lake.hdfs):
            yield _original(receipt.original_sha256, f"the original of {receipt.original or receipt.name}")


def _redeliver(receipt: Receipt) -> str:
    if receipt.writer == "generate":
        return "Generate the same data again (same seed and sizes), or restore the file from a backup."
    if receipt.writer == "stream":
        return "Restore the file from a backup, or read the topic again from the offsets in its name."
    return f"Deliver {receipt.original or 'the same file'} again: `shoplake ingest`. Its bytes lie in landed/{receipt.original_sha256[:12]}…"


def _original(sha256: str, what: str) -> _Expected:
    return _Expected(
        f"landed/{sha256}",
        None,
        None,
        sha256,
        f"Restore {what} from a backup, or deliver it again with `shoplake ingest`.",
    )


def _originals(lake: Lake) -> Iterator[_Expected]:
    """Every original is named by its own SHA-256, whether a receipt still names it or not."""
    for one in lake.files.entries([lake.name_of(lake.landed)]):
        name = one.path.rpartition("/")[2]
        if one.bytes is not None and _SHA256.fullmatch(name):
            yield _original(name, "this original")


def _check(lake: Lake, e: _Expected) -> Finding | None:
    try:
        size = lake.files.sizes([e.path])[0]
        if size is not None and e.bytes is not None and size != e.bytes:
            return Finding("damaged", e.path, f"{size} bytes, expected {e.bytes}", e.remedy)
        found = lake.files.sha256(e.path)
    except FileNotFoundError:
        return Finding("missing", e.path, "not there", e.remedy)
    except OSError as error:
        return Finding(
            "unreadable", e.path, str(error.strerror), "Give this user the right to read it, and look at the disk."
        )
    if found != e.sha256:
        return Finding("damaged", e.path, f"SHA-256 {found[:12]}…, expected {e.sha256[:12]}…", e.remedy)
    if e.rows is not None:
        rows = _parquet_rows(lake, e.path)
        if rows != e.rows:
            return Finding("damaged", e.path, f"{rows} rows, expected {e.rows}", e.remedy)
    return None


def _parquet_rows(lake: Lake, path: str) -> int | str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with lake.files.open(path) as f:
            return int(pq.read_metadata(f).num_rows)
    except (pa.ArrowException, OSError) as e:
        return f"no readable ({e})"


def _extra(lake: Lake, expected: set[str]) -> list[Finding]:
    """Files in the lake's folders that nothing names: no kept manifest, no receipt."""
    named = set(expected)
    for number in kept_generations(lake):
        try:
            named |= {f.path for f in read_manifest(lake, number).files()}
        except ShoplakeError:
            continue
        named.add(manifest_path(lake, number).relative_to(lake.root).as_posix())
    found = []
    for folder, remedy in (
        (lake.generations, _SWEPT), (lake.clean, _SWEPT), (lake.rejected, _SWEPT), (lake.ref, _SWEPT), *((lake.home / layer, _SWEPT) for layer in ("core", "marts", "ledger") if lake.engine),
        (lake.raw, "No receipt names it, so it is never read. Deliver its file again, or delete it."),
        (lake.landed, "No original has such a name. Move it out of the lake."),
    ):  # fmt: skip
        # landed/ has folders of its own, for streams.
        there = lake.name_of(folder)
        for name in sorted(e.path for e in (lake.files.entries([there]) if folder == lake.landed else lake.files.below(there)) if e.bytes is not None):
            above, _, last = name.rpartition("/")
            if name not in named and not _WORKING.match(last) and above != lake.name_of(lake.receipts):
                found.append(Finding("extra", name, "nothing names it", remedy))
    return found


def _link(lake: Lake, published: int | None) -> list[Finding]:
    """The link other tools follow; where links cannot be made there is none, and `show path` serves."""
    if published is None or lake.engine or not lake.published_link.is_symlink():
        return []
    target = Path("gen") / database_path(lake, published).name
    if lake.published_link.readlink() == target:
        return []
    what = f"leads to {lake.published_link.readlink()}, expected {target}"
    return [Finding("damaged", lake.published_link.name, what, f"`shoplake rollback --to {published}` sets it.")]


_SWEPT = (
    "Left by a run that was stopped, or put there by hand. The next build removes what a run left; delete the rest."
)


def verified_as_text(found: dict[str, Any]) -> str:
    from shoplake.look import drawing

    lines = []
    for f in found["findings"]:
        lines += [f"{f['kind']:<10} {f['path']}: {f['what']}", f"           {f['remedy']}"]
    if found["writer"]:
        lines.append(f"Process {found['writer']} is writing, so files that nothing names were not looked for.")
    generations = ", ".join(map(str, found["generations"])) or "none"
    state = "all as they were written" if not found["findings"] else f"{len(found['findings'])} findings"
    return "\n".join(
        [*lines, f"{found['files']} files, {drawing.size(found['bytes'])}, generations {generations}: {state}."]
    )


def data_file_problem(lake: Lake, file: DataFile) -> str | None:
    """What is wrong with one file of a manifest; None when it is whole."""
    finding = _check(lake, _Expected(file.path, file.bytes, None, file.sha256, ""))
    return f"{finding.kind}, {finding.what}" if finding else None
