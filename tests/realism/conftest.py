"""One generated and built shop of medium size."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.engines.duckdb import DuckDB
from shoplake.generate.options import TABLES, Plan
from shoplake.generate.realism import References, click_figures, opened, order_figures, read_references
from shoplake.generate.realism_found import Found, find
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from tests.making import session

# Robots take part of a block's events: with fewer, the slow kinds would not live long enough to be known by what they do.
PLAN = Plan(events=600_000, transactions=60_000, users=12_000, products=2_000)
REFERENCES = Path(__file__).parent / "references.json"


def make(root: Path, plan: Plan) -> Lake:
    lake = Lake(root)
    generate(lake, plan, list(TABLES), parts=2)
    build(session(root, threads="2", memory="2GB"), Options())
    return lake


@dataclass
class Shop:
    """A lake, its figures, and what was found of what was planted."""

    plan: Plan
    lake: Lake
    references: References
    values: dict[str, float]
    found: Found
    engine: DuckDB

    @property
    def truth(self) -> dict[str, Any]:
        return json.loads((self.lake.root / "truth.json").read_text())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "shop" in getattr(item, "fixturenames", ()) and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("made")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    lake = make(tmp_path_factory.mktemp("realism"), PLAN)
    with opened(lake) as engine:
        values = {**click_figures(engine), **order_figures(engine)}
        yield Shop(PLAN, lake, read_references(REFERENCES), values, find(lake), engine)
