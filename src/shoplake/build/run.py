"""One build: clean what is new, bring core up to date, make the marts, check all of it, publish it as a generation."""

import datetime as dt
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake import __version__
from shoplake.build import agents, clean, reference
from shoplake.build.checks import check_table
from shoplake.build.ledger import write_arrivals, write_movements
from shoplake.build.models import Model
from shoplake.build.plan import Options, Plan, default_as_of, make_plan
from shoplake.build.reference import fingerprint
from shoplake.build.star import Changes, build_touched, build_whole
from shoplake.build.volume import check_volume, closed_until
from shoplake.engines.duckdb import DuckDB, quote
from shoplake.errors import CheckFailed, Lacking
from shoplake.lake.layout import fsync, write_atomically
from shoplake.lake.manifest import DataFile, Manifest, Partition, database_path, sha256_of
from shoplake.lake.publish import kill_point, locked, next_generation, publish, relink, sweep
from shoplake.settings import PROJECT_FILE, Session, zone
from shoplake.terminal import Steps, steps

LARGE_BATCH_BYTES = 4 * 1024 * 1024
RAW_ORDER = ("users", "products", "transactions", "refunds", "clickstream")


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
    lake = session.lake
    lake.require()
    try:
        with locked(lake, wait_seconds):
            sweep(lake, int(session["keep"]))
            relink(lake)
            plan = make_plan(session, options)
            if plan.is_nothing and plan.parent is not None:
                _remember_project(session)
                check_volume(plan, plan.kept)  # the night when no file arrives is not green
                p = plan.parent
                return Result(None, p.as_of, time.monotonic() - began, False, p.partitions, 0, p.tables, {}, p.told)
            manifest = _Builder(session, plan).run()
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


def _remember_project(session: Session) -> None:
    project, path = session["project"], session.lake.root / PROJECT_FILE
    if project:
        write_atomically(path, f"{Path(project).resolve()}\n")
    else:
        path.unlink(missing_ok=True)


