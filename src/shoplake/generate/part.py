"""One part of one table: chunk by chunk, so that memory stays bounded however large the shop is."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from shoplake.generate import click_faults, click_text, csv_faults, csv_tables, truth
from shoplake.generate.agents import agent_texts, is_crawler
from shoplake.generate.clicks import clicks
from shoplake.generate.draws import I64, U64, Bools, below, chance, draw
from shoplake.generate.mess import NO_FAULT, Deliveries, Ledger, cosmetics, deliveries, faults, in_order, reason
from shoplake.generate.options import BLOCKS, DAYS, Plan, part_blocks
from shoplake.generate.output import Made, PartFiles
from shoplake.generate.rhythm import DAY
from shoplake.lake.layout import Lake

_CHUNK = {"products": 100_000, "users": 30_000, "transactions": 30_000, "refunds": 60_000, "clickstream": 36_000}
_ORDER_BITS = np.uint64(26)
_BEFORE = 1 << 36  # added to times, which are negative for what happened before the first day


class PartMade(msgspec.Struct):
    """What a part leaves behind: files under temporary names, and what was planted in them."""

    files: list[Made]
    ledger: Ledger
    truth: dict[str, str]  # name of the truth table -> temporary file


def chunks(plan: Plan, table: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Ranges of blocks of about equal size in rows."""
    total = {
        "products": plan.products * 4,
        "users": max(plan.users, plan.transactions // 2),
        "clickstream": plan.events,
    }.get(table, plan.transactions)
    step = max(1, _CHUNK[table] * BLOCKS // max(total, 1))
    for begin in range(first, last, step):
        yield begin, min(begin + step, last)


def make_part(plan: Plan, lake: Lake, table: str, part: int, parts: int) -> PartMade:
    first, last = part_blocks(part, parts)
    files = PartFiles(lake, table, first, plan.first_day, DAYS, plan.format if table == "transactions" else "csv")
    ledger, planted = Ledger(), truth.Collector(plan, lake, first)
    for begin, end in chunks(plan, table, first, last):
        if table == "clickstream":
            _click_chunk(plan, begin, end, files, ledger, planted)
        else:
            _csv_chunk(plan, table, begin, end, files, ledger, planted)
    return PartMade(files.finish(), ledger, planted.finish())


def _csv_chunk(
    plan: Plan, table: str, begin: int, end: int, files: PartFiles, ledger: Ledger, planted: "truth.Collector"
) -> None:
    records = csv_tables.MAKERS[table](plan, begin, end)
    fault = faults(plan, table, records.key)
    oddity = cosmetics(plan, records.key, fault)
    arrived = deliveries(plan, records.key, np.clip(records.at // DAY, 0, DAYS - 1), fault == NO_FAULT)
    order = in_order(arrived.day, records.block[arrived.row], records.at[arrived.row] + _BEFORE // 4)
    row, day = arrived.row[order], arrived.day[order]
    lines = records.render(row)
    special = np.flatnonzero((fault[row] != NO_FAULT) | (oddity[row] != NO_FAULT))
    found = _edit_csv(plan, table, lines, special, day, fault[row], oddity[row], draw(records.key[row], "variant"))
    files.add(day, lines, {int(r): (e.is_odd, e.data) for r, e in zip(special, found, strict=True)})
    _count(table, ledger, len(row), arrived, found)
    planted.records(table, lines, special, truth.faults_of(table, found), day)
    planted.records(table, lines, *truth.copies(order, len(records.key), arrived), day)
    if table == "users":
        planted.users(begin, end)


def _edit_csv(
    plan: Plan, table: str, lines: Any, special: I64, day: I64, fault: I64, oddity: I64, variant: U64
) -> list[csv_faults.Edited]:
    texts = lines.take(special).to_pylist()
    ends = ((plan.first_day + day[special] + 1) * DAY).tolist()
    variants = (variant[special] >> np.uint64(16)).tolist()
    return [
        csv_faults.edit(table, line, f, o, v, end)
        for line, f, o, v, end in zip(
            texts, fault[special].tolist(), oddity[special].tolist(), variants, ends, strict=True
        )
    ]


def _count(table: str, ledger: Ledger, landed: int, arrived: Deliveries, found: list[csv_faults.Edited]) -> None:
    ledger.landed += landed
    ledger.duplicates += arrived.duplicates
    ledger.redelivered += arrived.redelivered
    for one in found:
        if one.fault:
            ledger.reject(reason(table, one.fault), 1)


def _click_chunk(
    plan: Plan, begin: int, end: int, files: PartFiles, ledger: Ledger, planted: "truth.Collector"
) -> None:
    made = clicks(plan, begin, end)
    events, sessions = made.events, made.sessions
    robot = is_crawler(sessions.agent)[events.session]
    fault = np.where(robot, NO_FAULT, faults(plan, "clickstream", events.key))
    oddity = cosmetics(plan, events.key, fault)
    oddity = np.where(oddity == 3, NO_FAULT, oddity)  # spelling is chosen by session
    arrival, late = _late(plan, events.key, events.at // (DAY * 1000), fault)
    arrived = deliveries(plan, events.key, arrival, (fault == NO_FAULT) & ~robot)
    # Collectors deliver in no order: inside a day and block events lie as they were hashed, so that no reader can lean on one.
    order = in_order(
        arrived.day,
        sessions.block[events.session[arrived.row]],
        (events.key[arrived.row] >> _ORDER_BITS).astype(np.int64),
    )
    row, day = arrived.row[order], arrived.day[order]
    lines = click_text.render(plan, made, click_text.pieces(plan, made), row)
    special = np.flatnonzero((fault[row] != NO_FAULT) | (oddity[row] != NO_FAULT))
    texts = lines.take(special).to_pylist()
    ends = ((plan.first_day + day[special] + 1) * DAY).tolist()
    variants = (draw(events.key[row[special]], "variant") >> np.uint64(16)).tolist()
    found = [
        click_faults.edit(line, f, o, v, until)
        for line, f, o, v, until in zip(
            texts, fault[row[special]].tolist(), oddity[row[special]].tolist(), variants, ends, strict=True
        )
    ]
    files.add(day, lines, {int(r): (e.is_odd, e.data) for r, e in zip(special, found, strict=True)})
    _count("clickstream", ledger, len(row), arrived, found)
    _count_bots(ledger, sessions.agent[events.session[robot]])
    ledger.late += int(late.sum())
    planted.events(made, row, special, truth.faults_of("clickstream", found), day)
    planted.events(made, row, *truth.copies(order, len(events.key), arrived), day)
    slow = np.flatnonzero(late[row])
    planted.events(made, row, slow, ["late"] * len(slow), day)
    planted.visitors(made)
    planted.left_carts(made)


def _count_bots(ledger: Ledger, agent: I64) -> None:
    ledger.reject("bot", len(agent))
    names = agent_texts()
    for number, rows in enumerate(np.bincount(agent).tolist()):
        if rows:
            ledger.bot_agents[names[number].as_py()] = ledger.bot_agents.get(names[number].as_py(), 0) + rows


def _late(plan: Plan, key: U64, day: I64, fault: I64) -> tuple[I64, Bools]:
    """The day each event arrives, and whether that is later than the day it happened."""
    arrival = day + np.where(chance(key, "late", plan.mess["late"]), 1 + below(key, "how late", 3), 0)
    arrival = np.where(arrival < DAYS, arrival, day)
    return arrival, arrival > day
