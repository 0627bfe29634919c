"""Marts as they stood on an earlier day: the very SELECTs of a build over a generation's core, with another as_of."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import count

import pyarrow as pa

from shoplake.build import reference
from shoplake.build.models import Model, read_models
from shoplake.build.render import render
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb as facts
from shoplake.errors import CheckFailed, WrongUse
from shoplake.look.opened import Opened
from shoplake.settings import zone

NUMBERS = count()  # of schemas, of whoever asks the same generation
# When a row of core came to be known, by the first of these that its table has.
KNOWN_SINCE = ("valid_from_us", "event_us", "started_us", "ordered_us", "refunded_us")


@dataclass
class _Day:
    """Where marts are as of one day. `only`: of a core table, the rows that were known before it; `places`: marts that are there."""

    schema: str
    only: dict[str, str]
    places: dict[str, str] = field(default_factory=dict)


class Cuts:
    """The marts of one opened generation, at any day that its core reaches.

    Each is a view over the core, so that a question computes what it asks for and no more; they live as long as the opened generation.
    """

    def __init__(self, one: Opened, project: str) -> None:
        self.one = one
        self.zone = zone(one.manifest.settings["timezone"], "timezone")
        self._seen: dict[tuple[str, dt.date], pa.Table] = {}
        self._days: dict[tuple[dt.date, bool], _Day] = {}
        self._models = {m.name: m for m in read_models(project_folder(project) / "warehouse", one.contracts)}

    def mart(self, name: str, as_of: dt.date) -> pa.Table:
        """A mart's rows as of that day, exclusive, in the order of its key. Raises as `ask` does."""
        if (name, as_of) not in self._seen:
            keys = ", ".join(self.one.contracts.table(name).spec.key)
            self._seen[name, as_of] = self.ask(f"SELECT * FROM {{mart}} ORDER BY {keys}", name, as_of)
        return self._seen[name, as_of]

    def ask(self, sql: str, name: str, as_of: dt.date, *, blind: bool = False) -> pa.Table:
        """A SELECT on a mart as of that day, exclusive, which it calls {mart}. `blind`: of a core from which all that was not known before
        that day has been taken away. Raises WrongUse for a day behind the generation's own."""
        return self.one.engine.fetch(sql.format(mart=self._place(name, as_of, blind)))

    def _place(self, name: str, as_of: dt.date, blind: bool) -> str:
        """The mart's view, which is made when it is not there, after those it reads."""
        own = dt.date.fromisoformat(self.one.manifest.as_of)
        if as_of > own:
            raise WrongUse(f"as of {as_of}: generation {self.one.manifest.generation} reaches to {own}. Build the days between, or name an earlier day.")
        if (as_of, blind) not in self._days:
            self._days[as_of, blind] = self._day(as_of, blind)
        day = self._days[as_of, blind]
        for model in self._below(name):
            if model.name not in day.places:
                select = render(model, facts, day.only, lambda named: _place(day.schema, named))
                self.one.engine.execute(f"CREATE VIEW {_place(day.schema, model.name)} AS {select}")
                day.places[model.name] = _place(day.schema, model.name)
        return day.places[name]

    def _day(self, as_of: dt.date, blind: bool) -> _Day:
        schema, engine = f"lake.at_{as_of:%Y%m%d}_{next(NUMBERS)}", self.one.engine
        run = reference.run(as_of, self.zone)
        engine.execute(f"CREATE SCHEMA {schema}")
        engine.connection.register("arriving", run)
        engine.execute(f"CREATE TABLE {schema}.run AS SELECT * FROM arriving")
        return _Day(schema, self._known_before(run.column("as_of_us")[0].as_py()) if blind else {})

    def _keep(self, name: str, as_of: dt.date) -> None:
        """From now on this mart of this day is read, not computed."""
        place = self._place(name, as_of, False)
        day = self._days[as_of, False]
        kept = f"{day.schema}.kept_{name.partition('.')[2]}"
        if place != kept:
            self.one.engine.execute(f"CREATE TABLE {kept} AS SELECT * FROM {place}")
            day.places[name] = kept

    def check_blind(self, name: str, as_of: dt.date) -> None:
        """Raises CheckFailed when a column of the mart would be another one without what happened on that day or later: it sees the future.

        Columns are compared by sums of hashes, each value's with its row's key."""
        table = self.one.contracts.table(name)
        self._keep(name, as_of)
        sums = ", ".join(f"SUM(hash({', '.join([*table.spec.key, column])})) AS {column}" for column in table.names)
        seeing, blind = (self.ask(f"SELECT COUNT(*) AS row_count, {sums} FROM {{mart}}", name, as_of, blind=b).to_pylist()[0] for b in (False, True))
        if seeing["row_count"] != blind["row_count"]:
            raise CheckFailed(f"{name} as of {as_of}: {seeing['row_count']:,} rows, and {blind['row_count']:,} without what happened on {as_of} or later. It sees the future: mend the model.")
        wrong = [column for column in table.names if seeing[column] != blind[column]]
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
