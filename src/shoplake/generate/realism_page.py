"""docs/reference/realism.md: the figures, the rhythm, the robots, left carts and the facts as tables a person can read."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shoplake.generate.clicks import HESITATES
from shoplake.generate.options import GENERATOR_VERSION
from shoplake.generate.realism_found import PRECISION, RECALL, RULED, Carts, Found

if TYPE_CHECKING:
    from shoplake.generate.realism import Figure, References

_BAR = 16  # characters of the longest bar
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def page(figures: "list[Figure]", references: "References", profiles: dict[str, list[float]], found: Found) -> str:
    """The whole page."""
    p = found.parameters
    lines = [
        "# How real the generated shop is",
        "",
        f"Made by generator version {GENERATOR_VERSION} with seed {p['seed']}: {p['events']:,} events, {p['transactions']:,} order lines, "
        f"{p['users']:,} users, {p['products']:,} products, 365 days from {p['start_date']}; built as of {found.as_of}. Do not edit; make it again:",
        "",
        "```",
        "shoplake --lake LAKE generate all",
        "shoplake --lake LAKE build",
        "python -m shoplake.generate.realism LAKE --write docs/reference/realism.md",
        "```",
        "",
        *_figures(figures, references),
        *_rhythm(profiles, references.profiles),
        *_robots(found),
        *_carts(found.carts),
        *_ledger(found),
        *_fits(found),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _figures(figures: "list[Figure]", references: "References") -> Iterator[str]:
    yield from ("## Beside real shops", "")
    yield "A figure has to lie within 25 % of the real one, or in a band of its own with the reason in the last column. `tests/realism` fails when one does not."
    for section in dict.fromkeys(f.asked.section for f in figures):
        yield from (
            "",
            f"### {section}",
            "",
            "| figure | here | | real | | band | in it | from |",
            "|---|---:|---|---:|---|---|---|---|",
        )
        for f in figures:
            if f.asked.section == section:
                unit, top = f.asked.unit, max(f.value, f.reference.value)
                note = f" {f.asked.note}" if f.asked.band else ""
                yield (
                    f"| {f.asked.label} | {_number(f.value, unit)} | {_bar(f.value, top)} | {_number(f.reference.value, unit)} | {_bar(f.reference.value, top)} "
                    f"| {_number(f.low, unit)} to {_number(f.high, unit)} | {'yes' if f.in_band else '**no**'} | [{f.reference.source}]. {f.reference.how}.{note} |"
                )
    yield ""
    for name, source in references.sources.items():
        yield f"- [{name}]: [{source.title}]({source.url})"
    yield ""


def _rhythm(here: dict[str, list[float]], real: dict[str, list[float]]) -> Iterator[str]:
    yield from (
        "## Rhythm",
        "",
        "Shares of the year's orders, here and in the UCI file (a wholesaler in the UK: no night, no Saturday, a short Sunday).",
    )
    names = {"hours": [f"{h:02}:00" for h in range(24)], "weekdays": _WEEKDAYS, "months": _MONTHS}
    for key, title in (("hours", "hour"), ("weekdays", "weekday"), ("months", "month")):
        top = max(*here[key], *real[key])
        yield from ("", f"| {title} | here | | UCI | |", "|---|---:|---|---:|---|")
        for name, mine, other in zip(names[key], here[key], real[key], strict=True):
            yield f"| {name} | {mine:.1%} | {_bar(mine, top)} | {other:.1%} | {_bar(other, top)} |"
    yield ""


def _robots(found: Found) -> Iterator[str]:
    agents, all_ = found.agents, found.undeclared
    yield from ("## Robots", "", "### Those that say so, by user agent", "")
    planted, right = sum(a.planted for a in agents), sum(a.found for a in agents)
    people = agents[0].people if agents else 0
    yield (
        f"Rejected in clean as `bot`: recall {right / max(planted, 1):.3f} ({right:,} of {planted:,} events), precision {right / max(right + people, 1):.3f} "
        f"({people:,} events of people). Agents marked * are in no public list; a rule knows them by their words."
    )
    yield from ("", "| agent | planted | found | recall |", "|---|---:|---:|---:|")
    for a in agents:
        name = re.sub(r"([|_*])", r"\\\1", a.kind if len(a.kind) <= 70 else f"...{a.kind[-67:]}")
        star = " \\*" if a.kind in found.unlisted else ""
        yield f"| {name}{star} | {a.planted:,} | {a.found:,} | {a.recall:.3f} |"
    yield from ("", "### Those that do not, by behaviour", "")
    yield (
        "`is_suspected_bot` of core.fact_sessions, by the rule stated in warehouse/core/fact_sessions.sql: 60 views in a day and nothing put into a cart, or 20 events "
        f"and more at most 3 seconds apart on average. Asked for: recall {RECALL} at precision {PRECISION} over all kinds. Half of the kinds are unlike the rule, "
        "and are there so that this page can show what a rule misses."
    )
    yield from (
        "",
        "| kind | like the rule | events | found | recall | | precision |",
        "|---|---|---:|---:|---:|---|---:|",
    )
    for r in found.robots:
        precision = f"{r.precision:.3f}" if r.found else "-"
        yield f"| {r.kind} | {'yes' if r.kind in RULED else 'no'} | {r.planted:,} | {r.found:,} | {r.recall:.3f} | {_bar(r.recall, 1)} | {precision} |"
    yield f"| **all** | | {all_.planted:,} | {all_.found:,} | {all_.recall:.3f} | {_bar(all_.recall, 1)} | {all_.precision:.3f} |"
    yield ""
    yield (
        f"People hit: {found.people_suspected:,} of {found.people_planted:,} events, of visitors who looked at a great many products in a day and took none. "
        "The precision of a kind counts the people suspected for the same part of the rule."
    )
    yield ""


def _carts(carts: Carts) -> Iterator[str]:
    yield from ("## Carts that were left", "")
    yield (
        f"Some who leave a cart come back: before {HESITATES:.0%} of the orders whose clicks are recorded, some of the order was left in a cart, three hours to twelve "
        "days earlier. That share is a choice of ours: no source named above has a figure for it."
    )
    yield ""
    yield (
        f"Of {carts.left:,} carts left, {carts.found + carts.by_chance:,} ({carts.share:.1%}) were bought from within 7 days, by `is_recovered` of marts.abandoned_carts. "
        "A planted one cannot be found when the event of its cart or of its purchase had a fault, and one that was planted to be later must not be found."
    )
    yield from (
        "",
        "| planted | found | cannot be found | planted to be later | found by chance |",
        "|---:|---:|---:|---:|---:|",
    )
    yield f"| {carts.planted:,} | {carts.found:,} | {carts.spoilt:,} | {carts.late:,} | {carts.by_chance:,} |"
    yield ""


def _ledger(found: Found) -> Iterator[str]:
    yield from (
        "## The ledger against the truth",
        "",
        "Rows expected from what was planted, and rows found by the build: equal in every reason.",
        "",
    )
    tables = list(dict.fromkeys(c.table for c in found.ledger))
    of = {(c.table, c.what): c for c in found.ledger}
    yield from (f"| | {' | '.join(tables)} |", f"|---|{'---:|' * len(tables)}")
    for what in dict.fromkeys(c.what for c in found.ledger):
        cells = []
        for table in tables:
            c = of.get((table, what))
            cells.append(
                ""
                if c is None
                else f"{c.found:,}"
                if c.found == c.expected
                else f"**{c.found:,}, expected {c.expected:,}**"
            )
        yield f"| {what} | {' | '.join(cells)} |"
    yield ""


def _fits(found: Found) -> Iterator[str]:
    yield from ("## Facts that fit together", "")
    yield "What is otherwise has to be what was planted: a row that names a user, an order line or an event all of whose deliveries had a fault."
    yield from (
        "",
        "| what has to be so | looked at | otherwise | of them planted | right |",
        "|---|---:|---:|---:|---|",
    )
    for f in found.fits:
        yield f"| {f.what} | {f.looked_at:,} | {f.otherwise:,} | {f.planted:,} | {'yes' if f.is_right else '**no**'} |"


def _number(value: float, unit: str) -> str:
    if unit == "hour":
        return f"{value:02.0f}:00"
    if unit == "share":
        return f"{value:.2%}" if value < 0.1 else f"{value:.1%}"
    return f"{value:.2f}"


def _bar(value: float, top: float) -> str:
    return "█" * round(_BAR * value / top) if top and value else ""
