"""What a build found of what was planted: the ledger, robots by kind, left carts, and facts that have to fit together."""

from typing import Any

import msgspec

from shoplake.contracts import load
from shoplake.engines.duckdb import DuckDB
from shoplake.errors import WrongUse
from shoplake.generate.bots import BOT_KINDS
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import Manifest, read_manifest

# The kinds of robots whose behaviour the rule in fact_sessions describes. The others are there to be missed.
RULED = ("burst", "id_walker", "price_checker")
RECALL, PRECISION = 0.5, 0.9  # what the rule has to reach over all undeclared kinds
_HARMLESS = "('', 'duplicate', 'redelivered', 'late')"  # planted, but not a reason to be left out


class Count(msgspec.Struct, frozen=True):
    """A line of the ledger: what the truth says, what the build found."""

    table: str
    what: str
    expected: int
    found: int


class Robots(msgspec.Struct, frozen=True):
    """Events of one kind of robot. `people`: events of people found with it."""

    kind: str
    planted: int
    found: int
    people: int

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 0.0

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.people) if self.found else 0.0


class Fit(msgspec.Struct, frozen=True):
    """A thing that has to be so: how many were looked at, how many are otherwise, how many of those were planted."""

    what: str
    looked_at: int
    otherwise: int
    planted: int = 0

    @property
    def is_right(self) -> bool:
        return self.looked_at > 0 and self.otherwise == self.planted


class Carts(msgspec.Struct, frozen=True):
    """Sessions that left a cart, as marts.abandoned_carts finds them, against those planted to be bought from later."""

    left: int
    planted: int  # to be bought from within 7 days
    found: int  # of the planted
    spoilt: int  # planted, but no product is left of which both the cart's and the purchase's event are clean
    late: int  # planted to be bought from after more than 7 days
    by_chance: int  # found, and not planted within 7 days

    @property
    def share(self) -> float:
        return (self.found + self.by_chance) / self.left if self.left else 0.0


class Found(msgspec.Struct, frozen=True):
    """All of it, for one generated and built lake."""

    parameters: dict[str, Any]
    as_of: str
    ledger: list[Count]
    agents: list[Robots]  # declared, by agent; `kind` is the agent
    unlisted: list[str]  # agents that the public list of crawlers does not know
    robots: list[Robots]  # undeclared, by kind
    people_suspected: int
    people_planted: int
    carts: Carts
    fits: list[Fit]

    @property
    def undeclared(self) -> Robots:
        return Robots(
            "all", sum(r.planted for r in self.robots), sum(r.found for r in self.robots), self.people_suspected
        )

    @property
    def wrong(self) -> list[str]:
        """A sentence for everything that is not as it has to be."""
        all_ = self.undeclared
        found = [
            f"ledger of {c.table}, {c.what}: expected {c.expected}, found {c.found}."
            for c in self.ledger
            if c.expected != c.found
        ]
        found += [
            f"{f.what}: {f.otherwise} of {f.looked_at} are otherwise, {f.planted} of them planted."
            for f in self.fits
            if not f.is_right
        ]
        found += [
            f"robot {a.kind}: {a.planted} rows planted, {a.found} found." for a in self.agents if a.found != a.planted
        ]
        if all_.recall < RECALL or all_.precision < PRECISION:
            found.append(
                f"undeclared robots: recall {all_.recall:.3f} at precision {all_.precision:.3f}, expected {RECALL} at {PRECISION}."
            )
        if self.carts.found + self.carts.spoilt != self.carts.planted:
            found.append(
                f"left carts: {self.carts.planted} planted to be bought from, {self.carts.found} found, {self.carts.spoilt} not to be found."
            )
        return found


