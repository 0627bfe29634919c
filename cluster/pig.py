"""Clean a lake's clickstream and transactions with Pig: python -m cluster.pig clean --lake LAKE.

The scripts are pig/*.pig; this module finds the raw files that receipts name, writes the ref layer as text, runs the script, checks
that its counts add up, and only then puts its output in the place of the last one.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cluster import pig_ref
from cluster.pig_java import Pig
from shoplake.engines.pig import FOLDER, TABLES
from shoplake.errors import CheckFailed, ShoplakeError, WrongUse
from shoplake.lake.receipts import RawFile
from shoplake.settings import Session, resolve
from shoplake.terminal import out

SCRIPTS = Path(__file__).resolve().parents[1] / "pig"

# What did not become clean, and rows by day: ds -> outcome -> rows; `landed` among the outcomes.
Quality = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Cleaned:
    """What a run of one script gave. `place` is where its output lies: a folder, or a URI of HDFS."""

    table: str
    place: str
    quality: Quality

    def total(self, outcome: str) -> int:
        return sum(counts.get(outcome, 0) for counts in self.quality.values())

    @property
    def reasons(self) -> dict[str, int]:
        names = sorted({o for counts in self.quality.values() for o in counts} - {"landed", "clean", "duplicate"})
        return {name: self.total(name) for name in names}


def clean(session: Session, table: str, *, hdfs: str = "", exectype: str = "local") -> Cleaned:
    """Clean one table with Pig; into LAKE/clean_pig/<table>, or under the URI `hdfs`.

    Raises WrongUse for a table without a script, a lake in which nothing landed for it and a URI that is none; CheckFailed when the
    counts do not add up to what the receipts say; ShoplakeError when Pig fails. The output of the run before then stays.
    """
    if table not in TABLES:
        raise WrongUse(f"table: found {table!r}, expected one of {', '.join(TABLES)}.")
    if hdfs and not hdfs.startswith("hdfs://"):
        raise WrongUse(f"--hdfs: found {hdfs!r}, expected a URI such as hdfs://namenode:9820/ecommerce.")
    session.lake.require()
    landed = pig_ref.raw_files(session.lake, table)
    with _workshop(session, table, landed) as folder:
        pig = Pig(folder)
        pig_ref.write(session, folder / "ref")
        run = _Run(pig, folder, table, exectype)
        if hdfs:
            return run.on_hdfs(hdfs.rstrip("/"), landed)
        return run.here(session.lake.root.resolve() / FOLDER, landed)


@contextmanager
def _workshop(session: Session, table: str, landed: dict[str, list[RawFile]]) -> Iterator[Path]:
    """A folder whose name no shell or script stumbles over, with raw/<table>/ds=*/ as the receipts tell."""
    with tempfile.TemporaryDirectory(prefix="shoplake-pig-") as name:
        folder = Path(name).resolve()
        (folder / "pig").symlink_to(SCRIPTS)
        for ds, files in landed.items():
            day = folder / "raw" / table / f"ds={ds}"
            day.mkdir(parents=True)
            for file in files:
                original = session.lake.root.resolve() / file.path
                if not original.exists():
                    raise CheckFailed(f"{original}: missing; its receipt names it. Deliver the original again: `shoplake ingest FILE`.")
                (day / Path(file.path).name).symlink_to(original)
        yield folder


@dataclass(frozen=True)
class _Run:
    pig: Pig
    folder: Path
    table: str
    exectype: str

    def here(self, home: Path, landed: dict[str, list[RawFile]]) -> Cleaned:
        self._script([self._exec(str(self.folder), str(self.folder / "out"))])
        quality = _checked(self.table, self.folder / "out" / "quality", landed)
        home.mkdir(exist_ok=True)
        new, place = home / f".{self.table}.new", home / self.table
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(self.folder / "out", new)
        if place.exists():
            shutil.rmtree(place)
        new.rename(place)
        return Cleaned(self.table, str(place), quality)

    def on_hdfs(self, root: str, landed: dict[str, list[RawFile]]) -> Cleaned:
        """Raw files and ref go to a folder of their own there, since what lies in its raw/ may be older than the receipts."""
        work, place = f"{root}/tmp/pig-{self.table}", f"{root}/{FOLDER}/{self.table}"
        self._script(
            [
                f"fs -rm -r -f -skipTrash {work}",
                f"fs -mkdir -p {work}",
                f"fs -put {self.folder}/raw {self.folder}/ref {work}",
                self._exec(work, f"{work}/out"),
                f"fs -get {work}/out/quality {self.folder}/quality",
            ]
        )
        quality = _checked(self.table, self.folder / "quality", landed)
        self._script(
            [
                f"fs -rm -r -f -skipTrash {place}",
                f"fs -mkdir -p {root}/{FOLDER}",
                f"fs -mv {work}/out {place}",
                f"fs -rm -r -f -skipTrash {work}",
            ]
        )
        return Cleaned(self.table, place, quality)

    def _exec(self, inputs: str, target: str) -> str:
        python = sys.executable if self.exectype == "local" else "python3"
        endings = "{csv,jsonl}" if self.table == "transactions" else "jsonl"
        parameters = {
            "RAW": f"{inputs}/raw/{self.table}/ds=*/*.{endings}",
            "REF": f"{inputs}/ref",
            "OUT": target,
            "SCRIPTS": f"{self.folder}/pig",
            "PYTHON": python,
        }
        file = self.folder / "parameters"
        told = (self.folder / "ref" / pig_ref.PARAMETERS).read_text(encoding="utf-8")
        file.write_text(told + "".join(f"{name}='{value}'\n" for name, value in parameters.items()), encoding="utf-8")
        return f"exec -param_file {file} {self.folder}/pig/{self.table}_clean.pig"

    def _script(self, lines: list[str]) -> None:
        script = self.folder / "run.pig"
        script.write_text("".join(f"{line};\n" if line.startswith("exec") else f"{line}\n" for line in lines), encoding="utf-8")
        self.pig.run(script, exectype=self.exectype)


def _checked(table: str, folder: Path, landed: dict[str, list[RawFile]]) -> Quality:
    """The script's counts; CheckFailed unless, for every day, landed = clean + duplicate + rejected = what the receipts say."""
    found: Quality = {}
    for path in sorted(folder.glob("part-*")):
        for line in path.read_text(encoding="utf-8").splitlines():
            ds, arrived, outcome, rows = line.split("\t")
            found.setdefault(ds, {"landed": int(arrived)})[outcome] = int(rows)
    for ds, files in landed.items():
        counts = found.get(ds, {"landed": 0})
        told = sum(f.rows for f in files)
        parts = sum(n for outcome, n in counts.items() if outcome != "landed")
        if not counts["landed"] == parts == told:
            raise CheckFailed(
                f"raw/{table}/ds={ds}: {told} records landed, but Pig read {counts['landed']} and accounted for {parts}. A raw file was "
                "changed after it landed: deliver it again with `shoplake ingest`. Nothing was published."
            )
    return found


