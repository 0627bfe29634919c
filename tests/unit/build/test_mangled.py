"""Nothing is lost: whatever lines arrive, no crash, and the ledger adds up from the file's bytes to core."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoplake.contracts import load
from shoplake.ingest.land import Request, land
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from tests.making import ask, run
from tests.unit.ingest.test_ingest_mangled import mangle

CONTRACTS = load()
EVENT = {
    "event_id": "e0", "event_type": "View", "event_ts": "2025-03-01T10:00:00Z", "visitor_id": "v1", "product_id": "p1", "quantity": 1,
    "unit_price": 19.9, "currency": "EUR", "device_type": "mobile", "user_agent": "Mozilla/5.0", "page_url": "/p/1", "country": "GB",
}  # fmt: skip
ORDER = "t{n},1,product,u1,A@x.org,v1,p1,2,10.50,1.00,4.00,0.00,24.00,EUR,,card,1234,paid,web,Leeds,,LS1,GB,2025-03-01 10:00:00,2025-03-01T11:00:00Z"


def _files(folder: Path, seed: int, lines: int) -> list[Path]:
    events = [json.dumps({**EVENT, "event_id": f"e{n % (lines - 3)}"}).encode() for n in range(lines)]
    (folder / "clicks.jsonl").write_bytes(mangle(events, seed))
    orders = [ORDER.format(n=n % (lines - 3)).encode() for n in range(lines)]
    header = ",".join(CONTRACTS.table("raw.transactions").names).encode() + b"\n"
    (folder / "orders.csv").write_bytes(header + mangle(orders, seed + 1))
    return [folder / "clicks.jsonl", folder / "orders.csv"]


def _lands_and_adds_up(folder: Path, seed: int, lines: int) -> None:
    lake = Lake(folder / "lake")
    landed = {}
    for file, table in zip(_files(folder, seed, lines), ("clickstream", "transactions"), strict=True):
        summary = land(lake, file, Request("2025-03-02", table=table, source="shoplake", encoding="utf-8"), CONTRACTS)
        landed[table] = summary["tables"][table]["rows"]
    run(lake.root)
    for p in read_manifest(lake).partitions:
        assert p.landed == landed[p.table]
        assert p.landed == p.clean + p.duplicate + p.rejected
        assert p.clean > 0
    for _, clean, core, superseded, redelivered in ask(lake.root, "SELECT * FROM gen.ledger.movements"):
        assert clean == core + superseded + redelivered


@pytest.mark.parametrize("seed", [1])
def test_mangled_lines_land_and_the_ledger_adds_up(seed: int, tmp_path: Path) -> None:
    _lands_and_adds_up(tmp_path, seed, 1000)


@pytest.mark.long
@settings(max_examples=20, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_ten_thousand_mangled_lines_land_and_the_ledger_adds_up(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _lands_and_adds_up(tmp_path_factory.mktemp("mangled"), seed, 500)
