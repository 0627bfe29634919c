"""What was planted, written down: a row a thing in truth/*.parquet, the sums in truth.json."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.generate import agents, text
from shoplake.generate.bots import BOT_KINDS
from shoplake.generate.catalogue import catalogue
from shoplake.generate.click_text import event_ids, session_ids
from shoplake.generate.clicks import CART, HESITATING, PURCHASE, Clicks
from shoplake.generate.columns import CSV_COLUMNS
from shoplake.generate.csv_tables import order_ids
from shoplake.generate.draws import F64, I64, Bools
from shoplake.generate.mess import Deliveries, reason
from shoplake.generate.options import Plan
from shoplake.generate.people import People, people, taste_vector
from shoplake.generate.profiles import user_ids
from shoplake.generate.rhythm import DAY, FIRST_CLICK_DAY, INCIDENT_HOURS, YEAR_END, incident_day, sale_day
from shoplake.generate.visitors import visitor_ids
from shoplake.lake.layout import Lake

CHURN_CUTS = (275, 305)  # days of the year
CHURN_HORIZON = 60  # days
_ROW_GROUP = 1 << 20


class Collector:
    """Truth of one part, written to temporary files as it comes: there is as much of it as there are visitors."""

    def __init__(self, plan: Plan, lake: Lake, first_block: int) -> None:
        self._plan, self._lake, self._first_block = plan, lake, first_block
        self._written: dict[str, tuple[Path, Any]] = {}
        self._days = [d.decode() for d in text.day_names(plan.first_day, YEAR_END // DAY)]

    def _keep(self, name: str, table: Any) -> None:
        if not table.num_rows:
            return
        if name not in self._written:
            path = self._lake.truth / f".{name}-{self._first_block:04d}.tmp"
            path.parent.mkdir(parents=True, exist_ok=True)
            self._written[name] = path, pa.ipc.new_stream(path, table.schema)
        self._written[name][1].write_table(table)

    def records(self, table: str, lines: Any, where: I64, kinds: list[str], day: I64) -> None:
        """CSV rows with a fault: `where` are rows of `lines`, the text before the fault."""
        known = [(int(w), k) for w, k in zip(where, kinds, strict=True) if k]
        if not known:
            return
        fields = [line.rstrip("\n").split(",") for line in lines.take(pa.array([w for w, _ in known])).to_pylist()]
        columns = CSV_COLUMNS[table]
        keys = [c for c in ("line_number", "updated_at") if c in columns]
        named = {c: pa.array([f[columns.index(c)] for f in fields]) for c in (columns[0], *keys)}
        self._keep(f"planted_{table}", pa.table({
            **named, "kind": pa.array([k for _, k in known]), "ds": pa.array([self._days[day[w]] for w, _ in known]),
        }))  # fmt: skip

    def events(self, made: Clicks, row: I64, where: I64, kinds: list[str], day: I64) -> None:
        """Events with a fault: `where` are rows of the delivery `row`. Purchases name their order line."""
        if not len(where):
            return
        events, which = made.events, row[where]
        bought = events.type[which] == PURCHASE
        order = np.where(bought, made.sessions.order[events.session[which]], 0)
        ids = (
            text.pick(order_ids(self._plan, made.sold.orders), order)
            if bought.any()
            else text.strings([""] * len(which))
        )
        line = made.sold.lines.number[np.where(bought, events.line[which], 0)] if bought.any() else order
        self._keep("planted_clickstream", pa.table({
            "event_id": event_ids(events.key[which]), "kind": pa.array(kinds), "ds": pa.array([self._days[d] for d in day[where].tolist()]),
            "transaction_id": _null_blank(ids, bought), "line_number": pa.array(line, pa.int64(), mask=~bought),
        }))  # fmt: skip

    def visitors(self, made: Clicks) -> None:
        """Each visitor once; user_id when the sessions show one user, users_seen how many."""
        sessions = made.sessions
        visitor, first = np.unique(sessions.visitor, return_index=True)
        pair = np.unique(
            np.stack([sessions.visitor, sessions.user.astype(np.uint64)], axis=1)[sessions.user >= 0], axis=0
        )
        seen = np.searchsorted(pair[:, 0], visitor, side="right") - np.searchsorted(pair[:, 0], visitor, side="left")
        at = np.searchsorted(pair[:, 0], visitor, side="left").clip(0, max(len(pair) - 1, 0))
        user = pair[at, 1].astype(np.int64) if len(pair) else np.zeros(len(visitor), np.int64)
        kind = np.where(
            sessions.bot[first] >= 0,
            made.bots.kind[np.maximum(sessions.bot[first], 0)] if len(made.bots.key) else 0,
            -1,
        )
        names = text.pick(text.strings([*BOT_KINDS, ""]), np.where(kind < 0, len(BOT_KINDS), kind))
        single = seen == 1
        ids = (
            text.pick(user_ids(made.sold.who.number), np.where(single, user, 0))
            if len(made.sold.who)
            else text.strings([""] * len(visitor))
        )
        self._keep("visitors", pa.table({
            "visitor_id": visitor_ids(visitor), "is_bot": pa.array(kind >= 0), "bot_kind": _null_blank(names, kind >= 0),
            "user_id": _null_blank(ids, single), "users_seen": pa.array(seen),
        }))  # fmt: skip

    def left_carts(self, made: Clicks) -> None:
        """What was put into carts that an order takes up later: an event each, with the order; left_at ends its session."""
        events, sessions, orders = made.events, made.sessions, made.sold.orders
        row = np.flatnonzero((events.type == CART) & (sessions.kind == HESITATING)[events.session])
        if not len(row):
            return
        session = events.session[row]
        order, start = sessions.order[session], self._plan.first_day * DAY
        self._keep("left_carts", pa.table({
            "event_id": event_ids(events.key[row]), "visitor_id": visitor_ids(sessions.visitor[session]), "session_id": session_ids(sessions.key[session]),
            "product_id": text.pick(catalogue(self._plan).ids, events.product[row]), "transaction_id": text.pick(order_ids(self._plan, orders), order),
            "left_at": pa.array((sessions.at[session] + start * 1000) * 1000).cast(pa.timestamp("us")),
            "ordered_at": pa.array((orders.at[order] + start) * 1_000_000).cast(pa.timestamp("us")),
        }))  # fmt: skip

    def users(self, first_block: int, last_block: int) -> None:
        """Taste, hidden drivers and hazard of each user."""
        who = people(self._plan, first_block, last_block)
        by_category, by_style = taste_vector(who)
        start = self._plan.first_day * DAY
        left = pa.array((who.leaves + start) * 1_000_000, pa.int64(), mask=who.leaves >= YEAR_END).cast(
            pa.timestamp("us")
        )
        self._keep("users", pa.table({
            "user_id": user_ids(who.number), "registered_at": pa.array((who.registered + start) * 1_000_000).cast(pa.timestamp("us")),
            "is_tracked": pa.array(who.tracked), "order_rate": pa.array(who.rate), "engagement": pa.array(who.engagement),
            "thrift": pa.array(who.thrift), "trouble": pa.array(who.trouble), "breadth": pa.array(who.breadth), "mobile": pa.array(who.mobile),
            "hazard_per_day": pa.array(who.hazard), "left_at": left,
            **{f"leaving_probability_{cut}": pa.array(_leaving(who, cut)) for cut in CHURN_CUTS},
            "taste_categories": _lists(by_category), "taste_styles": _lists(by_style),
        }))  # fmt: skip

    def finish(self) -> dict[str, str]:
        """Name of each truth table -> its temporary file, complete."""
        for _, stream in self._written.values():
            stream.close()
        return {name: str(path) for name, (path, _) in self._written.items()}


def copies(order: I64, records: int, arrived: Deliveries) -> tuple[I64, list[str]]:
    """Rows of the sorted delivery that are second copies, and of which kind."""
    where = np.flatnonzero(order >= records)
    return where, ["duplicate" if o < records + arrived.duplicates else "redelivered" for o in order[where].tolist()]


def faults_of(table: str, found: list[Any]) -> list[str]:
    """The reason of each edited record, empty for a harmless oddity."""
    return [reason(table, one.fault) if one.fault else "" for one in found]


def _null_blank(column: Any, keep: Bools) -> Any:
    import pyarrow.compute as pc

    return pc.if_else(pa.array(keep), column, pa.scalar(None, pa.string()))


def _lists(rows: F64) -> Any:
    return pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), rows.shape[1])


def _leaving(who: People, cut: int) -> F64:
    """Chance that a user buys nothing more after the cut's horizon: 1 for those who left before the cut."""
    stays = np.ones(len(who))
    for _ in range(CHURN_HORIZON):
        stays = stays * (1 - who.hazard)
    return np.where(who.leaves < cut * DAY, 1.0, 1 - stays)