def find(lake: Lake) -> Found:
    """Compare a built lake with its truth. Raises WrongUse when it was not generated."""
    path = lake.root / "truth.json"
    if not path.exists():
        raise WrongUse(
            f"{path}: not there. Only a generated shop can be scored: shoplake --lake {lake.root} generate all"
        )
    truth, manifest = msgspec.json.decode(path.read_bytes()), read_manifest(lake)
    engine = DuckDB()
    try:
        engine.attach(lake.root / manifest.database_file().path, read_only=True)
        _views(engine, lake, manifest)
        robots, people = _robots(engine)
        return Found(
            truth["parameters"], manifest.as_of, _ledger(engine, manifest, truth["expected_ledger"]), _agents(engine, truth),
            truth["bot_agents"]["unlisted"], robots, *people, _carts(engine), _fits(engine, truth["first_click_day"]),
        )  # fmt: skip
    finally:
        engine.close()


def _views(engine: DuckDB, lake: Lake, manifest: Manifest) -> None:
    """What is read beside the generation: two clean tables, the rejected events, and the truth."""
    contracts = load()
    for table in ("users", "products"):
        paths = [str(lake.root / f.path) for p in manifest.partitions if p.table == table for f in p.clean_files]
        engine.parquet_view(f"clean.{table}", contracts.table(f"clean.{table}"), paths)
    paths = [str(lake.root / f.path) for p in manifest.partitions if p.table == "clickstream" for f in p.rejected_files]
    engine.parquet_view("rejected.clickstream", contracts.table("rejected.clickstream"), paths)
    for file in sorted(lake.truth.glob("*.parquet")):
        engine.execute(f"CREATE VIEW lake.work.{file.stem} AS SELECT * FROM read_parquet('{file}')")


def _ledger(engine: DuckDB, manifest: Manifest, expected: dict[str, Any]) -> list[Count]:
    moved = {str(t): int(n) for t, n in engine.rows("SELECT table_name, redelivered_rows FROM gen.ledger.movements")}
    lines = []
    for table, wanted in expected.items():
        mine = [p for p in manifest.partitions if p.table == table]
        reasons: dict[str, int] = dict.fromkeys(wanted["rejected"], 0)
        for partition in mine:
            for name, rows in partition.reasons.items():
                reason = name.partition(":")[0]
                reasons[reason] = reasons.get(reason, 0) + rows
        lines += [
            Count(table, "landed", wanted["landed"], sum(p.landed for p in mine)),
            Count(table, "clean", wanted["clean"], sum(p.clean for p in mine)),
            Count(table, "duplicate", wanted["duplicates"], sum(p.duplicate for p in mine)),
            Count(table, "redelivered", wanted["redelivered"], moved[table]),
            *[Count(table, reason, wanted["rejected"].get(reason, 0), reasons[reason]) for reason in sorted(reasons)],
        ]
    return lines


def _agents(engine: DuckDB, truth: dict[str, Any]) -> list[Robots]:
    """Rows rejected as robots, by the agent in their text; an agent that was not planted is people's."""
    found: dict[str, int] = dict(
        engine.rows(
            'SELECT TRIM(REGEXP_EXTRACT(raw_text, \'"user_agent":"([^"]*)"\', 1)), COUNT(*) FROM lake.rejected.clickstream '
            "WHERE reject_reason = 'bot' GROUP BY ALL"
        )
    )
    planted: dict[str, int] = truth["expected_ledger"]["clickstream"]["bot_agents"]
    people = sum(rows for agent, rows in found.items() if agent not in planted)
    return [Robots(agent, rows, found.get(agent, 0), people) for agent, rows in sorted(planted.items())]


