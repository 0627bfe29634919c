"""The ref layer: small tables made in Python, so that no engine does calendar, time zone or pattern work of its own."""

import datetime as dt
import hashlib
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from shoplake.contracts import Contracts
from shoplake.errors import WrongUse

FIRST, LAST = dt.date(2000, 1, 1), dt.date(2050, 12, 31)
DAY = 86400  # seconds

# ISO 4217, without funds, metals and test codes.
CURRENCIES = [
    "AED",
    "AFN",
    "ALL",
    "AMD",
    "ANG",
    "AOA",
    "ARS",
    "AUD",
    "AWG",
    "AZN",
    "BAM",
    "BBD",
    "BDT",
    "BGN",
    "BHD",
    "BIF",
    "BMD",
    "BND",
    "BOB",
    "BRL",
    "BSD",
    "BTN",
    "BWP",
    "BYN",
    "BZD",
    "CAD",
    "CDF",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CRC",
    "CUP",
    "CVE",
    "CZK",
    "DJF",
    "DKK",
    "DOP",
    "DZD",
    "EGP",
    "ERN",
    "ETB",
    "EUR",
    "FJD",
    "FKP",
    "GBP",
    "GEL",
    "GHS",
    "GIP",
    "GMD",
    "GNF",
    "GTQ",
    "GYD",
    "HKD",
    "HNL",
    "HTG",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "IQD",
    "IRR",
    "ISK",
    "JMD",
    "JOD",
    "JPY",
    "KES",
    "KGS",
    "KHR",
    "KMF",
    "KPW",
    "KRW",
    "KWD",
    "KYD",
    "KZT",
    "LAK",
    "LBP",
    "LKR",
    "LRD",
    "LSL",
    "LYD",
    "MAD",
    "MDL",
    "MGA",
    "MKD",
    "MMK",
    "MNT",
    "MOP",
    "MRU",
    "MUR",
    "MVR",
    "MWK",
    "MXN",
    "MYR",
    "MZN",
    "NAD",
    "NGN",
    "NIO",
    "NOK",
    "NPR",
    "NZD",
    "OMR",
    "PAB",
    "PEN",
    "PGK",
    "PHP",
    "PKR",
    "PLN",
    "PYG",
    "QAR",
    "RON",
    "RSD",
    "RUB",
    "RWF",
    "SAR",
    "SBD",
    "SCR",
    "SDG",
    "SEK",
    "SGD",
    "SHP",
    "SLE",
    "SOS",
    "SRD",
    "SSP",
    "STN",
    "SVC",
    "SYP",
    "SZL",
    "THB",
    "TJS",
    "TMT",
    "TND",
    "TOP",
    "TRY",
    "TTD",
    "TWD",
    "TZS",
    "UAH",
    "UGX",
    "USD",
    "UYU",
    "UZS",
    "VED",
    "VES",
    "VND",
    "VUV",
    "WST",
    "XAF",
    "XCD",
    "XOF",
    "XPF",
    "YER",
    "ZAR",
    "ZMW",
    "ZWG",
]


def midnight_us(day: dt.date, zone: ZoneInfo) -> int:
    """When a day begins in a zone, in microseconds since 1970."""
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1_000_000


