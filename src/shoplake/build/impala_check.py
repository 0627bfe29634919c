"""What can be known of a statement for Impala without an Impala: words it has not, columns that are not there, types that do not fit.

A grammar sees none of these: to it any name is a function and any word a type. The grammars themselves are asked by
`make test-impala`.
"""

import re
from collections.abc import Iterator
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import OptimizeError, ParseError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.tokenizer_core import Token, TokenType

from shoplake.build.impala_types import type_problems
from shoplake.engines.impala import DIALECT
from shoplake.engines.impala_words import BUILTINS, COLUMN_TYPES, HINTS, QUERY_OPTIONS

Schema = dict[str, Any]  # database -> table -> column -> type

# Words that stand before a parenthesis and are no function.
_NO_FUNCTION = {
    "and", "as", "between", "by", "case", "cast", "columns", "decimal", "char", "varchar", "distinct", "else", "except", "exists",
    "from", "having", "in", "intersect", "into", "join", "like", "not", "on", "or", "over", "partition", "partitioned",
    "rlike", "select", "set", "sort", "system", "table", "tablesample", "tblproperties", "then", "union", "all", "using", "values",
    "view", "when", "where", "with", "overwrite",
}  # fmt: skip
_NAMES_A_TABLE = re.compile(
    r"\b(?:CREATE\s+(?:EXTERNAL\s+)?(?:TABLE|VIEW)(?:\s+IF\s+NOT\s+EXISTS)?|INSERT\s+(?:INTO|OVERWRITE)(?:\s+TABLE)?)\s+[\w.`]+\s*\($",
    re.IGNORECASE,
)
_HINT = re.compile(r"/\*\s*\+(.*?)\*/|--\s*\+([^\n]*)|\[\s*([A-Za-z_, ]+)\s*\]", re.DOTALL)
_READ = re.compile(r"^\s*(?:EXPLAIN\s+)?(?:SELECT|WITH|INSERT|CREATE\s+VIEW)\b", re.IGNORECASE)


def statements(text: str) -> list[str]:
    """The statements of a file, each without its comments; hints are kept. A `;` at the end of a line ends one."""
    bare = "\n".join(
        line for line in text.splitlines() if not line.lstrip().startswith("--") or line.lstrip().startswith("-- +")
    )
    return [s.strip() for s in re.split(r";[ \t]*(?:\n|$)", bare) if s.strip()]


def problems(sql: str, schema: Schema, default: str = "") -> list[str]:
    """What Impala would refuse in a statement; nothing when there is nothing to be found. `default`: the database of names
    without one."""
    found = [*word_problems(sql)]
    if _READ.match(sql):
        found += _meaning(sql, schema, default)
    return found


def described(ddl: list[str]) -> Schema:
    """Database -> table -> column -> type of CREATE TABLE statements, partition columns among them."""
    found: Schema = {}
    for sql in ddl:
        tree = parse_one(sql, read=DIALECT)
        if isinstance(tree, exp.Create) and tree.kind == "TABLE":
            table = tree.find(exp.Table)
            assert table is not None
            columns = {c.name: c.args["kind"].sql(DIALECT) for c in tree.find_all(exp.ColumnDef) if c.args.get("kind")}
            found.setdefault(table.db, {})[table.name] = columns
    return found


def with_view(schema: Schema, sql: str) -> Schema:
    """The schema with the columns of a CREATE VIEW, typed."""
    tree = parse_one(sql, read=DIALECT)
    table, query = tree.find(exp.Table), tree.expression
    assert table is not None
    typed = annotate_types(
        qualify(query.copy(), schema=schema, dialect=DIALECT, quote_identifiers=False), schema=schema, dialect=DIALECT
    )
    columns = {s.alias_or_name: s.type.sql(DIALECT) if s.type else "UNKNOWN" for s in typed.selects}
    return {**schema, table.db: {**schema.get(table.db, {}), table.name: columns}}


def word_problems(sql: str) -> Iterator[str]:
    """Functions, types, hints and query options that Impala has not."""
    yield from _hints(sql)
    bare = re.sub(r"/\*.*?\*/", " ", sql, flags=re.DOTALL)
    try:
        tokens = Dialect.get_or_raise(DIALECT).tokenize(bare)
    except TokenError as e:
        yield f"not SQL: {e}"
        return
    option = re.match(r"\s*SET\s+(\w+)\s*=", bare, re.IGNORECASE)
    if option and option[1].upper() not in QUERY_OPTIONS:
        yield f"{option[1]} is no query option of Impala"
    for n, token in enumerate(tokens):
        if token.token_type == TokenType.DCOLON:
            yield "`::` is no cast in Impala: CAST(x AS type)"
        if token.token_type == TokenType.L_PAREN and n and _is_call(tokens, n, bare):
            yield f"{tokens[n - 1].text} is no function of Impala"
        if token.text.upper() == "CAST" and n + 1 < len(tokens) and tokens[n + 1].token_type == TokenType.L_PAREN:
            yield from _cast(tokens, n + 1)
    yield from _columns(tokens)


