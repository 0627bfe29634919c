"""Rooms that build one shop for all their tests run in one process each, so that it is built once."""

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_SHOP = (
    "tests/realism/",
    "tests/recompute/",
    "tests/unit/generate/",
    "tests/unit/look/",
    "tests/unit/build/test_incremental.py",
    "tests/unit/build/test_kills.py",
)


class ByRoom(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Rooms with a shop first, each to one process, then all other tests one by one."""

    def _split_scope(self, nodeid: str) -> str:
        return next((room for room in ONE_SHOP if nodeid.startswith(room)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    return ByRoom(config, log)
