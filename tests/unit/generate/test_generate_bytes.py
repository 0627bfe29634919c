"""Same seed, same bytes: on any machine, in any number of parts."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shoplake.generate.options import BLOCKS, TABLES, Plan
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import raw_partitions, read_receipts

from . import golden

EXPECTED = json.loads(golden.GOLDEN.read_text())


@pytest.mark.parametrize("parts", [1, 7])
def test_bytes_do_not_depend_on_parts(tmp_path: Path, parts: int) -> None:
    assert golden.make(tmp_path, parts) == EXPECTED


def test_bytes_do_not_depend_on_the_processor() -> None:
    """numpy and Arrow choose other code without AVX-512 and AVX2; nothing on the way to bytes may notice."""
    features = np.show_config("dicts")["SIMD Extensions"].get("found", [])
    environment = {**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(features), "ARROW_USER_SIMD_LEVEL": "NONE"}
    made = subprocess.run(
        [sys.executable, golden.__file__], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(made.stdout) == EXPECTED


@pytest.mark.made
def test_processes_make_the_same_files(tmp_path: Path) -> None:
    plan = Plan(events=70_000, transactions=35_000, users=20_000, products=300)
    for name, processes in (("one", 1), ("two", 2)):
        generate(Lake(tmp_path / name), plan, ["users", "clickstream"], 2, processes=processes)
    one, two = (raw_partitions(Lake(tmp_path / name)) for name in ("one", "two"))
    assert one == two


def test_parts_made_alone_add_up_to_the_whole(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    for part in (2, 0, 1):
        generate(lake, golden.PLAN, ["transactions"], 3, part=part)
    assert golden.digests(lake)["transactions"] == EXPECTED["transactions"]
    alone = json.loads((tmp_path / "truth.json").read_text())["expected_ledger"]["transactions"]
    generate(lake, golden.PLAN, ["transactions"], 3)
    assert [r.name for r in read_receipts(lake)] == ["generate-transactions"]
    assert json.loads((tmp_path / "truth.json").read_text())["expected_ledger"]["transactions"] == alone


def test_another_seed_gives_other_bytes(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    generate(lake, Plan(seed=43, events=600, transactions=300, users=150, products=30), list(TABLES), 1)
    assert not set(golden.digests(lake).values()) & set(EXPECTED.values())


def test_what_is_there_is_kept_and_what_no_receipt_names_goes(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    plan = Plan(events=2000, transactions=1000, users=500, products=50)
    generate(lake, plan, list(TABLES), 3)
    again = generate(lake, plan, list(TABLES), 3)
    assert all(made.kept for made in again)
    victim = next((lake.raw / "refunds").glob("ds=*/part-*"))
    victim.unlink()
    third = generate(lake, plan, list(TABLES), 1)
    assert [made.table for made in third if not made.kept] == ["refunds"]
    named = {f.path for r in read_receipts(lake) for f in r.files}
    there = {p.relative_to(lake.root).as_posix() for p in lake.raw.glob("*/ds=*/*")}
    assert there == named


@pytest.mark.parametrize(("users", "events"), [(0, 100), (1, 100), (95, 3_000), (2_500, 20_000), (98_303, 900_000), (98_304, 900_000), (5_000, 5_000_000)])  # fmt: skip
def test_a_block_with_users_has_enough_of_them_or_as_many_records_as_memory_holds(users: int, events: int) -> None:
    plan = Plan(users=users, events=events, transactions=events // 2)
    bounds = [plan.users_before(block) for block in range(BLOCKS + 1)]
    assert (bounds[0], bounds[-1]) == (0, users)
    sizes = [end - begin for begin, end in itertools.pairwise(bounds)]
    peopled = [size for size in sizes if size]
    assert min(sizes) >= 0
    assert all(events * size <= 21_000 * users for size in peopled)  # of events, in proportion to users
    if events <= 10 * users:
        assert min(peopled[:-1], default=96) >= 95  # the last block holds what is over
