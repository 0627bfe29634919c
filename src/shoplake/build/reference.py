"""The ref layer: small tables made in Python, so that no engine does calendar, time zone or pattern work of its own."""

import datetime as dt
import hashlib
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from shoplake.contracts import Contracts
from shoplake.errors import WrongUse

FIRST, LAST = dt.date(2000, 1, 1), dt.date(2050, 12, 31)
QUARTER = 900  # seconds

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


def zone_quarters(zone: ZoneInfo) -> pa.Table:
    """ref.zone_quarters: the shop's date and hour in every quarter of an hour of UTC from 2000 to 2050.

    An offset changes at most a few times a year, so it is asked for once an hour boundary that a bisection finds.
    """
    first = int(dt.datetime(FIRST.year, 1, 1, tzinfo=dt.UTC).timestamp()) // QUARTER
    last = int(dt.datetime(LAST.year + 1, 1, 1, tzinfo=dt.UTC).timestamp()) // QUARTER
    quarters = np.arange(first, last, dtype=np.int64)
    local = quarters * QUARTER + _offsets(zone, first, last)
    days, seconds = np.divmod(local, 86400)
    return pa.table(
        {
            "zone_quarter": pa.array(quarters),
            "local_date": pa.array(days.astype("int32"), pa.int32()).cast(pa.date32()),
            "local_hour": pa.array(seconds // 3600),
        }
    )


def zone_days(zone: ZoneInfo) -> pa.Table:
    """ref.zone_quarters in a table small enough for an engine that keeps one side of a join in memory: a row a day of UTC.

    utc_day (days since 1970), change_us, before_us, after_us: the shop's clock is `before_us` ahead of UTC until `change_us`,
    then `after_us`. Raises WrongUse for a zone whose clock changes twice within a day of UTC.
    """
    first = int(dt.datetime(FIRST.year, 1, 1, tzinfo=dt.UTC).timestamp()) // QUARTER
    last = int(dt.datetime(LAST.year + 1, 1, 1, tzinfo=dt.UTC).timestamp()) // QUARTER
    a_day = 86400 // QUARTER
    offsets = _offsets(zone, first, last).reshape(-1, a_day)
    changes = np.diff(offsets, axis=1) != 0
    if int(changes.sum(axis=1).max()) > 1:
        raise WrongUse(f"timezone: the clock of {zone.key} changes twice within a day of UTC, expected once at most. Choose another zone.")
    days = first // a_day + np.arange(len(offsets))
    change = days * a_day + np.where(changes.any(axis=1), changes.argmax(axis=1) + 1, 0)
    return pa.table(
        {
            "utc_day": pa.array(days),
            "change_us": pa.array(change * QUARTER * 1_000_000),
            "before_us": pa.array(offsets[:, 0] * 1_000_000),
            "after_us": pa.array(offsets[:, -1] * 1_000_000),
        }
    )


def _offsets(zone: ZoneInfo, first: int, last: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Offset from UTC in seconds for each quarter of an hour in [first, last)."""

    def offset(quarter: int) -> int:
        found = dt.datetime.fromtimestamp(quarter * QUARTER, zone).utcoffset()
        assert found is not None
        return int(found.total_seconds())

    offsets = np.empty(last - first, dtype=np.int64)
    step, at, now = 96, first, offset(first)
    while at < last:
        ahead = min(at + step, last)
        then = offset(ahead)
        if then == now:
            offsets[at - first : ahead - first] = now
            at = ahead
            continue
        low, high = at, ahead
        while high - low > 1:
            middle = (low + high) // 2
            if offset(middle) == now:
                low = middle
            else:
                high = middle
        offsets[at - first : high - first] = now
        at, now = high, offset(high)
    return offsets


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