app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Clean clickstream and transactions with Pig.\n\nExample: python -m cluster.pig clean --lake shop --table transactions",
)  # fmt: skip
_Lake = Annotated[str | None, typer.Option("--lake", help="Folder of the lake [default: ./lake, or SHOPLAKE_LAKE]", metavar="DIR")]


@app.command("clean", help="Run a script, check its counts, publish what it wrote.\n\nExample: python -m cluster.pig clean --lake shop --table clickstream")
def clean_command(
    lake: _Lake = None,
    table: Annotated[str, typer.Option(help="clickstream or transactions [default: both]", metavar="TABLE")] = "",
    hdfs: Annotated[str, typer.Option(help="Work on HDFS, below this URI: hdfs://namenode:9820/ecommerce", metavar="URI")] = "",
    exectype: Annotated[str, typer.Option("-x", help="Pig's exec type: local or mapreduce", metavar="TYPE")] = "local",
) -> None:
    session = resolve({"lake": lake})
    for name in [table] if table else TABLES:
        done = clean(session, name, hdfs=hdfs, exectype=exectype)
        out(f"{name}: {done.total('landed')} landed = {done.total('clean')} clean + {done.total('duplicate')} duplicate + {sum(done.reasons.values())} rejected")
        for reason, rows in done.reasons.items():
            out(f"  {rows:>9}  {reason}")
        out(f"  in {done.place}")


@app.command("ref", help="Write the ref layer as text, for running the scripts with Pig alone.\n\nExample: python -m cluster.pig ref --lake shop --to ref")
def ref_command(lake: _Lake = None, to: Annotated[str, typer.Option(help="Folder to write into", metavar="DIR")] = "ref") -> None:
    session = resolve({"lake": lake})
    session.lake.require()
    pig_ref.write(session, Path(to))
    out(f"dates, zone_days, user_agents, products, parameters: in {to}")


def main() -> None:
    """Run, and turn every failure a person can act on into one sentence and its exit code."""
    try:
        app()
    except ShoplakeError as e:
        typer.echo(f"cluster.pig: {e}", err=True)
        raise SystemExit(e.exit_code) from None


if __name__ == "__main__":
    main()
