"""marts.recommendations, marts.similar_products and marts.popular_products, by a version of recommend.

A version is a taste space: the factors of products. Where a user stands in it is computed on the day of publication from all that the
user has done until then, by the half step of ALS itself, so that who came after the training has a list, too.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.errors import CheckFailed, WrongUse
from shoplake.learn import als
from shoplake.learn.als import F32, Factors, Parameters
from shoplake.learn.interactions import I64, MART, RECENT_DAYS, Interactions, Weights, as_matrix
from shoplake.learn.rank import AT
from shoplake.learn.registry import Version
from shoplake.look.opened import Opened

LISTS, SIMILAR, POPULAR = "marts.recommendations", "marts.similar_products", "marts.popular_products"
EVERYWHERE = "*"


@dataclass(frozen=True)
class Options:
    """count: products in a list. What was bought already, and what is not on sale or not in stock, is left out unless kept."""

    count: int = AT
    keep_bought: bool = False
    keep_unsellable: bool = False


@dataclass(frozen=True)
class Space:
    """products, their factors, and how it was taught."""

    products: list[str]
    factors: F32
    parameters: Parameters
    weights: Weights


def space_of(version: Version) -> Space:
    """Raises WrongUse for files that are missing or damaged or hold something else, CheckFailed for factors that are no numbers."""
    file, record = version.folder / "products.parquet", version.record
    try:
        rows = pq.read_table(file)
        products, factors = rows.column("product_id").to_pylist(), rows.column("factors").combine_chunks()
        of = np.array(factors.flatten(), dtype=np.float32).reshape(len(products), -1)
        told = dict(record["parameters"])
        weights = Weights(**told.pop("weights"))
        parameters = Parameters(**told, seed=record["seed"])
    except (OSError, KeyError, ValueError, TypeError, AttributeError, pa.ArrowException) as e:
        raise WrongUse(f"{file}: not the factors of products ({e}). Use another version, or train a new one.") from e
    if of.shape[1] != parameters.factors or len(set(products)) != len(products):
        raise WrongUse(f"{file}: found {len(set(products))} products with {of.shape[1]} factors each, expected {len(products)} with {parameters.factors}. Train a new version.")
    if not np.isfinite(of).all():
        raise CheckFailed(f"{file}: {int((~np.isfinite(of).all(axis=1)).sum()):,} of {len(products):,} products have factors that are no numbers. Train a new version.")
    return Space(products, of, parameters, weights)


def placed(space: Space, known: Interactions) -> tuple[Any, F32]:
    """Users x products of the space (their weights), and where each user stands in it: least squares with the products held fixed."""
    from scipy import sparse

    column = pc.index_in(pa.array(known.products), pa.array(space.products)).to_numpy(zero_copy_only=False)
    there = ~np.isnan(column.astype(float))
    select = sparse.csr_matrix((np.ones(there.sum()), (np.flatnonzero(there), column[there].astype(np.int64))), shape=(len(known.products), len(space.products)))
    weights = (known.weights @ select).tocsr()
    return select, als.fold_in(space.factors, weights, space.parameters)


def ranked(space: Space, known: Interactions, rows: I64, leave_out: Any, count: int = AT) -> I64:
    """Lists of these users, as columns of `known`; `leave_out` is users x products of `known`."""
    select, users = placed(space, known)
    found = als.lists(Factors(users, space.factors), rows, (leave_out @ select).tocsr(), count)
    back = pc.index_in(pa.array(space.products), pa.array(known.products)).fill_null(-1).to_numpy().astype(np.int64)
    return np.where(found >= 0, back[found], -1)


def product_lists(one: Opened, version: Version, options: Options) -> dict[str, pa.Table]:
    """The three tables. Raises as `space_of` does, and WrongUse when nobody has done anything."""
    space, as_of = space_of(version), dt.date.fromisoformat(one.manifest.as_of)
    known = as_matrix(one.engine.fetch(f"SELECT * FROM {MART}"), as_of, space.weights)
    select, users = placed(space, known)
    unsellable = [] if options.keep_unsellable else _unsellable(one)
    shown = np.array([p not in set(unsellable) for p in space.products], dtype=bool)
    out = (known.bought @ select).tocsr() if not options.keep_bought else (known.bought @ select).tocsr() * 0
    out.eliminate_zeros()
    return {
        LISTS: _lists(space, shown, known, users, out, options.count, as_of, version.number),
        SIMILAR: _similar(space, shown, options.count, as_of, version.number),
        POPULAR: _popular(one, unsellable, options.count, as_of, version.number),
    }


def _unsellable(one: Opened) -> list[str]:
    """Of the catalogue: products that are not on sale, or of which none is in stock. What it does not know, is."""
    rows = one.engine.rows("SELECT product_id FROM core.dim_products WHERE is_current AND (NOT is_active OR stock_quantity <= 0)")
    return [str(product) for (product,) in rows]


def _lists(space: Space, shown: Any, known: Interactions, users: F32, out: Any, count: int, as_of: dt.date, version: int) -> pa.Table:
    """By blocks of users: scores are never held of all at once."""
    at = np.flatnonzero(shown)
    active = np.flatnonzero(np.any(users != 0, axis=1))
    made: list[pa.Table] = []
    ids, products = pa.array(known.users), pa.array(space.products)
    for some in als.blocks(active):
        scores = users[some] @ space.factors[at].T
        top = als.best(scores, out[some][:, at], count)
        row, place = np.nonzero(top >= 0)
        column = top[row, place]
        made.append(pa.table({
            "user_id": ids.take(pa.array(some[row])), "product_rank": pa.array(place + 1), "product_id": products.take(pa.array(at[column])),
            "recommendation_score": pa.array(np.round(scores[row, column].astype(float), 6)),
        }))  # fmt: skip
    if not made:
        raise WrongUse(f"version {version}: no user has done anything with a product that it knows. Train a new version.")
    return _signed(pa.concat_tables(made), as_of, version)


def _similar(space: Space, shown: Any, count: int, as_of: dt.date, version: int) -> pa.Table:
    from scipy import sparse

    length = np.linalg.norm(space.factors, axis=1, keepdims=True)
    unit = np.divide(space.factors, length, out=np.zeros_like(space.factors), where=length > 0)
    at, products = np.flatnonzero(shown), pa.array(space.products)
    made = []
    for some in als.blocks(np.flatnonzero(length[:, 0] > 0)):
        scores = unit[some] @ unit[at].T
        itself = sparse.csr_matrix((some[:, None] == at[None, :]).astype(float))
        top = als.best(scores, itself, count)
        row, place = np.nonzero(top >= 0)
        column = top[row, place]
        made.append(pa.table({
            "product_id": products.take(pa.array(some[row])), "product_rank": pa.array(place + 1), "similar_product_id": products.take(pa.array(at[column])),
            "similarity": pa.array(np.clip(scores[row, column].astype(float), -1, 1)),
        }))  # fmt: skip
    return _signed(pa.concat_tables(made), as_of, version)


def _popular(one: Opened, unsellable: list[str], count: int, as_of: dt.date, version: int) -> pa.Table:
    """By buyers of the last days, in each country that was shipped to, and everywhere."""
    one.engine.arrow_table("work.unsellable", pa.table({"product_id": pa.array(unsellable, pa.string())}))
    sold = (
        "SELECT DISTINCT user_id, product_id, ship_country FROM marts.order_lines WHERE is_sale AND line_type = 'product' AND user_id IS NOT NULL AND product_id IS NOT NULL "
        f"AND order_date >= DATE '{as_of - dt.timedelta(RECENT_DAYS)}' AND product_id NOT IN (SELECT product_id FROM lake.work.unsellable)"
    )
    found = one.engine.fetch(
        f"WITH sold AS ({sold}), counted AS (SELECT ship_country AS country, product_id, COUNT(DISTINCT user_id) AS buyer_count FROM sold WHERE ship_country IS NOT NULL GROUP BY ALL "
        f"UNION ALL SELECT '{EVERYWHERE}', product_id, COUNT(DISTINCT user_id) FROM sold GROUP BY ALL) "
        "SELECT country, ROW_NUMBER() OVER (PARTITION BY country ORDER BY buyer_count DESC, product_id) AS product_rank, product_id, buyer_count "
        f"FROM counted QUALIFY product_rank <= {count}"
    )
    one.engine.execute("DROP TABLE lake.work.unsellable")
    return _signed(found, as_of, version)


def _signed(rows: pa.Table, as_of: dt.date, version: int) -> pa.Table:
    return rows.append_column("as_of", pa.repeat(pa.scalar(as_of), rows.num_rows)).append_column("model_version", pa.repeat(version, rows.num_rows))
