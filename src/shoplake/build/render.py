"""A model as an engine gets it: named functions written out, the engine's dialect, every column cast to its contract."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import sqlglot
from sqlglot import exp

from shoplake.build.models import Model

# The columns a clean model gives besides its contract's: see build/clean.py.
JUDGEMENT = ("reject", "nulled_values", "raw_text", "source_file")


class Engine(Protocol):
    """What rendering needs to know of an engine: a module of facts such as engines/duckdb.py."""

    NAME: str
    DIALECT: str
    FUNCTIONS: dict[str, Callable[..., str]]

    @staticmethod
    def sql_type(contract_type: str, /) -> str: ...


def render(
    model: Model, engine: Engine, only: Mapping[str, str] | None = None, catalogs: Mapping[str, str] | None = None
) -> str:
    """The SELECT of a model for one engine, its columns in the contract's order and types.

    only: full name -> condition. Each such input is read through that condition; this is how a build recomputes the
    entities it must and no others. catalogs: layer -> catalog, for an engine whose layers lie in several.
    """
    tree = model.tree.copy()
    if only:
        tree = _filtered(tree, only)
    for table in tree.find_all(exp.Table) if catalogs else ():
        if table.db in (catalogs or {}):
            table.set("catalog", exp.to_identifier((catalogs or {})[table.db]))
    tree = _written_out(tree, engine)
    body = tree.sql(dialect=engine.DIALECT, pretty=True, comments=False)
    inner = "\n".join("    " + line if line else line for line in body.splitlines())
    columns = ",\n".join(f"    CAST(m.{c.name} AS {engine.sql_type(c.type)}) AS {c.name}" for c in model.table.columns)
    if model.table.layer == "clean":
        columns += ",\n" + ",\n".join(f"    m.{name}" for name in JUDGEMENT)
    return f"SELECT\n{columns}\nFROM (\n{inner}\n) AS m"


def _filtered(tree: exp.Query, only: Mapping[str, str]) -> exp.Query:
    for table in list(tree.find_all(exp.Table)):
        condition = only.get(f"{table.db}.{table.name}")
        if condition:
            inner = sqlglot.parse_one(f"SELECT * FROM {table.db}.{table.name} WHERE {condition}", read="duckdb")
            table.replace(
                exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(table.alias or table.name)))
            )
    return tree


def _written_out(tree: exp.Query, engine: Engine) -> exp.Query:
    """Innermost first, so that a named function inside another is already SQL when the outer one is written."""
    named = [node for node in tree.find_all(exp.Anonymous) if node.name.lower() in engine.FUNCTIONS]
    for node in reversed(named):
        arguments = [a.sql(dialect=engine.DIALECT) for a in node.expressions]
        text = engine.FUNCTIONS[node.name.lower()](*arguments)
        node.replace(sqlglot.parse_one(text, read=engine.DIALECT))
    return tree


def rendered_files(models: list[Model], engines: list[Engine]) -> dict[Path, str]:
    """Relative path -> text of everything under rendered/."""
    found: dict[Path, str] = {}
    for engine in engines:
        for model in models:
            path = Path("rendered") / engine.NAME / model.table.layer / f"{model.table.name}.sql"
            note = f"-- {model.name}, as {engine.NAME} runs it. Made by `make render` from warehouse/{model.table.layer}/{model.table.name}.sql: change that.\n"
            found[path] = note + render(model, engine) + "\n"
    return found
