"""Two small shops, made once: one with heavy mess, one without any."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shoplake.generate.options import TABLES, Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake

from . import judge


@dataclass
class Shop:
    """A generated lake, its truth, and the second opinion on it."""

    plan: Plan
    lake: Lake
    truth: dict[str, Any]
    verdicts: dict[str, judge.Verdicts]


def _shop(level: str, parts: int, **sizes: int) -> Iterator[Shop]:
    with tempfile.TemporaryDirectory() as folder:
        lake, plan = Lake(Path(folder)), Plan(mess=mess_rates(level, []), **sizes)
        generate(lake, plan, list(TABLES), parts, processes=1)
        truth = judge.truth(lake)
        yield Shop(plan, lake, truth, judge.judge(lake, set(truth["bot_agents"]["unlisted"])))


@pytest.fixture(scope="session")
def messy() -> Iterator[Shop]:
    yield from _shop("heavy", 2, events=20_000, transactions=10_000, users=2_500, products=500)


@pytest.fixture(scope="session")
def tidy() -> Iterator[Shop]:
    yield from _shop("none", 1, events=40_000, transactions=20_000, users=5_000, products=800)
