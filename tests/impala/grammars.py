"""The two Impala grammars: dt-sql-parser (npm), which must accept all that is rendered, and sqlfluff's, for what it has a form of.

    python -m tests.impala.grammars

says what is lacking, and installs the npm package into the cache folder ($SHOPLAKE_CACHE, else ~/.cache/shoplake) once.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from cluster.resolve import cache
from filelock import FileLock

from shoplake.errors import Lacking, ShoplakeError

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "package.json"
NODE = 18  # what dt-sql-parser asks for

# What sqlfluff's Impala has no form of: ALTER TABLE ... RECOVER PARTITIONS, DROP INCREMENTAL STATS, SHOW TABLE STATS,
# and STRAIGHT_JOIN, without which it is given the rest of the statement.
FLUFF_READS = re.compile(r"^\s*(?:SELECT|WITH|INSERT|CREATE|COMPUTE|REFRESH|INVALIDATE|EXPLAIN|SET)\b", re.IGNORECASE)


def versions() -> dict[str, str]:
    """Name -> version of both grammars."""
    return {"dt-sql-parser": pinned("dt-sql-parser"), "sqlfluff": version("sqlfluff")}


def pinned(name: str) -> str:
    return str(json.loads(PACKAGE.read_text(encoding="utf-8"))["dependencies"][name])


def node() -> str:
    """The path of node. Raises Lacking when there is none, or one that is too old."""
    found = shutil.which("node")
    if found is None:
        raise Lacking(
            f"the Impala grammar needs node {NODE} or newer, and none was found. On Debian and Ubuntu: apt install nodejs npm."
        )
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if not told.startswith("v") or int(told[1:].split(".")[0]) < NODE:
        raise Lacking(
            f"the Impala grammar needs node {NODE} or newer, found {told or 'no version'} at {found}. Put a newer one first on the PATH."
        )
    return found


def installed() -> Path:
    """The folder that holds node_modules with the pinned package; it is installed when it is not there.

    Raises Lacking when node or npm is missing, or no npm registry is within reach.
    """
    node()
    folder = cache() / f"npm-dt-sql-parser-{pinned('dt-sql-parser')}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if (folder / "node_modules").is_dir():
            return folder
        npm = shutil.which("npm")
        if npm is None:
            raise Lacking(
                "installing the Impala grammar needs npm, and none was found. On Debian and Ubuntu: apt install npm."
            )
        with tempfile.TemporaryDirectory(dir=folder.parent) as made:
            shutil.copy(PACKAGE, made)
            done = subprocess.run(
                [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"],
                cwd=made, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                said = next((line for line in done.stderr.splitlines() if line.strip()), "npm says nothing")
                raise Lacking(
                    f"npm could not install {PACKAGE.name}'s packages ({said}). Is an npm registry within reach?"
                )
            os.replace(made, folder)
            Path(made).mkdir()  # for TemporaryDirectory to take away
    return folder


def dt(statements: list[str]) -> list[str | None]:
    """dt-sql-parser's first complaint of each statement, or None. Raises Lacking when it cannot be run."""
    done = subprocess.run(
        [node(), str(HERE / "accepts.mjs"), str(installed())],
        input=json.dumps(statements), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Lacking(
            f"dt-sql-parser did not run ({done.stderr.strip()[-300:]}). Delete {installed()} to install it anew."
        )
    said: list[str | None] = json.loads(done.stdout)
    assert len(said) == len(statements)
    return said


def sqlfluff(sql: str) -> str | None:
    """sqlfluff's first complaint, or None."""
    violations = _linter().parse_string(f"{sql.rstrip()};\n").violations
    return str(violations[0].desc()) if violations else None


def fluff_reads(sql: str) -> str | None:
    """What of a statement sqlfluff is asked for; None when it has no form for it."""
    return re.sub(r"\bSTRAIGHT_JOIN\s+", "", sql) if FLUFF_READS.match(sql) else None


@lru_cache
def _linter():  # type: ignore[no-untyped-def]  # sqlfluff is there with the extra only
    from sqlfluff.core import FluffConfig, Linter

    return Linter(config=FluffConfig(overrides={"dialect": "impala"}))


if __name__ == "__main__":
    try:
        installed()
    except ShoplakeError as e:
        print(e, file=sys.stderr)
        raise SystemExit(e.exit_code) from e
