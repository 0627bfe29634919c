"""Versions of a model: a folder each, whole or not there, never changed.

models/<name>/000001/model.json    the model: numbers by name
models/<name>/000001/record.json   what it was taught with, and how it was judged
models/<name>/000001/card.html     the same for people
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoplake import __version__
from shoplake.errors import WrongUse
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake
from shoplake.lake.publish import kill_point

NAMES = ("churn",)


@dataclass(frozen=True)
class Version:
    """One version, read."""

    folder: Path
    number: int
    model: dict[str, Any]
    record: dict[str, Any]


def folder_of(lake: Lake, name: str) -> Path:
    """Raises WrongUse for a model there is none of."""
    if name not in NAMES:
        raise WrongUse(f"{name}: no such model. There is {', '.join(NAMES)}.")
    return lake.models / name


def numbers(lake: Lake, name: str) -> list[int]:
    """The versions that are there, oldest first."""
    folder = folder_of(lake, name)
    return sorted(int(p.name) for p in folder.glob("[0-9]*") if p.name.isdigit()) if folder.is_dir() else []


def keep(lake: Lake, name: str, model: dict[str, Any], record: dict[str, Any], card: str) -> int:
    """Write a version; its number. A run that is killed leaves none."""
    home = folder_of(lake, name)
    home.mkdir(parents=True, exist_ok=True)
    stage = home / f".{os.getpid()}.tmp"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    number = max(numbers(lake, name), default=0) + 1
    content = {"model.json": json.dumps(model, indent=1), "record.json": json.dumps({"version": number, "shoplake": __version__, **record}, indent=1), "card.html": card}
    for file, text in content.items():
        (stage / file).write_text(text + "\n", encoding="utf-8")
        fsync(stage / file)
        kill_point("in_version")
    while True:
        try:
            os.rename(stage, home / f"{number:06d}")
            break
        except OSError:  # another run took the number
            if not (home / f"{number:06d}").exists():
                raise
            number += 1
            (stage / "record.json").write_text(json.dumps({"version": number, "shoplake": __version__, **record}, indent=1) + "\n", encoding="utf-8")
    fsync(home)
    return number


def read(lake: Lake, name: str, number: int | None = None) -> Version:
    """A version, by default the newest. Raises WrongUse when there is none, or its files are damaged."""
    there = numbers(lake, name)
    if not there:
        raise WrongUse(f"{folder_of(lake, name)}: no version yet. Run `shoplake learn train {name}`.")
    number = there[-1] if number is None else number
    if number not in there:
        raise WrongUse(f"{name} has no version {number}. There are {', '.join(map(str, there))}.")
    folder = folder_of(lake, name) / f"{number:06d}"
    found = []
    for file in ("model.json", "record.json"):
        try:
            found.append(json.loads((folder / file).read_text(encoding="utf-8")))
        except (OSError, ValueError) as e:
            raise WrongUse(f"{folder / file}: damaged or missing ({e}). Use another version, or train a new one.") from e
    return Version(folder, number, *found)