def _evenly(paths: list[Path]) -> Iterator[Any]:
    """The rows of Arrow streams, a row group at a time."""
    held: list[Any] = []
    rows = 0
    for path in paths:
        with pa.ipc.open_stream(path) as stream:
            for batch in stream:
                held.append(pa.Table.from_batches([batch]))
                rows += batch.num_rows
                while rows >= _ROW_GROUP:
                    whole = pa.concat_tables(held)
                    yield whole.slice(0, _ROW_GROUP).combine_chunks()
                    held, rows = [whole.slice(_ROW_GROUP)], rows - _ROW_GROUP
    if rows:
        yield pa.concat_tables(held).combine_chunks()


def merge(parts: list[dict[str, str]], folder: Path, suffix: str) -> None:
    """Put the temporary files of parts together, one file a truth table."""
    for name in sorted({name for part in parts for name in part}):
        found = [Path(part[name]) for part in parts if name in part]
        temporary = folder / f".{name}{suffix}.tmp"
        writer = None
        for rows in _evenly(found):
            writer = writer or pq.ParquetWriter(temporary, rows.schema, compression="zstd")
            writer.write_table(rows, _ROW_GROUP)
        assert writer is not None  # a file is begun for rows only
        writer.close()
        temporary.replace(folder / f"{name}{suffix}.parquet")
        for path in found:
            path.unlink(missing_ok=True)