class _Builder:
    """The state of one build."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self.session, self.plan, self.lake = session, plan, plan.lake
        self.lake.scratch.mkdir(parents=True, exist_ok=True)
        self.engine = DuckDB(
            threads=int(session["threads"]), memory=session["memory"], scratch=self.lake.scratch / "duckdb"
        )
        self.told: list[str] = []
        self.ref_files: dict[str, DataFile] = {}

    def run(self) -> Manifest:
        core = [m for m in self.plan.models if m.table.layer != "clean"]
        try:
            tables = {one.table for one in self.plan.new}, core if self.plan.selected is None else self.plan.selected
            with steps("build", sum(map(len, tables)) + 2) as shown:
                self._reference()
                partitions = self._clean(shown)
                self.told += check_volume(self.plan, partitions)
                kill_point("after_clean")
                manifest = self._generation(partitions, shown)
                publish(self.lake, manifest)
                _remember_project(self.session)
                shown.done(f"published generation {manifest.generation}")
                return manifest
        finally:
            self.engine.close()
            shutil.rmtree(self.lake.scratch, ignore_errors=True)

    def _reference(self) -> None:
        """Make the ref tables, and keep those other engines read as files named by what they were made from."""
        settings, engine = self.plan.settings, self.engine
        shop_zone = zone(settings["timezone"], "timezone")
        prints = {
            "dates": fingerprint("dates", __version__, settings["timezone"], settings["country"]),
            "zone_quarters": fingerprint("quarters", __version__, settings["timezone"]),
        }
        makers = {
            "dates": lambda: reference.dates(shop_zone, settings["country"]),
            "zone_quarters": lambda: reference.zone_quarters(shop_zone),
        }
        for name, make in makers.items():
            self._ref_file(name, prints[name], make)
        engine.arrow_table("ref.enums", reference.enums(self.plan.contracts))
        engine.arrow_table("ref.shop", reference.shop(settings["timezone"], settings["currency"]))
        self._known_agents()

    def _ref_file(self, name: str, print_: str, make: Callable[[], pa.Table]) -> None:
        path = self.lake.ref / f"{name}-{print_}.parquet"
        if not path.exists() or self.plan.options.full:  # --full also heals a damaged one
            self.lake.ref.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            pq.write_table(make(), temporary, compression="zstd")
            os.replace(temporary, path)
            fsync(self.lake.ref)
        rows = pq.read_metadata(path).num_rows
        self.ref_files[name] = DataFile(
            path.relative_to(self.lake.root).as_posix(), rows, path.stat().st_size, sha256_of(path)
        )
        self.engine.execute(
            f"CREATE OR REPLACE TABLE lake.ref.{name} AS SELECT * FROM read_parquet({quote(str(path))})"
        )

    def _known_agents(self) -> None:
        """ref.user_agents holds every agent seen so far; only new ones are classified."""
        known = self.plan.parent.ref_files.get("user_agents") if self.plan.parent else None
        path = self.lake.root / known.path if known else None
        if (
            path
            and path.exists()
            and f"-{fingerprint(agents.fingerprint())}-" in path.name
            and not self.plan.options.full
        ):
            self.engine.execute(
                f"CREATE OR REPLACE TABLE lake.ref.user_agents AS SELECT * FROM read_parquet({quote(str(path))})"
            )
        else:
            self.engine.arrow_table("ref.user_agents", agents.classify([]))

    def _classify(self, unseen: list[str]) -> None:
        self.engine.arrow_table("work.agents", agents.classify(unseen))
        self.engine.execute(
            "INSERT INTO lake.ref.user_agents SELECT * FROM lake.work.agents; DROP TABLE lake.work.agents"
        )

    def _keep_user_agents(self) -> None:
        rows = self.engine.fetch("SELECT * FROM lake.ref.user_agents ORDER BY user_agent")
        content = fingerprint(*[str(a) for a in rows.column("user_agent").to_pylist()])
        self._ref_file("user_agents", f"{fingerprint(agents.fingerprint())}-{content}", lambda: rows)

    def _clean(self, shown: Steps) -> list[Partition]:
        """Clean what is new, check it, and give the partitions of the new generation, by table and day."""
        plan, made = self.plan, []
        models = {m.table.name: m for m in plan.models if m.table.layer == "clean"}
        for table in sorted(
            {a.table for a in plan.new}, key=lambda t: RAW_ORDER.index(t) if t in RAW_ORDER else len(RAW_ORDER)
        ):
            mine = [a for a in plan.new if a.table == table]
            for batch in clean.batches(mine):
                # Of a large batch the written order is right (small tables are joined to it); the optimizer guesses the
                # size of text files wrongly. Of a small one it may turn a join round.
                is_large = sum(one.bytes for one in batch) > LARGE_BATCH_BYTES
                self.engine.execute(
                    f"SET disabled_optimizers = '{'join_order,build_side_probe_side' if is_large else ''}'"
                )
                self._judge(models[table], batch)
                made += clean.write(self.engine, self.lake, models[table], batch)
            rows = sum(p.clean for p in made if p.table == table)
            shown.done(f"clean.{table}: {rows} rows of {len(mine)} days")
        self.engine.execute("SET disabled_optimizers = ''")
        self._keep_user_agents()
        partitions = sorted([*plan.kept, *made], key=lambda p: (p.table, p.ds))
        for table in models:
            self._clean_view(f"clean.{table}", [p for p in partitions if p.table == table])
            new = [p for p in made if p.table == table]
            if new:
                self._clean_view(f"work.new_{table}", new, of=f"clean.{table}")
                self.told += check_table(
                    self.engine, plan.contracts.table(f"clean.{table}"), f"lake.work.new_{table}", set()
                )
        return partitions

    def _judge(self, model: Model, batch: list[clean.Arrival]) -> None:
        engine, contracts = self.engine, self.plan.contracts
        has_agents = model.name == clean.AGENTS_OF
        last = has_agents and clean.judges_robots_last(model)
        if has_agents and not last:
            self._classify(clean.arriving_agents(engine, self.lake, contracts, batch))
        clean.judge(engine, self.lake, contracts, model, batch)
        if last and (unseen := clean.unseen_agents(engine)):
            self._classify(unseen)
            clean.judge_robots(engine, contracts, model)

    def _clean_view(self, name: str, partitions: list[Partition], of: str | None = None) -> None:
        paths = [str(self.lake.root / f.path) for p in partitions for f in p.clean_files]
        self.engine.parquet_view(name, self.plan.contracts.table(of or name), paths)

    def _generation(self, partitions: list[Partition], shown: Steps) -> Manifest:
        """Write the generation's file and everything in it; returns the manifest to publish."""
        plan, engine = self.plan, self.engine
        number = next_generation(self.lake)
        path = database_path(self.lake, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not plan.whole and plan.parent is not None:
            shutil.copyfile(self.lake.root / plan.parent.database.path, path)
        engine.attach(path, read_only=False)
        kill_point("in_database")
        changes = self._changes()
        as_of = self._tables(partitions, changes, shown)
        write_arrivals(engine, partitions)
        write_movements(engine, partitions)
        kill_point("after_tables")
        tables = self._check(partitions)
        shown.done(f"checked {len(tables)} tables")
        engine.detach()
        with open(path, "rb") as f:
            os.fsync(f.fileno())
        fsync(path.parent)
        database = DataFile(
            path.relative_to(self.lake.root).as_posix(), sum(tables.values()), path.stat().st_size, sha256_of(path)
        )
        return Manifest(
            number,
            plan.parent.generation if plan.parent else None,
            __version__,
            as_of.isoformat(),
            plan.settings,
            plan.fingerprints,
            database,
            self.ref_files,
            partitions,
            tables,
            changes.touched,
            plan.whole,
            self.told,
            closed_until(plan),
        )

    def _changes(self) -> Changes:
        """Rows of clean partitions that are new, replaced or gone: what the touched entities are found from."""
        changes = Changes()
        if self.plan.whole:
            return changes
        new = {(a.table, a.ds) for a in self.plan.new}
        for table in {t for t, _ in new} | {p.table for p in self.plan.gone}:
            old_paths = [
                str(self.lake.root / f.path) for p in self.plan.gone if p.table == table for f in p.clean_files
            ]
            self.engine.parquet_view(f"work.gone_{table}", self.plan.contracts.table(f"clean.{table}"), old_paths)
            if not any(t == table for t, _ in new):
                self.engine.parquet_view(f"work.new_{table}", self.plan.contracts.table(f"clean.{table}"), [])
            self.engine.execute(
                f"CREATE OR REPLACE VIEW lake.work.changed_{table} AS SELECT * FROM lake.work.new_{table} UNION ALL SELECT * FROM lake.work.gone_{table}"
            )
            changes.relations[f"clean.{table}"] = f"lake.work.changed_{table}"
        return changes

    def _tables(self, partitions: list[Partition], changes: Changes, shown: Steps) -> dt.date:
        """core, then as_of, then marts."""
        plan, engine = self.plan, self.engine
        chosen = None if plan.selected is None else {m.name for m in plan.selected}
        for model in (m for m in plan.models if m.table.layer == "core"):
            if chosen is not None and model.name not in chosen:
                continue
            began = time.monotonic()
            if plan.whole or chosen is not None:
                days = build_whole(engine, model)
                if days:
                    changes.touched[model.name] = days
            else:
                build_touched(engine, plan.contracts, model, changes)
            shown.done(f"{model.name} {time.monotonic() - began:.2f} s")
        as_of = self._as_of(partitions)
        engine.arrow_table("ref.run", reference.run(as_of, zone(plan.settings["timezone"], "timezone")))
        for model in (m for m in plan.models if m.table.layer == "marts"):
            if chosen is not None and model.name not in chosen:
                continue
            began = time.monotonic()
            build_whole(engine, model)
            shown.done(f"{model.name} {time.monotonic() - began:.2f} s")
        return as_of

    def _as_of(self, partitions: list[Partition]) -> dt.date:
        if self.plan.options.as_of:
            return dt.date.fromisoformat(self.plan.options.as_of)
        if self.plan.selected is not None and self.plan.parent is not None:
            return dt.date.fromisoformat(self.plan.parent.as_of)
        last = self.engine.rows(
            "SELECT MAX(us) FROM (SELECT MAX(GREATEST(ordered_us, valid_from_us)) AS us FROM gen.core.fact_transaction_states "
            "UNION ALL SELECT MAX(event_us) FROM gen.core.fact_clickstream UNION ALL SELECT MAX(GREATEST(refunded_us, valid_from_us)) FROM gen.core.fact_refund_states) AS x"
        )[0][0]
        return default_as_of(
            last,
            zone(self.plan.settings["timezone"], "timezone"),
            max((p.ds for p in partitions), default="2000-01-01"),
        )

    def _check(self, partitions: list[Partition]) -> dict[str, int]:
        """Check every core and marts table; returns their row counts."""
        tables: dict[str, int] = {}
        failures: list[str] = []
        filled = {f"clean.{p.table}" for p in partitions if p.clean} | {"ref.dates"}
        for model in (m for m in self.plan.models if m.table.layer != "clean"):
            tables[model.name] = int(self.engine.rows(f"SELECT COUNT(*) FROM gen.{model.name}")[0][0])
            if tables[model.name]:
                filled.add(model.name)
            try:
                self.told += check_table(self.engine, model.table, f"gen.{model.name}", filled)
            except CheckFailed as e:
                failures.append(str(e))
        if failures:
            raise CheckFailed("\n".join(failures))
        return tables
