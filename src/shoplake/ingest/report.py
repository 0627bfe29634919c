"""The landing report, in words."""

from typing import Any, cast

from shoplake.settings import Session


def lines(summary: dict[str, object], session: Session) -> list[str]:
    """What a person reads after a file was landed."""
    s = cast(dict[str, Any], summary)
    if s["status"] == "landed_before":
        told = [f"{s['file']}: landed before on ds={s['ds']} from the same bytes; kept as it is, nothing changed."]
        if s["asked_ds"] != s["ds"]:
            told.append(
                f"  It stays on ds={s['ds']}: one delivery arrives once. To move it, delete "
                f"{session.lake.receipts}/{s['receipt']}.json and ingest with --ds."
            )
        return told
    told = [
        f"{s['file']}: landed as {s['source']} ({s['form']}), ds={s['ds']}, {s['encoding']}",
        f"  rows in the file   {s['rows_in_file']:>12,}",
    ]
    if not s["rows_in_file"]:
        told.append("  The file has a header but no rows. This was landed as a delivery of nothing.")
    for name, t in s["tables"].items():
        told.append(f"  raw.{name:<15}{t['rows']:>12,}   {_parts(t)}".rstrip())
    told += [f"  {label:<19}{s[key]:>12,}   {why}" for key, label, why in _COUNTS if s[key]]
    if s["ignored_columns"]:
        told.append(f"  left out on request: columns {', '.join(s['ignored_columns'])}")
    told += [_money(m) for m in s["money"]]
    for name, d in s["days"].items():
        if d["first"]:
            told.append(f"  raw.{name} covers {d['first']} to {d['last']} ({d['days']:,} {'day' if d['days'] == 1 else 'days'} with rows)")
    if s["notes"]:
        told.append(
            "  "
            + ", ".join(
                f"{k.replace('_', ' ')}: {v:,}" if isinstance(v, int) else f"{k}: {v}" for k, v in s["notes"].items()
            )
        )
    zone = s["proposed_timezone"]
    if zone and session["timezone"] != zone:
        told.append(
            f"  Times were local to {zone} and lie in raw as UTC. To count days there, "
            f'write `timezone = "{zone}"` in shoplake.toml.'
        )
    return told


_COUNTS = (
    (
        "repeated_lines",
        "repeated lines",
        "the same in every column as a line before; kept unless --drop-repeated-lines",
    ),
    ("dropped_lines", "dropped lines", "on request: repeated lines"),
    ("not_utf8_rows", "not UTF-8", "bytes shown as \\xNN"),
    ("rows_with_unknown_keys", "unknown keys", "rows with keys that no contract has; the keys are not read"),
)


def _parts(table: dict[str, int]) -> str:
    words = {"odd": "read one by one", "malformed": "malformed", "derived": "derived"}
    return ", ".join(f"{table[k]:,} {w}" for k, w in words.items() if table[k])


def _money(m: dict[str, Any]) -> str:
    without = f"   {m['without_amount']:,} without a readable amount" if m["without_amount"] else ""
    return f"  {m['table']:<13}{m['line_type']:<17}{m['rows']:>10,} rows {m['amount']:>18}{without}"
