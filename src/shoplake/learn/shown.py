"""What is published of the models, for people: who is most at risk, and what is recommended to whom."""

from typing import Any

from shoplake.engines.duckdb import quote
from shoplake.errors import WrongUse
from shoplake.learn.churn_scores import TABLE as SCORES
from shoplake.learn.product_lists import EVERYWHERE, LISTS, POPULAR
from shoplake.look.opened import Opened


def shown(one: Opened, name: str, top: int, user: str | None) -> dict[str, Any]:
    """`rows`, and of which version and day they are. Raises WrongUse when no version was promoted."""
    champion = one.manifest.models.get(name)
    if champion is None:
        raise WrongUse(f"{name}: no version was promoted. Run `shoplake learn promote {name}`.")
    rows = _riskiest(one, top, user) if name == "churn" else _lists(one, top, user)
    as_of = one.engine.rows(f"SELECT MAX(as_of) FROM {SCORES if name == 'churn' else LISTS}")[0][0]
    return {"name": name, "version": champion.version, "as_of": str(as_of), "rows": rows}


def _riskiest(one: Opened, top: int, user: str | None) -> list[dict[str, Any]]:
    """The most likely to leave, or one user."""
    who = f"WHERE s.user_id = {quote(user)}" if user else ""
    found = one.dicts(
        "SELECT s.user_id, s.leave_probability, s.risk_level, s.reason_1, s.reason_2, s.reason_3, f.recency_days, f.order_count, f.net_amount, f.currency "
        f"FROM {SCORES} AS s LEFT JOIN marts.churn_features AS f USING (user_id) {who} ORDER BY s.leave_probability DESC, s.user_id LIMIT {top}"
    )
    if user and not found:
        raise WrongUse(f"--user {user}: has no score; who has never bought has none.")
    return found


def _lists(one: Opened, top: int, user: str | None) -> list[dict[str, Any]]:
    """The lists of those who were there last, or of one user; who is not known gets what is popular."""
    who = f"SELECT {quote(user)} AS user_id" if user else f"SELECT user_id FROM marts.interactions GROUP BY ALL ORDER BY MAX(last_interaction_us) DESC, user_id LIMIT {top}"
    names = "SELECT product_id, ANY_VALUE(name) AS name FROM core.dim_products WHERE is_current GROUP BY ALL"
    of = "LIST({'product_id': product_id, 'name': name} ORDER BY product_rank)"
    found = one.dicts(
        f"WITH who AS ({who}), names AS ({names}) SELECT user_id, {of} AS products FROM {LISTS} JOIN who USING (user_id) LEFT JOIN names USING (product_id) GROUP BY ALL ORDER BY user_id"
    )
    if user and not found:
        found = one.dicts(
            f"WITH names AS ({names}) SELECT {quote(user)} AS user_id, {of} AS products FROM {POPULAR} LEFT JOIN names USING (product_id) WHERE country = {quote(EVERYWHERE)} GROUP BY ALL"
        )
        return [{**row, "is_newcomer": True} for row in found]
    return [{**row, "is_newcomer": False} for row in found]


def as_text(found: dict[str, Any]) -> str:
    if found["name"] == "churn":
        head = f"most likely to leave, by churn {found['version']} as of {found['as_of']}"
        return "\n".join([head, *(_risk(row) for row in found["rows"])])
    head = f"recommended, by recommend {found['version']} as of {found['as_of']}"
    return "\n".join([head, *(f"  {row['user_id']}: {_products(row)}" for row in found["rows"])])


def _risk(row: dict[str, Any]) -> str:
    why = ", ".join(row[f"reason_{n}"] for n in (1, 2, 3) if row[f"reason_{n}"])
    known = f"last order {row['recency_days']} days ago, {row['order_count']} orders, {row['net_amount']:,.2f} {row['currency']}; " if row["order_count"] else ""
    return f"  {row['user_id']}  {row['leave_probability']:.3f} {row['risk_level']:<8}  {known}{why}"


def _products(row: dict[str, Any]) -> str:
    said = "not known; popular: " if row["is_newcomer"] else ""
    return said + ", ".join(p["name"] or p["product_id"] for p in row["products"][:5]) + (", ..." if len(row["products"]) > 5 else "")
