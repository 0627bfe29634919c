"""Writing raw files: plain and odd side by side, invisible until the receipt names them."""

import hashlib
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import msgspec

from shoplake.ingest.text import LONGEST_PLAIN
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import RawFile

_BUFFER = 4_000_000
# Readers of JSON lines set a limit to one object (DuckDB 16 MB, and it reserves twice the limit): stay well below.
_LONGEST_ODD = 8_000_000
_KEPT_OF_LONG = 100_000
_ODD_CHARACTERS = re.compile('["\t\r\n\x00\xa0]')


class _Part:
    """One file in the making: bytes, rows and SHA-256 are counted as they pass."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows, self.bytes = path, 0, 0
        self._hash = hashlib.sha256()
        self._waiting: list[bytes] = []
        self._size = 0
        self._file: BinaryIO = open(path, "wb")  # noqa: SIM115 (open as long as the part is)

    def add(self, data: bytes, rows: int) -> None:
        self._waiting.append(data)
        self._size += len(data)
        self.rows += rows
        if self._size > _BUFFER:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        self._hash.update(data)
        self.bytes += len(data)
        self._file.write(data)

    def close(self) -> str:
        """Everything on the disk; the SHA-256."""
        self._flush()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._hash.hexdigest()

    def abandon(self) -> None:
        self._file.close()


class RawTable:
    """What one delivery brings to one table."""

    def __init__(self, table: str, columns: list[str], file_format: str, folder: Path) -> None:
        self.table, self.columns, self.format = table, columns, file_format
        self.malformed = self.derived = 0
        self._commas = len(columns) - 1
        self._blank: dict[str, str | None] = dict.fromkeys(columns)
        self._spelling = lru_cache(maxsize=1_000)(self._spell)
        self._plain = _Part(folder / f"{table}.plain")
        self._odd = _Part(folder / f"{table}.odd")
        if file_format == "csv":
            self._plain.add((",".join(columns) + "\n").encode(), 0)

    @property
    def rows(self) -> int:
        return self._plain.rows + self._odd.rows

    @property
    def odd_rows(self) -> int:
        return self._odd.rows

    @property
    def plain_path(self) -> Path:
        return self._plain.path

    @property
    def odd_path(self) -> Path:
        return self._odd.path

    def plain(self, lines: bytes, rows: int) -> None:
        """Lines known to be plain, each with its newline."""
        self._plain.add(lines, rows)

    def odd(self, values: dict[str, str | None], raw: str) -> None:
        """A record that can be read, but not by every engine alike. Columns not named are empty."""
        row = {**self._blank, **{k: v or None for k, v in values.items()}, "raw_text": raw, "is_malformed": False}
        line = msgspec.json.encode(row)
        if len(line) > _LONGEST_ODD:
            self.bad(raw)
        else:
            self._odd.add(line + b"\n", 1)

    def bad(self, raw: str) -> None:
        """A malformed record. Of one too long for any engine only the beginning stands here; landed/ holds it whole."""
        self.malformed += 1
        line = msgspec.json.encode({**self._blank, "raw_text": raw, "is_malformed": True})
        if len(line) > _LONGEST_ODD:
            text = f"{raw[:_KEPT_OF_LONG]}... ({len(raw):,} characters; the whole record is in landed/)"
            line = msgspec.json.encode({**self._blank, "raw_text": text, "is_malformed": True})
        self._odd.add(line + b"\n", 1)

    def row(self, values: dict[str, str], raw: str | None) -> None:
        """A CSV row made by a source: plain when it can be. `raw` is the source's record; None for a derived row."""
        line = self._spelling(tuple(values)) % values
        if raw is None:
            self.derived += 1
        is_plain = line.count(",") == self._commas and len(line) <= LONGEST_PLAIN // 4
        if is_plain and not _ODD_CHARACTERS.search(line):
            self._plain.add(line.encode() + b"\n", 1)
        else:
            self.odd({**values}, quoted(values, self.columns) if raw is None else raw)

    def _spell(self, names: tuple[str, ...]) -> str:
        """The CSV line of a row that has these columns, as a format: faster than asking for each of all columns."""
        unknown = [n for n in names if n not in self._blank]
        assert not unknown, f"raw.{self.table} has no column {unknown[0]}"
        return ",".join(f"%({c})s" if c in names else "" for c in self.columns)

    def close(self, lake: Lake, ds: str, name: str) -> list[tuple[Path, RawFile]]:
        """End both files; those that hold rows, with the place each belongs to."""
        found = []
        for part, kind, ending in ((self._plain, "plain", self.format), (self._odd, "odd", "jsonl")):
            sha256 = part.close()
            if part.rows:
                prefix = "part" if kind == "plain" else "odd"
                path = lake.raw_partition(self.table, ds) / f"{prefix}-{name}.{ending}"
                relative = path.relative_to(lake.root).as_posix()
                found.append(
                    (part.path, RawFile(relative, self.table, ds, ending, kind, part.rows, part.bytes, sha256))
                )
        return found

    def abandon(self) -> None:
        self._plain.abandon()
        self._odd.abandon()


def quoted(values: dict[str, str], columns: list[str]) -> str:
    """A row as one CSV record."""
    cells = [values.get(c, "") for c in columns]
    return ",".join('"' + c.replace('"', '""') + '"' if any(x in c for x in ',"\r\n') else c for c in cells)


def move(source: Path, target: Path) -> None:
    """Put a finished file in its place; the same file again replaces itself."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    fsync(target.parent)