def _robots(engine: DuckDB) -> tuple[list[Robots], tuple[int, int]]:
    """Undeclared robots by kind, and (suspected, all) events of people, each event judged by its session.

    The precision of a kind counts the people that are suspected for the same part of the rule.
    """
    engine.execute(
        "CREATE TEMP TABLE judged AS WITH days AS (SELECT visitor_id, event_date, COUNT(*) >= 20 "
        "AND MAX(event_us) - MIN(event_us) <= (COUNT(*) - 1) * 3000000 AS is_fast FROM core.fact_clickstream GROUP BY ALL) "
        "SELECT v.bot_kind, s.is_suspected_bot, s.is_suspected_bot AND d.is_fast AS is_fast, COUNT(*) AS n "
        "FROM core.fact_clickstream AS f JOIN core.fact_sessions AS s USING (session_key) JOIN lake.work.visitors AS v ON v.visitor_id = f.visitor_id "
        "JOIN days AS d ON d.visitor_id = s.visitor_id AND d.event_date = s.session_date GROUP BY ALL"
    )
    rows = engine.rows(
        "SELECT bot_kind, SUM(n), COALESCE(SUM(n) FILTER (is_suspected_bot), 0), COALESCE(SUM(n) FILTER (is_fast), 0) FROM judged GROUP BY bot_kind"
    )
    of = {kind: tuple(int(x) for x in counts) for kind, *counts in rows}
    all_, suspected, fast = of.get(None, (0, 0, 0))
    robots = []
    for kind in BOT_KINDS[1:]:
        planted, found, quick = of.get(kind, (0, 0, 0))
        robots.append(Robots(kind, planted, found, (fast if quick else 0) + (suspected - fast if found > quick else 0)))
    return robots, (suspected, all_)


def _carts(engine: DuckDB) -> Carts:
    """Left carts by session; what was planted is judged by the truth and the events in core, not by the mart."""
    (row,) = engine.rows(
        "WITH planted AS (SELECT l.visitor_id || '/' || l.session_id AS session_key, "
        "BOOL_OR(l.ordered_at - l.left_at <= INTERVAL 7 DAY) AS is_near, BOOL_OR(c.event_id IS NOT NULL AND p.event_id IS NOT NULL) AS is_clean "
        "FROM lake.work.left_carts AS l LEFT JOIN core.fact_clickstream AS c ON c.event_id = l.event_id "
        "LEFT JOIN core.fact_clickstream AS p ON p.event_type = 'purchase' AND p.transaction_id = l.transaction_id AND p.product_id = l.product_id "
        "GROUP BY ALL), found AS (SELECT session_key, BOOL_OR(is_recovered) AS is_recovered FROM marts.abandoned_carts GROUP BY ALL) "
        "SELECT COUNT(f.session_key), COUNT(*) FILTER (is_near), COUNT(*) FILTER (is_near AND is_recovered), "
        "COUNT(*) FILTER (is_near AND NOT is_clean), COUNT(*) FILTER (NOT is_near), COUNT(*) FILTER (is_recovered AND is_near IS NOT TRUE) "
        "FROM planted FULL JOIN found AS f USING (session_key)"
    )
    return Carts(*(int(n) for n in row))


def _fits(engine: DuckDB, first_click_day: str) -> list[Fit]:
    engine.execute(
        "CREATE TEMP TABLE born AS SELECT product_id, MIN(since) AS since FROM (SELECT product_id, updated_at AS since FROM lake.clean.products "
        f"UNION ALL SELECT product_id, CAST(updated_at AS TIMESTAMP) FROM lake.work.planted_products WHERE kind NOT IN {_HARMLESS}) GROUP BY product_id"
    )
    fits = []
    for what, table, at in (
        ("An event", "core.fact_clickstream", "event_ts"),
        ("An order line", "core.fact_transactions", "ordered_at"),
        ("A refund line", "core.fact_refunds", "refunded_at"),
    ):
        fits += [
            Fit(f"{what}'s user was registered by then", *_count(
                engine, f"SELECT COUNT(*), COUNT(*) FILTER (u.registered_at IS NULL OR u.registered_at > f.{at}) FROM {table} AS f "
                "LEFT JOIN lake.work.users AS u ON u.user_id = f.user_id WHERE f.user_id IS NOT NULL")),
            Fit(f"{what}'s product was in the catalogue by then", *_count(
                engine, f"SELECT COUNT(*), COUNT(*) FILTER (b.since IS NULL OR b.since > f.{at}) FROM {table} AS f "
                "LEFT JOIN born AS b ON b.product_id = f.product_id WHERE f.product_id IS NOT NULL")),
            *[_known(engine, what, table, kind) for kind in ("user", "product")],
        ]  # fmt: skip
        if at != "refunded_at":  # what is no longer sold can still be sent back
            fits.append(Fit(f"{what}'s product was still on sale", *_count(
                engine, f"SELECT COUNT(*), COUNT(*) FILTER (NOT p.is_active), COUNT(*) FILTER (NOT p.is_active AND f.product_id IN "
                f"(SELECT product_id FROM lake.work.planted_products WHERE kind NOT IN {_HARMLESS})) FROM {table} AS f JOIN core.dim_products AS p "
                "ON p.product_key = f.product_key WHERE f.product_id IS NOT NULL")))  # fmt: skip
    for column in ("device_type", "user_agent", "ip_address", "visitor_id"):
        fits.append(Fit(f"A session has one {column}", *_count(
            engine, f"SELECT COUNT(*), COUNT(*) FILTER (n > 1) FROM (SELECT COUNT(DISTINCT {column}) AS n FROM core.fact_clickstream GROUP BY session_key)")))  # fmt: skip
    return [*fits, *_both_ways(engine, first_click_day)]


