"""`explain`: the contract's words, and where the models say a column comes from."""

import json
from typing import Any

import pytest

from shoplake.build.models import read_models
from shoplake.contracts import load
from shoplake.contracts.project import project_folder
from shoplake.look.lineage import Lineage
from tests.unit.look.conftest import Ask

CONTRACTS = load()
LINEAGE = Lineage(read_models(project_folder() / "warehouse", CONTRACTS), CONTRACTS)


def explained(ask: Ask, name: str) -> dict[str, Any]:
    answer = ask("explain", name, "--json")
    assert answer.code == 0, answer.err
    return dict(json.loads(answer.out))


def leaves(node: dict[str, Any]) -> set[str]:
    inner = node.get("from", [])
    return set().union(*map(leaves, inner)) if inner else {node["column"]}


def test_a_table(ask: Ask) -> None:
    found = explained(ask, "core.dim_users")
    assert (found["grain"], found["key"], found["owner"]) == (
        "a version of a user (SCD type 2)",
        ["user_key"],
        "customer-data",
    )
    assert "clean.users" in found["made_from"]
    assert "core.fact_transaction_states" in found["read_by"]
    assert "user_key is never NULL" in found["checks"]["stop"]
    text = ask("explain", "dim_users").out
    for said in ("One row per version of a user", "user_key", "identifier", "Checks that stop a build"):
        assert said in text


@pytest.mark.parametrize(
    ("column", "roots"),
    [
        ("marts.agg_daily_sales.net_amount", {"raw.transactions.quantity", "raw.transactions.unit_price", "raw.transactions.discount_amount"}),
        ("marts.agg_daily_sales.refund_amount", {"raw.refunds.amount"}),
        ("marts.customer_rfm.monetary_amount", {"raw.transactions.unit_price"}),
        ("marts.abandoned_carts.left_amount", {"raw.clickstream.unit_price", "raw.clickstream.quantity"}),
        ("core.dim_users.email", {"raw.users.email"}),
        ("core.fact_sessions.channel", {"raw.clickstream.utm_medium", "raw.clickstream.referrer"}),
        ("clean.clickstream.event_ts", {"raw.clickstream.event_ts"}),
        ("core.dim_date.is_holiday", {"ref.dates.is_holiday"}),
    ],
)  # fmt: skip
def test_where_a_column_comes_from(column: str, roots: set[str]) -> None:
    table, _, name = column.rpartition(".")
    assert roots <= leaves(LINEAGE.tree((table, name)))


def test_a_column(ask: Ask) -> None:
    found = explained(ask, "core.fact_transactions.status")
    assert found["values"][0] == "pending"
    assert found["sensitivity"] == "internal"
    assert "raw.transactions" in found["also_in"]
    found = explained(ask, "clean.users.email")
    assert "core.dim_users.email" in found["read_by"]
    text = ask("explain", "marts.customer_rfm.rfm_segment").out
    for said in ("champions, loyal", "marts.order_lines.order_date", "raw.transactions"):
        assert said in text
    assert "set by the build" in ask("explain", "clean.users.ds").out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("core.dim_user", "Did you mean core.dim_users?"),
        ("core.dim_users.emial", "Did you mean email?"),
        ("users", "raw.users, clean.users, rejected.users. Name the layer."),
        ("user_key", "is a column of core.dim_users"),
        ("nothing.at_all", "no table nothing.at_all"),
        ("a.b.c.d", "no table a.b.c.d"),
    ],
)  # fmt: skip
def test_unknown_names(ask: Ask, name: str, said: str) -> None:
    answer = ask("explain", name)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_every_column_of_every_model_is_told() -> None:
    """Either its sources, or that it counts rows or is a constant, or why it cannot be told."""
    bare = []
    for model in LINEAGE.models:
        for column in model.table.names:
            origin = LINEAGE.step((model.name, column))
            assert origin.sources or origin.expression or origin.problem
            if origin.problem and not origin.problem.startswith("set by the build"):
                bare.append((model.name, column, origin.problem))
    assert bare == []


def test_a_model_that_cannot_be_read_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from shoplake.look import lineage as module

    def fails(*_: Any, **__: Any) -> None:
        raise module.SqlglotError("no way")

    monkeypatch.setattr(module, "lineage", fails)
    found = Lineage(LINEAGE.models, CONTRACTS)
    assert found.step(("core.dim_users", "email")).problem == "cannot be told from dim_users.sql (no way)"
