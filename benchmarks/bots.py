"""How well robots are told from people: writes docs/reference/bots.md from the labelled agents and a real access log.

`python -m benchmarks.bots`; SHOPLAKE_REAL_DATA names the folder that holds user_agents.csv.gz and apache_access.log.gz.
"""

import csv
import gzip
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import crawleruseragents

from shoplake.build import agents

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "bots.md"
Labelled = list[tuple[str, bool]]


def labelled(folder: Path) -> Labelled:
    with gzip.open(folder / "user_agents.csv.gz", "rt", encoding="utf-8", newline="") as f:
        return [(row["user_agent"], row["is_bot"] == "1") for row in csv.DictReader(f)]


def is_judged(agent: str) -> bool:
    """Which half an agent belongs to: the parity of its SHA-256. Even: the rule was tuned on it. Odd: it is judged on it."""
    return bool(hashlib.sha256(agent.encode()).digest()[-1] & 1)


def logged_agents(folder: Path) -> list[str]:
    """The agent of each line of an access log in Combined format; a line without one counts as empty."""
    with gzip.open(folder / "apache_access.log.gz", "rt", encoding="utf-8", errors="replace") as f:
        found = [re.search(r'"((?:[^"\\]|\\.)*)"\s*$', line) for line in f]
    return [match.group(1) if match else "" for match in found]


DECIDERS: dict[str, Callable[[str], bool]] = {
    "the list as published": lambda a: bool(crawleruseragents.is_crawler(a)),
    "the list, letter case apart": lambda a: agents.bot_reason(a) == "list",
    "the rule alone": lambda a: bool(agents.RULE.search(a[: agents.LOOKED_AT])),
    "**both, as used**": lambda a: agents.bot_reason(a) is not None,
}


def figures(rows: Labelled, decide: Callable[[str], bool]) -> tuple[int, int, int]:
    """Robots found, people taken for robots, robots in all."""
    found = [(decide(agent), is_bot) for agent, is_bot in rows]
    return sum(y and b for y, b in found), sum(y and not b for y, b in found), sum(b for _, b in found)


def _table(rows: Labelled) -> list[str]:
    lines = ["| | robots found | recall | people taken for robots | precision |", "|---|---|---|---|---|"]
    for name, decide in DECIDERS.items():
        hits, wrong, bots = figures(rows, decide)
        lines.append(f"| {name} | {hits} of {bots} | {hits / bots:.3f} | {wrong} of {len(rows) - bots} | {hits / (hits + wrong):.4f} |")  # fmt: skip
    return lines


def _speed(rows: Labelled) -> float:
    """CPU milliseconds an agent, list, rule and parser together."""
    agents.classify([agent for agent, _ in rows[:50]])
    began = time.process_time()
    agents.classify([agent for agent, _ in rows])
    return (time.process_time() - began) / len(rows) * 1000


def _examples(found: list[str]) -> list[str]:
    return [f"- `{agent.replace('`', ' ')[:140]}`" for agent in found]


def page(folder: Path) -> str:
    rows = labelled(folder)
    judged = [row for row in rows if is_judged(row[0])]
    tuned = [row for row in rows if not is_judged(row[0])]
    published = DECIDERS["the list as published"]
    missed = [agent for agent, is_bot in judged if is_bot and not published(agent)]
    caught = [agent for agent in missed if agents.bot_reason(agent)]
    log = logged_agents(folder)
    reasons = {agent: agents.bot_reason(agent) for agent in set(log)}
    listed = {agent: published(agent) for agent in reasons}
    by_list, by_us = sum(listed[a] for a in log), sum(reasons[a] is not None for a in log)
    only_rule = sum(reasons[a] == "rule" for a in log)
    bots = sum(is_bot for _, is_bot in judged)
    return "\n".join([
        "# How robots are known",
        "", "Written by `python -m benchmarks.bots` from real data; do not edit.", "",
        f"Whether an event came from a robot is decided by its user agent: by the public list crawler-user-agents ({version('crawler-user-agents')}, pinned,",
        f"{len(crawleruseragents.CRAWLER_USER_AGENTS_DATA):,} patterns, letter case apart), or by a rule of our own (`SIGNS` in src/shoplake/build/agents.py) for agents that no list knows yet.",
        "`ref.user_agents.bot_reason` says which (`list`, `rule`); the ledger counts such events as `bot:user_agent`, and they are kept in `rejected/`.",
        "Robots that send a person's user agent are not found here; `core.fact_sessions.is_suspected_bot` looks at what they do.", "",
        "## On labelled agents", "",
        f"{len(rows):,} agents labelled robot or browser (fixtures of isbot, Unlicense, and of crawler-user-agents, MIT; agents of the list's own fixtures flatter the list).",
        "Halves by the parity of SHA-256 of the agent's text: the rule was tuned on the even half and is judged on the odd one.", "",
        f"The half it is judged on: {len(judged):,} agents, {bots:,} robots. To reach: recall .92 at precision .99.", "", *_table(judged), "",
        f"Of the {len(missed)} robots that the list as published misses there, {len(caught)} are found ({len(caught) / len(missed):.0%}).", "",
        f"The half it was tuned on ({len(tuned):,} agents):", "", *_table(tuned), "",
        f"Deciding and parsing an agent takes {_speed(rows):.1f} ms of CPU, once for each distinct agent. Only its first {agents.LOOKED_AT:,} characters are looked at.", "",
        "## On a real access log", "",
        f"{len(log):,} lines of a web server, May 2015 (elastic/examples, Apache-2.0). Nobody knows which were robots, so these are counts and no grades.", "",
        "| | lines flagged |", "|---|---|",
        "| two public lists, measured apart | 1,955 and 3,009 |",
        f"| crawler-user-agents as published | {by_list:,} |", f"| **list and rule, as used** | {by_us:,} |", f"| of these by the rule alone | {only_rule:,} |", f"| of these by the list in another letter case | {by_us - only_rule - by_list:,} |",
        f"| lines without an agent (not flagged) | {sum(a in ('', '-') for a in log):,} |", "",
        "## What the rule leaves out on purpose", "",
        "A bare `Name/1.0` without a system is most often a robot, and a shop's own app may call itself just so. The rule leaves it alone: losing an app's customers",
        "costs more than counting a robot. A shop that knows better rejects them in its own warehouse/clean/clickstream.sql.", "",
        "## Agents of the judged half that the list misses", "",
        "For the reader, not for tuning: a rule tuned on these would have to be judged on others.", "",
        "<details><summary>found by the rule</summary>", "", *_examples(caught), "", "</details>",
        "<details><summary>missed by both</summary>", "", *_examples([a for a in missed if a not in caught]), "", "</details>",
        "<details><summary>people's agents taken for robots</summary>", "", *_examples([a for a, is_bot in judged if not is_bot and agents.bot_reason(a)]), "", "</details>", "",
    ])  # fmt: skip


def main() -> None:
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        sys.exit(
            "SHOPLAKE_REAL_DATA is not set: it names the folder that holds user_agents.csv.gz and apache_access.log.gz"
        )
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(Path(folder)), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(PAGE.parents[2])}")


if __name__ == "__main__":
    main()
