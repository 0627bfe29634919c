"""The kinds of files shoplake can read: one module each, found by being here.

To add a source, add one file to this folder that holds `SOURCE = Source(...)`. Nothing else names it. A source says

- `name`: what people write after --source;
- `forms`: the headers its files may have. A file is recognised by the set of names, never by their order;
- `convert(records, options)`: the records in, raw rows out. A record's values stand in the order `form.required`, then
  `form.optional` ("" where the file lacks the column). A row names its table (users, products, transactions, refunds)
  and values by raw column; the raw layer is text, so a source spells and does not judge: what cannot be read stays as
  it is and clean gives the reason. `record` is the one it was made from, None for a row that sums up many (*derived*).

Every record must come out as exactly one row that is not derived, or be counted in `options.dropped`: the landing
checks this and lands nothing otherwise.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from shoplake.contracts import Contracts
from shoplake.ingest.text import UTF8


@dataclass(frozen=True)
class Form:
    """A header. `kind`: csv, jsonl or parquet. `table`: the only one such a file feeds, empty when several."""

    name: str
    kind: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    table: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return self.required + self.optional


class SourceRecord(NamedTuple):
    values: list[str]
    text: str  # the record as it came
    line: int


class Row(NamedTuple):
    table: str
    values: dict[str, str]
    record: SourceRecord | None


@dataclass
class Options:
    """What the person asked for, and what the source wants told in the report.

    `timezone` is the zone of times spelled without one: --timezone, else the source's own.
    """

    form: Form
    timezone: str = ""
    drop_repeated_lines: bool = False
    repeated: int = 0
    dropped: int = 0
    notes: dict[str, object] = field(default_factory=dict)


Convert = Callable[[Iterator[SourceRecord], Options], Iterator[Row]]


@dataclass(frozen=True)
class Source:
    """`convert` is None for files that are in the raw format already: their lines are landed as they are."""

    name: str
    about: str
    forms: Callable[[Contracts], list[Form]]
    convert: Convert | None = None
    encodings: tuple[str, ...] = (UTF8,)
    timezone: str = ""  # the zone the source's times are local to, when the source says so
    malformed_table: str = "transactions"  # where a record goes that cannot be read at all


def all_sources() -> dict[str, Source]:
    """Every source by name, in alphabetical order."""
    found: dict[str, Source] = {}
    for module in pkgutil.iter_modules(__path__):
        source = importlib.import_module(f"{__name__}.{module.name}").SOURCE
        assert isinstance(source, Source)
        found[source.name] = source
    return dict(sorted(found.items()))
