"""Cases: rows in, rows out, as YAML a person can read. The format is told in tests/models/README.md."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import yaml

from shoplake.build import agents, reference
from shoplake.build.models import Model, read_models
from shoplake.build.render import JUDGEMENT
from shoplake.contracts import Contracts, Table
from shoplake.contracts.loader import load as load_contracts
from shoplake.contracts.project import project_folder

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]

JUDGED = dict(zip(JUDGEMENT, ("text", "bigint", "text", "text"), strict=True))
RAW_EXTRA = {"raw_text": "text", "is_malformed": "boolean", "source_file": "text", "ds": "date"}

# A time is written once: what follows from it is filled in, unless a row says otherwise. Derived column -> (time, what).
FOLLOWS = {
    "event_us": ("event_ts", "us"), "event_date": ("event_ts", "date"), "event_hour": ("event_ts", "hour"),
    "ordered_us": ("ordered_at", "us"), "order_date": ("ordered_at", "date"), "order_hour": ("ordered_at", "hour"),
    "refunded_us": ("refunded_at", "us"), "refund_date": ("refunded_at", "date"),
    "started_us": ("started_at", "us"), "session_date": ("started_at", "date"), "ended_us": ("ended_at", "us"),
    "updated_us": ("updated_at", "us"), "valid_from_us": ("updated_at", "us"),
}  # fmt: skip
SAME_TIME = ("ordered_at", "refunded_at", "started_at")

PARSE: dict[str, Callable[[str], Any]] = {
    "text": str,
    "bigint": int,
    "boolean": lambda text: {"true": True, "false": False}[text],
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "decimal": Decimal,
}
ARROW = {
    "text": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


@dataclass
class Project:
    """contracts/ and warehouse/ of a folder, and its cases."""

    contracts: Contracts
    models: dict[str, Model]
    folder: Path

    @classmethod
    def read(cls, folder: Path | None = None) -> "Project":
        folder = folder or project_folder()
        contracts = load_contracts(folder / "contracts")
        return cls(contracts, {m.name: m for m in read_models(folder / "warehouse", contracts)}, folder)

    def types(self, table: Table) -> dict[str, str]:
        """Column -> type, with what raw and clean have besides their contract's columns."""
        if table.layer == "raw":
            return {**dict.fromkeys(table.names, "text"), **RAW_EXTRA}
        return {c.name: c.type for c in table.columns} | (JUDGED if table.layer == "clean" else {})


@dataclass
class Case:
    """What a file tells. `expect` is compared in `columns` alone."""

    path: Path
    model: str
    settings: dict[str, str]
    given: dict[str, list[Row]]
    expect: list[Row]
    columns: list[str] = field(default_factory=list)
    select: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.model}/{self.path.stem}"


SETTINGS = {"timezone": "UTC", "as_of": "2024-07-01", "ds": "2024-06-15", "country": "", "currency": "EUR"}


def paths(folder: Path = HERE) -> Iterator[Path]:
    yield from sorted(folder.glob("*.*/*.yml"))


@cache
def _defaults() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = read_yaml(HERE / "defaults.yml")
    return found


def read_case(path: Path, project: Project) -> Case:
    """A case file; AssertionError, naming the file, for a name that the contracts do not know."""
    told = read_yaml(path)
    settings = {k: told.pop(k, v) for k, v in SETTINGS.items()}
    each = told.pop("each", {})
    given_text, expect_text, header = told.pop("given", {}), told.pop("expect"), told.pop("columns", [])
    select = told.pop("select", {})
    assert not told, f"{path}: no case has the keys {sorted(told)}"
    model = project.models[path.parent.name].name
    given = {}
    for name, rows in given_text.items():
        assert name in project.contracts.tables, f"{path}: no contract of {name}"
        table = project.contracts.table(name)
        common = {**_defaults().get(name, {}), **each.get(name, {})}
        given[name] = [_given(path, project, table, {**common, **row}, settings) for row in rows]
    types = project.types(project.contracts.table(model))
    expect = [_typed(path, types, row) for row in expect_text]
    columns = list(dict.fromkeys([*header, *(c for row in expect for c in row)]))
    wanted = {c: [_typed(path, types, {c: text})[c] for text in texts] for c, texts in select.items()}
    return Case(path, model, settings, given, expect, columns, wanted)


def _typed(path: Path, types: dict[str, str], row: dict[str, str]) -> Row:
    unknown = sorted(set(row) - set(types))
    assert not unknown, f"{path}: no column {unknown} in {sorted(types)}"
    try:
        return {c: PARSE[types[c].partition("(")[0]](text) for c, text in row.items()}
    except (ValueError, KeyError, ArithmeticError) as e:
        raise AssertionError(f"{path}: {row}: {e}") from e


