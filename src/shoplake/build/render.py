"""A model as an engine gets it: named functions written out, the engine's dialect, every column cast to its contract."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.generator import Generator

from shoplake.build.models import JUDGEMENT, Model


class Engine(Protocol):
    """What rendering needs to know of an engine: a module of facts such as engines/duckdb.py."""

    NAME: str
    DIALECT: str
    RENDERED_AS: Mapping[str, str]  # layer -> database, in the files under rendered/
    GAPS: Mapping[str, str]  # what it does not do -> the reason, as docs/reference/engines.md says it
    FUNCTIONS: dict[str, Callable[..., str]]

    @property
    def quote(self) -> Callable[[str], str]: ...

    @property
    def sql_type(self) -> Callable[[str], str]: ...


def render(
    model: Model,
    engine: Engine,
    only: Mapping[str, str] | None = None,
    place: Callable[[str], str] | None = None,
) -> str:
    """The SELECT of a model for one engine, its columns in the contract's order and types.

    only: full name -> condition. Each such input is read through that condition; this is how a build recomputes the
    entities it must and no others. place: full name -> the name in SQL; by default the one in the files under rendered/.
    """
    body = _generator(engine, only or {}, place or (lambda name: rendered_name(engine, name))).generate(model.tree)
    inner = "\n".join("    " + line if line else line for line in body.splitlines())
    columns = ",\n".join(f"    CAST(m.{c.name} AS {engine.sql_type(c.type)}) AS {c.name}" for c in model.table.columns)
    if model.table.layer == "clean":
        columns += ",\n" + ",\n".join(f"    m.{name}" for name in JUDGEMENT)
    return f"SELECT\n{columns}\nFROM (\n{inner}\n) AS m"


def rendered_name(engine: Engine, full_name: str) -> str:
    """Where a table lies in the files under rendered/."""
    layer, _, table = full_name.partition(".")
    return f"{engine.RENDERED_AS.get(layer, layer)}.{table}"


def _generator(engine: Engine, only: Mapping[str, str], place: Callable[[str], str]) -> Generator:
    """sqlglot's generator of the engine's dialect, that also writes out named functions and where tables lie."""
    dialect = Dialect.get_or_raise(engine.DIALECT)
    base = dialect.generator_class

    def anonymous(self: Generator, node: exp.Anonymous) -> str:
        function = engine.FUNCTIONS.get(node.name.lower())
        return function(*[self.sql(a) for a in node.expressions]) if function else base.anonymous_sql(self, node)

    def table(self: Generator, node: exp.Table, sep: str = " AS ") -> str:
        if not node.db:
            return base.table_sql(self, node, sep)
        name = f"{node.db}.{node.name}"
        alias = node.alias or node.name
        return (
            f"(SELECT * FROM {place(name)} WHERE {only[name]}) AS {alias}"
            if name in only
            else f"{place(name)} AS {alias}"
        )

    def ordered(self: Generator, node: exp.Ordered) -> str:
        """A model says where NULLs go, and so does what is made of it: sqlglot leaves out what it believes to be the
        engine's default, which on Hive and Impala is a setting."""
        nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
        return f"{self.sql(node, 'this')}{' DESC' if node.args.get('desc') else ''} NULLS {nulls}"

    # Not through the class body: what sqlglot finds in TRANSFORMS comes before a method.
    own = {exp.Anonymous: anonymous, exp.Table: table, exp.Ordered: ordered}
    transforms = {k: v for k, v in base.TRANSFORMS.items() if k not in own}
    methods = {f"{kind.key}_sql": write for kind, write in own.items()}
    made = type("Rendering", (base,), {**methods, "TRANSFORMS": transforms})
    return cast(Generator, made(dialect=dialect, pretty=True, comments=False))


def rendered(model: Model, engine: Engine) -> str:
    """The SELECT as it stands under rendered/."""
    return render(model, engine) + "\n"


def sql_print(model: Model, engine: Engine) -> str:
    """Twelve hex digits that change when an engine is given other SQL for a model."""
    return hashlib.sha256(rendered(model, engine).encode()).hexdigest()[:12]


def rendered_files(models: list[Model], engines: list[Engine]) -> dict[Path, str]:
    """Relative path -> text of everything under rendered/."""
    found: dict[Path, str] = {}
    for engine in engines:
        for model in models:
            path = Path("rendered") / engine.NAME / model.table.layer / f"{model.table.name}.sql"
            note = f"-- {model.name}, as {engine.NAME} runs it. Made by `make render` from warehouse/{model.table.layer}/{model.table.name}.sql: change that.\n"
            found[path] = note + rendered(model, engine)
    return found
