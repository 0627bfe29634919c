"""Where a column comes from, read from the models' own SQL. One step reads one model; the tree is the steps put together."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlglot import Schema, exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope
from sqlglot.schema import ensure_schema

from shoplake.build.models import DIALECT, Model
from shoplake.contracts import Contracts

Place = tuple[str, str]  # full table name, column


@dataclass(frozen=True)
class Origin:
    """The columns a column is computed from, one model down. `problem` says why they could not be told."""

    sources: tuple[Place, ...] = ()
    expression: str = ""
    problem: str | None = None


class Lineage:
    """Lineage over all models; every step is worked out once."""

    def __init__(self, models: list[Model], contracts: Contracts) -> None:
        self.models = models
        self._models = {m.name: m for m in models}
        self._contracts = contracts
        self._steps: dict[Place, Origin] = {}
        self._scopes: dict[str, Scope] = {}

    def readers(self, table: str) -> list[str]:
        """The models that read a table."""
        return [m.name for m in self._models.values() if table in m.inputs]

    def readers_of(self, place: Place) -> list[Place]:
        """The columns, in the models that read this table, whose values are computed from this column."""
        found = []
        for reader in self.readers(place[0]):
            for column in self._contracts.table(reader).names:
                if place in self.step((reader, column)).sources:
                    found.append((reader, column))
        return found

    def step(self, place: Place) -> Origin:
        """One model down."""
        if place not in self._steps:
            self._steps[place] = self._work_out(place)
        return self._steps[place]

    def tree(self, place: Place, seen: frozenset[Place] = frozenset()) -> dict[str, Any]:
        """All the way down, as nested values."""
        origin = self.step(place)
        inner = [self.tree(s, seen | {place}) for s in origin.sources if s not in seen]
        found: dict[str, Any] = {"column": ".".join(place)}
        if origin.expression:
            found["expression"] = origin.expression
        if origin.problem:
            found["problem"] = origin.problem
        if inner:
            found["from"] = inner
        return found

    def _work_out(self, place: Place) -> Origin:
        table, column = place
        model = self._models.get(table)
        if model is None:
            by = self._contracts.table(table).spec.made_by
            return Origin(problem=f"said by the version of a model that was promoted (`shoplake {by} history`)") if by else Origin()
        if table.startswith("clean.") and self._contracts.table(table).column(column).arrival:
            return Origin(problem="set by the build: the folder the record arrived in")
        try:
            root = lineage(
                column,
                self._scope(model).expression,
                self._schema,
                dialect=DIALECT,
                scope=self._scope(model),
                trim_selects=False,
                copy=False,
            )
        except (SqlglotError, ValueError, KeyError, RecursionError) as e:
            return Origin(
                problem=f"cannot be told from {model.path.name} ({str(e).splitlines()[0] if str(e) else type(e).__name__})"
            )
        sources = sorted(set(self._leaves(root)))
        said = root.expression.unalias().sql(dialect=DIALECT, comments=False) if root.expression is not None else ""
        return Origin(tuple(sources), said[:200] + ("…" if len(said) > 200 else ""))

    def _scope(self, model: Model) -> Scope:
        if model.name not in self._scopes:
            tree = qualify(
                model.tree.copy(),
                dialect=DIALECT,
                schema=self._schema,
                validate_qualify_columns=False,
                identify=False,
                quote_identifiers=False,
            )
            scope = build_scope(tree)
            if scope is None:
                raise SqlglotError("no query")
            self._scopes[model.name] = scope
        return self._scopes[model.name]

    @cached_property
    def _schema(self) -> Schema:
        """layer -> table -> column -> type; raw rows also carry what the reader adds."""
        added = {"raw_text": "text", "is_malformed": "boolean", "source_file": "text", "ds": "date"}
        found: dict[str, Any] = {}
        for t in self._contracts.tables.values():
            columns = {c.name: c.type for c in t.columns} | (added if t.layer == "raw" else {})
            found.setdefault(t.layer, {})[t.name] = columns
        return ensure_schema(found, dialect=DIALECT)

    def _leaves(self, root: Node) -> list[Place]:
        found = []
        for node in root.walk():
            if node.downstream or not isinstance(node.source, exp.Table):
                continue
            table = f"{node.source.db}.{node.source.name}"
            column = node.name.rpartition(".")[2].strip('`"')
            if table in self._contracts.tables and column != "*":
                found.append((table, column))
        return found
