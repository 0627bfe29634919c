"""The verb `init`."""

from pathlib import Path
from typing import Annotated

import typer


def init(folder: Annotated[Path, typer.Argument(help="Folder to write to", metavar="DIR")]) -> None:
    """Give a shop its own copy of the contracts and models, to change as it likes.

    Example: shoplake init my-shop && cd my-shop && shoplake build
    """
    from shoplake.contracts.project import init as write
    from shoplake.terminal import out

    written = write(folder)
    out(f"Wrote {len(written)} files to {folder}: contracts/ (columns and tables), warehouse/ (models), shoplake.toml.")
    out(f"In {folder}, `shoplake` uses them; elsewhere name them: shoplake --project {folder} build")
