from collections.abc import Iterator

import pytest

from shoplake.stream.broker import Broker
from tests.unit.stream.kafka import mock_broker


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A poll of messages lasts its whole time; here they are few, and there at once."""
    monkeypatch.setattr("shoplake.stream.consume.SLICE", 0.03)


@pytest.fixture
def broker() -> Iterator[Broker]:
    with mock_broker() as found:
        yield found
