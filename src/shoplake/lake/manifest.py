"""A generation's manifest: every file it stands on, with SHA-256, rows and bytes, and what it was computed from."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from shoplake.errors import Lacking, WrongUse
from shoplake.lake.files import fsync
from shoplake.lake.layout import FORMAT_VERSION, Lake


class DataFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the lake, by its path from the lake's root."""

    path: str
    rows: int
    bytes: int
    sha256: str


class Partition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of one raw partition. landed = clean + duplicate + rejected."""

    table: str
    ds: str
    b: str  # twelve hex digits of what it was computed from: raw files, model, contract, settings
    landed: int
    clean: int
    duplicate: int
    rejected: int
    nulled: int
    reasons: dict[str, int]  # "reason:column" -> rows
    clean_files: list[DataFile]
    rejected_files: list[DataFile]


class Champion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The version of a model whose tables a generation holds."""

    version: int
    previous: list[int]  # those before it, the newest last
    tables: list[str]
    options: dict[str, Any] = {}  # how the tables were made of the version


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One published generation."""

    generation: int
    parent: int | None
    shoplake_version: str
    as_of: str
    settings: dict[str, str]  # timezone, currency, country: what the figures depend on
    fingerprints: dict[str, str]  # table -> what its rows are computed from, data apart
    database: DataFile | None  # of the embedded engine; the others keep a table in files of its own
    ref_files: dict[str, DataFile]
    partitions: list[Partition]
    tables: dict[str, int]  # core, marts, ledger table -> rows
    touched: dict[
        str, list[str]
    ]  # partitioned core table -> its days that this build rewrote; all of them on a full build
    is_full: bool
    told: list[str]  # tell-level findings
    closed_until: str = ""  # days before it were closed and vouched for
    table_files: dict[str, list[DataFile]] = {}  # core, marts and ledger tables that are files
    costs: list[dict[str, Any]] = []  # what each step cost, by the engine's own account, where it keeps one
    models: dict[str, Champion] = {}
    format_version: int = FORMAT_VERSION

    def partition_map(self) -> dict[tuple[str, str], Partition]:
        return {(p.table, p.ds): p for p in self.partitions}

    def database_file(self) -> DataFile:
        """The embedded engine's file. Raises WrongUse when another engine made this generation."""
        if self.database is None:
            raise WrongUse(f"generation {self.generation} has no DuckDB file: another engine made it. Use --engine.")
        return self.database

    def files(self) -> list[DataFile]:
        """Every file this generation stands on, raw apart."""
        found = [*([self.database] if self.database else []), *self.ref_files.values()]
        for files in self.table_files.values():
            found += files
        for p in self.partitions:
            found += p.clean_files + p.rejected_files
        return found


def database_written(lake: Lake, path: Path, rows: int) -> DataFile:
    """A database file that is whole, on disk for good."""
    fsync(path)
    fsync(path.parent)
    return DataFile(path.relative_to(lake.root).as_posix(), rows, path.stat().st_size, sha256_of(path))


def sha256_of(path: Path) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def manifest_path(lake: Lake, generation: int) -> Path:
    return lake.generations / f"gen-{generation:06d}.json"


def database_path(lake: Lake, generation: int) -> Path:
    return lake.generations / f"gen-{generation:06d}.duckdb"


def kept_generations(lake: Lake) -> list[int]:
    """Numbers of the generations that lie in the lake whole, oldest first."""
    found = []
    for path in lake.generations.glob("gen-*.json"):
        number = path.stem.removeprefix("gen-")
        if number.isdigit():
            found.append(int(number))
    return sorted(found)


def current_generation(lake: Lake) -> int | None:
    """What CURRENT names; None before the first publication. Raises WrongUse when it names nothing that is there."""
    try:
        text = lake.current_file.read_text().strip()
    except FileNotFoundError:
        return None
    number = text.removeprefix("gen-")
    if not number.isdigit() or not manifest_path(lake, int(number)).exists():
        kept = ", ".join(f"gen-{n:06d}" for n in kept_generations(lake)) or "none"
        raise WrongUse(
            f"{lake.current_file}: found {text!r}, expected the name of a kept generation ({kept}). Write one of these names into it."
        )
    return int(number)


def read_manifest(lake: Lake, generation: int | None = None) -> Manifest:
    """The manifest of a generation, by default the published one.

    Raises WrongUse when nothing was published, the generation is not kept or its manifest is damaged; Lacking when a
    newer version wrote it.
    """
    lake.require()
    number = current_generation(lake) if generation is None else generation
    if number is None:
        raise WrongUse(f"{lake.place}: nothing has been published yet. Run `shoplake --lake {lake.place} build`.")
    path = manifest_path(lake, number)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        kept = ", ".join(str(n) for n in kept_generations(lake))
        raise WrongUse(f"generation {number}: not kept. Kept: {kept}.") from None
    try:
        version = msgspec.json.decode(data, type=_Versioned).format_version
        if version > FORMAT_VERSION:
            raise Lacking(
                f"{path}: written by a newer shoplake (format {version}, this one reads {FORMAT_VERSION}). Install it; nothing was changed."
            )
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as e:
        raise WrongUse(
            f"{path}: damaged ({e}). Point CURRENT to another generation, or run `shoplake build --full`."
        ) from e


class _Versioned(msgspec.Struct):
    format_version: int = FORMAT_VERSION
