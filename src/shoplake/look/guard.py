"""Before a person's SQL runs it is read twice: by sqlglot, and by the very parser that will run it. Both must find one
SELECT over tables of the contracts, with functions of the list in allowed.py. A connection that can read nothing else
stands behind it (opened.py), so that a hole in one wall is not a hole in the house.
"""

import difflib
import logging
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import duckdb
import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from shoplake.contracts import Contracts
from shoplake.errors import WrongUse
from shoplake.look.allowed import BECAUSE, CLASSES, FUNCTIONS, NODES, TYPES
from shoplake.look.opened import LAYERS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE = re.compile(
    r"[.](parquet|csv|tsv|txt|json|jsonl|ndjson|gz|zst|xlsx|orc|avro|arrow|db|duckdb|sqlite)$", re.IGNORECASE
)
_ONE_SELECT = "expected one SELECT (WITH and UNION are fine)"
_HINTS = {
    "TABLE_FUNCTION": "a function in FROM is not allowed. The tables of the lake have names: see `shoplake show`.",
    "PIVOT": "PIVOT is not allowed. Write SUM(CASE WHEN ... END) for each column.",
    "SHOW_REF": "DESCRIBE, SUMMARIZE and SHOW are not allowed. `shoplake explain TABLE` tells its columns.",
    "LAMBDA": "lambda functions are not allowed. Use a subquery.",
    "PARAMETER": "parameters ($1, ?) are not allowed. Write the value itself.",
}
_ROOT_HINTS = dict.fromkeys(
    ("DESCRIBE", "SUMMARIZE", "SHOW"), "`shoplake explain TABLE` tells a table's columns, `shoplake show` the tables."
)
# Read as columns, answered by the clock or the session when no such column exists.
_DISGUISED = {
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "current_user", "session_user", "user",
    "current_role", "current_catalog", "current_schema", "current_database",
}  # fmt: skip


def check(sql: str, contracts: Contracts) -> None:
    """Raise WrongUse, saying what and why, unless `sql` is one SELECT over named tables with allowed functions."""
    _first_reading(sql, contracts)
    _Reading(contracts).statement(_own_tree(sql))


def known_tables(contracts: Contracts) -> list[str]:
    return [t.full_name for layer in LAYERS for t in contracts.layer(layer)]


def no_such_table(name: str, contracts: Contracts) -> WrongUse:
    """The error for a name that is no table, with the nearest one that is."""
    known = known_tables(contracts)
    layer = name.partition(".")[0].lower()
    if layer in ("raw", "ref"):
        return WrongUse(
            f"query: {name} cannot be asked: raw is text as it came. Ask clean.*, rejected.*, core.*, marts.* or ledger.*."
        )
    if name.lower() in known:
        return WrongUse(f"query: {name!r} is one name in quotes. Write {name.lower()} without them.")
    near = nearest_table(name, known)
    if not _NAME.fullmatch(name.replace(".", "_")) or _FILE.search(name):
        return WrongUse(
            f"query: {name!r} is a file or no plain name; only named tables can be read, such as clean.transactions. "
            "`shoplake ingest FILE` brings a file into the lake."
        )
    return WrongUse(
        f"query: no table {name}."
        + (f" Did you mean {near}?" if near else f" Tables stand in {', '.join(LAYERS)}.")
        + " `shoplake show` lists all."
    )


def nearest_table(name: str, known: Iterable[str]) -> str | None:
    """The table a person most likely meant."""
    known = list(known)
    short = name.rpartition(".")[2].lower()
    same = [k for k in known if k.rpartition(".")[2] == short]
    if same:
        return same[0]
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    if near:
        return near[0]
    shorts = difflib.get_close_matches(short, [k.rpartition(".")[2] for k in known], n=1, cutoff=0.6)
    return next((k for k in known if shorts and k.rpartition(".")[2] == shorts[0]), None)


def _first_reading(sql: str, contracts: Contracts) -> None:
    """sqlglot's: one statement, a query, no write, command or lambda in it, no file or function in FROM."""
    # sqlglot warns of what it reads as a bare command; here that is refused with a sentence.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        trees = [t for t in sqlglot.parse(sql, read="duckdb") if t is not None]
    except ParseError as e:
        at = e.errors[0] if e.errors else {}
        raise WrongUse(
            f"query: not SQL at line {at.get('line', 1)}, column {at.get('col', 1)} ({at.get('description', 'cannot be read')}). "
            "Correct it there."
        ) from e
    except TokenError as e:
        raise WrongUse(f"query: not SQL ({str(e).splitlines()[0]}). Is a quote or a comment left open?") from e
    except RecursionError as e:
        raise WrongUse("query: nested too deeply. Use WITH for the inner parts.") from e
    if len(trees) != 1:
        raise WrongUse(f"query: found {len(trees)} statements, {_ONE_SELECT}. Run them one by one.")
    tree = trees[0]
    if not isinstance(tree, exp.Query | exp.Values):
        word = tree.sql(dialect="duckdb").split(maxsplit=1)[0].upper()
        raise WrongUse(f"query: found {word}, {_ONE_SELECT}. {_ROOT_HINTS.get(word, '`query` only reads.')}")
    refused = (exp.Command, exp.DDL, exp.DML, exp.Into, exp.Lambda, exp.Pivot, exp.Placeholder, exp.Parameter)
    for node in tree.walk():
        if isinstance(node, refused) and not isinstance(node, exp.Query):
            raise WrongUse(f"query: {type(node).__name__.upper()} is not allowed, {_ONE_SELECT}. `query` only reads.")
        if isinstance(node, exp.Anonymous):
            check_function(node.name)
        if isinstance(node, exp.Table):
            if not isinstance(node.this, exp.Identifier):
                raise WrongUse(f"query: {node.this.sql(dialect='duckdb')[:60]}: {_HINTS['TABLE_FUNCTION']}")
            if node.catalog:
                raise WrongUse(
                    f"query: {node.sql(dialect='duckdb')[:60]}: name a table as layer.table, such as core.dim_users."
                )
            if node.db and f"{node.db}.{node.name}".lower() not in known_tables(contracts):
                raise no_such_table(f"{node.db}.{node.name}", contracts)


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """An empty database that only reads statements."""
    return duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": False, "autoload_known_extensions": False, "threads": 1}
    )


