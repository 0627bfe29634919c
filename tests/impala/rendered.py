"""What is rendered for Impala, statement by statement."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shoplake.build import impala_check
from shoplake.build.impala_files import DDL

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Statement:
    """`model`: the full name of the model that the file is; empty in the three files."""

    path: Path
    sql: str
    model: str = ""


def all_statements() -> list[Statement]:
    found = []
    for path in sorted((ROOT / "rendered/impala").rglob("*.sql")):
        inside = path.relative_to(ROOT / "rendered/impala")
        model = f"{inside.parent}.{inside.stem}" if inside.parent != Path() else ""
        found += [Statement(inside, sql, model) for sql in impala_check.statements(path.read_text(encoding="utf-8"))]
    return found


@cache
def schema() -> impala_check.Schema:
    text = (ROOT / DDL).read_text(encoding="utf-8")
    return impala_check.described([s for s in impala_check.statements(text) if s.startswith("CREATE")])


def broken() -> list[tuple[list[str], str]]:
    """Who refuses it, and the statement."""
    told: list[Any] = yaml.safe_load((HERE / "broken.yml").read_text(encoding="utf-8"))
    return [(list(who), sql) for who, sql in told]