def dates(zone: ZoneInfo, country: str) -> pa.Table:
    """ref.dates. Raises WrongUse when no holidays are known for the country."""
    names = _holidays(country)
    days = [FIRST + dt.timedelta(n) for n in range((LAST - FIRST).days + 1)]
    starts = [midnight_us(day, zone) for day in [*days, LAST + dt.timedelta(1)]]
    iso = [day.isocalendar() for day in days]
    holiday = [names.get(day) for day in days]
    return pa.table(
        {
            "calendar_date": pa.array(days, pa.date32()),
            "year": pa.array([d.year for d in days], pa.int64()),
            "quarter": pa.array([(d.month + 2) // 3 for d in days], pa.int64()),
            "month": pa.array([d.month for d in days], pa.int64()),
            "day_of_month": pa.array([d.day for d in days], pa.int64()),
            "month_start": pa.array([d.replace(day=1) for d in days], pa.date32()),
            "iso_year": pa.array([i.year for i in iso], pa.int64()),
            "iso_week": pa.array([i.week for i in iso], pa.int64()),
            "weekday": pa.array([i.weekday for i in iso], pa.int64()),
            "is_weekend": pa.array([i.weekday >= 6 for i in iso], pa.bool_()),
            "is_holiday": pa.array([name is not None for name in holiday], pa.bool_()),
            "holiday_name": pa.array(holiday, pa.string()),
            "day_start_us": pa.array(starts[:-1], pa.int64()),
            "day_end_us": pa.array(starts[1:], pa.int64()),
        }
    )


def _holidays(country: str) -> dict[dt.date, str]:
    if not country:
        return {}
    import holidays

    try:
        return dict(holidays.country_holidays(country, years=range(FIRST.year, LAST.year + 1)))
    except NotImplementedError:
        raise WrongUse(
            f"country: no holidays are known for {country!r}. Expected an ISO 3166 code such as GB, or nothing."
        ) from None


def zone_days(zone: ZoneInfo) -> pa.Table:
    """ref.zone_days: the shop's clock on each day of UTC from 2000 to 2050: `before_us` ahead of UTC until `change_us`, then `after_us`.

    Raises WrongUse for a zone whose clock changes twice within a day of UTC.
    """
    first, last = ((day - dt.date(1970, 1, 1)).days for day in (FIRST, LAST))
    days = np.arange(first, last + 1)
    offsets = np.array([_offset(zone, int(day) * DAY) for day in [*days, last + 1]])
    changes = days * DAY
    for i in np.flatnonzero(np.diff(offsets)):
        changes[i] = _change(zone, int(changes[i]))
        if _offset(zone, int(changes[i])) != offsets[i + 1]:
            day = FIRST + dt.timedelta(int(i))
            raise WrongUse(f"timezone: the clock of {zone.key} changes twice on {day} UTC, expected once at most. Choose another zone.")
    return pa.table({
        "utc_day": pa.array(days),
        "change_us": pa.array(changes * 1_000_000),
        "before_us": pa.array(offsets[:-1] * 1_000_000),
        "after_us": pa.array(offsets[1:] * 1_000_000),
    })  # fmt: skip


def _change(zone: ZoneInfo, start: int) -> int:
    """The second in which a clock changes that is another a day after `start`."""
    before, low, high = _offset(zone, start), start, start + DAY
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _offset(zone: ZoneInfo, second: int) -> int:
    """How far the clock is ahead of UTC, in seconds."""
    found = dt.datetime.fromtimestamp(second, zone).utcoffset()
    assert found is not None
    return int(found.total_seconds())


def enums(contracts: Contracts) -> pa.Table:
    """ref.enums: the values every closed column may take, from the contracts, and the currencies of ISO 4217."""
    rows = sorted(
        {(name, value) for name, column in contracts.columns.items() for value in column.values or ()}
        | {("currency", c) for c in CURRENCIES}
    )
    return pa.table(
        {
            "enum_name": pa.array([r[0] for r in rows], pa.string()),
            "enum_value": pa.array([r[1] for r in rows], pa.string()),
        }
    )


def shop(timezone: str, currency: str) -> pa.Table:
    """ref.shop: one row. Raises WrongUse for a currency that is none."""
    if currency not in CURRENCIES:
        raise WrongUse(f"currency: found {currency!r}, expected an ISO 4217 code such as EUR.")
    return pa.table({"shop_timezone": pa.array([timezone]), "shop_currency": pa.array([currency])})


def run(as_of: dt.date, zone: ZoneInfo) -> pa.Table:
    """ref.run: one row, what the models read `as of` from."""
    return pa.table(
        {"as_of": pa.array([as_of], pa.date32()), "as_of_us": pa.array([midnight_us(as_of, zone)], pa.int64())}
    )


def fingerprint(*parts: str) -> str:
    """Twelve hex digits that change when any part does."""
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:12]
