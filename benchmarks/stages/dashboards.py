"""The five dashboards: what `show dashboards` does once a lake is open, against the same SQL by hand on the same tables."""

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import setting
from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

BOARDS = 5
TIMES = 20


def cases(s: Setting) -> list[Case]:
    a = {"lake": s.built["lake"], "database": s.built["database"], "as_of": s.built["as_of"], "times": TIMES}
    return [
        Case(
            "dashboards", "dashboards", threads, Work("stages.dashboards:by_hand", a), Work("stages.dashboards:ours", a), _same_rows,
            None, Goal("ratio", 1.2), Goal("ms_each", 10.0),
            f"all five, {TIMES} times, figures and shares included, against their SQL by hand; beyond: milliseconds each",
        )
        for threads in s.threads
    ]  # fmt: skip


def _same_rows(reference: Facts, mine: Facts) -> str:
    if reference["digest"] != mine["digest"]:
        raise Unequal("dashboards: the rows by hand are not those behind the dashboards.")
    return f"{mine['rows']:,} rows behind the dashboards, the same on both sides"


def _digest(found: dict[str, list[tuple[object, ...]]]) -> Facts:
    """Some of the SQL leaves the order of rows to whoever shows them."""
    text = repr([(name, sorted(map(repr, rows))) for name, rows in sorted(found.items())])
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"digest": digest, "rows": sum(map(len, found.values())), "same": digest}


def by_hand(a: Facts) -> Callable[[], Callable[[], Facts]]:
    """Dates written into the SQL as a person would."""
    from shoplake.build.dashboard_sql import SQL, TOP_CARTS, TOP_PRODUCTS

    day = dt.date.fromisoformat(a["as_of"])
    words = {"as_of": day, "last": day - dt.timedelta(1), "once": day - dt.timedelta(30), "twice": day - dt.timedelta(60),
             "top_products": TOP_PRODUCTS, "top_carts": TOP_CARTS}  # fmt: skip
    statements = {name: text.format(**words) for name, text in SQL.items()}
    connection = setting.connect(a["threads"], a["folder"], a["database"])

    def timed() -> Callable[[], Facts]:
        for _ in range(a["times"]):
            found = {name: connection.execute(text).fetchall() for name, text in statements.items()}
        return lambda: _digest(found)

    return timed


def ours(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.build.dashboard_sql import SQL
    from shoplake.look.dashboards import all_dashboards
    from shoplake.look.opened import opened

    way = opened(setting.session(Path(a["lake"]), a["threads"]))
    one = way.__enter__()

    def timed() -> Callable[[], Facts]:
        began = time.perf_counter()
        for _ in range(a["times"]):
            all_dashboards(one.dicts, a["as_of"], has_clicks=True)
        each = (time.perf_counter() - began) / a["times"] / BOARDS * 1000

        def facts() -> Facts:
            heard: dict[str, list[tuple[object, ...]]] = {}

            def listen(sql: str) -> list[dict[str, object]]:
                rows = one.dicts(sql)
                # Dates are filled in only behind the first of their braces, so what stands before it names the query.
                name = next(n for n, text in SQL.items() if sql.startswith(text.partition("{")[0]))
                heard[name] = [tuple(row.values()) for row in rows]
                return rows

            all_dashboards(listen, a["as_of"], has_clicks=True)
            way.__exit__(None, None, None)
            return {**_digest(heard), "ms_each": each}

        return facts

    return timed
