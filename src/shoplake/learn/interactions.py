"""Who did what with which product before a day, as a sparse matrix; and what each bought in the days after it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shoplake.errors import WrongUse
from shoplake.learn.cuts import Cuts

MART = "marts.interactions"
COLUMNS = ("user_id", "product_id", "view_count", "cart_count", "purchase_count")
RECENT_DAYS = 30
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Weights:
    """What a view, a putting into the cart and a purchase count for."""

    view: float = 1.0
    cart: float = 3.0
    purchase: float = 5.0


@dataclass(frozen=True)
class Interactions:
    """`weights` and `bought`: users x products (scipy CSR), rows and columns in the order of `users` and `products`, which are sorted."""

    cut: dt.date
    users: list[str]
    products: list[str]
    weights: Any
    bought: Any


def interactions(cuts: Cuts, cut: dt.date, weights: Weights) -> Interactions:
    """Raises WrongUse when nothing happened before the cut."""
    return as_matrix(cuts.ask(f"SELECT {', '.join(COLUMNS)} FROM {{mart}}", MART, cut), cut, weights)


def as_matrix(rows: pa.Table, cut: dt.date, weights: Weights) -> Interactions:
    """Rows of the mart as of the cut. Raises WrongUse when there are none."""
    from scipy import sparse

    if not rows.num_rows:
        raise WrongUse(f"cut {cut}: no customer has looked at or bought anything before it. Name a later day.")
    users, user = numbered(rows.column("user_id"))
    products, product = numbered(rows.column("product_id"))
    viewed, carted, purchased = (rows.column(f"{name}_count").to_numpy().astype(float) for name in ("view", "cart", "purchase"))
    shape = (len(users), len(products))

    def matrix(values: Any) -> Any:
        found = sparse.csr_matrix((values, (user, product)), shape=shape)
        found.eliminate_zeros()
        return found

    weighted = weights.view * viewed + weights.cart * carted + weights.purchase * purchased
    return Interactions(cut, users, products, matrix(weighted), matrix((purchased > 0).astype(float)))


def numbered(column: pa.ChunkedArray) -> tuple[list[str], I64]:
    names = pc.unique(column).sort()
    return names.to_pylist(), pc.index_in(column, names).to_numpy().astype(np.int64)


def bought_within(cuts: Cuts, first: dt.date, end: dt.date) -> pa.Table:
    """user_id, product_id: each that was bought from `first` on and before `end`, once; as known at the end."""
    wanted = f"is_sale AND line_type = 'product' AND user_id IS NOT NULL AND product_id IS NOT NULL AND order_date >= DATE '{first}'"
    return cuts.ask(f"SELECT DISTINCT user_id, product_id FROM {{mart}} WHERE {wanted}", "marts.order_lines", end)


@dataclass(frozen=True)
class Asked:
    """Users who bought something new in the window: `rows` in the matrix, and for each the columns of what they bought (one sparse row each)."""

    rows: I64
    wanted: Any
    newcomers: int  # who bought, and were not known before
    unknown_products: int  # pairs whose product nobody had touched before


def asked(known: Interactions, later: pa.Table) -> Asked:
    """What was bought later and not before, by users and of products known at the cut."""
    from scipy import sparse

    user = pc.index_in(later.column("user_id"), pa.array(known.users)).to_numpy(zero_copy_only=False)
    product = pc.index_in(later.column("product_id"), pa.array(known.products)).to_numpy(zero_copy_only=False)
    is_known, has_product = ~np.isnan(user.astype(float)), ~np.isnan(product.astype(float))
    there = is_known & has_product
    shape = known.bought.shape
    pairs = sparse.csr_matrix((np.ones(there.sum()), (user[there].astype(np.int64), product[there].astype(np.int64))), shape=shape)
    new = pairs - pairs.multiply(known.bought.astype(bool))
    new.eliminate_zeros()
    rows = np.flatnonzero(np.diff(new.tocsr().indptr))
    newcomers = len(set(np.array(later.column("user_id").to_pylist(), dtype=object)[~is_known].tolist()))
    return Asked(rows, new.tocsr()[rows], newcomers, int((is_known & ~has_product).sum()))
