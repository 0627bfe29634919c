"""Marts as they stood on an earlier day: the very SELECTs of a build over a generation's core, with another as_of."""

import datetime as dt

import pyarrow as pa

from shoplake.build import reference
from shoplake.build.models import Model, read_models
from shoplake.build.render import render
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb as facts
from shoplake.errors import CheckFailed, WrongUse
from shoplake.look.opened import Opened
from shoplake.settings import zone

# When a row of core came to be known, by the first of these that its table has.
KNOWN_SINCE = ("valid_from_us", "event_us", "started_us", "ordered_us", "refunded_us")


class Cuts:
    """The marts of one opened generation, at any day that its core reaches."""

    def __init__(self, one: Opened, project: str) -> None:
        self.one = one
        self.zone = zone(one.manifest.settings["timezone"], "timezone")
        self._seen: dict[tuple[str, dt.date], pa.Table] = {}
        self._models = {m.name: m for m in read_models(project_folder(project) / "warehouse", one.contracts)}

    def mart(self, name: str, as_of: dt.date, *, blind: bool = False) -> pa.Table:
        """A mart's rows as of that day, exclusive, in the order of its key. `blind`: of a core from which all that was not known before
        that day has been taken away. Raises WrongUse for a day behind the generation's own."""
        own = dt.date.fromisoformat(self.one.manifest.as_of)
        if as_of > own:
            raise WrongUse(f"as of {as_of}: generation {self.one.manifest.generation} reaches to {own}. Build the days between, or name an earlier day.")
        if blind:
            return self._computed(name, as_of, True)
        if (name, as_of) not in self._seen:
            self._seen[name, as_of] = self._computed(name, as_of, False)
        return self._seen[name, as_of]

    def _computed(self, name: str, as_of: dt.date, blind: bool) -> pa.Table:
        schema, engine = f"lake.at_{as_of:%Y%m%d}", self.one.engine
        engine.execute(f"CREATE SCHEMA {schema}")
        try:
            run = reference.run(as_of, self.zone)
            engine.connection.register("arriving", run)
            engine.execute(f"CREATE TABLE {schema}.run AS SELECT * FROM arriving")
            only = self._known_before(run.column("as_of_us")[0].as_py()) if blind else {}
            for model in self._below(name):
                select = render(model, facts, only, lambda named: _place(schema, named))
                engine.execute(f"CREATE TABLE {schema}.{model.table.name} AS {select}")
            keys = ", ".join(self.one.contracts.table(name).spec.key)
            return engine.fetch(f"SELECT * FROM {_place(schema, name)} ORDER BY {keys}")
        finally:
            engine.execute(f"DROP SCHEMA {schema} CASCADE")

    def check_blind(self, name: str, as_of: dt.date) -> None:
        """Raises CheckFailed when a column of the mart would be another one without what happened on that day or later: it sees the future."""
        seeing, blind = self.mart(name, as_of), self.mart(name, as_of, blind=True)
        if seeing.num_rows != blind.num_rows:
            raise CheckFailed(f"{name} as of {as_of}: {seeing.num_rows:,} rows, and {blind.num_rows:,} without what happened on {as_of} or later. It sees the future: mend the model.")
        wrong = [column for column in seeing.column_names if not seeing.column(column).equals(blind.column(column))]
        if wrong:
            raise CheckFailed(f"{name} as of {as_of}: {', '.join(wrong)} would be different without what happened on {as_of} or later. A column that sees the future makes a model that works on paper only: mend the model.")

    def _known_before(self, us: int) -> dict[str, str]:
        found = {}
        for table in self.one.contracts.layer("core"):
            column = next((c for c in KNOWN_SINCE if c in table.names), None)
            if column:
                found[table.full_name] = f"{column} < {us}"
        return found

    def _below(self, name: str) -> list[Model]:
        """The marts that this one reads, and itself, in build order."""
        wanted = {name}
        for model in reversed(list(self._models.values())):
            if model.name in wanted:
                wanted |= {i for i in model.inputs if i.startswith("marts.")}
        return [m for m in self._models.values() if m.name in wanted]


def _place(schema: str, name: str) -> str:
    layer, _, table = name.partition(".")
    return f"{schema}.{table}" if layer == "marts" or name == "ref.run" else facts.place(name)
