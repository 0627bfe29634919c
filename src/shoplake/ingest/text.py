"""A delivered file as bytes of text: gzip and byte order mark taken off, read forward in pieces."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from shoplake.errors import WrongUse

CHUNK = 1_000_000
# A plain line is at most this long (lake/receipts.py).
LONGEST_PLAIN = 1_000_000
# Above this a "line" is a sign of a file that is not text; it also bounds the memory one record can take.
LONGEST_LINE = 64_000_000

NBSP = b"\xc2\xa0"
BOM = b"\xef\xbb\xbf"
UTF8 = "utf-8"
LATIN1 = "iso-8859-1"

_OTHER_FILES = {
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "Unzip it, or save the sheet as CSV (UTF-8)"),
    b"\xff\xfe": ("text in UTF-16", "Save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`"),
    b"\xfe\xff": ("text in UTF-16", "Save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`"),
    b"\x28\xb5\x2f\xfd": ("a zstd archive", "Unpack it with `zstd -d`, or pack it with gzip"),
    b"BZh": ("a bzip2 archive", "Unpack it with `bunzip2`, or pack it with gzip"),
}


def is_gzip(path: Path) -> bool:
    with open(path, "rb") as f:
        return f.read(2) == b"\x1f\x8b"


def is_parquet(path: Path) -> bool:
    with open(path, "rb") as f:
        return f.read(4) == b"PAR1"


class Stream:
    """The text of a file in chunks, as UTF-8 without byte order mark. `name` is how messages call the file.

    `content_sha256` covers the unpacked bytes read so far, so that the same content packed twice is recognised.
    """

    def __init__(self, path: Path, name: str, encoding: str = UTF8) -> None:
        self.path, self.name, self.encoding = path, name, encoding
        self._hash = hashlib.sha256()
        self.had_bom = False

    @property
    def content_sha256(self) -> str:
        return self._hash.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """Raises WrongUse when the gzip stream is damaged or the first bytes are those of another kind of file."""
        first, read = True, 0
        with _opened(self.path) as f:
            while True:
                try:
                    chunk = f.read(CHUNK)
                except (EOFError, zlib.error, gzip.BadGzipFile) as e:
                    raise WrongUse(
                        f"{self.name}: the gzip stream is damaged after {read:,} unpacked bytes ({e}). "
                        "Nothing was landed; fetch the file again."
                    ) from e
                if not chunk:
                    return
                read += len(chunk)
                self._hash.update(chunk)
                if first:
                    first = False
                    for magic, (what, remedy) in _OTHER_FILES.items():
                        if chunk.startswith(magic):
                            raise WrongUse(f"{self.name}: found {what}, expected CSV or JSON lines in UTF-8. {remedy}.")
                    if chunk.startswith(BOM):
                        self.had_bom = True
                        chunk = chunk[len(BOM) :]
                yield chunk if self.encoding == UTF8 else chunk.decode(self.encoding).encode()


def _opened(path: Path) -> BinaryIO:
    # GzipFile reads like a binary file but is not declared as one.
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gzip(path) else open(path, "rb")


def first_bytes(path: Path, name: str, size: int = CHUNK) -> bytes:
    """The first chunk of the text, for recognising it; empty for an empty file."""
    return next(Stream(path, name).chunks(), b"")[:size]


def first_not_utf8(path: Path, name: str) -> int | None:
    """The offset (in the unpacked file, from 0) of the first byte that is not UTF-8, or None when all is."""
    done, rest = 0, b""
    stream = Stream(path, name)
    for chunk in stream.chunks():
        piece = rest + chunk
        try:
            piece.decode()
            rest = b""
        except UnicodeDecodeError as e:
            # A character cut by the end of the chunk is not an error yet.
            if e.reason != "unexpected end of data":
                return done + e.start + (len(BOM) if stream.had_bom else 0)
            rest = piece[e.start :]
        done += len(piece) - len(rest)
    return done + (len(BOM) if stream.had_bom else 0) if rest else None


class Window:
    """Bytes in sight, moving forward. `at` is where the next record begins, always at the start of a line.

    `is_safe`: every whole line in sight is UTF-8 without a no-break space: patterns may let all bytes above 127 pass.
    """

    def __init__(self, stream: Stream) -> None:
        self._chunks = stream.chunks()
        self.name = stream.name
        self.bytes = b""
        self.at = 0
        self.line = 1
        self.ended = False
        self.is_safe = True
        self._first_is_long = False

    def more(self) -> bool:
        """Bring further bytes in sight; False at the end of the file."""
        chunk = next(self._chunks, None)
        if chunk is None:
            self.ended = True
            return False
        self.bytes, self.at = self.bytes[self.at :] + chunk, 0
        whole = self.bytes[: self.bytes.rfind(b"\n") + 1]
        self.is_safe = NBSP not in whole and is_utf8(whole)
        # Only a line begun in an earlier chunk can be longer than one.
        self._first_is_long = whole.find(b"\n") > LONGEST_PLAIN
        return True

    def swallow(self, patterns: dict[bool, re.Pattern[bytes]]) -> bytes:
        """Step over the lines that the pattern for `is_safe` matches from here on; those lines, perhaps none.

        At the start of a line that goes on out of sight more is brought in first.
        """
        while True:
            if not (self.at == 0 and self._first_is_long):
                found = patterns[self.is_safe].match(self.bytes, self.at)
                if found and found.end() > self.at:
                    return self.advance(found.end())
            if self.ended or self.bytes.find(b"\n", self.at) >= 0 or len(self.bytes) - self.at > LONGEST_PLAIN:
                return b""
            self.more()

    def line_end(self) -> int:
        """Where the line that begins at `at` ends: the offset of its newline, or of the end of the file."""
        searched = self.at
        while True:
            end = self.bytes.find(b"\n", searched)
            if end >= 0:
                return end
            length = len(self.bytes) - self.at
            if length > LONGEST_LINE:
                raise WrongUse(
                    f"{self.name}:{self.line}: no line end within {LONGEST_LINE:,} bytes. Expected CSV or JSON lines: "
                    "is this a text file with one record a line?"
                )
            if not self.more():
                return len(self.bytes)
            searched = self.at + length

    def has_more(self) -> bool:
        return self.at < len(self.bytes) or self.more()

    def advance(self, end: int) -> bytes:
        """Step to `end`; the bytes stepped over."""
        piece = self.bytes[self.at : end]
        self.line += piece.count(b"\n")
        self.at = end
        return piece


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown(data: bytes) -> str:
    """Bytes as text; those that are not UTF-8 as \\xNN, so that nothing is lost and engines can read it."""
    return data.decode(errors="backslashreplace")
