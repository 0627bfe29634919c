"""One build: clean what is new, bring core up to date, make the marts, check all of it, publish it as a generation."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from shoplake.build.builder import Builder
from shoplake.build.embedded import EmbeddedBuilder
from shoplake.build.plan import Options, Plan, make_plan
from shoplake.build.volume import check_volume
from shoplake.errors import CheckFailed, Lacking, WrongUse
from shoplake.lake.layout import write_atomically
from shoplake.lake.manifest import Manifest, Partition
from shoplake.lake.publish import locked, relink, sweep
from shoplake.settings import PROJECT_FILE, Session


@dataclass
class Result:
    """What a build did. `generation` is None when there was nothing to do."""

    generation: int | None
    as_of: str
    seconds: float
    is_full: bool
    partitions: list[Partition]
    new_partitions: int
    tables: dict[str, int]
    touched: dict[str, list[str]]
    told: list[str]
    reasons: list[str] = field(default_factory=list)


def build(session: Session, options: Options, wait_seconds: float = 0) -> Result:
    """Build and publish. Raises CheckFailed when a stop-level check fails, Held when another builds, WrongUse, Lacking.

    Whatever is raised, and wherever it is killed, what was published before stays published; the next build heals.
    """
    began = time.monotonic()
    session.require_engine()
    lake = session.lake
    lake.require()
    _require_project(session)
    try:
        with locked(lake, wait_seconds):
            sweep(lake, int(session["keep"]))
            relink(lake)
            plan = make_plan(session, options)
            if plan.is_nothing and plan.parent is not None:
                _remember_project(session)
                check_volume(plan, plan.kept)  # the night when no file arrives is not green
                p = plan.parent
                _catch_up(session, plan, p)
                return Result(None, p.as_of, time.monotonic() - began, False, p.partitions, 0, p.tables, {}, p.told)
            _require_files(plan)
            manifest = _builder(session, plan).run()
            _remember_project(session)
            sweep(lake, int(session["keep"]))
    except OSError as e:
        raise Lacking(
            f"{e.filename or lake.root}: {e.strerror}. Free some space, or give this user the right to write there; nothing was published."
        ) from e
    return Result(
        manifest.generation,
        manifest.as_of,
        time.monotonic() - began,
        manifest.is_full,
        manifest.partitions,
        len(plan.new),
        manifest.tables,
        manifest.touched,
        manifest.told,
        plan.reasons,
    )


def _require_files(plan: Plan) -> None:
    """All is on disk that this build takes over from its parent. Raises CheckFailed naming the first file that is not.

    Engines that are shown a folder would not miss one file of several, and the new generation would lack its rows.
    """
    needed = [f for p in plan.kept for f in p.clean_files]
    if plan.parent is not None and not plan.whole:
        needed += [f for p in plan.gone for f in p.clean_files]
        needed += [f for files in plan.parent.table_files.values() for f in files]
        needed += [plan.parent.database] if plan.parent.database else []
    sizes = plan.lake.files.sizes([f.path for f in needed])
    wrong = [(f, found) for f, found in zip(needed, sizes, strict=True) if found != f.bytes]
    if wrong:
        file, found = wrong[0]
        of = f" --engine {plan.lake.engine}" if plan.lake.engine else ""
        more = f" {len(wrong) - 1} more files differ." if wrong[1:] else ""
        raise CheckFailed(
            f"{plan.lake.files.address(file.path)}: {'missing' if found is None else f'found {found} bytes'}, expected {file.bytes} bytes of a "
            f"published table.{more} Make them anew from raw: `shoplake build --full{of}`; `shoplake verify{of}` lists all that differ."
        )


def _catch_up(session: Session, plan: Plan, published: Manifest) -> None:
    """Have the metastore follow what is published, should a build have been killed before it did."""
    if session["engine"] == "hive":
        from shoplake.build import on_hive

        on_hive.catch_up(session, plan.lake, plan.contracts, published)
    elif session["engine"] == "spark":
        from shoplake.build import on_spark

        on_spark.catch_up(plan.lake, plan.contracts, published)


def _builder(session: Session, plan: Plan) -> Builder:
    if session["engine"] == "spark":
        from shoplake.build.on_spark import SparkBuilder

        return SparkBuilder(session, plan)
    if session["engine"] == "hive":
        from shoplake.build.on_hive import HiveBuilder

        return HiveBuilder(session, plan)
    return EmbeddedBuilder(session, plan)


def _require_project(session: Session) -> None:
    """A folder's settings are read with what the last build wrote there; what lies on HDFS is first seen here."""
    lake = session.lake
    remembered = lake.root / PROJECT_FILE
    if lake.hdfs and session.settings["project"].origin == "default" and remembered.exists():
        project = remembered.read_text(encoding="utf-8").strip()
        raise WrongUse(
            f"{lake.place}: the last build took its contracts and models from {project}. Say whether this one does: --project {project}, "
            "or another folder; the ones inside the package: --project ''."
        )


def _remember_project(session: Session) -> None:
    lake, project = session.lake, session["project"]
    path = lake.root / PROJECT_FILE
    if project:
        write_atomically(path, f"{Path(project).resolve()}\n")
        lake.files.share(PROJECT_FILE)
    elif path.exists():
        lake.files.remove(PROJECT_FILE)
