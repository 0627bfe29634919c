"""What is in the lake: one generation's tables, days, freshness, ledger and findings."""

import datetime as dt
from typing import Any

from shoplake.lake.manifest import Manifest, kept_generations, read_manifest
from shoplake.look import drawing
from shoplake.look.opened import LAYERS, Opened, relation


def overview(one: Opened) -> dict[str, Any]:
    """Everything `shoplake show` tells, as plain values."""
    m = one.manifest
    return {
        "lake": one.lake.place,
        "generation": m.generation,
        "is_published": one.is_published,
        "as_of": m.as_of,
        "shoplake_version": m.shoplake_version,
        "settings": m.settings,
        "tables": _tables(one),
        "freshness": _freshness(one),
        "arrivals": _arrivals(m),
        "movements": one.dicts("SELECT * FROM gen.ledger.movements ORDER BY table_name"),
        "told": m.told,
        "kept": _kept(one),
    }


def _tables(one: Opened) -> list[dict[str, Any]]:
    """Each table with its rows, its days and the first and last of them."""
    found = []
    for table in one.tables(LAYERS):
        name, m = table.full_name, one.manifest
        row: dict[str, Any] = {"layer": table.layer, "table": name, "partition": table.spec.partition}
        if table.layer in ("clean", "rejected"):
            mine = [p for p in m.partitions if p.table == table.name]
            row["rows"] = sum(p.clean if table.layer == "clean" else p.rejected for p in mine)
            days = [p.ds for p in mine if table.layer == "clean" or p.rejected]
            row |= {"days": len(days), "first": min(days, default=None), "last": max(days, default=None)}
        elif table.spec.partition:
            p = table.spec.partition
            count = one.engine.rows(f"SELECT COUNT(*), COUNT(DISTINCT {p}), MIN({p}), MAX({p}) FROM {relation(table)}")[
                0
            ]
            row |= {"rows": count[0], "days": count[1], "first": _text(count[2]), "last": _text(count[3])}
        else:
            rows = one.engine.rows(f"SELECT COUNT(*) FROM {relation(table)}")[0][0]
            row |= {"rows": rows, "days": None, "first": None, "last": None}
        found.append(row)
    return found


def _freshness(one: Opened) -> list[dict[str, Any]]:
    """For each contract that promises freshness: the newest value against the newest arrival, in days."""
    found = []
    for table in one.tables(("clean",)):
        promise = table.spec.freshness
        mine = [p.ds for p in one.manifest.partitions if p.table == table.name]
        if promise is None or not mine:
            continue
        newest = one.engine.rows(f"SELECT MAX(CAST({promise.column} AS DATE)) FROM {relation(table)}")[0][0]
        arrival = dt.date.fromisoformat(max(mine))
        behind = (arrival - newest).days if newest is not None else None
        found.append({
            "table": table.full_name, "column": promise.column, "newest": _text(newest), "newest_arrival": arrival.isoformat(),
            "days_behind": behind, "within_days": promise.within_days, "is_fresh": behind is not None and behind <= promise.within_days,
        })  # fmt: skip
    return found


def _arrivals(m: Manifest) -> list[dict[str, Any]]:
    """The ledger's first line, a table: landed = clean + duplicate + rejected, with the reasons."""
    found = []
    for table in sorted({p.table for p in m.partitions}):
        mine = [p for p in m.partitions if p.table == table]
        reasons: dict[str, int] = {}
        for p in mine:
            for reason, rows in p.reasons.items():
                reasons[reason] = reasons.get(reason, 0) + rows
        sums = {k: sum(getattr(p, k) for p in mine) for k in ("landed", "clean", "duplicate", "rejected", "nulled")}
        adds_up = sums["landed"] == sums["clean"] + sums["duplicate"] + sums["rejected"]
        found.append(
            {
                "table": table,
                "days": len(mine),
                **sums,
                "adds_up": adds_up,
                "reasons": dict(sorted(reasons.items(), key=lambda r: (-r[1], r[0]))),
            }
        )
    return found


