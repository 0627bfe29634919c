"""The recipes of CONTRIBUTING.md, followed on a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.guides import ROOT

STALL = """\
Order,Line,Article,Pieces,Price,Time
A1,1,APPLE,3,0.50,2026-03-01T08:00:00Z
A1,2,PEAR,1,0.75,2026-03-01T08:00:00Z
A2,1,APPLE,two,0.50,2026-03-01T09:30:00Z
"""


def recipe(title: str) -> list[tuple[str, list[str]]]:
    """The differences under a heading: the file's path, and its lines with their marks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    blocks = [block.splitlines() for block in re.findall(r"```diff\n(.*?)```", text, re.DOTALL)]
    assert 1 <= len(blocks) <= 3, f"{title}: more than three places to touch"
    return [(block[0], block[1:]) for block in blocks]


def apply(folder: Path, title: str) -> None:
    for name, lines in recipe(title):
        path = folder / name
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert not old or text.count(old) == 1, f"CONTRIBUTING.md, {title}: {name} does not hold once:\n{old}"
        path.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")


def shoplake(copy: Path, *words: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SHOPLAKE_")}
    environment["PYTHONPATH"] = str(copy / "src")
    done = subprocess.run(
        [sys.executable, "-m", "shoplake", *words],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for part in ("src", "contracts", "warehouse"):
        shutil.copytree(ROOT / part, tmp_path / "copy" / part, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "copy"


@pytest.mark.guide
def test_a_column_a_table_and_a_source_are_added(copy: Path) -> None:
    apply(copy, "Add a source")
    (copy / "stall.csv").write_text(STALL)
    assert "landed as market-stall" in shoplake(copy, "--lake", "lake", "ingest", "stall.csv", "--ds", "2026-03-02")
    assert "rejected: bad_number 1" in shoplake(copy, "--lake", "lake", "build")
    apply(copy, "Add a column")
    apply(copy, "Add a table")
    assert "marts.revenue_hourly" in shoplake(copy, "--lake", "lake", "--project", ".", "build", "--plan")
    assert "Published generation 2" in shoplake(copy, "--lake", "lake", "--project", ".", "build")

    def ask(sql: str) -> list[str]:
        return shoplake(copy, "--lake", "lake", "query", sql, "--format", "csv").splitlines()[1:]

    assert ask("select order_hour, order_count, gross_per_order_amount from marts.revenue_hourly") == ["8,1,2.2500"]
    assert ask("select order_source, order_count, net_amount from marts.orders_by_source") == ["unknown,1,2.2500"]
    assert "gross_amount an order" in shoplake(
        copy, "--project", ".", "explain", "marts.revenue_hourly.gross_per_order_amount"
    )


def test_the_scaffold_writes_the_files_that_the_recipe_names(copy: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "shoplake.build.scaffold", "marts.orders_by_source"],
        cwd=copy, env={**os.environ, "PYTHONPATH": str(copy / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    written = {line.strip() for line in done.stdout.splitlines() if line.startswith("  ") and "/" in line}
    assert {name for name, _ in recipe("Add a table")} <= written
