"""What a contract says, as typed objects. The YAML files are read straight into the Spec classes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec

LAYERS = ("raw", "ref", "clean", "rejected", "core", "marts", "ledger")
Sensitivity = Literal["public", "internal", "personal", "sensitive", "identifier"]
TypeName = Annotated[
    str, msgspec.Meta(pattern=r"^(text|boolean|bigint|date|timestamp|decimal\([0-9]{1,2},[0-9]{1,2}\))$")
]


class ColumnSpec(msgspec.Struct, forbid_unknown_fields=True):
    """A column in columns.yml."""

    type: TypeName
    sensitivity: Sensitivity
    meaning: str
    unit: str | None = None
    values: list[str] | None = None
    person: Literal["user", "visitor"] | None = None
    arrival: bool = False


class RangeSpec(msgspec.Struct, forbid_unknown_fields=True):
    """Bounds a column must keep, both inclusive."""

    min: int | None = None
    max: int | None = None


class ChecksSpec(msgspec.Struct, forbid_unknown_fields=True):
    """Checks of one strength.

    not_null, unique: columns; accepted: columns whose `values` are closed; range: bounds a column;
    references: column -> table.column that must hold it; not_empty_when: a table; this one has rows when that one has.
    expressions: name -> a condition every row must meet.
    """

    not_null: list[str] = []
    unique: list[list[str]] = []
    accepted: list[str] = []
    range: dict[str, RangeSpec] = {}
    references: dict[str, str] = {}
    not_empty_when: str | None = None
    expressions: dict[str, str] = {}


class CheckLevels(msgspec.Struct, forbid_unknown_fields=True):
    """stop: nothing is published. tell: it is published, and said."""

    stop: ChecksSpec = msgspec.field(default_factory=ChecksSpec)
    tell: ChecksSpec = msgspec.field(default_factory=ChecksSpec)


class ReachSpec(msgspec.Struct, forbid_unknown_fields=True):
    """What one arrival touches, so that a build may rewrite that and nothing else.

    entity: rows of two different entities never influence each other. closed_under: a key whose copies may lie on several
    entities, which then belong together. follows: inputs without the entity column, and the column that leads to it.
    """

    entity: str
    closed_under: str | None = None
    follows: dict[str, str] = {}


class FreshnessSpec(msgspec.Struct, forbid_unknown_fields=True):
    """The newest value of a column may lie at most this many days before the newest arrival."""

    column: str
    within_days: int


class TableSpec(msgspec.Struct, forbid_unknown_fields=True):
    """A table's file."""

    grain: str
    owner: str
    columns: list[str]
    key: list[str] = []
    time: str | None = None  # the column that decides which of two copies is the first
    partition: str | None = None
    format: Literal["csv", "jsonl"] | None = None  # raw only
    tracked: list[str] = []  # SCD2: a change here makes a new version
    checks: CheckLevels = msgspec.field(default_factory=CheckLevels)
    reach: ReachSpec | None = None
    freshness: FreshnessSpec | None = None
    notes: str | None = None
    made_by: Literal["learn"] | None = None  # None: a build makes it, by the model of its name


@dataclass(frozen=True)
class Column:
    """A column of one table. In raw every type is text."""

    name: str
    type: str
    sensitivity: str
    meaning: str
    unit: str | None = None
    values: tuple[str, ...] | None = None
    person: str | None = None
    arrival: bool = False


@dataclass(frozen=True)
class Table:
    """A table of one layer. `full_name` is layer.name."""

    layer: str
    name: str
    spec: TableSpec
    columns: tuple[Column, ...]
    path: Path

    @property
    def full_name(self) -> str:
        return f"{self.layer}.{self.name}"

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    @property
    def hashed(self) -> list[Column]:
        """The columns a content hash covers: all but those of arrival."""
        return [c for c in self.columns if not c.arrival]

    def column(self, name: str) -> Column:
        for c in self.columns:
            if c.name == name:
                return c
        raise KeyError(f"{self.full_name}.{name}")


@dataclass(frozen=True)
class Contracts:
    """Every table by its full name, in the order raw, ref, clean, core, marts."""

    folder: Path
    columns: dict[str, ColumnSpec]
    tables: dict[str, Table] = field(default_factory=dict)

    def layer(self, name: str) -> list[Table]:
        return [t for t in self.tables.values() if t.layer == name]

    def built(self, name: str) -> list[Table]:
        """Those of a layer that a build makes."""
        return [t for t in self.layer(name) if t.spec.made_by is None]

    def table(self, full_name: str) -> Table:
        return self.tables[full_name]
