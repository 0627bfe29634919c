"""The ref layer against Python's own calendar and zones."""

import datetime as dt
import itertools
import random
from zoneinfo import ZoneInfo

import pytest

from shoplake.build import reference
from shoplake.contracts import load
from shoplake.errors import WrongUse


@pytest.mark.parametrize(
    "name",
    ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"],
)
def test_every_quarter_of_an_hour_has_the_zones_date_and_hour(name: str) -> None:
    zone = ZoneInfo(name)
    table = reference.zone_quarters(zone)
    rng, middle = random.Random(5), len(table) // 2
    offsets = {
        day: dt.datetime.fromtimestamp(table["zone_quarter"][middle + day * 96].as_py() * 900, zone).utcoffset()
        for day in range(400)
    }
    changes = [day for day, after in itertools.pairwise(offsets) if offsets[day] != offsets[after]]
    assert bool(changes) == (name not in ("UTC", "Asia/Kathmandu"))
    looked_at = [rng.randrange(len(table)) for _ in range(500)]
    looked_at += [middle + day * 96 + quarter for day in changes for quarter in range(97)]
    for row in table.take(looked_at).to_pylist():
        local = dt.datetime.fromtimestamp(row["zone_quarter"] * 900, zone)
        assert (local.date(), local.hour) == (row["local_date"], row["local_hour"]), row


def test_days_join_without_gap_and_clock_changes_are_in_them() -> None:
    table = reference.dates(ZoneInfo("Europe/London"), "GB").to_pylist()
    assert all(a["day_end_us"] == b["day_start_us"] for a, b in itertools.pairwise(table))
    lengths = {(d["day_end_us"] - d["day_start_us"]) // 3_600_000_000 for d in table}
    assert lengths == {23, 24, 25}
    christmas = next(d for d in table if d["calendar_date"] == dt.date(2025, 12, 25))
    assert christmas["is_holiday"]
    assert christmas["holiday_name"] == "Christmas Day"
    first = next(d for d in table if d["calendar_date"] == dt.date(2027, 1, 1))
    assert (first["iso_year"], first["iso_week"], first["weekday"], first["quarter"]) == (2026, 53, 5, 1)


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(WrongUse, match="no holidays are known for 'XX'"):
        reference.dates(ZoneInfo("UTC"), "XX")
    with pytest.raises(WrongUse, match="currency: found 'EURO'"):
        reference.shop("UTC", "EURO")


def test_enums_hold_every_closed_list_of_the_contracts() -> None:
    found = {(r["enum_name"], r["enum_value"]) for r in reference.enums(load()).to_pylist()}
    assert ("event_type", "begin_checkout") in found
    assert ("currency", "JPY") in found
    assert ("status", "payment_failed") in found
