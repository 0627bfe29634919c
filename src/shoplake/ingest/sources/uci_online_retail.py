"""UCI Online Retail (I and II): one row a line of an invoice of a UK gift shop.

docs/decisions/2026-11-24-uci-online-retail.md says what each row becomes, and why.
"""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b

from shoplake.ingest.sources import Form, Options, Row, Source, SourceRecord
from shoplake.ingest.text import LATIN1, UTF8
from shoplake.ingest.times import LocalTimes

_FORMS = [
    Form(
        "I",
        "csv",
        ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"),
    ),
    Form(
        "II",
        "csv",
        ("Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"),
    ),
]

_LINE_TYPES = {
    "POST": "shipping", "DOT": "shipping", "C2": "shipping", "C3": "shipping",
    "BANK CHARGES": "fee", "AMAZONFEE": "fee",
    "CRUK": "donation",
    "D": "discount",
    "M": "adjustment", "B": "adjustment", "S": "adjustment", "PADS": "adjustment",
    "ADJUST": "adjustment", "ADJUST2": "adjustment", "TEST001": "adjustment", "TEST002": "adjustment",
}  # fmt: skip

_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2})(:[0-9]{2})?")
_US = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})(:[0-9]{2})?")
_FLOAT_END = re.compile(r"[.]0+$")


def _line_type(code: str) -> str:
    return _LINE_TYPES.get(code) or ("gift_card" if code.startswith("GIFT_") else "product")


@lru_cache(maxsize=100_000)
def _sign(number: str) -> int | None:
    """-1, 0 or 1; None for what is no number that clean would take."""
    if not re.fullmatch(r"-?[0-9]{1,18}([.][0-9]+)?", number):
        return None
    if not number.strip("-0."):
        return 0
    return -1 if number.startswith("-") else 1


def _sale_type(code: str, invoice: str, quantity: int | None, price: int | None) -> str:
    """The type of a line that gives no money back, from the signs of its quantity and price.

    What clean's signs forbid a product (docs/decisions) becomes an adjustment, so that no money is lost.
    """
    if invoice.startswith("A"):
        return "adjustment"
    if quantity is None or price is None or (quantity > 0 and price >= 0):
        return _line_type(code)
    return "adjustment" if price else "stock_adjustment"


def _is_refund(quantity: int | None, price: int | None) -> bool:
    """A cancellation gives money back. One that takes money (the second year's file has one) is a sales adjustment."""
    return quantity is None or price is None or (quantity < 0 and price >= 0)


def _without_float(text: str) -> str:
    """`17850.0`, as spreadsheets and data frames spell a whole number beside missing ones, is 17850."""
    return _FLOAT_END.sub("", text) if "." in text else text


class _Times:
    def __init__(self, zone: str) -> None:
        self._local = LocalTimes(zone)
        self.utc = lru_cache(maxsize=100_000)(self._utc)

    def _utc(self, text: str) -> str:
        if found := _ISO.fullmatch(text):
            return self._local.utc(f"{found[1]} {found[2]}{found[3] or ':00'}")
        if found := _US.fullmatch(text):
            month, day, year, hour, minute = (found[i].zfill(2) for i in range(1, 6))
            utc = self._local.utc(f"{year}-{month}-{day} {hour}:{minute}{found[6] or ':00'}")
            return utc if utc.endswith("Z") else text
        return text


class _Summary:
    """What users and products are known by: the lines they stand on."""

    def __init__(self) -> None:
        self._users: dict[str, tuple[str, str]] = {}
        self._products: dict[str, str] = {}
        self._names: dict[str, Counter[str]] = {}

    def see(self, user: str, code: str, description: str, time: str, country: str) -> None:
        if user:
            seen = self._users.get(user)
            if seen is None or (time, country) < seen:
                self._users[user] = (time, country)
        if code:
            first = self._products.get(code)
            if first is None or time < first:
                self._products[code] = time
            if description:
                names = self._names.get(code)
                if names is None:
                    names = self._names[code] = Counter()
                names[description] += 1

    def rows(self) -> Iterator[Row]:
        for user in sorted(self._users):
            time, country = self._users[user]
            values = {"user_id": user, "country": country, "registered_at": time, "currency": "GBP", "updated_at": time}
            yield Row("users", values, None)
        for code in sorted(self._products):
            names = self._names.get(code)
            name = min(names, key=lambda n: (-names[n], n)) if names else ""
            values = {"product_id": code, "name": name, "currency": "GBP", "updated_at": self._products[code]}
            yield Row("products", values, None)


def _convert(records: Iterator[SourceRecord], options: Options) -> Iterator[Row]:
    times, summary = _Times(options.timezone), _Summary()
    lines: dict[str, int] = {}
    seen: set[bytes] = set()
    folded = 0
    for record in records:
        # A digest, not the line: a set of a million lines would hold the file in memory.
        digest = blake2b("\x1f".join(record.values).encode(), digest_size=16).digest()
        if digest in seen:
            options.repeated += 1
            if options.drop_repeated_lines:
                options.dropped += 1
                continue
        seen.add(digest)
        invoice, spelled, description, quantity, date, price, user, country = map(str.strip, record.values)
        quantity, user, code = _without_float(quantity), _without_float(user), spelled.upper()
        folded += code != spelled
        time = times.utc(date)
        summary.see(user, code, description, time, country)
        line = lines[invoice] = lines.get(invoice, 0) + 1
        quantity_sign, price_sign = _sign(quantity), _sign(price)
        if invoice.startswith("C") and _is_refund(quantity_sign, price_sign):
            given = quantity.removeprefix("-")
            known = quantity_sign is not None and price_sign is not None
            refund = {
                "refund_id": invoice,
                "line_number": str(line),
                "line_type": _line_type(code),
                "user_id": user,
                "product_id": code,
                "quantity": given,
                "unit_price": price,
                "amount": f"{Decimal(given) * Decimal(price):f}" if known else "",
                "currency": "GBP",
                "ship_country": country,
                "refunded_at": time,
            }
            yield Row("refunds", refund, record)
        else:
            sale = {
                "transaction_id": invoice,
                "line_number": str(line),
                "line_type": _sale_type(code, invoice, quantity_sign, price_sign),
                "user_id": user,
                "product_id": code,
                "quantity": quantity,
                "unit_price": price,
                "currency": "GBP",
                "status": "paid",
                "ship_country": country,
                "ordered_at": time,
            }
            yield Row("transactions", sale, record)
    options.notes["stock_codes_folded_to_upper_case"] = folded
    yield from summary.rows()


SOURCE = Source(
    "uci-online-retail", "UCI Online Retail, one row a line of an invoice", lambda _: _FORMS, _convert,
    encodings=(UTF8, LATIN1), timezone="Europe/London",
)  # fmt: skip
