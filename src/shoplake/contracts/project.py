"""Where contracts/ and warehouse/ lie: in a folder of the shop's own, in the installed package, or in a checkout."""

from pathlib import Path

from shoplake.errors import WrongUse

PACKAGED = Path(__file__).resolve().parent.parent / "project"
CHECKOUT = Path(__file__).resolve().parents[3]


def project_folder(named: str = "") -> Path:
    """The folder that holds contracts/ and warehouse/. Raises WrongUse when the named one does not."""
    if named:
        folder = Path(named)
        if not (folder / "contracts" / "columns.yml").exists() or not (folder / "warehouse").is_dir():
            raise WrongUse(
                f"{folder}: no project here (contracts/columns.yml and warehouse/ expected). `shoplake init {folder}` makes one."
            )
        return folder
    if PACKAGED.is_dir():
        return PACKAGED
    return CHECKOUT
