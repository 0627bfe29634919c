"""Versions of a model: a folder each, whole or not there, never changed.

models/<name>/000001/record.json           what it was taught with and is asked with, and how it was judged
models/<name>/000001/card.html             the same for people
models/<name>/000001/predictions.parquet   what it said of those who judge, and what they did
models/churn/000001/model.json             numbers by name
models/recommend/000001/users.parquet      factors; so products.parquet
models/<name>/000001/mllib/                Spark's own model, when Spark taught it
models/mlflow.jsonl                        what was sent to MLflow (tracking.py)
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake import __version__
from shoplake.errors import WrongUse
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake, disk_in_words
from shoplake.lake.publish import kill_point
from shoplake.learn.records import KINDS, check

NAMES = tuple(KINDS)
PUBLISHED = ("churn", "recommend")  # ratings are from elsewhere: there is nobody in the shop to publish them for


Content: TypeAlias = str | pa.Table | Callable[[Path], None]


@dataclass(frozen=True)
class Version:
    """One version, read."""

    folder: Path
    number: int
    record: dict[str, Any]

    def text(self, file: str) -> str:
        """A file of it. Raises WrongUse when it is missing or no text."""
        try:
            return (self.folder / file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as e:
            raise WrongUse(f"{self.folder / file}: damaged or missing ({e}). Use another version, or train a new one.") from e


def folder_of(lake: Lake, name: str) -> Path:
    """Raises WrongUse for a model there is none of."""
    if name not in NAMES:
        raise WrongUse(f"{name}: no such model. There is {', '.join(NAMES)}.")
    return lake.models / name


def require_published(name: str) -> None:
    """Raises WrongUse for a model of which nothing can be published."""
    if name in NAMES and name not in PUBLISHED:
        raise WrongUse(f"{name}: taught by a file from elsewhere; it cannot be published. Those that can: {', '.join(PUBLISHED)}.")


def numbers(lake: Lake, name: str) -> list[int]:
    """The versions that are there, oldest first."""
    folder = folder_of(lake, name)
    return sorted(int(p.name) for p in folder.glob("[0-9]*") if p.name.isdigit()) if folder.is_dir() else []


def keep(lake: Lake, name: str, files: Mapping[str, Content], record: dict[str, Any], card: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    """Write a version: its files (text, a table as Parquet, or what writes a folder itself), its record, and the card that is made of the record. Returns the record as it
    is kept, with `version` and `shoplake`. A run that is killed leaves none."""
    with disk_in_words(lake, "No version was kept"):
        return _kept(folder_of(lake, name), lake, name, files, record, card)


def _kept(home: Path, lake: Lake, name: str, files: Mapping[str, Content], record: dict[str, Any], card: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    home.mkdir(parents=True, exist_ok=True)
    stage = home / f".{os.getpid()}.tmp"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    for file, content in files.items():
        _write(stage / file, content)
    number = max(numbers(lake, name), default=0) + 1
    while True:
        kept = {"version": number, "shoplake": __version__, **record}
        _write(stage / "record.json", json.dumps(kept, indent=1) + "\n")
        _write(stage / "card.html", card(kept) + "\n")
        try:
            os.rename(stage, home / f"{number:06d}")
        except OSError:
            if not (home / f"{number:06d}").exists():
                raise
            number += 1  # another run took the number
            continue
        fsync(home)
        return kept


def _write(path: Path, content: Content) -> None:
    if isinstance(content, str):
        path.write_text(content, encoding="utf-8")
    elif isinstance(content, pa.Table):
        pq.write_table(content, path, compression="zstd")
    else:
        content(path)
    for one in [path, *path.rglob("*")]:
        fsync(one)
    kill_point("in_version")


def read(lake: Lake, name: str, number: int | None = None) -> Version:
    """A version, by default the newest. Raises WrongUse when there is none, or its files are damaged."""
    there = numbers(lake, name)
    if not there:
        raise WrongUse(f"{folder_of(lake, name)}: no version yet. Run `shoplake learn train {'recommend --ratings FILE' if name == 'ratings' else name}`.")
    number = there[-1] if number is None else number
    if number not in there:
        raise WrongUse(f"{name} has no version {number}. There are {', '.join(map(str, there))}.")
    folder = folder_of(lake, name) / f"{number:06d}"
    record = read_json(folder / "record.json")
    check(name, record, folder / "record.json")
    return Version(folder, number, {**record, "version": number})


def read_json(file: Path) -> dict[str, Any]:
    """A file of a version. Raises WrongUse when it is missing or damaged."""
    try:
        return dict(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as e:
        raise WrongUse(f"{file}: damaged or missing ({e}). Use another version, or train a new one.") from e


# A column of `learn history`: where a record has it, how it is written.
COLUMNS: dict[str, dict[str, Callable[[dict[str, Any]], str]]] = {
    "churn": {
        "taught": lambda r: r["train_cut"], "judged": lambda r: r["test_cut"], "users": lambda r: f"{r['users_taught']:,}",
        "AUC": lambda r: f"{r['model']['auc']['value']:.3f}", "PR-AUC": lambda r: f"{r['model']['pr_auc']['value']:.3f}", "Brier": lambda r: f"{r['model']['brier']['value']:.3f}",
    },
    "recommend": {
        "cut": lambda r: r["cut"], "users": lambda r: f"{r['users_taught']:,}", "NDCG@10": lambda r: f"{r['model']['ndcg']['value']:.4f}",
        "popularity": lambda r: f"{r['baselines']['popularity']['ndcg']['value']:.4f}", "item-item": lambda r: f"{r['baselines']['item-item cosine']['ndcg']['value']:.4f}",
        "coverage": lambda r: f"{r['model']['coverage']:.3f}",
    },
    "ratings": {
        "kind": lambda r: "explicit" if r["explicit"] else "implicit", "pairs": lambda r: f"{r['pairs_taught']:,}",
        "RMSE": lambda r: f"{r['model']['rmse']:.4f}" if r["explicit"] else "", "NDCG@10": lambda r: "" if r["explicit"] else f"{r['model']['ndcg']['value']:.4f}",
    },
}  # fmt: skip


def alias(number: int, champion: int | None, newest: int) -> str:
    """champion: the version that the published tables are of; challenger: the newest one, when it is another."""
    return "champion" if number == champion else "challenger" if number == newest else ""


def history_as_text(name: str, records: list[dict[str, Any]]) -> str:
    """A line a version; each record has its `alias`."""
    columns = COLUMNS[name]
    lines = [f"{'version':>7}" + "".join(f"{label:>12}" for label in columns)]
    return "\n".join([*lines, *(f"{r['version']:>7}" + "".join(f"{of(r):>12}" for of in columns.values()) + (f"  {r['alias']}" if r["alias"] else "") for r in records)])
