"""The products: what they are, what they cost when, how often each is asked for, and the change feed that tells it."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from shoplake.generate import text
from shoplake.generate.draws import (
    F64,
    I64,
    U64,
    Bools,
    below,
    between,
    chance,
    choose,
    draw,
    keys,
    quantiles,
    quantised,
    unit,
)
from shoplake.generate.options import Plan
from shoplake.generate.rhythm import DAY, NEVER, YEAR_END
from shoplake.generate.words import categories, words

STYLES = 8
MARGIN = 3 * 3600  # a product is only picked when it was on sale some hours before and after
_CHANGES = 3  # price changes a product can have
_PRICE_SHAPE = quantiles([
    (0, 150), (0.1, 350), (0.25, 600), (0.5, 1000), (0.75, 1700), (0.9, 3000), (0.97, 6000), (0.995, 12000), (1, 25000),
])  # fmt: skip
CATEGORY_TABLE = quantised((14, 16, 10, 12, 9, 9, 9, 8, 8, 5))


@dataclass(frozen=True)
class Catalogue:
    """All products of the shop; a product is its row number. Prices in cents, times in seconds of the year."""

    key: U64
    category: I64
    subcategory: I64  # number among all subcategories
    cell: I64  # category x style: what a taste chooses among
    launch: I64  # first row of the feed; not above 0 for those there from the start
    retire: I64
    changes: npt.NDArray[np.int64]  # (products, 3) times of price changes, NEVER when none
    prices: npt.NDArray[np.int64]  # (products, 4) price before the first change, after it, ...
    popularity: F64
    picks: npt.NDArray[np.int32]  # (cells, slots) products by popularity
    evergreen: npt.NDArray[np.int32]  # the same, only products on sale all year
    ids: Any

    def price_at(self, product: I64, at: I64) -> I64:
        """List price in cents at these seconds of the year."""
        version = (self.changes[product] <= at[:, None]).sum(axis=1)
        price: I64 = self.prices[product, version]
        return price

    def pick(self, of: U64, name: str, cell: I64, at: I64) -> I64:
        """A product of the cell, by popularity, on sale at that time."""
        slot = below(of, name, self.picks.shape[1])
        product = self.picks[cell, slot].astype(np.int64)
        gone = self._is_gone(product, at)
        product[gone] = self.evergreen[cell[gone], slot[gone]]
        return product

    def on_sale(self, product: I64, at: I64) -> I64:
        """The products themselves, or one much like each that is not on sale at that time."""
        return np.where(self._is_gone(product, at), self.evergreen[self.cell[product], 0], product)

    def _is_gone(self, product: I64, at: I64) -> Bools:
        gone: Bools = (self.launch[product] > at - MARGIN) | (self.retire[product] <= at + MARGIN)
        return gone


def _prices(key: U64, category: I64) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    medians = np.array([c.median_price for c in categories()], np.int64)
    price = medians[category] * choose(key, "price", _PRICE_SHAPE) // 1000
    count = choose(key, "price changes", quantised((14, 14, 22, 50)))
    times = np.sort(
        np.stack([between(key, f"change {k}", DAY, YEAR_END - DAY) for k in range(_CHANGES)], axis=1), axis=1
    )
    times = times // 8 * 8 + 1 + np.arange(_CHANGES)  # the last three bits name the kind of row: no two at one second
    times[np.arange(_CHANGES) >= count[:, None]] = NEVER
    prices = [price]
    for k in range(_CHANGES):
        prices.append(np.maximum(prices[-1] * between(key, f"step {k}", 78, 118) // 100, 150))
    tidy = [np.where(p < 2000, p // 50 * 50 + 49, p // 100 * 100 + 99) for p in prices]
    return times, np.stack(tidy, axis=1)


def _slots(order: I64, weight: F64, slots: int) -> npt.NDArray[np.int32]:
    """A row of `slots` products in proportion to their weights."""
    total = np.cumsum(weight[order])
    at = (np.arange(slots) + 0.5) * (total[-1] / slots)
    row: npt.NDArray[np.int32] = order[np.searchsorted(total, at, side="right").clip(0, len(order) - 1)].astype(
        np.int32
    )
    return row


def _tables(cell: I64, weight: F64, usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    cells = len(categories()) * STYLES
    size = 1024
    while size < min(8 * len(cell) // cells, 65_536):
        size *= 2
    rows = []
    for number in range(cells):
        members = np.flatnonzero((cell == number) & usable)
        if not len(members):
            members = np.flatnonzero((cell // STYLES == number // STYLES) & usable)
        rows.append(_slots(members if len(members) else np.flatnonzero(usable), weight, size))
    return np.stack(rows)


@functools.lru_cache(maxsize=4)
def catalogue(plan: Plan) -> Catalogue:
    n = plan.products
    number = np.arange(n)
    key = keys(plan.seed, "product", number)
    category = choose(key, "category", CATEGORY_TABLE)
    subs = np.array([len(c.subcategories) for c in categories()], np.int64)
    first_sub = np.cumsum(subs) - subs
    new = chance(key, "new", 0.12)
    new[0] = False
    launch = (
        np.where(new, between(key, "launch", DAY, YEAR_END - 20 * DAY), -between(key, "made", 1, 400 * DAY)) // 8 * 8
    )
    retire = np.where(
        chance(key, "goes", 0.06) & ~new, between(key, "retire", 60 * DAY, YEAR_END - DAY) // 8 * 8 + 4, NEVER
    )
    retire[0] = NEVER
    changes, prices = _prices(key, category)
    changes[changes < launch[:, None] + DAY] = NEVER
    changes[changes > retire[:, None]] = NEVER
    changes = np.sort(changes, axis=1)
    rank = np.empty(n, np.int64)
    rank[np.argsort(draw(key, "rank"), kind="stable")] = number
    popularity: Any = 1.0 / (rank + (2.0 + n * 0.02))
    cell = category * STYLES + below(key, "style", STYLES)
    codes = text.strings([f"{c.code}-" for c in categories()])
    return Catalogue(
        key, category, first_sub[category] + below(key, "subcategory", subs[category]), cell, launch, retire, changes, prices, popularity,
        _tables(cell, popularity, np.ones(n, np.bool_)), _tables(cell, popularity, ~new & (retire == NEVER)),
        text.join(text.pick(codes, category), text.numbered("", number, 6)),
    )  # fmt: skip


def subcategory_names() -> list[str]:
    return [name for c in categories() for name, _ in c.subcategories]


def _nouns(shop: Catalogue) -> Any:
    """The noun of each product, one of its subcategory's."""
    lists = [nouns for c in categories() for _, nouns in c.subcategories]
    sizes = np.array([len(n) for n in lists], np.int64)
    flat = text.strings([noun for nouns in lists for noun in nouns])
    return text.pick(
        flat, (np.cumsum(sizes) - sizes)[shop.subcategory] + below(shop.key, "noun", sizes[shop.subcategory])
    )


