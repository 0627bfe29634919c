"""A second opinion, written without the generator's code: reads raw files record by record and judges them as clean will."""

import csv
import datetime as dt
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from crawleruseragents import is_crawler

from shoplake.lake.layout import Lake
from shoplake.lake.receipts import RawFile, raw_partitions

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_MILLIS = re.compile(r"\d{12,13}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_MONEY = re.compile(r"-?[0-9]{1,14}([.][0-9]{1,4})?")
_BLANKS = " \t\r\n\u00a0"
_TYPES = {"product", "shipping", "fee", "discount", "gift_card", "donation", "adjustment", "stock_adjustment"}
_STATUS = {"pending", "payment_failed", "paid", "shipped", "delivered", "cancelled", "refunded"}
_PAYMENT = {
    "card",
    "paypal",
    "bank_transfer",
    "invoice",
    "gift_card",
    "apple_pay",
    "google_pay",
    "klarna",
    "cash",
    "other",
}
_EVENTS = {"view", "search", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase"}
_CURRENCIES = {"EUR", "GBP", "USD"}
REQUIRED = {
    "clickstream": ("event_id", "event_ts", "event_type", "visitor_id"),
    "transactions": ("transaction_id", "line_number", "ordered_at", "quantity", "unit_price"),
    "refunds": ("refund_id", "line_number", "refunded_at", "amount"),
    "users": ("user_id", "updated_at"),
    "products": ("product_id", "updated_at"),
}
TIMES = {
    "clickstream": ("event_ts",), "transactions": ("ordered_at", "updated_at"), "refunds": ("refunded_at", "updated_at"),
    "users": ("updated_at",), "products": ("updated_at",),
}  # fmt: skip
WHOLE = {
    "clickstream": ("quantity",),
    "transactions": ("quantity", "line_number"),
    "refunds": ("quantity", "line_number"),
}
MONEY = {
    "clickstream": ("unit_price",), "users": ("lifetime_value",), "products": ("list_price", "cost_price"),
    "transactions": ("unit_price", "discount_amount", "tax_amount", "shipping_amount", "total_amount"), "refunds": ("unit_price", "amount", "tax_amount"),
}  # fmt: skip
KEYS = {
    "clickstream": ("event_id",), "transactions": ("transaction_id", "line_number", "updated_at"),
    "refunds": ("refund_id", "line_number", "updated_at"), "users": ("user_id", "updated_at"), "products": ("product_id", "updated_at"),
}  # fmt: skip


@dataclass
class Verdicts:
    """The ledger of one table, and its clean records as (ds, record)."""

    landed: int = 0
    duplicates: int = 0
    redelivered: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    clean: list[tuple[str, dict[str, str]]] = field(default_factory=list)


def records(lake: Lake, file: RawFile) -> list[dict[str, str] | None]:
    """The records of a raw file, blanks trimmed; None for a malformed one."""
    path = lake.root / file.path
    if file.kind == "odd":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
        return [
            None if r.pop("is_malformed") else _trimmed({k: v for k, v in r.items() if k != "raw_text"}) for r in rows
        ]
    if file.format == "jsonl":
        return [
            _trimmed(json.loads(line, parse_int=str, parse_float=str))
            for line in path.read_text(encoding="utf-8").split("\n")[:-1]
        ]
    with open(path, encoding="utf-8", newline="") as f:
        return [_trimmed(row) for row in csv.DictReader(f)]


def _trimmed(row: dict[str, str | None]) -> dict[str, str]:
    return {k: v.strip(_BLANKS) for k, v in row.items() if v is not None and v.strip(_BLANKS)}


@cache
def moment(text: str) -> dt.datetime | None:
    try:
        if _ISO.fullmatch(text):
            found = dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
        elif _PLAIN.fullmatch(text):
            found = dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        elif _MILLIS.fullmatch(text):
            found = dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=int(text))
        else:
            return None
    except ValueError:
        return None
    return found if dt.datetime(2000, 1, 1) <= found < dt.datetime(2100, 1, 1) else None


def reason(table: str, ds: str, row: dict[str, str] | None, crawlers: set[str]) -> str:
    if row is None:
        return "malformed"
    if any(c not in row for c in REQUIRED[table]):
        return "missing_required"
    times = [moment(row[c]) for c in TIMES[table] if c in row]
    if None in times:
        return "bad_timestamp"
    if any(t > dt.datetime.fromisoformat(ds) + dt.timedelta(days=1, minutes=10) for t in times if t):
        return "future_timestamp"
    if any(c in row and not _WHOLE.fullmatch(row[c]) for c in WHOLE.get(table, ())):
        return "bad_number"
    if any(c in row and not _MONEY.fullmatch(row[c]) for c in MONEY[table]):
        return "bad_number"
    return _bad_amount(table, row) or _unknown(table, row, crawlers)


def _bad_amount(table: str, row: dict[str, str]) -> str:
    value = {c: float(row[c]) for c in (*WHOLE.get(table, ()), *MONEY[table]) if c in row}
    kind = row.get("line_type", "product").lower()
    money = [value.get(c, 0) for c in ("unit_price", "discount_amount", "tax_amount", "shipping_amount")]
    signed = kind not in ("product", "shipping", "gift_card", "fee", "donation")
    if table == "transactions" and not signed and (value["quantity"] <= 0 or min(money) < 0):
        return "bad_amount"
    if table == "refunds" and (value["amount"] < 0 or value.get("quantity", 1) < 0):
        return "bad_amount"
    if table == "clickstream" and (value.get("quantity", 1) <= 0 or value.get("unit_price", 0) < 0):
        return "bad_amount"
    if table == "products" and any(v < 0 for v in value.values()):
        return "bad_amount"
    if table == "transactions" and "total_amount" in value:
        parts = (
            value["quantity"] * value["unit_price"]
            - value.get("discount_amount", 0)
            + value.get("tax_amount", 0)
            + value.get("shipping_amount", 0)
        )
        if abs(value["total_amount"] - parts) > 0.0101:
            return "total_mismatch"
    return ""


def _unknown(table: str, row: dict[str, str], crawlers: set[str]) -> str:
    if table == "clickstream":
        if row["event_type"].lower() not in _EVENTS:
            return "unknown_event_type"
    elif row.get("line_type", "product").lower() not in _TYPES:
        return "unknown_line_type"
    if table == "transactions" and row["status"].lower() not in _STATUS:
        return "unknown_status"
    if table in ("transactions", "refunds") and row["payment_method"].lower() not in _PAYMENT:
        return "unknown_payment_method"
    if "currency" in row and row["currency"].upper() not in _CURRENCIES:
        return "unknown_currency"
    agent = row.get("user_agent", "")
    return "bot" if agent and (agent in crawlers or is_listed(agent)) else ""


@cache
def is_listed(agent: str) -> bool:
    return bool(is_crawler(agent))


def judge(lake: Lake, crawlers: set[str]) -> dict[str, Verdicts]:
    """Every record of every table, judged in the order of reasons, then looked at for second copies."""
    found: dict[str, Verdicts] = {}
    everywhere: dict[str, set[tuple[str, ...]]] = {}
    for (table, ds), files in raw_partitions(lake).items():
        ledger, here = found.setdefault(table, Verdicts()), set()
        for file in files:
            rows = records(lake, file)
            assert len(rows) == file.rows, file.path
            ledger.landed += len(rows)
            for row in rows:
                why = reason(table, ds, row, crawlers)
                if why:
                    ledger.rejected[why] += 1
                    continue
                assert row is not None
                key = tuple(str(moment(row[c])) if c == "updated_at" else row[c] for c in KEYS[table])
                if key in here:
                    ledger.duplicates += 1
                    continue
                here.add(key)
                ledger.redelivered += key in everywhere.setdefault(table, set())
                ledger.clean.append((ds, row))
        everywhere.setdefault(table, set()).update(here)
    return found


def truth(lake: Lake) -> dict[str, object]:
    return json.loads((lake.root / "truth.json").read_text())


def bytes_by_day(lake: Lake, table: str) -> dict[str, bytes]:
    """All bytes of a table's day, in the order of file names, without CSV headers."""
    found: dict[str, bytes] = {}
    for (name, ds), files in raw_partitions(lake).items():
        if name == table:
            for file in files:
                data = Path(lake.root / file.path).read_bytes()
                body = data.partition(b"\n")[2] if file.format == "csv" else data
                found[f"{ds}/{file.kind}"] = found.get(f"{ds}/{file.kind}", b"") + body
    return found
