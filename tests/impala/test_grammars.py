"""Two grammars accept every rendered statement, and with the product's own check refuse what is broken."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shoplake.build import impala_check
from shoplake.engines import impala
from tests.impala import grammars
from tests.impala.rendered import ROOT, all_statements, broken, schema

pytestmark = pytest.mark.impala


@cache
def said_by_dt() -> dict[str, str | None]:
    every = [s.sql for s in all_statements()] + [sql for _, sql in broken()]
    return dict(zip(every, grammars.dt(every), strict=True))


FILES = sorted({s.path for s in all_statements()})


@pytest.mark.parametrize("path", FILES, ids=str)
def test_both_grammars_accept_every_statement(path: Path, record_property: Any) -> None:
    statements = [s for s in all_statements() if s.path == path]
    refused = [f"dt-sql-parser: {said}\n{s.sql[:400]}" for s in statements if (said := said_by_dt()[s.sql])]
    read = [(s, text) for s in statements if (text := grammars.fluff_reads(s.sql))]
    refused += [f"sqlfluff: {said}\n{s.sql[:400]}" for s, text in read if (said := grammars.sqlfluff(text))]
    assert refused == []
    assert read, f"{path}: sqlfluff was asked for nothing"
    record_property("impala_parsed", statements[0].model or str(path))


DAY = {"session_date": "2026-01-01"}
SELECT = "SELECT as_of, visitor_id, user_id FROM ecommerce.visitor_users"


@pytest.mark.parametrize(
    "sql",
    [
        impala.insert_overwrite("ecommerce.visitor_users", SELECT),
        impala.insert_overwrite("ecommerce.fact_sessions", SELECT, DAY),
        impala.refresh("ecommerce.fact_sessions", DAY),
        impala.refresh("ecommerce.fact_sessions"),
        impala.compute_stats("ecommerce.fact_sessions", DAY, incremental=True),
        impala.compute_stats("ecommerce.visitor_users"),
    ],
)
def test_both_grammars_accept_what_the_class_says(sql: str) -> None:
    assert grammars.dt([sql]) == [None]
    assert grammars.sqlfluff(sql) is None


def test_few_statements_are_read_by_one_grammar_only() -> None:
    """What sqlfluff has no form of is these three and no more."""
    alone = Counter(s.sql.split()[0] for s in all_statements() if grammars.fluff_reads(s.sql) is None)
    assert set(alone) == {"ALTER", "DROP", "SHOW"}
    assert sum(alone.values()) < 0.1 * len(all_statements())


@pytest.mark.parametrize(("who", "sql"), broken(), ids=[sql[:60] for _, sql in broken()])
def test_a_broken_statement_is_refused(who: list[str], sql: str) -> None:
    found = {
        "dt": said_by_dt()[sql],
        "sqlfluff": grammars.sqlfluff(sql),
        "check": impala_check.problems(sql, schema(), impala.DATABASES["marts"]),
    }
    assert [name for name, said in found.items() if said] == who


def misspelt() -> dict[str, Path]:
    """Each keyword, function and type of each short statement, its last two letters changed over: one at a time."""
    found = {}
    for s in all_statements():
        if len(s.sql) < 1500:
            for word in sorted(set(re.findall(r"(?<![\w.{:'])[A-Z_]{3,}\b", re.sub(r"'[^']*'", "''", s.sql)))):
                if word[-1] != word[-2]:
                    found[re.sub(rf"\b{word}\b", word[:-2] + word[:-3:-1], s.sql, count=1)] = s.path
    return found


def test_a_misspelt_word_is_refused() -> None:
    spoilt = misspelt()
    assert len(spoilt) > 500
    unseen = [sql for sql, said in zip(spoilt, grammars.dt(list(spoilt)), strict=True) if not said]
    unseen = [sql for sql in unseen if not impala_check.problems(sql, schema(), impala.DATABASES["marts"])]
    assert [f"{spoilt[sql]}: {sql[:200]}" for sql in unseen if grammars.sqlfluff(sql) is None] == []


def test_what_lacks_is_said(tmp_path: Path) -> None:
    """No node; and no npm, with nothing installed yet."""

    def ask(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tests.impala.grammars"], cwd=ROOT, capture_output=True, text=True, check=False,
            env={"PATH": str(path), "SHOPLAKE_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip

    told = ask(tmp_path)
    assert told.returncode == 3
    assert (
        told.stderr
        == "the Impala grammar needs node 18 or newer, and none was found. On Debian and Ubuntu: apt install nodejs npm.\n"
    )
    node = shutil.which("node")
    assert node is not None
    (tmp_path / "node").symlink_to(node)
    told = ask(tmp_path)
    assert told.returncode == 3
    assert told.stderr.startswith("installing the Impala grammar needs npm, and none was found.")
    (tmp_path / "node").unlink()
    (tmp_path / "node").write_text("#!/bin/sh\necho v12.22.0\n")
    (tmp_path / "node").chmod(0o755)
    told = ask(tmp_path)
    assert told.returncode == 3
    assert "needs node 18 or newer, found v12.22.0" in told.stderr
