"""The folders of a lake. Every path in the product is made here."""

import datetime as dt
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shoplake.errors import Lacking, WrongUse
from shoplake.lake.files import Files, LocalFiles, fsync
from shoplake.lake.hdfs import HdfsFiles

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Lake:
    """A folder that holds one shop's data.

    landed/<sha256>             the original bytes of every ingested file
    raw/<table>/ds=D/           what arrived on day D, as plain text or Parquet
    raw/_receipts/              one file a delivery: which raw files it brought (see receipts.py)
    ref/                        small tables made in Python
    clean/<table>/ds=D/b=B/     typed, deduplicated Parquet; B names the inputs it was computed from
    rejected/<table>/ds=D/b=B/  the rows left out, each with a reason
    gen/gen-N.duckdb, .json     a published generation (core, marts) and its manifest
    on/<engine>/                the same of another engine: clean, rejected, ref, gen, CURRENT; its core, marts and ledger are
                                folders of files, <layer>/<table>/g=N/ (on Hive g-N)
    models/<name>/<version>/    what was learnt: the model, how it was judged, its card
    truth/, truth.json          on a generated lake: what was planted
    """

    root: Path  # of a lake on HDFS: where its small files are kept for this process
    engine: str = ""  # another engine than the embedded one
    hdfs: HdfsFiles | None = None

    @property
    def files(self) -> Files:
        """Where the data files lie."""
        return self.hdfs or LocalFiles(self.root)

    @property
    def place(self) -> str:
        """How a person calls this lake."""
        return self.hdfs.uri if self.hdfs else str(self.root)

    def name_of(self, path: Path) -> str:
        """A path below the root as manifests write it."""
        return path.relative_to(self.root).as_posix()

    def address(self, path: Path) -> str:
        """How engines call a file or folder below the root."""
        return self.files.address(self.name_of(path))

    @property
    def home(self) -> Path:
        """Where an engine keeps what it makes; raw and landed are everybody's."""
        return self.root / "on" / self.engine if self.engine else self.root

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def receipts(self) -> Path:
        return self.root / "raw" / "_receipts"

    @property
    def landed(self) -> Path:
        return self.root / "landed"

    @property
    def ref(self) -> Path:
        return self.home / "ref"

    @property
    def clean(self) -> Path:
        return self.home / "clean"

    @property
    def rejected(self) -> Path:
        return self.home / "rejected"

    @property
    def generations(self) -> Path:
        return self.home / "gen"

    @property
    def truth(self) -> Path:
        return self.root / "truth"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def scratch(self) -> Path:
        """Work in progress. Whatever lies here when no one holds the lock is left over from a killed run."""
        return self.home / "tmp"

    @property
    def lock_file(self) -> Path:
        return self.root / "LOCK"

    @property
    def current_file(self) -> Path:
        return self.home / "CURRENT"

    @property
    def version_file(self) -> Path:
        return self.root / "format_version"

    @property
    def published_link(self) -> Path:
        return self.root / "published.duckdb"

    def raw_partition(self, table: str, ds: str) -> Path:
        return self.raw / table / f"ds={ds}"

    def require_folder(self, what: str) -> None:
        """Raises WrongUse on HDFS. `what` needs the data in a folder of this machine."""
        if self.hdfs:
            raise WrongUse(f"{self.place}: {what} needs a lake in a folder. Name one with --lake; `hdfs dfs -put` brings what was made there to HDFS.")

    def exists(self) -> bool:
        return self.version_file.exists()

    def create(self) -> None:
        """Make the folder a lake, or check that it is one this version can read.

        Raises Lacking when the folder cannot be written or was written by a newer version.
        """
        if self.hdfs:
            self.hdfs.pull()
        if self.exists():
            self.require()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not self.exists():
                write_atomically(self.version_file, f"{FORMAT_VERSION}\n")
                self.files.share(self.name_of(self.version_file))
        except OSError as e:
            raise Lacking(
                f"{self.root}: cannot be written ({e.strerror}). Choose another folder with --lake or SHOPLAKE_LAKE, "
                "or give this user the right to write there."
            ) from e

    def require(self) -> None:
        """Raise unless this folder is a lake that this version can read. Of a lake on HDFS the small files are those of now."""
        if self.hdfs:
            self.hdfs.pull()
        if not self.exists():
            raise WrongUse(
                f"{self.place}: no lake here (no file format_version). Make one with `shoplake generate all` or "
                "`shoplake ingest FILE`, or name the right folder with --lake or SHOPLAKE_LAKE."
            )
        text = self.version_file.read_text().strip()
        if not text.isdigit():
            raise WrongUse(
                f"{self.version_file}: found {text!r}, expected a number. The file is damaged: write {FORMAT_VERSION} into it."
            )
        if int(text) > FORMAT_VERSION:
            raise Lacking(
                f"{self.version_file}: this lake has format {text}, this shoplake reads up to {FORMAT_VERSION}. "
                "Install a newer shoplake; nothing was changed."
            )


def write_atomically(path: Path, data: str | bytes) -> None:
    """Put a whole file at `path` or leave what was there: temporary file, fsync, replace, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as f:
            f.write(data.encode() if isinstance(data, str) else data)
            f.flush()
            os.fsync(f.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    fsync(path.parent)


@contextmanager
def disk_in_words(lake: Lake, so_far: str = "Nothing was landed") -> Iterator[None]:
    """Turn a failing disk into Lacking. `so_far`: how far the work came."""
    try:
        yield
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            what, remedy = f"{lake.root}: the disk is full", "free some space"
        else:
            what, remedy = f"{e.filename or lake.root}: cannot be written ({e.strerror or e})", "mend that"
        raise Lacking(f"{what}. {so_far}; {remedy} and run the same command again.") from e


def parse_day(text: str, what: str) -> dt.date:
    """A day written YYYY-MM-DD. Raises WrongUse naming the option."""
    try:
        if len(text) != 10:
            raise ValueError
        return dt.date.fromisoformat(text)
    except ValueError:
        raise WrongUse(f"{what}: found {text!r}, expected a day like 2026-01-31.") from None
