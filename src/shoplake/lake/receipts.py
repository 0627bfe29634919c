"""Receipts: which raw files a delivery brought.

A raw file counts only when a receipt names it. A receipt is written last and atomically, so a delivery that was
killed half way is invisible, and the same delivery again overwrites it.

Raw files come in two kinds, side by side in raw/<table>/ds=D/:

part-*  plain    what every engine reads alike without care. CSV: header as in the contract, one record a line, no quote,
                 tab, CR, NUL or no-break space anywhere, the right number of commas. JSON lines: UTF-8, each line one valid
                 flat object without duplicate keys, no value that holds a tab, CR, LF or no-break space, numbers
                 without exponent and of at most 15 digits. No blank line, no CR, no line over 1 MB; the last line ends.
odd-*   the rest  one JSON object a record, read exactly once by Python when it arrived: the table's columns as text
                 (null = empty), `raw_text` (the record as it came) and `is_malformed`.
"""

from pathlib import Path

import msgspec

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake, write_atomically


class RawFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file under raw/. `rows` counts records (a CSV header is none)."""

    path: str  # relative to the lake, with forward slashes
    table: str
    ds: str
    format: str  # csv | jsonl | parquet
    kind: str  # plain | odd
    rows: int
    bytes: int
    sha256: str


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One delivery. `notes` holds what the writer wants to be told later (counts, settings), never a time of day."""

    name: str
    writer: str  # generate | ingest | stream
    source: str  # name of the source format
    original: str  # name of the delivered file; empty for generated data
    original_sha256: str
    files: list[RawFile]
    notes: dict[str, object] = {}
    format_version: int = 1


def write_receipt(lake: Lake, receipt: Receipt) -> Path:
    path = lake.receipts / f"{receipt.name}.json"
    write_atomically(path, msgspec.json.format(msgspec.json.encode(receipt), indent=1))
    lake.files.share(lake.name_of(path))
    return path


def read_receipts(lake: Lake) -> list[Receipt]:
    """All receipts, by name. Raises WrongUse when one cannot be read, names what is not raw, or two claim the same file."""
    receipts: list[Receipt] = []
    owner: dict[str, str] = {}
    for path in sorted(lake.receipts.glob("*.json")):
        try:
            receipt = msgspec.json.decode(path.read_bytes(), type=Receipt)
        except msgspec.MsgspecError as e:
            raise WrongUse(
                f"{path}: not a receipt ({e}). Deliver the same file again with `shoplake ingest`, or delete it."
            ) from e
        for file in receipt.files:
            if not _is_raw(file.path):
                raise WrongUse(
                    f"{path}: names the file {file.path!r}, expected one under raw/ of this lake. Deliver the same file again with "
                    "`shoplake ingest`, or delete the receipt."
                )
            if file.path in owner:
                raise WrongUse(
                    f"{path}: {file.path} is also named by {owner[file.path]}. Delete one of the two receipts."
                )
            owner[file.path] = path.name
        receipts.append(receipt)
    return receipts


def _is_raw(path: str) -> bool:
    """A receipt that is tampered with must not make a build read, and show, another file of this machine."""
    parts = path.split("/")
    return parts[0] == "raw" and len(parts) > 1 and not {"", ".", ".."} & set(parts) and "\\" not in path


def raw_partitions(lake: Lake) -> dict[tuple[str, str], list[RawFile]]:
    """(table, ds) -> its raw files by path, tables and days in order."""
    found: dict[tuple[str, str], list[RawFile]] = {}
    for receipt in read_receipts(lake):
        for file in receipt.files:
            found.setdefault((file.table, file.ds), []).append(file)
    return {key: sorted(found[key], key=lambda f: f.path) for key in sorted(found)}
