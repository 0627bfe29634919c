"""One table of one lake, laid out for Pig: inputs that a script can name, the line that runs it, and whether its counts add up."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cluster import pig_ref
from cluster.programs import Pig
from shoplake.errors import CheckFailed, ShoplakeError
from shoplake.lake.receipts import RawFile
from shoplake.settings import Session

SCRIPTS = Path(__file__).resolve().parents[1] / "pig"
ENDINGS = {"clickstream": "jsonl", "transactions": "{csv,jsonl}"}

# Day -> outcome -> records; the outcomes are `landed`, `clean`, `duplicate` and the reasons.
Quality = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Work:
    """A folder with raw/<table>/ds=*/ as the receipts tell, ref/ and, after the script, out/. No name in it needs quoting."""

    table: str
    folder: Path
    landed: dict[str, list[RawFile]]

    def exec_line(self, root: str = "") -> str:
        """The statement of Pig that runs the script; root: where raw/ and ref/ lie and out/ is written, if not in the folder."""
        at = root or str(self.folder)
        told = {
            "RAW": f"{at}/raw/{self.table}/ds=*/*.{ENDINGS[self.table]}",
            "REF": f"{at}/ref",
            "OUT": f"{at}/out",
            "SCRIPTS": f"{self.folder}/pig",
            "PYTHON": sys.executable,
        }
        lines = "".join(f"{name}='{value}'\n" for name, value in told.items())
        enums = (self.folder / "ref" / pig_ref.PARAMETERS).read_text(encoding="utf-8")
        (self.folder / "parameters").write_text(enums + lines, encoding="utf-8", newline="\n")
        return f"exec -param_file {self.folder}/parameters {self.folder}/pig/{self.table}_clean.pig;"

    def quality(self, folder: Path) -> Quality:
        """The script's counts; CheckFailed unless, for every day, landed = clean + duplicate + rejected = what the receipts say."""
        found: Quality = {}
        for path in sorted(folder.glob("part-*")):
            for line in path.read_text(encoding="utf-8").splitlines():
                ds, arrived, outcome, rows = line.split("\t")
                found.setdefault(ds, {"landed": int(arrived)})[outcome] = int(rows)
        for ds, files in self.landed.items():
            counts = found.get(ds, {"landed": 0})
            told = sum(f.rows for f in files)
            parts = sum(n for outcome, n in counts.items() if outcome != "landed")
            if not counts["landed"] == parts == told:
                raise CheckFailed(
                    f"raw/{self.table}/ds={ds}: {told} records landed, but Pig read {counts['landed']} and accounted for {parts}. A raw "
                    "file was changed after it landed: deliver it again with `shoplake ingest`. Nothing was published."
                )
        return found


def prepare(session: Session, table: str, folder: Path) -> Work:
    """Lay out a table's inputs. Raises what `pig_ref.raw_files` and `pig_ref.write` do, and CheckFailed for a file that is gone."""
    landed = pig_ref.raw_files(session.lake, table)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pig").symlink_to(SCRIPTS)
    for ds, files in landed.items():
        day = folder / "raw" / table / f"ds={ds}"
        day.mkdir(parents=True)
        for file in files:
            original = session.lake.root.resolve() / file.path
            if not original.exists():
                raise CheckFailed(f"{original}: missing; its receipt names it. Deliver the original again: `shoplake ingest FILE`.")
            (day / original.name).symlink_to(original)
    pig_ref.write(session, folder / "ref")
    return Work(table, folder, landed)


def run(pig: Pig, statements: Sequence[str]) -> None:
    """Run statements as one script. Raises ShoplakeError with Pig's own first error when one fails."""
    pig.folder.mkdir(parents=True, exist_ok=True)
    script = pig.folder / "run.pig"
    script.write_text("\n".join(statements) + "\n", encoding="utf-8")
    done = pig.run(script)
    if done.code:
        lines = [line for line in done.err.splitlines() if "ERROR" in line or line.startswith("Caused by")]
        reason = (lines or done.err.strip().splitlines() or [f"exit code {done.code}"])[0]
        raise ShoplakeError(f"Pig: {reason[:600]} Nothing was published; the same command can be run again.")