def _given(path: Path, project: Project, table: Table, told: dict[str, str], settings: dict[str, str]) -> Row:
    types = project.types(table)
    if table.layer == "raw":
        return _typed(path, types, {"is_malformed": "false", "source_file": "test", "ds": settings["ds"], **told})
    row = _typed(path, types, {c: text for c, text in told.items() if text != ""})
    if "ds" in types:
        row.setdefault("ds", dt.date.fromisoformat(settings["ds"]))
    if "updated_at" in types:
        row.setdefault("updated_at", next((row[c] for c in SAME_TIME if c in row), None))
    if "ended_at" in types:
        row.setdefault("ended_at", row.get("started_at"))
    for column, (source, what) in FOLLOWS.items():
        if column in types and column not in row and row.get(source) is not None:
            row[column] = _follows(row[source], what, settings["timezone"])
    return row


def _follows(moment: dt.datetime, what: str, zone: str) -> Any:
    utc = moment.replace(tzinfo=dt.UTC)
    if what == "us":
        return (utc - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
    local = utc.astimezone(ZoneInfo(zone))
    return local.date() if what == "date" else local.hour


def arrow(project: Project, table: Table, rows: list[Row]) -> pa.Table:
    fields = []
    for name, kind in project.types(table).items():
        if table.layer != "raw" and name in JUDGED:
            continue
        base, _, size = kind.partition("(")
        fields.append(
            pa.field(name, pa.decimal128(*map(int, size[:-1].split(","))) if base == "decimal" else ARROW[base])
        )
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


@cache
def _dates(zone: str, country: str) -> pa.Table:
    return reference.dates(ZoneInfo(zone), country)


@cache
def _zone_days(zone: str) -> pa.Table:
    return reference.zone_days(ZoneInfo(zone))


@cache
def _agents(found: tuple[str, ...]) -> pa.Table:
    return agents.classify(list(found))


def _reference(project: Project, name: str, case: Case) -> pa.Table:
    """A ref table as a build with the case's settings has it."""
    s = case.settings
    if name == "ref.dates":
        return _dates(s["timezone"], s["country"])
    if name == "ref.zone_days":
        return _zone_days(s["timezone"])
    if name == "ref.run":
        return reference.run(dt.date.fromisoformat(s["as_of"]), ZoneInfo(s["timezone"]))
    if name == "ref.shop":
        return reference.shop(s["timezone"], s["currency"])
    if name == "ref.enums":
        return reference.enums(project.contracts)
    seen = {row["user_agent"].strip() for row in case.given.get("raw.clickstream", ()) if row.get("user_agent")}
    return _agents(tuple(sorted(seen)))


class Inputs:
    """The tables a case's model reads. One that is not given is made by its own model when anything it comes from is
    given, else it is empty; the ref layer is made as a build makes it."""

    def __init__(self, project: Project, case: Case, run: Callable[[Model, dict[str, pa.Table]], pa.Table]) -> None:
        self.project, self.case, self.run = project, case, run
        self.found: dict[str, pa.Table] = {}

    def of(self, name: str) -> dict[str, pa.Table]:
        return {i: self.table(i) for i in self.project.models[name].inputs}

    def table(self, name: str) -> pa.Table:
        if name not in self.found:
            self.found[name] = self._make(name)
        return self.found[name]

    def _make(self, name: str) -> pa.Table:
        table = self.project.contracts.table(name)
        if name in self.case.given:
            return arrow(self.project, table, self.case.given[name])
        if table.layer == "ref":
            return _reference(self.project, name, self.case)
        if name in self.project.models and (self._comes_from_given(name) or self._is_reference(name)):
            made = self.run(self.project.models[name], self.of(name))
            return made.filter(made["reject"].is_null()).drop_columns(JUDGEMENT) if table.layer == "clean" else made
        return arrow(self.project, table, [])

    def _comes_from_given(self, name: str) -> bool:
        model = self.project.models.get(name)
        return name in self.case.given or (model is not None and any(self._comes_from_given(i) for i in model.inputs))

    def _is_reference(self, name: str) -> bool:
        return all(i.startswith("ref.") for i in self.project.models[name].inputs)


def read_yaml(path: Path) -> Any:
    """YAML in which every value is text and no key stands twice; what a text means is the contract's business."""
    return _value(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader), path)


def _value(node: Any, path: Path) -> Any:
    if isinstance(node, yaml.MappingNode):
        keys = [k.value for k, _ in node.value]
        twice = {k for k in keys if keys.count(k) > 1}
        assert not twice, f"{path}:{node.start_mark.line + 1}: {sorted(twice)} stand twice"
        return {k.value: _value(v, path) for k, v in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, path) for item in node.value]
    return node.value if node is not None else {}
