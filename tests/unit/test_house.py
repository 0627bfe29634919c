"""The house stays in order: arrows point one way, files stay small, no step reads a clock, heavy libraries stay outside the door."""

import ast
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/shoplake"
VERBS = {"generate", "ingest", "build", "look", "stream", "learn"}
# Who may import whom; everyone may import errors. generate and build may be used by the other verbs.
MAY = {
    "errors": set(),
    "terminal": set(),
    "contracts": {"terminal"},
    "lake": {"contracts"},
    "settings": {"lake"},
    "engines": {"contracts", "lake"},
    "generate": {"contracts", "lake", "engines", "settings", "terminal"},
    "build": {"contracts", "lake", "engines", "settings", "terminal", "generate"},
    "ingest": {"contracts", "lake", "engines", "settings", "terminal", "generate", "build"},
    "stream": {"contracts", "lake", "engines", "settings", "terminal", "generate", "build", "ingest"},
    "look": {"contracts", "lake", "engines", "settings", "terminal", "generate", "build", "stream"},
    "learn": {"contracts", "lake", "engines", "settings", "terminal", "generate", "build", "look"},
    "demo": {"terminal"},
    "cli": {"contracts", "demo", "generate", "ingest", "build", "look", "stream", "learn", "settings"},
    "__main__": {"cli"},
}
HEAVY = {
    "duckdb",
    "pyarrow",
    "numpy",
    "sqlglot",
    "rich",
    "polars",
    "holidays",
    "ua_parser",
    "crawleruseragents",
    "yaml",
    "pyspark",
    "confluent_kafka",
    "sklearn",
    "implicit",
    "scipy",
    "mlflow",
    "pandas",
}
CLOCK = re.compile(r"datetime\.now\(|date\.today\(|utcnow\(|time\.time\(|uuid4\(|default_rng\(\)|\brandom\.random\(")
# The command line may read the clock; an age of a file is not a value in one.
# What is in motion is told how old it is; no figure of the warehouse depends on that.
CLOCK_ALLOWED = {"build/command.py", "ingest/command.py", "lake/publish.py", "stream/clock.py"}


def _files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_arrows_point_one_way() -> None:
    wrong = []
    for path in _files():
        room = _room(path)
        if room == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [node.module]
                if isinstance(node, ast.ImportFrom) and node.module
                else [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            if isinstance(node, ast.ImportFrom) and node.module == "shoplake":
                names = [f"shoplake.{a.name}" for a in node.names]
            for name in names:
                parts = name.split(".")
                if (
                    parts[0] == "shoplake"
                    and len(parts) > 1
                    and parts[1] not in MAY[room] | {room, "errors", "__version__"}
                ):
                    wrong.append(f"{path.relative_to(SOURCE)} imports {name}")
    assert wrong == []


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "cluster"])
def test_no_file_is_over_four_hundred_lines(folder: str) -> None:
    assert [
        f"{p.relative_to(ROOT)}" for p in (ROOT / folder).rglob("*.py") if len(p.read_text().splitlines()) > 400
    ] == []


def test_no_step_and_no_model_reads_a_clock_or_an_unseeded_draw() -> None:
    found = [
        str(p.relative_to(SOURCE))
        for p in _files()
        if CLOCK.search(p.read_text()) and str(p.relative_to(SOURCE)) not in CLOCK_ALLOWED
    ]
    found += [
        p.name
        for p in (ROOT / "warehouse").rglob("*.sql")
        if re.search(r"current_date|current_timestamp|now\(|\\brand\\b", p.read_text(), re.IGNORECASE)
    ]
    assert found == []


def test_the_command_line_loads_no_heavy_library() -> None:
    code = "import sys, shoplake.cli; print(','.join(sorted({m.split('.')[0] for m in sys.modules})))"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        .stdout.strip()
        .split(",")
    )
    assert loaded & HEAVY == set()


def test_no_address_of_an_index_and_no_path_of_a_machine_is_committed() -> None:
    index = 'https?://[^ )"]*(?:py' + "pi|maven|npm" + "js|crates|python" + "hosted)"
    machine = "/" + "(?:root|home|work)/[a-z]"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert listed or not (ROOT / ".git").exists()
    for name in listed:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yml", ".toml", ".txt", ".sql", ".json", ".conf", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="replace")
            assert not re.search(index, text), name
            assert not re.search(machine, text), name


def test_every_folder_of_tests_is_looked_into(request: pytest.FixtureRequest) -> None:
    """pytest passes over folders with certain names without a word."""
    skipped = request.config.getini("norecursedirs")
    folders = {p.parent.relative_to(ROOT) for p in (ROOT / "tests").rglob("test_*.py")}
    assert {Path("tests/unit") / verb for verb in VERBS} <= folders
    lost = [f for f in folders if any(fnmatch.fnmatch(part, pattern) for part in f.parts for pattern in skipped)]
    assert not lost, f"tests in {lost} never run: norecursedirs in pyproject.toml"
