"""Robots are known by their agents; what people use is left alone; nothing an agent can hold makes it slow."""

import csv
import gzip
import hashlib
import os
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from shoplake.build import agents

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

PEOPLE = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/131.0.0.0",
    f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME}",
    f"Mozilla/5.0 (Linux; Android 6.0; CUBOT MAX) {CHROME}",  # a phone
    f"Mozilla/5.0 (Linux; Android 12; moto g(50) 5G Build/S1RSS32.38-20) {CHROME}",  # RSS inside a build's number
    f"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) {CHROME} CamScanner/6.1",
    f"User-Agent: Mozilla/5.0 (Windows NT 10.0) {CHROME}",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 330.0.3.29.91 (iPhone14,3; iOS 17_5)",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    "Mozilla/5.0 (compatible; Konqueror/4.4; Linux) KHTML/4.4.5 (like Gecko)",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/8.0.35626/19.886; U; ru) Presto/2.5.25 Version/10.54",
    "Lynx/2.9.0dev.5 libwww-FM/2.14 SSL-MM/1.4.1 GNUTLS/3.6.13",
    "com.apple.WebKit.Networking/8615.7.1.10.1 CFNetwork/1410.1 Darwin/22.6.0",
    "OurShop/3.2.1 (Android 15; Pixel 8a)",
    "OurShop/3.2.1",  # most bare names are robots, but a shop's own app must not be lost
]
LISTED = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "mozilla/5.0 (compatible; googlebot/2.1; +http://www.google.com/bot.html)",  # lowered by a collector
    "curl/8.5.0",
    "python-requests/2.31.0",
    "Mozilla/5.0 (Linux; Android 11; moto g power) AppleWebKit/537.36 Chrome/136.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse",
    "WhatsApp/2.19.244 A",  # fetches previews of links
]
UNLISTED = [
    "shelfscanbot/2.1 (+https://shelfscan.example/bot)",
    "Mozilla/5.0 (compatible; StockPeek/3.0)",
    "Mozilla/5.0 (compatible; Pricelens/1.4; robots at pricelens)",
    "PriceLens-Spider 1.4",
    "tariff_crawler",
    "ShopHarvester/0.9",
    "acme-rest-client/1.0",
    "mylib-http/2.4.2",
    "grpc-rust/1.21.0",
    "ruby",
    "AcmeProbe/1.0",
    "Acme Synthetics",
    "AcmeRSS 2.4 (X11; en)",
    f"Mozilla/5.0 (X11; Linux x86_64; AcmeAgent 3.0) {CHROME}",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} (contact@pricelens.example)",
    f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} pricelens.com",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_what_people_use_is_no_robot(agent: str) -> None:
    assert agents.bot_reason(agent) is None


@pytest.mark.parametrize("agent", LISTED)
def test_what_the_public_list_knows_is_a_robot(agent: str) -> None:
    assert agents.bot_reason(agent) == "list"


@pytest.mark.parametrize("agent", UNLISTED)
def test_what_says_that_it_is_a_robot_is_one(agent: str) -> None:
    assert agents.bot_reason(agent) == "rule"


def test_every_pattern_of_the_list_counts() -> None:
    import crawleruseragents

    texts, patterns = agents._listed()
    entries = crawleruseragents.CRAWLER_USER_AGENTS_DATA
    assert len(texts) + len(patterns) == len(entries) > 1000
    assert len(patterns) < 100  # the rest are plain texts, which are quick to find
    shown = [agent for entry in entries for agent in entry["instances"]]
    assert len(shown) > 1000
    assert not [agent for agent in shown if agents.bot_reason(agent) != "list" and crawleruseragents.is_crawler(agent)]


def test_classify_gives_one_sorted_row_an_agent() -> None:
    found = agents.classify([PEOPLE[0], LISTED[0], UNLISTED[0], PEOPLE[0], ""])
    assert found.schema == agents.SCHEMA
    rows = {row["user_agent"]: row for row in found.to_pylist()}
    assert list(rows) == sorted({PEOPLE[0], LISTED[0], UNLISTED[0], ""})
    assert rows[PEOPLE[0]]["browser"] == "Chrome"
    assert rows[PEOPLE[0]]["os"] == "Windows"
    assert [rows[a]["bot_reason"] for a in (PEOPLE[0], LISTED[0], UNLISTED[0], "")] == [None, "list", "rule", None]
    assert [rows[a]["is_bot"] for a in (PEOPLE[0], LISTED[0], UNLISTED[0], "")] == [False, True, True, False]
    assert agents.classify([]).num_rows == 0


ODD = ["", " ", "\x00", "-", "é" * 10_240, "a" * 10_240, "compatible; " * 900, "(" * 10_240, "a@" * 5_000, "a." * 5_000, "Ünïcødé bröwser/1 \u2003 \U0001f600"]  # fmt: skip


@pytest.mark.parametrize("agent", ODD, ids=lambda a: repr(a[:12]))
def test_odd_agents_are_decided_at_once(agent: str) -> None:
    agents.classify(["warm"])
    began = time.process_time()
    row = agents.classify([agent]).to_pylist()[0]
    assert time.process_time() - began < 0.25
    assert row["user_agent"] == agent  # whole, else the join would miss it
    assert row["is_bot"] == (row["bot_reason"] is not None)


def test_what_stands_behind_the_first_kilobyte_is_not_looked_at() -> None:
    assert agents.bot_reason("x" * 100 + " crawler") == "rule"
    assert agents.bot_reason("x" * 10_000 + " crawler") is None


def test_two_thousand_agents_take_less_than_two_seconds() -> None:
    many = [f"{person} {n}" for n in range(2000 // len(PEOPLE) + 1) for person in PEOPLE][:2000]
    began = time.process_time()
    agents.classify(many)
    assert time.process_time() - began < 2


def test_the_fingerprint_names_all_that_a_classification_depends_on() -> None:
    for what in (
        agents.RULE.pattern,
        str(agents.LOOKED_AT),
        version("crawler-user-agents"),
        version("ua-parser-builtins"),
    ):
        assert what in agents.fingerprint()


@pytest.mark.real
def test_labelled_agents_it_was_not_tuned_on() -> None:
    """Halves by the parity of SHA-256 of the agent's text: even to tune on, odd to judge on."""
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds user_agents.csv.gz")
    with gzip.open(Path(folder) / "user_agents.csv.gz", "rt", encoding="utf-8", newline="") as f:
        rows = [(row["user_agent"], row["is_bot"] == "1") for row in csv.DictReader(f)]
    judged = [(agent, is_bot) for agent, is_bot in rows if hashlib.sha256(agent.encode()).digest()[-1] & 1]
    assert (len(rows), len(judged)) == (2445, 1232)
    reasons = {agent: agents.bot_reason(agent) for agent, _ in judged}
    hits = sum(is_bot and reasons[agent] is not None for agent, is_bot in judged)
    flagged = sum(reason is not None for reason in reasons.values())
    bots = sum(is_bot for _, is_bot in judged)
    assert hits / bots >= 0.94
    assert hits / flagged >= 0.99
    unlisted = [agent for agent, is_bot in judged if is_bot and reasons[agent] != "list"]
    assert sum(reasons[agent] == "rule" for agent in unlisted) / len(unlisted) >= 0.3
