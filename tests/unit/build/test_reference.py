"""The ref layer against Python's own calendar and zones."""

import datetime as dt
import itertools
import random
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from shoplake.build import reference
from shoplake.contracts import load
from shoplake.errors import WrongUse

DAY_US = 86_400_000_000


ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "America/Sao_Paulo"]


@pytest.mark.parametrize("name", ZONES)
def test_a_moment_has_the_zones_date_and_hour(name: str) -> None:
    """At random and around every change: some change at a minute past midnight, by half an hour, or skip a whole day."""
    zone, rng = ZoneInfo(name), random.Random(5)
    table = reference.zone_days(zone).to_pylist()
    assert [row["utc_day"] for row in table] == [(day - dt.date(1970, 1, 1)).days for day in (reference.FIRST + dt.timedelta(n) for n in range(18_628))]
    changes = [row for row in table if row["before_us"] != row["after_us"]]
    assert bool(changes) == (name not in ("UTC", "Asia/Kathmandu"))
    moments = [row["change_us"] + by for row in changes for by in (-3_600_000_000, -1, 0, 1, 59_999_999, 3_600_000_000)]
    moments += [rng.randrange(table[0]["utc_day"], table[-1]["utc_day"]) * DAY_US + rng.randrange(DAY_US) for _ in range(2000)]
    for us in moments:
        row = table[us // DAY_US - table[0]["utc_day"]]
        found = us + (row["before_us"] if us < row["change_us"] else row["after_us"])
        local = dt.datetime.fromtimestamp(us // 1_000_000, zone)
        assert (dt.date(1970, 1, 1) + dt.timedelta(found // DAY_US), found % DAY_US // 3_600_000_000) == (local.date(), local.hour), (us, row)


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


class _Twice(dt.tzinfo):
    """An hour ahead from six o'clock UTC of a day, two from noon. No zone that is known does so."""

    key = "Test/Twice"

    def fromutc(self, moment: dt.datetime) -> dt.datetime:
        hours = (moment >= dt.datetime(2030, 5, 1, 6, tzinfo=self)) + (moment >= dt.datetime(2030, 5, 1, 12, tzinfo=self))
        return moment + dt.timedelta(hours=hours)

    def utcoffset(self, local: dt.datetime | None) -> dt.timedelta:
        assert local is not None
        return dt.timedelta(hours=(local >= dt.datetime(2030, 5, 1, 7, tzinfo=self)) + (local >= dt.datetime(2030, 5, 1, 14, tzinfo=self)))


def test_a_clock_that_changes_twice_in_a_day_is_refused() -> None:
    with pytest.raises(WrongUse, match="the clock of Test/Twice changes twice on 2030-05-01 UTC"):
        reference.zone_days(cast(ZoneInfo, _Twice()))


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
