"""The named functions give what functions.yml says, on every engine."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from shoplake.build.subset import NAMED_FUNCTIONS
from tests.models.cases import ARROW, HERE, PARSE, read_yaml
from tests.models.runners import ENGINES, Runner
from tests.models.test_models import proves, runner

TABLE: dict[str, list[dict[str, str]]] = read_yaml(HERE / "functions.yml")
# Function -> type of its arguments, type of its answer. An argument named `scale` is a literal.
TYPES = {
    "tidy": ("text", "text"), "fold": ("text", "text"), "to_int": ("text", "bigint"), "to_decimal": ("text", "decimal"),
    "to_time": ("text", "timestamp"), "to_day": ("text", "date"), "micros": ("timestamp", "bigint"), "day_of": ("bigint", "date"), "ratio": ("decimal", "decimal"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("function", TYPES)
def test_function(function: str, kind: type[Runner], record_property: Any) -> None:
    proves(record_property, runner(kind), function)
    given, answer = TYPES[function]
    arguments = ["a", "b"] if function == "ratio" else ["x"]
    arrow = {**ARROW, "decimal": pa.decimal128(18, 4)}[given]
    wrong = []
    for scale in dict.fromkeys(row.get("scale") for row in TABLE[function]):
        rows = [row for row in TABLE[function] if row.get("scale") == scale]
        columns = pa.table({a: pa.array([_parse(given, row.get(a)) for row in rows], arrow) for a in arguments})
        found = runner(kind).call(function, columns, (scale,) if scale else ())
        for row, value in zip(rows, found, strict=True):
            wanted = _parse(answer, row.get("is"))
            if value != wanted or type(value) is not type(wanted):
                wrong.append(f"{row}: found {value!r}")
    assert not wrong, "\n".join(wrong)


def _parse(kind: str, text: str | None) -> Any:
    return None if text is None else PARSE[kind](text)


def test_the_table_covers_every_named_function() -> None:
    assert set(TABLE) == set(TYPES) == {name.lower() for name in NAMED_FUNCTIONS}
    assert all(len(rows) >= 10 for rows in TABLE.values())


@pytest.mark.parametrize("kind", ENGINES)
def test_a_ratio_is_exact_where_a_double_is_not(kind: type[Runner]) -> None:
    pairs = [(Decimal(a) / 100, Decimal(b)) for a in range(-60, 61) for b in (3, 7, 8, 16, 80, 2000)]
    columns = pa.table({n: pa.array([p[i] for p in pairs], pa.decimal128(18, 4)) for i, n in enumerate("ab")})
    found = runner(kind).call("ratio", columns, ("6",))
    assert found == [(a / b).quantize(Decimal("0.000001"), "ROUND_HALF_UP") for a, b in pairs]


@pytest.mark.parametrize("kind", ENGINES)
def test_every_day_of_a_leap_year_and_of_a_common_one_is_a_time(kind: type[Runner]) -> None:
    texts = [f"{y}-{m:02}-{d:02}" for y in (2023, 2024) for m in range(14) for d in range(33)]
    columns = pa.table({"x": pa.array([f"{t}T12:00:00Z" for t in texts], pa.string())})
    assert [v for v in runner(kind).call("to_time", columns, ()) if v is not None] == [
        dt.datetime(2023, 1, 1, 12) + dt.timedelta(n) for n in range(731)
    ]
