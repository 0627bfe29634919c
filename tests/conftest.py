"""Tests that look at one shop, or at one server, run in one process, so that it is built, or started, once."""

import gc
import os
import re

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_SHOP = (
    "tests/recompute/",
    "tests/unit/generate/",
    "tests/unit/look/",
    "tests/unit/build/test_incremental.py",
    "tests/unit/build/test_kills.py",
)


class ByRoom(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Rooms with a shop or a server first, each to one process, then all other tests one by one."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/system/"):
            file, _, test = nodeid.partition("::")
            return file + "".join(re.findall(r"\[(?:made|uci|year)\]", test))
        return next((room for room in ONE_SHOP if nodeid.startswith(room)), nodeid)


def pytest_configure() -> None:
    """What tests learn goes to no server that a person looks at."""
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]


def pytest_collection_finish() -> None:
    """What collection made lives to the end: the collector of garbage need not walk it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def pytest_unconfigure() -> None:
    gc.unfreeze()  # at the end some libraries report what no collector has taken
    gc.collect()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return ByRoom(config, log)
