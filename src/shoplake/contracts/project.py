"""Where contracts/ and warehouse/ lie: in a folder of the shop's own, in the installed package, or in a checkout."""

from pathlib import Path

from shoplake.errors import Lacking, WrongUse

PACKAGED = Path(__file__).resolve().parent.parent / "project"
CHECKOUT = Path(__file__).resolve().parents[3]


def project_folder(named: str = "") -> Path:
    """The folder that holds contracts/ and warehouse/. Raises WrongUse when the named one does not."""
    if named:
        folder = Path(named)
        if not (folder / "contracts" / "columns.yml").exists() or not (folder / "warehouse").is_dir():
            raise WrongUse(
                f"{folder}: no project here (contracts/columns.yml and warehouse/ expected). If it was moved, name it: `shoplake --project DIR ...`; `shoplake init DIR` makes a new one."
            )
        return folder
    if PACKAGED.is_dir():
        return PACKAGED
    return CHECKOUT


def init(folder: Path) -> list[Path]:
    """Copy the package's contracts/ and warehouse/ into a folder of the shop's own; returns what was written.

    Raises WrongUse when the folder holds either already, Lacking when it cannot be written.
    """
    source = project_folder()
    for part in ("contracts", "warehouse"):
        if (folder / part).exists():
            raise WrongUse(f"{folder / part}: is there already. Choose an empty folder, or move it away.")
    written = []
    try:
        for part in ("contracts", "warehouse"):
            for path in sorted((source / part).rglob("*")):
                if path.suffix in (".yml", ".sql"):
                    target = folder / path.relative_to(source)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(path.read_bytes())
                    written.append(target)
        settings = folder / "shoplake.toml"
        if not settings.exists():
            settings.write_text(
                '# Settings of this shop; `shoplake doctor --config` shows all of them.\nproject = "."\n',
                encoding="utf-8",
            )
            written.append(settings)
    except OSError as e:
        raise Lacking(f"{e.filename or folder}: cannot be written ({e.strerror}). Choose another folder.") from e
    return written
