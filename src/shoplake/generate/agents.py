"""User agents: the browsers and apps of the shop's customers, and the crawlers that say what they are."""

import functools
from pathlib import Path
from typing import Any

from shoplake.generate import text
from shoplake.generate.draws import I64, U64, draw, quantised

DESKTOP, MOBILE, TABLET, APP, CRAWLER = range(5)
DEVICE_TYPES = ("desktop", "mobile", "tablet", "mobile", "desktop")
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROMES = range(118, 142)
_IOS = [(15, 6), (15, 8), (16, 1), (16, 3), (16, 5), (16, 6), (16, 7), (17, 0), (17, 1), (17, 2), (17, 3), (17, 4), (17, 5), (17, 6),
        (18, 0), (18, 1), (18, 2), (18, 3), (18, 4), (18, 5), (18, 6)]  # fmt: skip
_MODELS = (
    "SM-S911B",
    "SM-A546B",
    "SM-G991B",
    "SM-A136B",
    "Pixel 7",
    "Pixel 8a",
    "M2101K6G",
    "2201117TY",
    "CPH2483",
    "moto g54",
)
_IPHONES = (
    "iPhone12,1",
    "iPhone13,2",
    "iPhone14,5",
    "iPhone14,7",
    "iPhone15,2",
    "iPhone15,4",
    "iPhone16,1",
    "iPhone17,3",
)


def _desktop() -> list[str]:
    systems = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
    found = [f"Mozilla/5.0 ({s}) {_WEBKIT} Chrome/{v}.0.0.0 Safari/537.36" for v in reversed(_CHROMES) for s in systems]
    found += [
        f"Mozilla/5.0 ({systems[0]}) {_WEBKIT} Chrome/{v}.0.0.0 Safari/537.36 Edg/{v}.0.0.0" for v in reversed(_CHROMES)
    ]
    fox = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10.15", "X11; Ubuntu; Linux x86_64")
    found += [f"Mozilla/5.0 ({s}; rv:{v}.0) Gecko/20100101 Firefox/{v}.0" for v in range(143, 114, -2) for s in fox]
    found += [
        f"Mozilla/5.0 ({systems[1]}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{a}.{b} Safari/605.1.15"
        for a, b in reversed(_IOS)
    ]
    return found + [
        f"Mozilla/5.0 ({systems[0]}) {_WEBKIT} Chrome/{v}.0.0.0 Safari/537.36 OPR/{v - 15}.0.0.0"
        for v in range(133, 121, -1)
    ]


def _apple(device: str, system: str) -> list[str]:
    found = []
    for a, b in reversed(_IOS):
        start = f"Mozilla/5.0 ({device}; {system} {a}_{b} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        found.append(f"{start} Version/{a}.{b} Mobile/15E148 Safari/604.1")
        if b % 2:
            found.append(f"{start} CriOS/{110 + a + b}.0.0.0 Mobile/15E148 Safari/604.1")
    return found


def _mobile() -> list[str]:
    found = [
        f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/{v}.0.0.0 Mobile Safari/537.36"
        for v in reversed(_CHROMES)
    ]
    found += _apple("iPhone", "CPU iPhone OS")
    found += [
        f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} SamsungBrowser/{v}.0 Chrome/{95 + v}.0.0.0 Mobile Safari/537.36"
        for v in range(28, 18, -1)
    ]
    found += [
        f"Mozilla/5.0 (Android {a}; Mobile; rv:{v}.0) Gecko/{v}.0 Firefox/{v}.0"
        for v in range(143, 121, -4)
        for a in (14, 13)
    ]
    return found + [
        f"Mozilla/5.0 (Linux; Android {a}; {m}) {_WEBKIT} Chrome/{v}.0.0.0 Mobile Safari/537.36"
        for m in _MODELS
        for a, v in ((13, 114), (14, 126))
    ]


def _tablet() -> list[str]:
    pads = ("SM-X510", "SM-T870", "TB-X606F", "Lenovo TB350FU")
    return _apple("iPad", "CPU OS") + [
        f"Mozilla/5.0 (Linux; Android 13; {m}) {_WEBKIT} Chrome/{v}.0.0.0 Safari/537.36" for m in pads for v in _CHROMES
    ]


def _app() -> list[str]:
    versions = [(6, 2), (6, 1), (6, 0), (5, 9), (5, 8), (5, 5)]
    found = [f"NorthlaneShop/{a}.{b}.0 (Android {s}; {m})" for a, b in versions for m in _MODELS for s in (14, 15)]
    return found + [
        f"NorthlaneShop/{a}.{b}.1 (iOS {i}.{j}; {m})" for a, b in versions for m in _IPHONES for i, j in _IOS[-6:]
    ]


def _crawlers() -> list[tuple[str, str]]:
    path = Path(__file__).with_name("words") / "agents.txt"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return [(line.partition("|")[0], line.partition("|")[2]) for line in lines]


@functools.cache
def pools() -> tuple[list[str], ...]:
    """The user agents of each kind of device, the commonest first; the crawlers last."""
    return _desktop(), _mobile(), _tablet(), _app(), [agent for _, agent in _crawlers()]


def unlisted() -> list[str]:
    """Crawlers that say so but are on no public list."""
    return [agent for kind, agent in _crawlers() if kind == "unlisted"]


@functools.cache
def _tables() -> tuple[Any, I64]:
    """All agents as text, and for each kind of device SLOTS agent numbers, commonest first."""
    import numpy as np

    flat: list[str] = []
    tables = []
    for pool in pools():
        tables.append(len(flat) + quantised([1 / (i + 6) for i in range(len(pool))]))
        flat += pool
    return text.strings(flat), np.stack(tables)


def agent_texts() -> Any:
    return _tables()[0]


def agent_numbers(of: U64, kind: I64) -> I64:
    """An agent of each visitor's kind of device: a row of `agent_texts`."""
    import numpy as np

    table = _tables()[1]
    return table[kind, (draw(of, "agent") >> np.uint64(52)).astype(np.int64)]


def is_crawler(number: I64) -> Any:
    """Whether these agents say that they are crawlers."""
    return number >= sum(len(pool) for pool in pools()[:CRAWLER])
