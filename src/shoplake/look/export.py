"""A generation's clean and ref tables as plain folders of Parquet, for engines that read folders: Hive, Impala, Spark."""

import datetime as dt
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.build import reference
from shoplake.contracts import Contracts, load
from shoplake.errors import Lacking, WrongUse
from shoplake.lake.layout import Lake, write_atomically
from shoplake.lake.manifest import Manifest, read_manifest
from shoplake.settings import Session, zone

# Stands in a folder that was exported to, and says what lies there.
MARK = "EXPORT"
CLEAN, REF = "clean", "ref"


def export(session: Session, folder: Path, generation: int | None = None) -> dict[str, Any]:
    """Make `folder` hold clean/<table>/ds=D/ and ref/<table>/ of a generation, by default the published one, and nothing else.

    A partition that is there already stays as it is, file by file; what the generation does not hold is taken away. Readers
    see the partitions change one after the other. Raises WrongUse when nothing was published or the folder holds something
    else; Lacking when it cannot be written or a file of the lake is missing.
    """
    session.lake.require_folder("export")
    lake = Lake(session.lake.root.resolve())
    manifest = read_manifest(lake, generation)
    folder = folder.absolute()
    if folder.is_relative_to(lake.root) or lake.root.is_relative_to(folder):
        raise WrongUse(f"{folder}: the lake itself. Export into a folder of its own.")
    if folder.exists() and not (folder / MARK).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUse(f"{folder}: holds something that no export put there, or is no folder. Choose an empty folder, or a new one.")
    files = {f"{CLEAN}/{p.table}/ds={p.ds}/{p.b}-{Path(f.path).name}": lake.root / f.path for p in manifest.partitions for f in p.clean_files}
    files |= {f"{REF}/{name}/{Path(f.path).name}": lake.root / f.path for name, f in manifest.ref_files.items()}
    contracts = load(session["project"])
    made = {f"{REF}/{t.name}/rows.parquet": t.name for t in contracts.layer(REF) if t.name not in manifest.ref_files}
    try:
        write_atomically(folder / MARK, f"generation {manifest.generation}\n")
        copied = [_copy(source, folder / name) for name, source in files.items() if not _is_there(source, folder / name)]
        for name, table in made.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            _replace(folder / name, lambda path, table=table: pq.write_table(reference_table(lake, manifest, contracts, table), path))
        removed = _remove_others(folder, {*files, *made})
    except OSError as e:
        raise Lacking(f"{e.filename or folder}: {e.strerror or e}. Put right what is missing or full, and run the same again.") from e
    return {"generation": manifest.generation, "folder": str(folder), "files": len(files) + len(made), "copied": len(copied), "removed": removed}


def reference_table(lake: Lake, manifest: Manifest, contracts: Contracts, name: str) -> pa.Table:
    """A table of the ref layer as the generation was built with it."""
    settings = manifest.settings
    if name in manifest.ref_files:
        return pq.read_table(lake.root / manifest.ref_files[name].path)
    if name == "enums":
        return reference.enums(contracts)
    if name == "shop":
        return reference.shop(settings["timezone"], settings["currency"])
    return reference.run(dt.date.fromisoformat(manifest.as_of), zone(settings["timezone"], "timezone"))


def _is_there(source: Path, target: Path) -> bool:
    """Names carry what the files were made from, so the same name and size is the same file."""
    return target.exists() and target.stat().st_size == source.stat().st_size


def _copy(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    _replace(target, lambda path: shutil.copyfile(source, path))
    return target


def _replace(target: Path, write: Any) -> None:
    """Names that begin with a dot are passed over by Hive, Impala and Spark."""
    temporary = target.with_name(f".{target.name}.tmp")
    write(temporary)
    os.replace(temporary, target)


def _remove_others(folder: Path, wanted: set[str]) -> int:
    others = [p for layer in (CLEAN, REF) for p in sorted((folder / layer).rglob("*")) if p.is_file() and p.relative_to(folder).as_posix() not in wanted]
    for path in others:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    return len(others)


def exported_as_text(found: dict[str, Any]) -> str:
    return f"Generation {found['generation']}: {found['files']} files in {found['folder']} ({found['copied']} copied, {found['removed']} taken away)."
