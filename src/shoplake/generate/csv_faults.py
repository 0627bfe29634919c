"""Faults in CSV records, written into the text of the few records that have one."""

import datetime as dt
from collections.abc import Callable

import msgspec

from shoplake.generate.columns import CSV_COLUMNS
from shoplake.generate.mess import COSMETIC, FAULTS, NO_FAULT

_REQUIRED = {
    "users": ("user_id", "updated_at"),
    "products": ("product_id", "updated_at"),
    "transactions": ("transaction_id", "line_number", "ordered_at", "quantity", "unit_price"),
    "refunds": ("refund_id", "line_number", "refunded_at", "amount"),
}
_TIMES = {
    "users": ("updated_at",), "products": ("updated_at",), "transactions": ("ordered_at", "updated_at"), "refunds": ("refunded_at", "updated_at"),
}  # fmt: skip
_ALL_TIMES = {**_TIMES, "users": ("registered_at", "updated_at")}
_NUMBERS = {
    "users": ("lifetime_value",),
    "products": ("list_price", "cost_price"),
    "transactions": (
        "quantity",
        "unit_price",
        "line_number",
        "discount_amount",
        "tax_amount",
        "shipping_amount",
        "total_amount",
    ),
    "refunds": ("quantity", "amount", "line_number", "unit_price", "tax_amount"),
}
_NEGATIVE = {
    "products": ("list_price", "cost_price"),
    "transactions": ("quantity", "unit_price", "discount_amount", "tax_amount", "shipping_amount"),
    "refunds": ("amount", "quantity"),
}
_WHOLE = ("quantity", "line_number")
_BAD_WHOLE = ("two", "1.5", "1_000", "0x1F", "1e2", "+1")
_BAD_MONEY = ("n/a", "12.34.5", "1e3", "EUR 5", "1 000.00", "12.34567", "infinity", ".5")
BAD_TIMES = (
    "1735725600", "31/12/2025 10:00", "yesterday", "1899-12-30 00:00:00", "2025-02-30 10:00:00", "2150-06-01 00:00:00",
    "2025-03-01 12:34", "2025-03-01T12:34:56+02:00", "2025-03-01 24:00:00",
)  # fmt: skip
_UNKNOWN = {
    "unknown_type": ("line_type", ("bundle", "produkt", "line item")),
    "unknown_status": ("status", ("shiped", "on_hold", "complete", "returned")),
    "unknown_payment_method": ("payment_method", ("bitcoin", "crad", "voucher24", "cheque")),
    "unknown_currency": ("currency", ("EURO", "ABC", "GPB", "US$")),
}
_ENUMS = {
    "users": ("email", "customer_segment", "acquisition_channel", "gender"),
    "products": ("is_active", "product_id"),
    "transactions": ("status", "payment_method", "email", "line_type", "order_source"),
    "refunds": ("payment_method", "line_type", "reason"),
}
_FREE_TEXT = {
    "users": ("city", "street", "last_name"),
    "products": ("name",),
    "transactions": ("ship_city",),
    "refunds": ("reason",),
}
_ODD_TEXT = ("{}, 2. OG", "{}\nHinterhof", '"{}" (new)', "\u00a0{}", "{}\t")
_EPOCH = dt.datetime(1970, 1, 1)


def _at(table: str, column: str) -> int:
    return CSV_COLUMNS[table].index(column)


def _in(variant: int, options: tuple[str, ...]) -> str:
    return options[variant % len(options)]


def _missing(table: str, fields: list[str], variant: int, end: int) -> bool:
    fields[_at(table, _in(variant, _REQUIRED[table]))] = _in(variant >> 8, ("", "", "  "))
    return True


def _bad_time(table: str, fields: list[str], variant: int, end: int) -> bool:
    fields[_at(table, _in(variant, _TIMES[table]))] = _in(variant >> 8, BAD_TIMES)
    return True


def _future(table: str, fields: list[str], variant: int, end: int) -> bool:
    ahead = 11 * 60 + (variant >> 8) % (400 * 86_400)
    fields[_at(table, _in(variant, _TIMES[table]))] = str(_EPOCH + dt.timedelta(seconds=end + ahead))
    return True


def _bad_number(table: str, fields: list[str], variant: int, end: int) -> bool:
    column = _in(variant, _NUMBERS[table])
    fields[_at(table, column)] = _in(variant >> 8, _BAD_WHOLE if column in _WHOLE else _BAD_MONEY)
    return True


