"""The three files for Impala: every statement is of contracts and models, and what Impala has not is refused before it is written."""

import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest
from sqlglot import exp

from shoplake.build import dashboard_sql, impala_check, impala_files, impala_joins
from shoplake.build.impala_files import DDL, LIVE, OPTIMIZATION, QUERIES
from shoplake.build.models import Model, read_models
from shoplake.contracts import Contracts, loader
from shoplake.engines import impala
from shoplake.errors import WrongUse
from tests.impala.rendered import broken

ROOT = Path(__file__).resolve().parents[3]


@cache
def project() -> tuple[Contracts, list[Model]]:
    contracts = loader.load(ROOT / "contracts")
    return contracts, read_models(ROOT / "warehouse", contracts)


@cache
def files() -> dict[Path, str]:
    return impala_files.impala_files(*project())


@cache
def schema() -> impala_check.Schema:
    return impala_check.described([s for s in impala_check.statements(files()[DDL]) if s.startswith("CREATE")])


def test_the_tables_have_the_contracts_columns() -> None:
    contracts, _ = project()
    found = schema()
    for layer in ("ref", "clean", "core", "marts"):
        for table in contracts.built(layer):
            wanted = {c.name: impala.sql_type(c.type).replace(" ", "") for c in table.columns}
            given = {c: kind.replace(" ", "") for c, kind in found[impala.DATABASES[layer]][table.name].items()}
            assert given == wanted, table.full_name
            if table.spec.partition:
                assert list(given)[-1] == table.spec.partition, "Impala's partition columns are its last"


def test_every_column_of_the_queries_is_found_and_typed() -> None:
    """And a view has its contract's types."""
    known = schema()
    for sql in impala_check.statements(files()[QUERIES]):
        assert impala_check.problems(sql, known, "ecommerce") == []
        if sql.startswith("CREATE VIEW"):
            known = impala_check.with_view(known, sql)
    for name, columns in known[LIVE].items():
        assert {c: t.replace(" ", "") for c, t in columns.items()} == {
            c: t.replace(" ", "") for c, t in schema()["ecommerce"][name].items()
        }
    read = {t.removeprefix("marts.") for sql in dashboard_sql.SQL.values() for t in re.findall(r"marts[.]\w+", sql)}
    assert read <= set(known[LIVE])


@pytest.mark.parametrize("name", dashboard_sql.SQL)
def test_the_queries_are_the_dashboards_own(name: str) -> None:
    """Clause by clause: what is selected, grouped and ordered, with as_of for the days."""
    given = impala_files.dashboard_query(name)
    assert f"{given};" in files()[QUERIES]
    wanted = dashboard_sql.SQL[name].format(
        **dashboard_sql.words({day: f"<{n}>" for day, n in dashboard_sql.BEFORE.items()})
    )

    def bare(sql: str) -> str:
        sql = re.sub(
            r"CAST\('\$\{var:as_of\}' AS DATE\)(?: - INTERVAL (\d+) DAYS)?", lambda m: f"DATE'<{m[1] or 0}>'", sql
        )
        return re.sub(r"[\s`]", "", sql.replace("marts.", "")).upper()

    assert bare(given) == bare(wanted)


def test_every_dashboard_is_there() -> None:
    assert {q for names in dashboard_sql.QUERIES.values() for q in names} == set(dashboard_sql.SQL)
    for number, title in enumerate(dashboard_sql.TITLES.values(), 1):
        assert f"-- {number}. {title}" in files()[QUERIES]


def test_every_table_is_refreshed_and_counted() -> None:
    contracts, _ = project()
    text = files()[OPTIMIZATION]
    for table in [*contracts.built("core"), *contracts.built("marts")]:
        name, column = impala.place(table.full_name), table.spec.partition
        assert f"INVALIDATE METADATA {name};" in text
        day = f" PARTITION ({column} = DATE '${{var:day}}')" if column else ""
        assert f"REFRESH {name}{day};" in text
        assert f"COMPUTE {'INCREMENTAL ' if column else ''}STATS {name}{day};" in text


@pytest.mark.parametrize("join", impala_joins.JOINS, ids=lambda j: j.title[:4])
def test_a_hint_is_where_it_moves_less(join: impala_joins.Join) -> None:
    for right in join.tables[1:]:
        chosen = impala_joins.hint(join.tables[0], right)
        moved = {"BROADCAST": impala_joins.broadcast(right), "SHUFFLE": impala_joins.shuffle(join.tables[0], right)}
        assert moved[chosen] == min(moved.values())
        assert re.search(rf"/\* \+{chosen} \*/ ecommerce[.]{right}\b", files()[OPTIMIZATION])


@pytest.mark.parametrize(("who", "sql"), broken(), ids=[sql[:60] for _, sql in broken()])
def test_what_impala_has_not_is_refused(who: list[str], sql: str) -> None:
    assert bool(impala_check.problems(sql, schema(), "ecommerce")) == ("check" in who)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        (
            "INSERT OVERWRITE ecommerce.fact_refunds PARTITION (refund_date = DATE '2026-01-01') SELECT {} FROM ecommerce.dim_date",
            20,
        ),
        (
            "INSERT OVERWRITE TABLE ecommerce.fact_refunds PARTITION (refund_date) /* +SHUFFLE */ SELECT {} FROM ecommerce.dim_date",
            21,
        ),
        ("INSERT INTO ecommerce.visitor_users SELECT {} FROM ecommerce.dim_date", 3),
    ],
)
def test_an_insert_gives_every_column(sql: str, columns: int) -> None:
    assert len(schema()["ecommerce"]["fact_refunds"]) == 21

    def told(number: int) -> list[str]:
        return impala_check.problems(sql.format(", ".join(["calendar_date"] * number)), schema())

    assert told(columns) == []
    assert told(columns - 1)[0].endswith(f"takes {columns} columns, the query gives {columns - 1}")


def test_nothing_is_written_that_impala_would_refuse() -> None:
    _, models = project()
    spoilt = {
        **files(),
        OPTIMIZATION: files()[OPTIMIZATION].replace("p.category, COUNT(*)", "p.categoryy, COUNT(*)", 1),
    }
    with pytest.raises(WrongUse, match=r"impala_optimization[.]sql: .*categoryy"):
        impala_files.check(spoilt, [])
    spoilt = {**files(), DDL: files()[DDL].replace("rfm_segment STRING", "rfm_segment TEXT")}
    with pytest.raises(WrongUse, match=r"impala_ddl[.]sql: TEXT is no type of Impala"):
        impala_files.check(spoilt, [])
    model = next(m for m in models if m.name == "marts.customer_rfm")
    tree = model.tree.copy()
    window = next(iter(tree.find_all(exp.Ntile)))
    window.replace(exp.Anonymous(this="ZEITGEIST", expressions=[exp.Literal.number(5)]))
    with pytest.raises(WrongUse, match=r"marts/customer_rfm[.]sql: ZEITGEIST is no function of Impala"):
        impala_files.check(files(), [dataclasses.replace(model, tree=tree)])