@functools.lru_cache(maxsize=4)
def brand_numbers(plan: Plan) -> I64:
    """The brand of each product: a category has its own mix."""
    shop = catalogue(plan)
    return (shop.category * 7 + below(shop.key, "brand", 18)) % len(words("brand"))


@functools.lru_cache(maxsize=4)
def product_names(plan: Plan) -> Any:
    shop = catalogue(plan)
    adjective = text.pick(text.strings(words("adjective")), below(shop.key, "adjective", len(words("adjective"))))
    colour = text.pick(text.strings(words("colour")), below(shop.key, "colour", len(words("colour"))))
    brand = text.pick(text.strings(words("brand")), brand_numbers(plan))
    return text.join(brand, " ", adjective, " ", _nouns(shop), " ", colour)


@dataclass(frozen=True)
class ProductRows:
    """Rows of the product feed, in the order of products and times."""

    product: I64
    at: I64
    columns: list[Any]


def product_rows(plan: Plan, first: int, last: int) -> ProductRows:
    """The change feed of the products first .. last-1."""
    shop, some = catalogue(plan), np.arange(first, last)
    key = shop.key[some]
    restock = [
        np.where(
            chance(key, f"restock {k}?", 0.55), between(key, f"restock {k}", DAY, YEAR_END - 1) // 8 * 8 + 5 + k, NEVER
        )
        for k in range(2)
    ]
    times = np.column_stack([shop.launch[some], shop.changes[some], shop.retire[some], *restock])
    times[:, 1:][(times[:, 1:] <= times[:, :1])] = NEVER
    times = np.sort(times, axis=1)
    row, place = np.nonzero(times < YEAR_END)
    at, product = times[row, place], some[row]
    return ProductRows(product, at, _product_columns(plan, product, place, at))


def _product_columns(plan: Plan, product: I64, place: I64, at: I64) -> list[Any]:
    shop, kinds = catalogue(plan), categories()
    key, category = shop.key[product], shop.category[product]
    price = shop.price_at(product, at)
    cost = (
        shop.prices[product, 0]
        * np.array([c.cost for c in kinds])[category]
        // 1000
        * between(key, "cost", 85, 110)
        // 100
    )
    quality = (unit(key, "quality") * 22).astype(np.int64)
    reviews = (
        (shop.popularity[product] / shop.popularity.max() * 900).astype(np.int64)
        + below(key, "reviews", 12)
        + place * 3
    )
    stock = np.where(at >= shop.retire[product], 0, below(key ^ place.astype(np.uint64), "stock", 400))
    grams = np.array([c.grams for c in kinds])[category] * between(key, "grams", 40, 220) // 100
    return [
        text.pick(shop.ids, product), text.pick(product_names(plan), product),
        text.pick(text.strings([c.name for c in kinds]), category),
        text.pick(text.strings(subcategory_names()), shop.subcategory[product]),
        text.pick(text.strings(words("brand")), brand_numbers(plan)[product]),
        text.money(price), text.money(cost), text.strings(["EUR"] * len(product)),
        text.pick(text.strings([f"{k // 10}.{k % 10}" for k in range(51)]), 29 + quality), text.whole(reviews), text.whole(stock),
        text.whole(np.array([c.warranty for c in kinds])[category]), text.whole(grams),
        text.pick(text.strings(["false", "true"]), (at < shop.retire[product]).astype(np.int8)),
        text.seconds_text(at + plan.first_day * DAY),
    ]  # fmt: skip
