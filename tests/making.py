"""Make small lakes for tests: rows delivered by table and day, as the receipts describe them."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from shoplake.build import clean, reference, star
from shoplake.build.models import Model
from shoplake.build.plan import Options
from shoplake.build.render import render
from shoplake.build.run import Result, build
from shoplake.contracts import load
from shoplake.engines import duckdb
from shoplake.engines.duckdb import DuckDB
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from shoplake.lake.receipts import RawFile, Receipt, write_receipt
from shoplake.settings import Session, resolve

CONTRACTS = load()
# The calendar of a zone is a function of the zone: made once a process, not for each test's lake anew.
reference.dates, reference.zone_days = cache(reference.dates), cache(reference.zone_days)
# So is the SQL of a model for DuckDB, and a quarter of the time of a build as small as these.
_rendered: dict[Any, str] = {}


def _render_once(model: Model, engine: Any, only: Any = None, place: Any = None) -> str:
    if engine is not duckdb or only:
        return render(model, engine, only, place)
    key = (model.name, model.text, *((c.name, c.type) for c in model.table.columns))
    if key not in _rendered:
        _rendered[key] = render(model, engine, only, place)
    return _rendered[key]


star.render = clean.render = _render_once


def session(lake: Path, **flags: str) -> Session:
    return resolve({"lake": str(lake), "threads": "1", "memory": "1GB", **flags}, folder=lake.parent)


def deliver(root: Path, table: str, ds: str, rows: list[dict[str, Any]], name: str = "test") -> None:
    """Put rows of one table and arrival day into the lake; the same name again replaces them."""
    lake = Lake(root)
    lake.create()
    columns = CONTRACTS.table(f"raw.{table}").names
    for row in rows:
        assert set(row) <= {*columns, "raw_text", "is_malformed"}, set(row) - set(columns)
    plain = [r for r in rows if not _is_odd(r)]
    odd = [r for r in rows if _is_odd(r)]
    folder = lake.raw_partition(table, ds)
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    form = "jsonl" if table == "clickstream" else "csv"
    if plain:
        if form == "jsonl":
            text = "".join(json.dumps({c: r.get(c) for c in columns}) + "\n" for r in plain)
        else:
            text = ",".join(columns) + "\n" + "".join(",".join(_text(r.get(c)) for c in columns) + "\n" for r in plain)
        files.append(_write(lake, folder / f"part-{name}.{form}", text, table, ds, form, "plain", len(plain)))
    if odd:
        lines = [
            {
                **{c: r.get(c) for c in columns},
                "raw_text": r.get("raw_text", "?"),
                "is_malformed": r.get("is_malformed", False),
            }
            for r in odd
        ]
        text = "".join(json.dumps(line, default=str) + "\n" for line in lines)
        files.append(_write(lake, folder / f"odd-{name}.jsonl", text, table, ds, "jsonl", "odd", len(odd)))
    write_receipt(lake, Receipt(f"{name}-{table}-{ds}", "ingest", "test", "", "", files))


def _is_odd(row: dict[str, Any]) -> bool:
    return "is_malformed" in row or any(
        isinstance(v, str) and any(c in v for c in ',"\n\r\t\u00a0') for v in row.values()
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _write(lake: Lake, path: Path, text: str, table: str, ds: str, form: str, kind: str, rows: int) -> RawFile:
    data = text.encode()
    path.write_bytes(data)
    return RawFile(
        path.relative_to(lake.root).as_posix(), table, ds, form, kind, rows, len(data), hashlib.sha256(data).hexdigest()
    )


def run(lake: Path, **options: Any) -> Result:
    flags = {k: options.pop(k) for k in ("timezone", "currency", "country", "project") if k in options}
    return build(session(lake, **flags), Options(**options))


def tables(root: Path, generation: int | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every core, marts and ledger table of a generation, sorted; arrival columns left out."""
    lake = Lake(root)
    manifest = read_manifest(lake, generation)
    engine = DuckDB(threads=1, memory="1GB")
    engine.attach(root / manifest.database.path, read_only=True)
    found = {}
    for name in manifest.tables:
        columns = ", ".join(c.name for c in CONTRACTS.table(name).hashed)
        found[name] = sorted(engine.rows(f"SELECT {columns} FROM gen.{name}"), key=repr)
    engine.close()
    return found


def ask(root: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a SELECT over core, marts and ledger of the published generation."""
    engine = DuckDB(threads=1, memory="1GB")
    engine.attach(root / read_manifest(Lake(root)).database.path, read_only=True)
    rows = engine.rows(sql)
    engine.close()
    return rows