def _own_tree(sql: str) -> dict[str, Any]:
    """The statement as DuckDB itself parses it."""
    try:
        text = _parser().execute("SELECT CAST(json_serialize_sql(?) AS VARCHAR)", [sql]).fetchone()
        tree = msgspec.json.decode(text[0] if text else "{}")
    except (duckdb.Error, msgspec.DecodeError, RecursionError) as e:
        raise WrongUse(f"query: cannot be read ({str(e).splitlines()[0]}); {_ONE_SELECT}.") from e
    if tree.get("error", True):
        raise WrongUse(f"query: not a SELECT that can be read ({tree.get('error_message', 'unknown')}); {_ONE_SELECT}.")
    statements = tree["statements"]
    if len(statements) != 1:
        raise WrongUse(f"query: found {len(statements)} statements, {_ONE_SELECT}. Run them one by one.")
    if statements[0].get("named_param_map"):
        raise WrongUse(f"query: {_HINTS['PARAMETER']}")
    return dict(statements[0]["node"])


def check_function(name: str) -> None:
    """Raise WrongUse unless the function is on the list."""
    name = name.lower()
    if name in FUNCTIONS:
        return
    near = difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.75)
    because = BECAUSE.get(
        name, "it is not on the list of functions `query` runs" + (f". Did you mean {near[0]}?" if near else "")
    )
    raise WrongUse(
        f"query: the function {name} is not allowed: {because.rstrip('?.')}{'?' if because.endswith('?') else '.'}"
    )


class _Reading:
    """A walk over DuckDB's own tree that knows, at each place, which WITH names hold there."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self._known = set(known_tables(contracts))

    def statement(self, node: dict[str, Any]) -> None:
        try:
            self._visit(node, frozenset())
        except RecursionError as e:
            raise WrongUse("query: nested too deeply. Use WITH for the inner parts.") from e

    def _visit(self, node: Any, names: frozenset[str]) -> None:
        if isinstance(node, list):
            for part in node:
                self._visit(part, names)
        elif isinstance(node, dict):
            self._judge(node, names)
            names = self._ctes(node, names)
            if node.get("type") == "RECURSIVE_CTE_NODE":
                names |= {str(node.get("cte_name", "")).lower()}
            for key, part in node.items():
                if key not in ("cte_map", "sample"):
                    self._visit(part, names)

    def _ctes(self, node: dict[str, Any], names: frozenset[str]) -> frozenset[str]:
        """The names that hold inside a query: each WITH sees those before it, and itself only when it is recursive."""
        for entry in (node.get("cte_map") or {}).get("map", []):
            name = str(entry["key"])
            if not _NAME.fullmatch(name):
                raise WrongUse(f"query: WITH {name!r}: a plain name of letters, digits and _ is expected.")
            body = entry["value"]
            self._visit({k: v for k, v in body.items() if k not in ("type", "class")}, names)
            names |= {name.lower()}
        return names

    def _judge(self, node: dict[str, Any], names: frozenset[str]) -> None:
        kind, form = node.get("class"), node.get("type")
        if kind is None:
            if isinstance(form, str) and form not in NODES:
                raise WrongUse(f"query: {_HINTS.get(form, f'{form} is not allowed. ' + _ONE_SELECT + '.')}")
            if form == "BASE_TABLE":
                self._base_table(node, names)
            return
        if kind not in CLASSES:
            raise WrongUse(f"query: {_HINTS.get(str(kind), f'{kind} is not allowed.')}")
        if kind in ("FUNCTION", "WINDOW"):
            path = (node.get("qualified_name") or {}).get("path") or [node.get("function_name", "")]
            check_function(".".join(map(str, path)))
        elif kind == "TYPE":
            path = (node.get("qualified_name") or {}).get("path") or [node.get("type_name", "")]
            if len(path) != 1 or str(path[0]).lower() not in TYPES:
                raise WrongUse(
                    f"query: the type {'.'.join(map(str, path))} is not allowed. Use BIGINT, DECIMAL(p,s), VARCHAR, DATE or TIMESTAMP."
                )
        elif kind == "COLUMN_REF":
            path = node.get("column_names", [])
            if len(path) == 1 and str(path[0]).lower() in _DISGUISED:
                check_function(str(path[0]))

    def _base_table(self, node: dict[str, Any], names: frozenset[str]) -> None:
        path = [str(p) for p in (node.get("qualified_name") or {}).get("path") or []]
        said = [str(node[k]) for k in ("catalog_name", "schema_name", "table_name") if node.get(k)]
        if path and said and path != said:
            raise WrongUse(
                f"query: {'.'.join(said)} cannot be told apart from {'.'.join(path)}. Write layer.table without quotes."
            )
        path = path or said
        if node.get("at_clause"):
            raise WrongUse("query: AT is not allowed. `--generation N` looks back.")
        if len(path) == 1 and path[0].lower() in names:
            return
        if len(path) != 2 or ".".join(path).lower() not in self._known:
            raise no_such_table(".".join(path), self._contracts)