def write_agents(lake: Lake) -> None:
    """All user agents the shop can be visited with."""
    flat = [agent for pool in agents.pools() for agent in pool]
    crawlers, unlisted = set(agents.pools()[agents.CRAWLER]), set(agents.unlisted())
    lake.truth.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({
        "user_agent": pa.array(flat), "is_bot": pa.array([a in crawlers for a in flat]), "is_listed": pa.array([a in crawlers - unlisted for a in flat]),
    }), lake.truth / "agents.parquet", compression="zstd")  # fmt: skip


def summary(plan: Plan, ledgers: dict[str, Any]) -> dict[str, Any]:
    """The content of truth.json."""
    days = [d.decode() for d in text.day_names(plan.first_day, YEAR_END // DAY)]
    return {
        "parameters": plan.notes(),
        "first_click_day": days[FIRST_CLICK_DAY],
        "sale_day": {"date": days[sale_day(plan)], "harmless": True},
        "incident_day": {"date": days[incident_day(plan)], "hours_utc": list(INCIDENT_HOURS), "what": "payments fail"},
        "churn": {"cuts": [days[c] for c in CHURN_CUTS], "horizon_days": CHURN_HORIZON},
        "bot_agents": {"listed": sorted(set(agents.pools()[agents.CRAWLER]) - set(agents.unlisted())), "unlisted": agents.unlisted()},
        "expected_ledger": ledgers,
    }  # fmt: skip
