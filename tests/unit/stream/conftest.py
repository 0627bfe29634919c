from collections.abc import Iterator

import pytest

from shoplake.stream.broker import Broker
from tests.unit.stream.kafka import mock_broker


@pytest.fixture
def broker() -> Iterator[Broker]:
    with mock_broker() as found:
        yield found
