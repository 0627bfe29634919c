"""Files in shoplake's own raw format.

CSV for users, products, transactions and refunds; JSON lines for clickstream; Parquet for transactions.
"""

from shoplake.contracts import Contracts
from shoplake.ingest.sources import Form, Source

# Without one of these clean could keep no row of the file: its absence is a mistake in the file, not in its rows.
_NEEDED = {
    "users": ("user_id", "updated_at"),
    "products": ("product_id", "updated_at"),
    "transactions": ("transaction_id", "line_number", "quantity", "unit_price", "ordered_at"),
    "refunds": ("refund_id", "line_number", "quantity", "unit_price", "amount", "refunded_at"),
    "clickstream": ("event_id", "event_type", "event_ts", "visitor_id"),
}


def _forms(contracts: Contracts) -> list[Form]:
    forms = []
    for table in contracts.layer("raw"):
        needed = _NEEDED.get(table.name, ())
        optional = tuple(n for n in table.names if n not in needed)
        for kind in (table.spec.format or "csv", *(("parquet",) if table.name == "transactions" else ())):
            forms.append(Form(f"{table.name} ({kind})", kind, needed, optional, table.name))
    return forms


SOURCE = Source("shoplake", "files in the format of the raw layer", _forms)