def _bad_amount(table: str, fields: list[str], variant: int, end: int) -> bool:
    if table == "transactions":
        if fields[_at(table, "line_type")] == "discount":
            return False  # money of either sign is right on a discount line
        fields[_at(table, "total_amount")] = ""
    column = _in(variant, _NEGATIVE[table])
    at = _at(table, column)
    if column == "quantity":
        # Nothing given back is possible; nothing bought is not.
        fields[at] = "0" if table == "transactions" and variant >> 8 & 1 else f"-{fields[at]}"
    else:
        fields[at] = f"-{fields[at]}" if float(fields[at] or 0) > 0 else "-1.00"
    return True


def _mismatch(table: str, fields: list[str], variant: int, end: int) -> bool:
    at = _at(table, "total_amount")
    whole, _, cents = fields[at].lstrip("-").partition(".")
    value = (int(whole) * 100 + int(cents)) * (-1 if fields[at].startswith("-") else 1) + 5 + variant % 4000
    fields[at] = f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    return True


def _unknown(fault: str) -> Callable[[str, list[str], int, int], bool]:
    column, values = _UNKNOWN[fault]

    def edit(table: str, fields: list[str], variant: int, end: int) -> bool:
        if column == "line_type" and fields[_at(table, column)] == "discount":
            return False  # its price is below zero, which is a bad_amount on a line of any unknown type
        fields[_at(table, column)] = _in(variant, values)
        return True

    return edit


_EDITS: dict[str, Callable[[str, list[str], int, int], bool]] = {
    "missing_required": _missing, "bad_timestamp": _bad_time, "future_timestamp": _future, "bad_number": _bad_number,
    "bad_amount": _bad_amount, "total_mismatch": _mismatch, **{name: _unknown(name) for name in _UNKNOWN},
}  # fmt: skip


def _case(text: str, variant: int) -> str:
    return _in(variant, (text.upper(), f" {text.title()} ", f"{text} ", f"  {text}"))


def garbled(text: str) -> str:
    """UTF-8 read as Windows-1252: ü becomes Ã¼. Never a no-break space or a control character."""
    try:
        wrong = text.encode().decode("cp1252")
    except UnicodeDecodeError:
        wrong = text
    return wrong if wrong != text and "\u00a0" not in wrong else f"CafÃ© {text}"


def _respelled(text: str, variant: int) -> str:
    moment = dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
    if variant & 1:
        return moment.isoformat() + ".000Z"
    return str(round((moment - _EPOCH).total_seconds()) * 1000)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def _odd(table: str, fields: list[str] | None, raw: str) -> bytes:
    values = {c: (fields[i] or None) if fields else None for i, c in enumerate(CSV_COLUMNS[table])}
    return msgspec.json.encode({**values, "raw_text": raw, "is_malformed": fields is None}) + b"\n"


class Edited(msgspec.Struct):
    """A record after its fault: where it goes, its bytes, and the fault it really has (some do not fit every record)."""

    is_odd: bool
    data: bytes
    fault: str


def edit(table: str, line: str, fault: int, oddity: int, variant: int, end: int) -> Edited:
    """Write one record's fault or oddity. `end` is the end of its ds in seconds since 1970."""
    fields = line.rstrip("\n").split(",")
    name = FAULTS[table][fault] if fault != NO_FAULT else ""
    if name == "malformed":
        cut = fields[: 1 + variant % (len(fields) - 1)] if variant & 64 else [*fields, _in(variant, ("", "1", "EUR"))]
        return Edited(True, _odd(table, None, ",".join(cut)), name)
    if name:
        known = _EDITS[name](table, fields, variant, end)
        return Edited(False, (",".join(fields) + "\n").encode(), name if known else "")
    return _oddity(table, fields, COSMETIC[oddity], variant)


def _oddity(table: str, fields: list[str], name: str, variant: int) -> Edited:
    if name == "mixed_case":
        at = _at(table, _in(variant, _ENUMS[table]))
        if CSV_COLUMNS[table][at].endswith("_id"):
            fields[at] = f" {fields[at]} "  # ids are trimmed, never folded
        elif fields[at]:
            fields[at] = _case(fields[at], variant >> 8)
    elif name == "mojibake":
        at = _at(table, _in(variant, _FREE_TEXT[table]))
        fields[at] = garbled(fields[at])
    elif name == "spelling":
        for column in _ALL_TIMES[table]:
            fields[_at(table, column)] = _respelled(fields[_at(table, column)], variant)
    else:
        at = _at(table, _in(variant, _FREE_TEXT[table]))
        fields[at] = _in(variant >> 8, _ODD_TEXT).format(fields[at])
        return Edited(True, _odd(table, fields, ",".join(_quoted(f) for f in fields)), "")
    return Edited(False, (",".join(fields) + "\n").encode(), "")
