"""Clean a lake's clickstream and transactions with Pig: python -m cluster.pig clean --lake LAKE.

The scripts are pig/*.pig. What a script wrote takes the place of the last run's only when its counts add up.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cluster import pig_ref
from cluster.hdfs import Hdfs
from cluster.pig_work import Quality, Work, prepare, run
from cluster.programs import Pig
from shoplake.engines.pig import FOLDER, TABLES
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.settings import Session, resolve
from shoplake.terminal import out


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


def clean(session: Session, tables: Sequence[str] = TABLES, hdfs: str = "", server: Hdfs | None = None) -> list[Cleaned]:
    """Clean tables with Pig; into LAKE/clean_pig/<table>, or, with the URI `hdfs`, into clean_pig/<table> below it. With `server`, that
    file system is Pig's own, and its jobs are MapReduce's; else Pig is in local mode and reaches the URI as any other.

    Raises WrongUse for a table without a script, a lake in which nothing landed for it and a URI that is none; CheckFailed when the
    counts do not add up to what the receipts say; ShoplakeError when Pig fails. The output of the run before then stays.
    """
    for table in tables:
        if table not in TABLES:
            raise WrongUse(f"table: found {table!r}, expected one of {', '.join(TABLES)}.")
    if hdfs and not hdfs.startswith("hdfs://"):
        raise WrongUse(f"--hdfs: found {hdfs!r}, expected a URI such as hdfs://namenode:9820/ecommerce.")
    session.lake.require()
    with tempfile.TemporaryDirectory(prefix="shoplake-pig-") as name:
        folder = Path(name).resolve()
        pig = Pig(folder / "run", hdfs=server)
        pig.command()  # what is missing is told before anything is prepared
        works = [prepare(session, table, folder / table) for table in tables]
        if hdfs:
            return _on_hdfs(pig, works, hdfs.rstrip("/"))
        return _here(pig, works, session.lake.root.resolve() / FOLDER)


def _here(pig: Pig, works: list[Work], home: Path) -> list[Cleaned]:
    run(pig, [work.exec_line() for work in works])
    done = [Cleaned(work.table, str(home / work.table), work.quality(work.folder / "out" / "quality")) for work in works]
    home.mkdir(exist_ok=True)
    for work in works:
        new, place = home / f".{work.table}.new", home / work.table
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(work.folder / "out", new)
        if place.exists():
            shutil.rmtree(place)
        new.rename(place)
    return done


def _on_hdfs(pig: Pig, works: list[Work], root: str) -> list[Cleaned]:
    """Raw files and ref go to a folder of their own there: what lies in its raw/ may be older than the receipts."""
    first, then = [], [f"fs -mkdir -p {root}/{FOLDER}"]
    for work in works:
        at = f"{root}/tmp/pig-{work.table}"
        first += [
            f"fs -rm -r -f -skipTrash {at}",
            f"fs -mkdir -p {at}",
            f"fs -put {work.folder}/raw {work.folder}/ref {at}",
            work.exec_line(at),
            f"fs -get {at}/out/quality {work.folder}/quality",
        ]
        then += [
            f"fs -rm -r -f -skipTrash {root}/{FOLDER}/{work.table}",
            f"fs -mv {at}/out {root}/{FOLDER}/{work.table}",
            f"fs -rm -r -f -skipTrash {at}",
        ]
    run(pig, first)
    done = [Cleaned(work.table, f"{root}/{FOLDER}/{work.table}", work.quality(work.folder / "quality")) for work in works]
    run(pig, then)
    return done


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
) -> None:
    session = resolve({"lake": lake})
    for done in clean(session, [table] if table else TABLES, hdfs):
        out(f"{done.table}: {done.total('landed')} landed = {done.total('clean')} clean + {done.total('duplicate')} duplicate + {sum(done.reasons.values())} rejected")
        for reason, rows in done.reasons.items():
            out(f"  {rows:>9}  {reason}")
        out(f"  in {done.place}")


@app.command("ref", help="Write the ref layer as text, for running the scripts with Pig alone.\n\nExample: python -m cluster.pig ref --lake shop --to ref")
def ref_command(lake: _Lake = None, to: Annotated[str, typer.Option(help="Folder to write into", metavar="DIR")] = "ref") -> None:
    session = resolve({"lake": lake})
    session.lake.require()
    pig_ref.write(session, Path(to))
    out(f"dates, zone_days, user_agents, products, parameters: in {to}")


@app.command(
    "run", context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    help="Pig itself, as `pig` is on a cluster; all that follows is Pig's.\n\nExample: python -m cluster.pig run script.pig",
)  # fmt: skip
def run_command(context: typer.Context) -> None:
    with tempfile.TemporaryDirectory(prefix="shoplake-pig-") as folder:
        command = [*Pig(Path(folder)).command(), "-logfile", f"{folder}/pig.log", *context.args]
        raise typer.Exit(subprocess.run(command, check=False).returncode)


def main() -> None:
    """Run, and turn every failure a person can act on into one sentence and its exit code."""
    try:
        app()
    except ShoplakeError as e:
        typer.echo(f"cluster.pig: {e}", err=True)
        raise SystemExit(e.exit_code) from None


if __name__ == "__main__":
    main()
