"""Which user agents are robots, and what browser the others are. Decided once, in Python, over the distinct agents.

Every engine joins the result: Java's, RE2's and Rust's regular expressions would each decide a little differently.
How well it decides is measured in docs/reference/bots.md.
"""

import re
from functools import cache
from importlib.metadata import version

import pyarrow as pa

# Longer agents exist only to do harm; what one is stands at its beginning.
LOOKED_AT = 1024

# Agents the public list does not know, by what they say of themselves. Tuned on one half of a labelled collection of agents,
# judged on the other. Words, not names: the list has the names. A bare `Name/1.0` is no sign, although most of them are robots:
# a shop's own app may call itself just so, and losing its customers costs more than counting a robot.
SIGNS = {
    # "bot" as the end of a word, but not CUBOT, which makes phones.
    "says that it is a robot": r"(?<!cu)bot(?![a-z])|crawl|spider|slurp|scrap(?:er|y|ing)|harvest|archiv|index(?:er|ing)|fetch(?:er|ing)|\bfetch",
    "drives a browser": r"headless|phantomjs|selenium|puppeteer|playwright|synthetic|lighthouse|observatory",
    # Not "User-Agent: ...", which a careless app puts before a browser's own; not CamScanner, an app with a browser inside.
    "watches or tests sites": r"monitor|uptime|probe\b|health ?(?:check|service)|check(?:er|link)|validat|audit|inspect|\bscan|scan\b|agent(?<!user.agent)\b",
    # Android builds hold "RSS" between digits.
    "reads for others": r"preview|screenshot|thumb(?:nail|or)|webhook|feed(?!back)|\brss|rss\b|podcast",
    # libwww-FM is a part of Lynx, which people use.
    "is a library that makes requests": r"\bapi\b|\b(?:http|rest|soap)[ _-]?client|(?:lib|win|-)http\b|libcurl|libwww(?!-fm)|grpc|postman|"
    r"^(?:curl|wget|python|java|ruby|perl|php|go-http|okhttp|axios|node|apache-httpclient|guzzle|httpx|aiohttp|lwp)\b",
    # `com.example.app` is an app's name and no address.
    "gives an address to write to": r"https?://|\bwww[.]|[a-z0-9-][.](?:com|org|io|ai)\b(?![.])|\w@[a-z0-9-]{1,64}[.][a-z]{2}",
    # Browsers left this form long ago, and named a system a person can sit at when they had it.
    "is compatible with nothing but its name": r"compatible; ?(?![^)]{0,200}(?:MSIE|Trident|Konqueror|Opera|Office|Windows|Linux|X11|BSD|Mac|iPhone|iPad|"
    r"Android|Amiga|BlackBerry|Symbian|PlayStation|Nintendo))",
}
RULE = re.compile("|".join(SIGNS.values()), re.IGNORECASE)

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
    return f"{version('crawler-user-agents')} {version('ua-parser')} {version('ua-parser-builtins')} {LOOKED_AT} {RULE.pattern}"


# A pattern that is a plain text, escapes apart: `in` finds it ten times as fast as a regular expression.
_PLAIN = re.compile(r"(?:[^\\|()*+?{}\[\]^$.]|\\[^a-zA-Z0-9])+")


@cache
def _listed() -> tuple[list[str], list[re.Pattern[str]]]:
    """The public list, letter case apart, since collectors lower it: plain texts, and the few patterns that are more."""
    import crawleruseragents

    patterns = [str(entry["pattern"]) for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA]
    texts = [re.sub(r"\\(.)", r"\1", p).lower() for p in patterns if _PLAIN.fullmatch(p)]
    return texts, [re.compile(p, re.IGNORECASE) for p in patterns if not _PLAIN.fullmatch(p)]


def bot_reason(agent: str, texts: list[str] | None = None) -> str | None:
    """`list` when a public pattern matches, `rule` when only ours does, None for what looks like a person's browser.

    texts: those of the list's plain texts that can occur in it; all when not given.
    """
    agent = agent[:LOOKED_AT]
    lowered = agent.lower()
    listed, patterns = _listed()
    if any(text in lowered for text in (listed if texts is None else texts)) or any(p.search(agent) for p in patterns):
        return "list"
    return "rule" if RULE.search(agent) else None


def classify(agents: list[str]) -> pa.Table:
    """One row an agent, by agent: user_agent, is_bot, bot_reason, browser, os, device_family."""
    rows: list[tuple[object, ...]] = []
    ordered = sorted(set(agents))
    for some in (ordered[i : i + 1000] for i in range(0, len(ordered), 1000)):
        # Of fifteen hundred texts few occur in a thousand agents: finding those first takes a quarter of the time.
        together = "\n".join(agent[:LOOKED_AT] for agent in some).lower()
        texts = [text for text in _listed()[0] if text in together]
        for agent in some:
            reason = bot_reason(agent, texts)
            rows.append((agent, reason is not None, reason, *_browser(agent)))
    arrays = [pa.array([row[i] for row in rows], field.type) for i, field in enumerate(SCHEMA)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _browser(agent: str) -> tuple[str | None, str | None, str | None]:
    """Families of browser, system and device; None where unknown."""
    from ua_parser import parse

    found = parse(agent[:LOOKED_AT])
    return (
        found.user_agent.family if found.user_agent else None,
        found.os.family if found.os else None,
        found.device.family if found.device else None,
    )
