"""Which user agents are robots, and what browser the others are. Decided once, in Python, over the distinct agents.

Every engine joins the result: Java's, RE2's and Rust's regular expressions would each decide a little differently.
"""

import re
from functools import cache
from importlib.metadata import version

import pyarrow as pa

# Agents the public list does not know. Tuned on one half of a labelled collection of agents, judged on the other
# (docs/reference/bots.md): a word for what a robot does, a library that makes requests, an address to write to.
RULE = re.compile(
    r"bot\b|bot[/_ -]|crawl|spider|scrap|slurp|fetch|archiv|monitor|check(?:er|link)|validator|preview|index(?:er|ing)|harvest|"
    r"scan(?:ner)?\b|http[ _-]?client|headless|phantomjs|selenium|puppeteer|playwright|"
    r"^(?:curl|wget|python|java|ruby|perl|php|go-http|okhttp|libwww|axios|node|apache-httpclient|guzzle|httpx|aiohttp|lwp)\b|"
    r"\+?https?://|[a-z0-9._-]+@[a-z0-9-]+[.][a-z]{2,}",
    re.IGNORECASE,
)

SCHEMA = pa.schema(
    [
        ("user_agent", pa.string()),
        ("is_bot", pa.bool_()),
        ("bot_reason", pa.string()),
        ("browser", pa.string()),
        ("os", pa.string()),
        ("device_family", pa.string()),
    ]
)


def fingerprint() -> str:
    """What a classification depends on: the pinned list, the parser, the rule."""
    return f"{version('crawler-user-agents')} {version('ua-parser')} {version('ua-parser-builtins')} {RULE.pattern}"


@cache
def _listed() -> list[re.Pattern[str]]:
    import crawleruseragents

    return [re.compile(entry["pattern"]) for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA]


def bot_reason(agent: str) -> str | None:
    """`list` when a public pattern matches, `rule` when only ours does, None for what looks like a person's browser."""
    if any(pattern.search(agent) for pattern in _listed()):
        return "list"
    return "rule" if RULE.search(agent) else None


def classify(agents: list[str]) -> pa.Table:
    """One row an agent, by agent: user_agent, is_bot, bot_reason, browser, os, device_family."""
    from ua_parser import parse

    rows: list[tuple[object, ...]] = []
    for agent in sorted(set(agents)):
        reason = bot_reason(agent)
        found = parse(agent)
        browser = found.user_agent.family if found.user_agent else None
        system = found.os.family if found.os else None
        device = found.device.family if found.device else None
        rows.append((agent, reason is not None, reason, browser, system, device))
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(SCHEMA)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)
