"""A lake in a folder of the test's own, and a way to land bytes in it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from shoplake.contracts import Contracts, load
from shoplake.ingest.land import Request, land
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import raw_partitions

DS = "2026-01-31"


@dataclass
class Shop:
    folder: Path
    lake: Lake
    contracts: Contracts

    def file(self, name: str, data: bytes | str) -> Path:
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def land(self, name: str, data: bytes | str | Path, ds: str = DS, **wanted: object) -> dict:
        path = data if isinstance(data, Path) else self.file(name, data)
        return land(self.lake, path, Request(ds, threads=1, **wanted), self.contracts)

    def header(self, table: str) -> str:
        return ",".join(self.columns(table))

    def columns(self, table: str) -> list[str]:
        return self.contracts.tables[f"raw.{table}"].names

    def line(self, table: str, **values: str) -> str:
        return ",".join(values.get(c, "") for c in self.columns(table))

    def plain(self, table: str) -> bytes:
        """All plain bytes of a table, as they lie."""
        return b"".join((self.lake.root / f.path).read_bytes() for f in self.files(table) if f.kind == "plain")

    def odd(self, table: str) -> list[dict]:
        data = b"".join((self.lake.root / f.path).read_bytes() for f in self.files(table) if f.kind == "odd")
        return [json.loads(line) for line in data.splitlines()]

    def rows(self, table: str) -> list[dict[str, str]]:
        """All rows that can be read, plain ones first, as column -> text; empty values left out."""
        found = []
        for file in self.files(table):
            if file.kind == "plain":
                lines = (self.lake.root / file.path).read_text().split("\n")[1:-1]
                found += [dict(zip(self.columns(table), line.split(","), strict=True)) for line in lines]
        found += [{k: r[k] for k in self.columns(table)} for r in self.odd(table) if not r["is_malformed"]]
        return [{k: v for k, v in row.items() if v} for row in found]

    def files(self, table: str) -> list:
        return [f for (t, _), files in raw_partitions(self.lake).items() if t == table for f in files]

    def everything(self) -> dict[str, bytes]:
        """Every file of the lake but the lock, by its path."""
        root = self.lake.root
        paths = [p for p in root.rglob("*") if p.is_file() and p.name != ".lock"]
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in paths}


@pytest.fixture(scope="session")
def contracts() -> Contracts:
    return load()


@pytest.fixture
def shop(tmp_path: Path, contracts: Contracts) -> Shop:
    return Shop(tmp_path, Lake(tmp_path / "lake"), contracts)


@pytest.fixture
def users(shop: Shop) -> Callable[[int], str]:
    """A users file of n rows."""

    def make(n: int) -> str:
        rows = [shop.line("users", user_id=f"U{i}", city="Köln", updated_at="2026-01-05T10:00:00Z") for i in range(n)]
        return "\n".join([shop.header("users"), *rows]) + "\n"

    return make


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out money and days: half the time of landing three lines."""
    monkeypatch.setattr("shoplake.ingest.land.measure", lambda *_: ([], {}))