def _known(engine: DuckDB, what: str, table: str, kind: str) -> Fit:
    """Facts that point to @unknown although they name someone; planted: every row of that one in the feed had a fault."""
    return Fit(f"{what} that names a {kind} finds it in core.dim_{kind}s", *_count(
        engine, f"SELECT COUNT(*), COUNT(*) FILTER ({kind}_key = '@unknown'), COUNT(*) FILTER ({kind}_key = '@unknown' "
        f"AND {kind}_id IN (SELECT {kind}_id FROM lake.work.planted_{kind}s WHERE kind NOT IN {_HARMLESS}) "
        f"AND {kind}_id NOT IN (SELECT {kind}_id FROM lake.clean.{kind}s)) FROM {table} WHERE {kind}_id IS NOT NULL"))  # fmt: skip


def _both_ways(engine: DuckDB, first_click_day: str) -> list[Fit]:
    """Purchases and the lines of tracked orders: the same order, user, visitor, product, quantity, price and currency, within ten seconds."""
    same = " AND ".join(
        f"l.{c} IS NOT DISTINCT FROM e.{c}"
        for c in ("transaction_id", "user_id", "visitor_id", "product_id", "quantity", "unit_price", "currency")
    )
    near = "ABS(l.ordered_us - e.event_us) <= 10000000 AND l.line_type = 'product'"
    purchases = "core.fact_clickstream AS e WHERE e.event_type = 'purchase'"
    tracked = (
        f"l.line_type = 'product' AND l.order_source IN ('web', 'mobile_app') AND l.ordered_at >= '{first_click_day}' AND (l.user_id IN "
        f"(SELECT user_id FROM lake.work.users WHERE is_tracked) OR (l.user_id IS NULL AND l.transaction_id IN (SELECT transaction_id FROM {purchases})))"
    )
    lines = f"NOT EXISTS (SELECT 1 FROM core.fact_transactions AS l WHERE {same} AND {near})"
    events = f"NOT EXISTS (SELECT 1 FROM {purchases} AND {same} AND {near})"
    spoilt = f"kind NOT IN {_HARMLESS}"
    return [
        Fit("A purchase event has its order line", *_count(
            engine, f"SELECT COUNT(*), COUNT(*) FILTER ({lines}), COUNT(*) FILTER ({lines} AND e.transaction_id IN "
            f"(SELECT transaction_id FROM lake.work.planted_transactions WHERE {spoilt})) FROM {purchases}")),
        Fit("A tracked order's line has its purchase event", *_count(
            engine, f"SELECT COUNT(*), COUNT(*) FILTER ({events}), COUNT(*) FILTER ({events} AND (l.transaction_id, l.line_number) IN "
            f"(SELECT (transaction_id, line_number) FROM lake.work.planted_clickstream WHERE {spoilt} AND transaction_id IS NOT NULL)) "
            f"FROM core.fact_transactions AS l WHERE {tracked}")),
    ]  # fmt: skip


def _count(engine: DuckDB, sql: str) -> tuple[int, ...]:
    (row,) = engine.rows(sql)
    return tuple(int(n) for n in row)
