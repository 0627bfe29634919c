"""The content hash: independent of order and of who wrote the rows, and of nothing else."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shoplake.contracts import Column, Table
from shoplake.contracts.model import TableSpec
from shoplake.errors import WrongUse
from shoplake.look.hashes import arrow_schema, combined, content_hash
from tests.making import deliver, run
from tests.unit.look.conftest import Ask


def table(**types: str) -> Table:
    columns = tuple(Column(n, t, "public", n, arrival=n == "ds") for n, t in types.items())
    return Table(
        "core",
        "made_up",
        TableSpec("a row", "nobody", list(types), key=[next(iter(types))]),
        columns,
        Path("made_up.yml"),
    )


WIDE = table(t="text", b="boolean", n="bigint", d="date", at="timestamp", m="decimal(18,4)", ds="date")
ROWS: list[dict[str, Any]] = [
    {"t": "é~", "b": True, "n": -1, "d": dt.date(1969, 12, 31), "at": dt.datetime(2025, 3, 30, 1, 2, 3, 4), "m": Decimal("1.5000")},
    {"t": "", "b": False, "n": 2**62, "d": dt.date(2025, 1, 1), "at": dt.datetime(1969, 1, 1), "m": Decimal("-0.0001")},
    {"t": None, "b": None, "n": None, "d": None, "at": None, "m": None},
]  # fmt: skip


def of(rows: list[dict[str, Any]], t: Table = WIDE) -> str:
    return content_hash(pa.Table.from_pylist(rows, schema=arrow_schema(t)), t)


def test_order_batches_and_arrival_do_not_matter() -> None:
    whole = pa.Table.from_pylist(ROWS, schema=arrow_schema(WIDE))
    assert of(ROWS) == of(ROWS[::-1])
    assert content_hash(pa.RecordBatchReader.from_batches(whole.schema, whole.to_batches(max_chunksize=1)), WIDE) == of(
        ROWS
    )
    assert content_hash(whole.append_column("ds", pa.array([dt.date(2025, 1, n) for n in (1, 2, 3)])), WIDE) == of(ROWS)


def test_the_hash_is_the_one_written_down() -> None:
    """Any change of the expression changes every stored hash: this value stands."""
    assert of(ROWS) == GOLDEN
    assert of([]) == "0" * 40


GOLDEN = "0000000380f160c3386b8dfbb94399d2f1f9edf5"


def test_every_value_matters() -> None:
    found = {of(ROWS)}
    for name in ("t", "b", "n", "d", "at", "m"):
        found.add(of([{**ROWS[0], name: ROWS[1][name]}, *ROWS[1:]]))
    found |= {of([*ROWS, ROWS[0]]), of(ROWS[:2]), of([ROWS[0], ROWS[0], ROWS[2]])}
    assert len(found) == 10


def test_null_empty_and_the_marks_themselves_differ() -> None:
    t = table(a="text", b="text")
    traps = [
        (None, None),
        ("", ""),
        ("~", None),
        (None, "~"),
        ("~~", ""),
        ("~", "~"),
        ("0:", ""),
        ("", "0:"),
        ("1:~", None),
        ("a", "b"),
        ("ab", ""),
        ("", "ab"),
        ("a1:b", ""),
        ("a", "1:b"),
    ]
    assert len({of([{"a": a, "b": b}], t) for a, b in traps}) == len(traps)


def test_other_engines_ways_to_write_the_same_hash_alike() -> None:
    """Spark: zones and dictionaries. Hive's ORC: nanoseconds and wider decimals. Old Parquet: bytes for text."""
    schema = arrow_schema(WIDE)
    plain = pa.Table.from_pylist(ROWS, schema=schema)
    other = pa.table({
        "m": plain["m"].cast(pa.decimal128(38, 4)), "at": plain["at"].cast(pa.timestamp("ns", "UTC")), "t": plain["t"].cast(pa.binary()),
        "n": plain["n"], "b": plain["b"], "d": plain["d"].cast(pa.timestamp("s")), "left_over": pa.nulls(3),
    })  # fmt: skip
    assert content_hash(other, WIDE) == of(ROWS)
    assert content_hash(plain.set_column(0, "t", plain["t"].dictionary_encode()), WIDE) == of(ROWS)


def test_a_partition_column_is_put_back() -> None:
    same = [{**r, "d": dt.date(2025, 1, 1)} for r in ROWS]
    without = pa.Table.from_pylist(same, schema=arrow_schema(WIDE)).drop_columns(["d"])
    assert content_hash(without, WIDE, {"d": "2025-01-01"}) == of(same)


def test_what_cannot_be_read_without_loss_is_refused() -> None:
    plain = pa.Table.from_pylist(ROWS, schema=arrow_schema(WIDE))
    with pytest.raises(WrongUse, match=r"no column m, which the contract made_up\.yml"):
        content_hash(plain.drop_columns(["m"]), WIDE)
    with pytest.raises(WrongUse, match=r"core\.made_up\.m: cannot be read"):
        content_hash(plain.set_column(5, "m", pa.array([Decimal("0.00001"), None, None])), WIDE)


def test_parts_add_up() -> None:
    numbers = [(int(h[:8], 16), int(h[8:24], 16), int(h[24:], 16)) for h in (of(ROWS[:1]), of(ROWS[1:]))]
    assert combined(*(sum(n) for n in zip(*numbers, strict=True))) == of(ROWS)


def test_the_verb_gives_names_and_hashes_only(ask: Ask, lake: Path) -> None:
    found = json.loads(ask("--lake", lake, "show", "hashes", "--json").out)
    assert set(found) == {"schema_version", "kind", "tables"}
    assert list(found["tables"]) == sorted(found["tables"])
    assert {n.partition(".")[0] for n in found["tables"]} == {"clean", "core", "marts"}
    assert all(len(h) == 40 for h in found["tables"].values())
    assert "clean.users" in ask("show", "hashes", "--lake", lake).out
    before = json.loads(ask("--lake", lake, "show", "hashes", "--generation", "1", "--json").out)["tables"]
    assert {n for n in before if before[n] != found["tables"][n]} == {"clean.users", "core.dim_users"}


def test_against_another_lake_names_rows_each_way(ask: Ask, lake: Path, broken: Path) -> None:
    """One e-mail changed: shown from both sides, and no other row is."""
    deliver(
        broken,
        "users",
        "2025-03-01",
        [{"user_id": "u1", "email": "changed@x.org", "customer_segment": "new", "updated_at": "2025-03-01T01:00:00Z"}],
    )
    run(broken, as_of="2025-03-10")
    found = ask("show", "hashes", "--lake", lake, "--against", broken)
    assert found.code == 1
    assert "clean.users, core.dim_users" in found.err
    assert "email=a@x.org" in found.out
    assert "email=changed@x.org" in found.out
    assert "email=b@x.org" not in found.out
    told = json.loads(ask("show", "hashes", "--lake", lake, "--against", broken, "--json").out)
    assert told["different"] == ["clean.users", "core.dim_users"]
    assert [len(told["rows"]["clean.users"][side]) for side in ("only_here", "only_there")] == [1, 1]
