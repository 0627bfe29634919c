"""The files of one part: bytes are kept per day, then hashed and appended to files under temporary names, by a thread of its
own: neither needs the interpreter."""

import hashlib
import itertools
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from shoplake.generate.columns import CSV_COLUMNS
from shoplake.generate.draws import I64
from shoplake.generate.text import day_names
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import RawFile

_HELD_AT_MOST = (
    24_000_000  # bytes kept before they are written: little enough that memory is used again while it is warm
)


@dataclass
class _DayFile:
    """One file being made."""

    path: Path
    held: list[Any] = field(default_factory=list)
    rows: int = 0
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)
    begun: bool = False

    def add(self, pieces: list[Any], rows: int) -> None:
        self.size += sum(len(data) for data in pieces)
        self.held += pieces
        self.rows += rows

    def append(self, pieces: list[Any]) -> None:
        if not self.begun:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        data = b"".join(pieces)  # one piece: this thread asks for the interpreter a few times, not once a row
        self.sha256.update(data)
        with open(self.path, "ab" if self.begun else "wb", buffering=0) as f:
            if (written := f.write(data)) < len(data):
                f.write(data[written:])  # a full disk says so only now
        self.begun = True


def _append_all(held: Iterable[tuple[_DayFile, list[Any]]]) -> None:
    for file, pieces in held:
        file.append(pieces)


class Made(msgspec.Struct):
    """A finished file, still under its temporary name."""

    temporary: str
    file: RawFile


class PartFiles:
    """Collects rows by day. Rows of a day keep the order in which they are added."""

    def __init__(self, lake: Lake, table: str, first_block: int, first_day: int, days: int, form: str) -> None:
        self._lake, self._table, self._form, self._first_block = lake, table, form, first_block
        self._names = [d.decode() for d in day_names(first_day, days)]
        self._header = (",".join(CSV_COLUMNS[table]) + "\n").encode() if table in CSV_COLUMNS else b""
        self._files: dict[tuple[int, str], _DayFile] = {}
        self._held = 0
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def _final(self, day: int, kind: str) -> Path:
        suffix = "jsonl" if kind == "odd" or self._table not in CSV_COLUMNS else "csv"
        stem = "odd" if kind == "odd" else "part"
        return self._lake.raw_partition(self._table, self._names[day]) / f"{stem}-{self._first_block:04d}.{suffix}"

    def _file(self, day: int, kind: str) -> _DayFile:
        file = self._files.get((day, kind))
        if file is None:
            final = self._final(day, kind)
            file = self._files[day, kind] = _DayFile(final.with_name(f".{final.name}.tmp"))
            if kind == "plain" and self._header:
                file.add([self._header], 0)
        return file

    def add(self, day: I64, lines: Any, edited: dict[int, tuple[bool, bytes]]) -> None:
        """Add rows sorted by day. `edited` replaces some rows: (goes to the odd file, its bytes)."""
        if not len(day):
            return
        offsets = np.frombuffer(lines.buffers()[1], np.int32)[lines.offset : lines.offset + len(lines) + 1]
        data = memoryview(lines.buffers()[2])
        edges = [0, *(np.flatnonzero(np.diff(day)) + 1).tolist(), len(day)]
        special = np.array(sorted(edited), np.int64)
        for begin, end in itertools.pairwise(edges):
            number = int(day[begin])
            mine = special[np.searchsorted(special, begin) : np.searchsorted(special, end)]
            if not len(mine):
                self._file(number, "plain").add([data[offsets[begin] : offsets[end]]], end - begin)
            else:
                self._add_edited(number, begin, end, offsets, data, [(int(r), *edited[int(r)]) for r in mine])
        self._held += int(offsets[-1] - offsets[0])
        if self._held > _HELD_AT_MOST:
            self.flush()

    def _add_edited(
        self, number: int, begin: int, end: int, offsets: Any, data: memoryview, edits: list[tuple[int, bool, bytes]]
    ) -> None:
        pieces: list[Any] = []
        odd: list[bytes] = []
        at = begin
        for row, is_odd, replacement in edits:
            pieces.append(data[offsets[at] : offsets[row]])
            (odd if is_odd else pieces).append(replacement)
            at = row + 1
        pieces.append(data[offsets[at] : offsets[end]])
        plain = end - begin - len(odd)
        if plain:
            self._file(number, "plain").add(pieces, plain)
        if odd:
            self._file(number, "odd").add(odd, len(odd))

    def flush(self) -> None:
        """Hand over what is held to be written, once what was handed over before is: memory stays bounded, and a disk that is
        full is heard of. Raises OSError."""
        held = [(file, file.held) for file in self._files.values() if file.held]
        for file, _ in held:
            file.held = []
        self._held = 0
        self._wait()
        self._writing = self._writer.submit(_append_all, held)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()

    def finish(self) -> list[Made]:
        """Write the rest. The files stay under temporary names until a receipt is about to name them."""
        self.flush()
        self._wait()
        self._writer.shutdown()
        made = []
        for (day, kind), file in sorted(self._files.items()):
            final = self._final(day, kind)
            rows, size, digest, form = file.rows, file.size, file.sha256.hexdigest(), final.suffix[1:]
            if self._form == "parquet" and kind == "plain":
                size, digest = _to_parquet(file.path)
                final, form = final.with_suffix(".parquet"), "parquet"
            name = final.relative_to(self._lake.root).as_posix()
            made.append(
                Made(str(file.path), RawFile(name, self._table, self._names[day], form, kind, rows, size, digest))
            )
        return made


def _to_parquet(path: Path) -> tuple[int, str]:
    """Rewrite a CSV file in place as Parquet with the same text columns; empty fields become null. Returns size and hash."""
    import pyarrow as pa
    import pyarrow.csv as pc
    import pyarrow.parquet as pq

    header = path.open("rb").readline().decode().strip().split(",")
    table = pc.read_csv(
        path, read_options=pc.ReadOptions(use_threads=False), parse_options=pc.ParseOptions(quote_char=False),
        convert_options=pc.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), null_values=[""], strings_can_be_null=True),
    )  # fmt: skip
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", compression_level=1)
    data = sink.getvalue()
    path.write_bytes(data)
    return data.size, hashlib.sha256(data).hexdigest()
