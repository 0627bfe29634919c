"""Every planted fault is found by a second judge, and nothing else; plain files are plain."""

import csv
import json

import pyarrow.parquet as pq
import pytest

from shoplake.generate import agents
from shoplake.generate.columns import CSV_COLUMNS as COLUMNS
from shoplake.generate.mess import FAULTS, reason
from shoplake.generate.options import TABLES
from shoplake.lake.receipts import raw_partitions

from . import judge
from .conftest import Shop


@pytest.mark.parametrize("table", TABLES)
def test_the_ledger_is_exact_in_every_reason(messy: Shop, table: str) -> None:
    expected, found = messy.truth["expected_ledger"][table], messy.verdicts[table]
    assert dict(found.rejected) == expected["rejected"]
    assert (found.landed, found.duplicates, found.redelivered) == (
        expected["landed"],
        expected["duplicates"],
        expected["redelivered"],
    )
    assert len(found.clean) == expected["clean"]


def test_every_fault_occurs(messy: Shop) -> None:
    for table in ("transactions", "clickstream"):
        wanted = {reason(table, fault) for fault in FAULTS[table]} | ({"bot"} if table == "clickstream" else set())
        assert set(messy.truth["expected_ledger"][table]["rejected"]) == wanted


def test_no_mess_means_no_odd_file_and_no_reject(tidy: Shop) -> None:
    assert all(f.kind == "plain" for files in raw_partitions(tidy.lake).values() for f in files)
    for table in TABLES:
        found = tidy.verdicts[table]
        assert (found.rejected, found.duplicates, found.redelivered) == ({}, 0, 0)


def test_plain_files_are_plain(messy: Shop) -> None:
    for (table, _), files in raw_partitions(messy.lake).items():
        for file in files:
            data = (messy.lake.root / file.path).read_bytes()
            assert len(data) == file.bytes
            assert data.endswith(b"\n")
            lines = data.decode().split("\n")[:-1]
            assert all(lines)
            if file.kind == "odd":
                _check_odd(table, lines)
            elif file.format == "csv":
                _check_csv(table, data.decode(), lines)
            else:
                _check_events(data, lines)


def _check_csv(table: str, data: str, lines: list[str]) -> None:
    assert lines[0] == ",".join(COLUMNS[table])
    assert not set(data) & {'"', "\t", "\r", "\0", "\u00a0"}
    width = len(COLUMNS[table])
    assert all(line.count(",") == width - 1 for line in lines)
    assert [len(row) for row in csv.reader(lines)] == [width] * len(lines)


def _check_events(data: bytes, lines: list[str]) -> None:
    assert b"\r" not in data
    for line in lines:
        pairs = json.loads(line, object_pairs_hook=list, parse_constant=_never)
        assert len({k for k, _ in pairs}) == len(pairs)
        for _, value in pairs:
            assert value is None or isinstance(value, str | int | float)
            if isinstance(value, str):
                assert not set(value) & {"\t", "\r", "\n", "\u00a0"}
            elif value is not None:
                assert sum(c.isdigit() for c in str(value)) <= 15
                assert "e" not in str(value)


def _never(text: str) -> None:
    raise AssertionError(text)


def _check_odd(table: str, lines: list[str]) -> None:
    columns = COLUMNS.get(table) or judge_columns()
    for line in lines:
        row = json.loads(line)
        assert list(row) == [*columns, "raw_text", "is_malformed"]
        assert all(row[c] is None or isinstance(row[c], str) for c in columns)
        if row["is_malformed"]:
            assert all(row[c] is None for c in columns)
            assert _is_malformed(table, row["raw_text"])
        elif table == "clickstream":
            assert {k: v for k, v in row.items() if v is not None and k in columns} == {
                k: str(v) for k, v in json.loads(row["raw_text"], parse_float=str).items()
            }
        else:
            (fields,) = (
                csv.reader([row["raw_text"]])
                if "\n" not in row["raw_text"]
                else csv.reader(row["raw_text"].splitlines(True))
            )
            assert fields == [row[c] or "" for c in columns]


def judge_columns() -> tuple[str, ...]:
    from shoplake.generate.columns import EVENT_COLUMNS

    return EVENT_COLUMNS


def _is_malformed(table: str, raw: str) -> bool:
    if table != "clickstream":
        return raw.count(",") != len(COLUMNS[table]) - 1
    try:
        pairs = json.loads(raw, object_pairs_hook=list, parse_constant=_never)
    except (ValueError, AssertionError):
        return True
    return len({k for k, _ in pairs}) < len(pairs)


def test_planted_rows_are_listed_one_by_one(messy: Shop) -> None:
    planted = pq.read_table(messy.lake.truth / "planted_clickstream.parquet").to_pylist()
    ledger = messy.truth["expected_ledger"]["clickstream"]
    kinds = [row["kind"] for row in planted]
    for kind, rows in ledger["rejected"].items():
        if kind != "bot":
            assert kinds.count(kind) == rows
    assert kinds.count("duplicate") == ledger["duplicates"]
    clean = {row["event_id"] for _, row in messy.verdicts["clickstream"].clean}
    rejected = {row["event_id"] for row in planted if row["kind"] in ledger["rejected"]}
    assert not clean & rejected


def test_browsers_are_no_crawlers_and_crawlers_are() -> None:
    browsers = [a for pool in agents.pools()[: agents.CRAWLER] for a in pool]
    assert len(set(browsers)) > 400
    assert not [a for a in browsers if judge.is_listed(a)]
    crawlers, unlisted = agents.pools()[agents.CRAWLER], agents.unlisted()
    assert len(unlisted) >= 3
    assert [a for a in crawlers if not judge.is_listed(a)] == unlisted


def test_rejected_bots_are_counted_by_agent(messy: Shop) -> None:
    ledger = messy.truth["expected_ledger"]["clickstream"]
    assert sum(ledger["bot_agents"].values()) == ledger["rejected"]["bot"]
