"""Models: one SELECT a file under warehouse/; the path is the table's name. The order follows from their own FROM clauses."""

import re
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from shoplake.build.subset import check_subset
from shoplake.contracts import Contracts, Table
from shoplake.errors import WrongUse

DIALECT = "spark"
# The columns a clean model gives besides its contract's: see build/clean.py.
JUDGEMENT = ("reject", "nulled_values", "raw_text", "source_file")
# A layer reads itself, the one below, and ref.
READS = {"clean": {"raw", "ref"}, "core": {"core", "clean", "ref"}, "marts": {"marts", "core", "ref"}}


@dataclass(frozen=True)
class Model:
    """One SELECT. `inputs` are the full names it reads, in order."""

    table: Table
    path: Path
    text: str
    tree: exp.Query
    inputs: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.table.full_name

    @property
    def meaning(self) -> str:
        """The text without comments and layout: what changes when, and only when, the model computes something else."""
        return " ".join(re.sub(r"--[^\n]*", " ", self.text).split())


def read_models(folder: Path, contracts: Contracts) -> list[Model]:
    """All models of warehouse/, each after what it reads.

    Raises WrongUse, naming the file and line, for: SQL that does not parse or leaves the portable subset, a table without a
    contract, a layer that reads past the one below, a circle, a contract in clean, core or marts without a model.
    """
    models: dict[str, Model] = {}
    for layer in READS:
        for path in sorted((folder / layer).glob("*.sql")):
            model = read_model(path, layer, contracts)
            models[model.name] = model
    for layer in READS:
        for table in contracts.built(layer):
            if table.full_name not in models:
                raise WrongUse(
                    f"{table.path}:1: no model makes {table.full_name}. Write {folder / layer / table.name}.sql, or delete the contract."
                )
    order: TopologicalSorter[str] = TopologicalSorter(
        {m.name: {i for i in m.inputs if i in models} for m in models.values()}
    )
    try:
        return [models[name] for name in order.static_order()]
    except CycleError as e:
        raise WrongUse(
            f"warehouse: these models read each other in a circle: {' -> '.join(e.args[1])}. Break it."
        ) from e


def read_model(path: Path, layer: str, contracts: Contracts) -> Model:
    """One model file, checked against the subset, the layers and the contracts."""
    name = f"{layer}.{path.stem}"
    if name not in contracts.tables:
        raise WrongUse(f"{path}:1: {name} has no contract. Write contracts/{layer}/{path.stem}.yml.")
    text = path.read_text(encoding="utf-8")
    tree, tables = _tree(path, text)
    inputs = _inputs(tables, path, layer, contracts)
    _check_columns(tree, path, contracts.table(name))
    return Model(contracts.table(name), path, text, tree, inputs)


def _check_columns(tree: exp.Query, path: Path, table: Table) -> None:
    """The model gives every column of its contract (and clean models their judgement); by name, in any order."""
    given = set(tree.named_selects)
    wanted = table.names + (list(JUDGEMENT) if table.layer == "clean" else [])
    missing = [c for c in wanted if c not in given and "*" not in given]
    if missing:
        raise WrongUse(
            f"{path}:1: gives no {', '.join(missing)}, which {table.path} lists. Add it to the SELECT, or take it out of `columns`."
        )


@lru_cache(maxsize=256)
def _tree(path: Path, text: str) -> tuple[exp.Query, tuple[exp.Table, ...]]:
    """The checked tree of a model's text, and the tables it reads. No one may change it: it is shared."""
    try:
        trees = sqlglot.parse(text, read=DIALECT)
    except (ParseError, TokenError) as e:
        line = e.errors[0].get("line") if isinstance(e, ParseError) and e.errors else 1
        raise WrongUse(f"{path}:{line}: not SQL ({str(e).splitlines()[0]}). Mend the line.") from e
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise WrongUse(f"{path}:1: found {len(trees)} statements, expected one SELECT.")
    tree = trees[0]
    # Spark's CAST gives NULL where others fail; with ANSI on it fails too, and that is what is meant.
    for node in list(tree.find_all(exp.TryCast)):
        node.replace(exp.Cast(this=node.this, to=node.to))
    check_subset(tree, path, text)
    named = list(tree.find_all(exp.CTE, exp.Table))
    local = {one.alias for one in named if isinstance(one, exp.CTE)}
    return tree, tuple(t for t in named if isinstance(t, exp.Table) and (t.db or t.name not in local))


def _inputs(tables: tuple[exp.Table, ...], path: Path, layer: str, contracts: Contracts) -> tuple[str, ...]:
    found: list[str] = []
    for table in tables:
        if not table.db:
            raise WrongUse(
                f"{path}:{_line(table)}: {table.name} is neither a WITH of this model nor layer.table. Name the layer."
            )
        name = f"{table.db}.{table.name}"
        if name not in contracts.tables:
            raise WrongUse(
                f"{path}:{_line(table)}: {name} has no contract. Correct the name, or write contracts/{table.db}/{table.name}.yml."
            )
        if table.db not in READS[layer]:
            raise WrongUse(
                f"{path}:{_line(table)}: {layer} may read {', '.join(sorted(READS[layer]))}, not {table.db}. Read {name} one layer below."
            )
        if name not in found:
            found.append(name)
    return tuple(found)


def _line(node: exp.Expr) -> int:
    for part in (node, *node.find_all(exp.Identifier)):
        if "line" in part.meta:
            return int(part.meta["line"])
    return 1


def downstream(models: list[Model], names: set[str]) -> list[Model]:
    """The named models and all that read them, in build order."""
    wanted = set(names)
    for model in models:
        if wanted & set(model.inputs):
            wanted.add(model.name)
    return [m for m in models if m.name in wanted]
