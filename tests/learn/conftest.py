"""A made shop, built once; and commands, asked as those that look are."""

from collections.abc import Iterator

import pytest

from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.generate.options import TABLES, Plan
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.look.opened import Opened, opened
from tests.making import session
from tests.unit.look.conftest import ask

__all__ = ["ask"]

PLAN = Plan(events=60_000, transactions=50_000, users=10_000, products=500)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("learn") / "shop")
    generate(lake, PLAN, list(TABLES), parts=2)
    build(session(lake.root, threads="2", memory="2GB"), Options())
    return lake


@pytest.fixture
def one(shop: Lake) -> Iterator[Opened]:
    with opened(session(shop.root, threads="2")) as found:
        yield found
