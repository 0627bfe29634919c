"""The walk of one build, the same on every engine: ref, clean, core, as_of, marts, ledger, checks, one publication.

What an engine does in its own way (where its tables lie, how raw text is read) its builder says: embedded.py, on_spark.py.
"""

import datetime as dt
import shutil
import time
from abc import ABC, abstractmethod
from typing import Any

import pyarrow as pa

from shoplake import __version__
from shoplake.build import reference
from shoplake.build.checks import check_table
from shoplake.build.ledger import ledger
from shoplake.build.plan import Plan, default_as_of
from shoplake.build.ref_files import RefFiles
from shoplake.build.star import Changes, build_touched, build_whole
from shoplake.build.volume import check_volume, closed_until
from shoplake.build.warehouse import Warehouse
from shoplake.errors import CheckFailed
from shoplake.lake.manifest import DataFile, Manifest, Partition
from shoplake.lake.publish import kill_point, next_generation, publish
from shoplake.settings import Session, zone
from shoplake.terminal import Steps, steps


class Builder(ABC):
    """The state of one build."""

    house: Warehouse

    def __init__(self, session: Session, plan: Plan) -> None:
        self.session, self.plan, self.lake = session, plan, plan.lake
        self.lake.scratch.mkdir(parents=True, exist_ok=True)
        self.number = next_generation(self.lake)
        self.told: list[str] = []
        self.costs: list[dict[str, Any]] = []
        self.ref = RefFiles(plan)
        self.models = plan.parent.models if plan.parent else {}

    # What an engine says.

    @abstractmethod
    def show_ref(self, name: str, rows: pa.Table) -> None:
        """ref.<name> holds these rows from now on."""

    @abstractmethod
    def make_clean(self, shown: Steps) -> list[Partition]:
        """Clean what is new; its partitions."""

    @abstractmethod
    def show_clean(self, name: str, table: str, partitions: list[Partition]) -> None:
        """clean.<table>, or work.<name>, holds the clean rows of these partitions."""

    @abstractmethod
    def begin(self) -> None:
        """From now on core and marts can be made: those of the parent generation are there, unless all is built whole."""

    @abstractmethod
    def store(self, name: str, rows: pa.Table) -> None:
        """A table of the ledger."""

    @abstractmethod
    def finish(self, tables: dict[str, int]) -> tuple[DataFile | None, dict[str, list[DataFile]]]:
        """All is on disk: the database's file, or the files of each table."""

    def published(self, manifest: Manifest) -> None:
        """After CURRENT names the new generation: what else is to follow it."""
        return

    @abstractmethod
    def close(self) -> None:
        """Let go of the engine."""

    def cost(self, step: str) -> str:
        """What is told of a step besides its seconds, for engines that keep account."""
        return ""

    # What is the same everywhere.

    def run(self) -> Manifest:
        plan = self.plan
        try:
            core = [m for m in plan.models if m.table.layer != "clean"]
            total = len({one.table for one in plan.new}) + len(core if plan.selected is None else plan.selected) + 2
            with steps("build", total) as shown:
                self.reference()
                partitions = self.clean(shown)
                self.told += check_volume(plan, partitions)
                kill_point("after_clean")
                manifest = self._generation(partitions, shown)
                publish(self.lake, manifest)
                self.published(manifest)
                shown.done(f"published generation {manifest.generation}")
                return manifest
        finally:
            self.close()
            shutil.rmtree(self.lake.scratch, ignore_errors=True)
            if self.lake.hdfs:
                self.lake.hdfs.remove(self.lake.name_of(self.lake.scratch))

    def reference(self) -> None:
        """Show what cleaning reads of ref."""
        for name, rows in {**self.ref.calendar(), **self.ref.small()}.items():
            self.show_ref(name, rows)
        self.show_ref("user_agents", self.ref.known_agents())

    def clean(self, shown: Steps) -> list[Partition]:
        """Clean what is new, check it, and give the partitions of the new generation, by table and day."""
        made = self.make_clean(shown)
        partitions = sorted([*self.plan.kept, *made], key=lambda p: (p.table, p.ds))
        for table in (m.table for m in self.plan.models if m.table.layer == "clean"):
            self.show_clean(table.full_name, table.name, [p for p in partitions if p.table == table.name])
            new = [p for p in made if p.table == table.name]
            if new:
                work = f"work.new_{table.name}"
                self.show_clean(work, table.name, new)
                self.told += check_table(self.house, table, self.house.place(work), set(), sum(p.clean for p in new))
        return partitions

    def _generation(self, partitions: list[Partition], shown: Steps) -> Manifest:
        """Make everything of the new generation; returns the manifest to publish."""
        plan = self.plan
        self.begin()
        kill_point("in_database")
        changes = self._changes()
        as_of = self._tables(partitions, changes, shown)
        for name, rows in ledger(self.house, partitions).items():
            self.store(name, rows)
        kill_point("after_tables")
        tables = self._check(partitions) | {name: self.house.count(name) for name in self.learnt()}
        shown.done(f"checked {len(tables)} tables")
        database, table_files = self.finish(tables)
        return Manifest(
            self.number,
            plan.parent.generation if plan.parent else None,
            __version__,
            as_of.isoformat(),
            plan.settings,
            plan.fingerprints,
            database,
            self.ref.files,
            partitions,
            tables,
            changes.touched,
            plan.whole,
            self.told,
            closed_until(plan),
            table_files,
            self.costs,
            self.models,
        )

    def learnt(self) -> list[str]:
        """Tables of models that the parent generation holds: a build keeps them as they are."""
        return [name for champion in self.models.values() for name in champion.tables]

    def _changes(self) -> Changes:
        """Rows of clean partitions that are new, replaced or gone: what the touched entities are found from."""
        changes = Changes()
        if self.plan.whole:
            return changes
        new = {a.table for a in self.plan.new}
        for table in sorted(new | {p.table for p in self.plan.gone}):
            self.show_clean(f"work.gone_{table}", table, [p for p in self.plan.gone if p.table == table])
            if table not in new:
                self.show_clean(f"work.new_{table}", table, [])
            rows = (f"SELECT * FROM {self.house.place(f'work.{kind}_{table}')}" for kind in ("new", "gone"))
            self.house.keep(f"changed_{table}", " UNION ALL ".join(rows))
            changes.relations[f"clean.{table}"] = self.house.place(f"work.changed_{table}")
        return changes

    def _tables(self, partitions: list[Partition], changes: Changes, shown: Steps) -> dt.date:
        """core, then as_of, then marts."""
        plan = self.plan
        chosen = [m for m in plan.models if plan.selected is None or m in plan.selected]
        for model in (m for m in chosen if m.table.layer == "core"):
            began = time.monotonic()
            if plan.whole or plan.selected is not None:
                days = build_whole(self.house, model)
                if days:
                    changes.touched[model.name] = days
            else:
                build_touched(self.house, plan.contracts, model, changes)
            shown.done(f"{model.name} {time.monotonic() - began:.2f} s{self.cost(model.name)}")
        as_of = self._as_of(partitions)
        self.show_ref("run", reference.run(as_of, zone(plan.settings["timezone"], "timezone")))
        for model in (m for m in chosen if m.table.layer == "marts"):
            began = time.monotonic()
            build_whole(self.house, model)
            shown.done(f"{model.name} {time.monotonic() - began:.2f} s{self.cost(model.name)}")
        return as_of

    def _as_of(self, partitions: list[Partition]) -> dt.date:
        plan, place = self.plan, self.house.place
        if plan.options.as_of:
            return dt.date.fromisoformat(plan.options.as_of)
        if plan.selected is not None and plan.parent is not None:
            return dt.date.fromisoformat(plan.parent.as_of)
        last = self.house.rows(
            f"SELECT MAX(us) AS us FROM (SELECT MAX(GREATEST(ordered_us, valid_from_us)) AS us FROM {place('core.fact_transaction_states')} "
            f"UNION ALL SELECT MAX(event_us) AS us FROM {place('core.fact_clickstream')} "
            f"UNION ALL SELECT MAX(GREATEST(refunded_us, valid_from_us)) AS us FROM {place('core.fact_refund_states')}) AS x"
        )[0][0]
        shop_zone = zone(plan.settings["timezone"], "timezone")
        return default_as_of(last, shop_zone, max((p.ds for p in partitions), default="2000-01-01"))

    def _check(self, partitions: list[Partition]) -> dict[str, int]:
        """Check every core and marts table; returns their row counts."""
        tables: dict[str, int] = {}
        failures: list[str] = []
        filled = {f"clean.{p.table}" for p in partitions if p.clean} | {"ref.dates"}
        for model in (m for m in self.plan.models if m.table.layer != "clean"):
            there = self.house.place(model.name)
            tables[model.name] = self.house.count(model.name)
            if tables[model.name]:
                filled.add(model.name)
            try:
                self.told += check_table(self.house, model.table, there, filled, tables[model.name])
            except CheckFailed as e:
                failures.append(str(e))
        if failures:
            raise CheckFailed("\n".join(failures))
        return tables