def _kept(one: Opened) -> list[dict[str, Any]]:
    """Every kept generation, oldest first: the file or files of its core, marts and ledger. Clean, which many share, is not counted."""
    kept = [read_manifest(one.lake, number) for number in kept_generations(one.lake)]
    files = {m.generation: [m.database] if m.database else [f for some in m.table_files.values() for f in some] for m in kept}
    paths = sorted({f.path for some in files.values() for f in some})
    gone = {path for path, size in zip(paths, one.lake.files.sizes(paths), strict=True) if size is None}
    return [
        {
            "generation": m.generation, "parent": m.parent, "as_of": m.as_of, "is_full": m.is_full, "rows": sum(f.rows for f in files[m.generation]),
            "bytes": sum(f.bytes for f in files[m.generation]), "is_there": not any(f.path in gone for f in files[m.generation]),
            "is_shown": m.generation == one.manifest.generation,
        }
        for m in kept
    ]  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def overview_as_text(found: dict[str, Any]) -> str:
    s = found["settings"]
    published = "published" if found["is_published"] else "kept, not the published one"
    lines = [
        f"Generation {found['generation']} ({published}), as of {found['as_of']}, made by shoplake {found['shoplake_version']}",
        f"Time zone {s.get('timezone')}, currency {s.get('currency')} where a row names none"
        + (f", holidays of {s['country']}" if s.get("country") else ", no country for holidays"),
        "",
    ]
    rows = [
        (
            t["table"],
            drawing.count(t["rows"]),
            drawing.count(t["days"]) if t["days"] is not None else "",
            t["first"],
            t["last"],
        )
        for t in found["tables"]
    ]
    lines += drawing.table(("table", "rows", "days", "first", "last"), rows, right=(1, 2))
    lines += ["", *_fresh_lines(found["freshness"]), "", *_ledger_lines(found)]
    if found["told"]:
        lines += ["", "Told (published all the same)", *(f"  {finding}" for finding in found["told"])]
    lines += ["", "Kept generations (look back with --generation N; `shoplake rollback --to N` publishes one again)"]
    kept = [
        (
            g["generation"],
            g["as_of"],
            drawing.count(g["rows"]),
            drawing.size(g["bytes"]) if g["is_there"] else "missing",
            "whole" if g["is_full"] else f"from {g['parent']}",
            "shown" if g["is_shown"] else "",
        )
        for g in found["kept"]
    ]
    return "\n".join([*lines, *drawing.table(("number", "as of", "rows", "size", "built", ""), kept, right=(0, 2, 3))])


def _fresh_lines(freshness: list[dict[str, Any]]) -> list[str]:
    if not freshness:
        return ["Freshness: no table that promises it has rows."]
    rows = [
        (
            f["table"],
            f["newest"],
            f["newest_arrival"],
            "-" if f["days_behind"] is None else f["days_behind"],
            f["within_days"],
            "fresh" if f["is_fresh"] else "STALE",
        )
        for f in freshness
    ]
    return [
        "Freshness (newest value against newest arrival)",
        *drawing.table(("table", "newest", "arrived", "days behind", "allowed", ""), rows, right=(3, 4)),
    ]


def _ledger_lines(found: dict[str, Any]) -> list[str]:
    """Both lines of the ledger as sums, and why rows were left out."""
    c = drawing.count
    first = [
        (a["table"], c(a["landed"]), "=", c(a["clean"]), "+", c(a["duplicate"]), "+", c(a["rejected"]))
        for a in found["arrivals"]
    ]
    lines = ["Ledger: where every record went"]
    lines += drawing.table(("table", "landed", "", "clean", "", "duplicate", "", "rejected"), first, right=(1, 3, 5, 7))
    for a in found["arrivals"]:
        reasons: dict[str, int] = {}
        for reason, rows in a["reasons"].items():
            name = reason.partition(":")[0]
            reasons[name] = reasons.get(name, 0) + rows
        if reasons:
            said = ", ".join(f"{name} {c(rows)}" for name, rows in sorted(reasons.items(), key=lambda r: (-r[1], r[0])))
            lines += drawing.wrapped(f"{a['table']} rejected: {said}")
        if a["nulled"]:
            lines.append(f"  {a['table']}: {c(a['nulled'])} unreadable values of other columns became NULL")
        if not a["adds_up"]:
            lines.append(f"  {a['table']}: DOES NOT ADD UP. Run `shoplake verify`, then `shoplake build --full`.")
    second = [
        (
            m["table_name"],
            c(m["clean_rows"]),
            "=",
            c(m["core_rows"]),
            "+",
            c(m["superseded_rows"]),
            "+",
            c(m["redelivered_rows"]),
        )
        for m in found["movements"]
    ]
    return [
        *lines,
        "",
        *drawing.table(("table", "clean", "", "core", "", "superseded", "", "redelivered"), second, right=(1, 3, 5, 7)),
    ]
