"""The console blocks of the pages: what they run, and what they show of what came out.

A block holds commands (`$ `), their further lines (`> `) and lines of output; `...` stands for lines left out. A command that
is to fail says so: `# exit 2`. After a deliberate change of what is printed, bring the shown lines up to date and look at the
difference:

    python -m tests.docs.guides --rewrite docs/guides/quick_start.md
"""

import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CUT = "..."
# What README says to type in a checkout, as it is typed where no checkout is.
INSTEAD = {
    "make demo": "shoplake --lake demo-lake demo",
    "make hadoop": "python -m cluster resolve",
    "make cluster-up": "python -m cluster up",
    "make cluster-status": "python -m cluster status",
    "make cluster-down": "python -m cluster down",
    "make kafka": "python -m cluster kafka up",
    "make kafka-down": "python -m cluster kafka down",
    "make mlflow": "python -m cluster mlflow up",
    "make mlflow-down": "python -m cluster mlflow down",
}
# Seconds, sizes and progress differ from run to run, numbers of files and bytes of Parquet with the processors, `b=` with the models.
LOOSE = [
    (re.compile(r"\b[0-9][0-9.,]* (s|kB|MB|GB|files|bytes)\b"), r"# \1"),
    (re.compile(r"\bbytes, expected [0-9]+"), "bytes, expected #"),
    (re.compile(r"\bb=[0-9a-f]{12}\b"), "b=#"),
    (re.compile(r"\b(generate|build|verify) [0-9]+/[0-9]+"), r"\1 #"),
    (re.compile(r"127\.0\.0\.1:[0-9]+|\(pid [0-9]+\)|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}"), "#"),
    (re.compile(r"\buser\.name=\S+"), "user.name=#"),
    (re.compile(r"\s+"), " "),
]


@dataclass
class Step:
    """One command. `shown` are its lines on the page; `lines` says on which lines of the page they stand (from 0)."""

    command: str
    exit_code: int = 0
    shown: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def steps(page: Path) -> list[Step]:
    """Every command of a page's console blocks, in order."""
    found: list[Step] = []
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines()):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            command, _, code = line.removeprefix("$ ").partition("  # exit ")
            found.append(Step(command, int(code or 0)))
        elif inside and (line == ">" or line.startswith("> ")) and not found[-1].shown:
            found[-1].command += "\n" + line.removeprefix(">").removeprefix(" ")
        elif inside:
            found[-1].shown.append(line)
            found[-1].lines.append(number)
    return found


def run(step: Step, folder: Path) -> tuple[int, list[str]]:
    """Type the command in the folder; its exit code and all it printed, words and results."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("SHOPLAKE_", "MLFLOW_")) or k == "SHOPLAKE_CACHE"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["PYTHONUTF8"] = "1"
    environment["PYTHONPATH"] = str(ROOT)  # python -m cluster is typed in a checkout
    bash = shutil.which("bash") or "bash"
    done = subprocess.run(
        [bash, "-o", "pipefail", "-c", INSTEAD.get(step.command, step.command)],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.replace(f"{folder.resolve()}", "/path/to").splitlines()


def furnish(folder: Path) -> None:
    """What the guides find in a checkout."""
    shutil.copytree(ROOT / "tests/data", folder / "tests/data")


def loose(line: str) -> str:
    for pattern, instead in LOOSE:
        line = pattern.sub(instead, line)
    return line.strip()


def missing(shown: list[str], real: list[str]) -> list[str]:
    """The shown lines that did not come, in the order shown; between two shown lines nothing may have been left out unsaid."""
    if not shown:
        return []
    lines = [loose(line) for line in real]
    lost, at, may_skip = [], 0, False
    for line in shown:
        if line.strip() == CUT:
            may_skip = True
            continue
        wanted = loose(line)
        reach = lines[at:] if may_skip else lines[at : at + 1]
        if wanted in reach:
            at += reach.index(wanted) + 1
        else:
            lost.append(line)
        may_skip = False
    if not lost and not may_skip and at < len(lines):
        lost.append(f"(not shown, and not marked as cut: {real[at]})")
    return lost


def rewritten(page: Path, folder: Path) -> str:
    """The page's text with every shown line replaced by the one that came and is most like it."""
    text = page.read_text(encoding="utf-8").splitlines()
    for step in steps(page):
        _, real = run(step, folder)
        at = 0
        for line, number in zip(step.shown, step.lines, strict=True):
            if line.strip() == CUT or not real[at:]:
                continue
            likeness = [difflib.SequenceMatcher(None, _bare(line), _bare(other)).ratio() for other in real[at:]]
            best = likeness.index(max(likeness))
            if max(likeness) > 0.6:
                at += best
                if loose(text[number]) != loose(real[at]):
                    text[number] = real[at].rstrip()
                at += 1
    return "\n".join(text) + "\n"


def _bare(line: str) -> str:
    return re.sub(r"[0-9]", "0", loose(line))


if __name__ == "__main__":
    for name in [a for a in sys.argv[1:] if a != "--rewrite"]:
        with tempfile.TemporaryDirectory() as empty:
            furnish(Path(empty))
            made = rewritten(ROOT / name, Path(empty))
        if "--rewrite" in sys.argv:
            (ROOT / name).write_text(made, encoding="utf-8")
        else:
            print(made)
