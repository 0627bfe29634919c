"""When things happen: a season, a week, a day, one sale and one incident. Times are whole seconds since the first day."""

import datetime as dt
import functools

import numpy as np

from shoplake.generate.draws import I64, SLOTS, U64, below, draw, keys, quantised
from shoplake.generate.options import CLICK_DAYS, DAYS, Plan

DAY = 86_400
YEAR_END = DAYS * DAY
FIRST_CLICK_DAY = DAYS - CLICK_DAYS
NEVER = np.int64(1) << 40
INCIDENT_HOURS = (9, 17)  # UTC; within them most payments fail

_MONTHS = (95, 88, 93, 95, 97, 96, 90, 88, 100, 108, 135, 150)
_WEEKDAYS = (104, 98, 97, 99, 95, 98, 112)  # Monday first
_HOURS = (9, 5, 3, 2, 3, 6, 14, 24, 34, 42, 48, 52, 56, 52, 50, 50, 54, 60, 70, 82, 88, 76, 50, 24)
_SALE_FACTOR = 3


@functools.lru_cache(maxsize=8)
def sale_day(plan: Plan) -> int:
    """The number of the sale day: the last Friday of November."""
    for number in range(DAYS):
        day = plan.start + dt.timedelta(days=number)
        if day.month == 11 and day.day >= 24 and day.weekday() == 4:
            return number
    return DAYS - 33


@functools.lru_cache(maxsize=8)
def incident_day(plan: Plan) -> int:
    """The number of the day on which payments fail: inside the clicks, before the first churn cut, known by the seed."""
    key = keys(plan.seed, "incident", np.zeros(1, np.int64))
    return FIRST_CLICK_DAY + 12 + int(below(key, "day", 40)[0])


@functools.lru_cache(maxsize=8)
def _cumulative(plan: Plan) -> I64:
    weights = []
    for number in range(DAYS):
        day = plan.start + dt.timedelta(days=number)
        w = _MONTHS[day.month - 1] * _WEEKDAYS[day.weekday()]
        if (day.month, day.day) > (12, 23):
            w //= 2
        weights.append(w * _SALE_FACTOR if number == sale_day(plan) else w)
    return np.concatenate([[0], np.cumsum(np.array(weights, np.int64))])


@functools.cache
def _seconds() -> I64:
    """SLOTS starting seconds of a day, dense where people are awake."""
    hours = quantised(_HOURS)
    begin = np.searchsorted(hours, np.arange(24), side="left")
    size = np.bincount(hours, minlength=24)
    seconds: I64 = hours * 3600 + (np.arange(SLOTS) - begin[hours]) * 3600 // size[hours]
    return seconds


def exposure(plan: Plan, first: I64, last: I64) -> I64:
    """How much of the year's business lies from day `first` to day `last`, both included; 0 when there is none."""
    total = _cumulative(plan)
    weight: I64 = np.maximum(total[np.clip(last + 1, 0, DAYS)] - total[np.clip(first, 0, DAYS)], 0)
    return weight


def moments(plan: Plan, of: U64, name: str, first: I64, last: I64) -> I64:
    """A second of the year for each key, between the days `first` and `last`, by season, weekday and hour."""
    total = _cumulative(plan)
    low, high = total[np.clip(first, 0, DAYS - 1)], total[np.clip(last + 1, 1, DAYS)]
    x = low + below(of, name, np.maximum(high - low, 1))
    day = np.searchsorted(total, x, side="right") - 1
    bits = draw(of, name + "/second")
    moment: I64 = day * DAY + _seconds()[bits >> np.uint64(52)] + (bits & np.uint64(7)).astype(np.int64)
    return moment


def click_share(plan: Plan) -> float:
    """The share of the year's business that lies in the days with clicks."""
    total = _cumulative(plan)
    return float(total[DAYS] - total[FIRST_CLICK_DAY]) / float(total[DAYS])