def _hints(sql: str) -> Iterator[str]:
    for match in _HINT.finditer(re.sub(r"'(?:\\.|[^'\\])*'", "''", sql)):
        for hint in next(g for g in match.groups() if g is not None).split(","):
            if hint.strip().upper() not in HINTS:
                yield f"{hint.strip()} is no hint of Impala"


def _is_call(tokens: list[Token], n: int, text: str) -> bool:
    name = tokens[n - 1]
    word = name.text.lower()
    if not re.fullmatch(r"[a-z_]\w*", word) or name.token_type == TokenType.STRING or word in _NO_FUNCTION | BUILTINS:
        return False
    before = tokens[n - 2].text.upper() if n > 1 else ""
    # A type is looked at on its own; `CREATE TABLE x (` and `INSERT INTO x (` name a table.
    return word.upper() not in COLUMN_TYPES and before != "." and not _NAMES_A_TABLE.search(text[: tokens[n].end + 1])


def _cast(tokens: list[Token], opening: int) -> Iterator[str]:
    depth = 0
    for n in range(opening, len(tokens)):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[n].token_type, 0)
        if depth == 0:
            return
        if depth == 1 and tokens[n].text.upper() == "AS" and n + 1 < len(tokens):
            yield from _type(tokens, n + 1)
            return


def _type(tokens: list[Token], n: int) -> Iterator[str]:
    word = tokens[n].text.upper()
    if word not in COLUMN_TYPES:
        yield f"{tokens[n].text} is no type of Impala"
    elif (
        word == "DECIMAL"
        and n + 4 < len(tokens)
        and tokens[n + 1].token_type == TokenType.L_PAREN
        and tokens[n + 3].text == ","
    ):
        precision, scale = int(tokens[n + 2].text), int(tokens[n + 4].text)
        if not 1 <= precision <= 38 or not 0 <= scale <= precision:
            yield f"DECIMAL({precision},{scale}): Impala holds at most 38 digits, and no more of them behind the point"


def _columns(tokens: list[Token]) -> Iterator[str]:
    """The types in CREATE TABLE t (a TYPE, ...) PARTITIONED BY (d TYPE)."""
    if tokens[0].text.upper() != "CREATE" or "TABLE" not in {t.text.upper() for t in tokens[1:3]}:
        return
    depth, lists, listed = 0, 0, False
    for n, token in enumerate(tokens[:-2]):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if token.token_type == TokenType.L_PAREN and depth == 1:
            lists += 1
            listed = lists == 1 or tokens[n - 1].text.upper() == "PARTITIONED BY"
        if listed and depth == 1 and token.token_type in (TokenType.L_PAREN, TokenType.COMMA):
            if tokens[n + 2].token_type in (TokenType.COMMA, TokenType.R_PAREN):
                yield f"{tokens[n + 1].text} has no type"
            else:
                yield from _type(tokens, n + 2)


def _meaning(sql: str, schema: Schema, default: str) -> Iterator[str]:
    """Columns and types of a query, of an INSERT's query, of a view's."""
    text = re.sub(r"^\s*EXPLAIN\s+", "", sql, flags=re.IGNORECASE)
    text = re.sub(r"\bSTRAIGHT_JOIN\b", "", text, flags=re.IGNORECASE)
    try:
        tree = parse_one(text, read=DIALECT)
    except (ParseError, TokenError) as e:
        yield f"not SQL: {str(e).splitlines()[0]}"
        return
    query = tree if isinstance(tree, exp.Query) else tree.expression
    if not isinstance(query, exp.Query):
        return
    for subquery in query.find_all(exp.Subquery):
        if not subquery.alias and isinstance(subquery.parent, exp.From | exp.Join):
            yield f"a query in FROM needs a name: ({subquery.this.sql(DIALECT)[:60]} ...)"
            return
    try:
        typed = annotate_types(
            qualify(query, schema=schema, dialect=DIALECT, db=default or None, quote_identifiers=False),
            schema=schema,
            dialect=DIALECT,
        )
    except OptimizeError as e:
        yield f"{str(e).splitlines()[0]}"
        return
    yield from type_problems(typed)
    if isinstance(tree, exp.Insert):
        yield from _inserted(tree, typed, schema)


def _inserted(tree: exp.Insert, query: exp.Query, schema: Schema) -> Iterator[str]:
    """The query gives every column of the table but those of a partition that is named with its value."""
    table = tree.this if isinstance(tree.this, exp.Table) else tree.this.find(exp.Table)
    columns = schema.get(table.db, {}).get(table.name) if table is not None else None
    if columns is None:
        yield f"there is no table {tree.this.sql(DIALECT)}"
        return
    partition = tree.find(exp.Partition)
    fixed = sum(isinstance(e, exp.EQ) for e in partition.expressions) if partition else 0
    if len(query.selects) != len(columns) - fixed:
        yield f"{table.name} takes {len(columns) - fixed} columns, the query gives {len(query.selects)}"
