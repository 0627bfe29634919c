"""One definition: a column stands once, and every mistake in contracts/ names file, line and remedy."""

import json
import re
import shutil
from pathlib import Path

import pytest

from shoplake.contracts import load
from shoplake.contracts.dictionary import data_dictionary, json_schemas
from shoplake.contracts.loader import load as load_folder
from shoplake.contracts.project import init, project_folder
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import DuckDB
from shoplake.errors import WrongUse


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(project_folder() / "contracts", tmp_path / "contracts")
    return tmp_path / "contracts"


def change(path: Path, old: str, new: str) -> int:
    """Replace once; returns the line of the change."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return text[: text.index(old)].count("\n") + 1


MISTAKES = [
    ("columns.yml", "user_id: {type: text", "user_id: {type: txt", r"columns\.yml:{line}: .*matching regex"),
    (
        "columns.yml",
        "\ncity: ",
        "\nemail: {type: text, sensitivity: public, meaning: again}\ncity: ",
        r"columns\.yml:\d+: the key 'email' stands twice \(first on line \d+\)",
    ),
    (
        "columns.yml",
        'sensitivity: identifier, person: user, meaning: "A cust',
        'sensitivity: secret, person: user, meaning: "A cust',
        r"columns\.yml:{line}: Invalid enum value 'secret'",
    ),
    (
        "columns.yml",
        'arrival: true, meaning: "The day the row',
        'arrival: NO, meaning: "The day the row',
        r"columns\.yml:{line}: YAML reads NO as False",
    ),
    (
        "columns.yml",
        "\ncity: ",
        "\nnowhere: {type: text, sensitivity: public, meaning: x}\ncity: ",
        r"columns\.yml:\d+: no table uses the column nowhere",
    ),
    ("columns.yml", "\ncity: ", "\ncity ", r"columns\.yml:\d+: not YAML"),
    (
        "core/dim_users.yml",
        "key: [user_key]",
        "key: [user_kee]",
        r"dim_users\.yml:{line}: user_kee is not a column of core\.dim_users",
    ),
    (
        "core/dim_users.yml",
        "user_id, valid_from",
        "usr_id, valid_from",
        r"dim_users\.yml:{line}: the column usr_id is not defined\. .*Did you mean user_id",
    ),
    ("core/dim_users.yml", "key: [user_key]\n", "", r"dim_users\.yml:1: no key"),
    ("core/dim_users.yml", "owner:", "ownr:", r"dim_users\.yml:\d+: .*(ownr|owner)"),
    (
        "core/dim_users.yml",
        "[user_key, user_id,",
        "[user_key, user_id, user_id,",
        r"dim_users\.yml:{line}: the column user_id stands twice",
    ),
    (
        "clean/users.yml",
        "columns: [user_id,",
        "columns: [user_id, row_id,",
        r"users\.yml:{line}: the name row_id is taken: .* Choose another",
    ),
    (
        "core/fact_refund_states.yml",
        "core.dim_users.user_key",
        "core.dim_user.user_key",
        r"fact_refund_states\.yml:1: user_key refers to core\.dim_user\.user_key, which no contract has",
    ),
    (
        "core/fact_sessions.yml",
        "accepted: [channel]",
        "accepted: [country]",
        r"fact_sessions\.yml:{line}: country has no `values`",
    ),
    (
        "core/fact_sessions.yml",
        "range: {duration_seconds",
        "range: {duration",
        r"fact_sessions\.yml:{line}: duration is not a column",
    ),
    (
        "marts/order_lines.yml",
        "not_empty_when: core.fact_transaction_states",
        "not_empty_when: core.nothing",
        r"order_lines\.yml:1: not_empty_when: core\.nothing has no contract",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "message"), MISTAKES)
def test_a_mistake_names_file_line_and_remedy(folder: Path, file: str, old: str, new: str, message: str) -> None:
    line = change(folder / file, old, new)
    with pytest.raises(WrongUse) as error:
        load_folder(folder)
    assert re.search(message.replace("{line}", str(line)), str(error.value)), error.value


def test_a_missing_folder_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="shoplake init"):
        load_folder(tmp_path)


def test_every_raw_column_reaches_clean() -> None:
    contracts = load()
    for raw in contracts.layer("raw"):
        assert set(raw.names) <= set(contracts.table(f"clean.{raw.name}").names)


def test_money_is_decimal_and_no_column_is_a_double() -> None:
    for table in load().tables.values():
        for column in table.columns:
            if column.name.endswith(("_amount", "_price")) and table.layer not in ("raw",):
                assert column.type.startswith("decimal"), f"{table.full_name}.{column.name}"
            assert column.type not in ("double", "float")


def test_the_ddl_is_what_a_build_makes(tmp_path: Path) -> None:
    engine = DuckDB(threads=1, memory="500MB")
    engine.execute("CREATE SCHEMA lake.core")
    table = load().table("core.fact_refunds")
    engine.execute(facts.ddl(table).replace("core.", "lake.core."))
    described = engine.rows(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'fact_refunds' ORDER BY column_index"
    )
    assert described == [(c.name, facts.sql_type(c.type)) for c in table.columns]


def test_the_dictionary_names_every_column_of_every_table() -> None:
    contracts = load()
    page = data_dictionary(contracts)
    for table in contracts.tables.values():
        if table.layer == "rejected":
            continue
        section = page.split(f"### {table.full_name}\n")[1].split("\n### ")[0]
        for column in table.columns:
            assert f"| {column.name} |" in section


def test_the_schemas_are_json_and_know_the_keys() -> None:
    schemas = {name: json.loads(text) for name, text in json_schemas().items()}
    assert "reach" in json.dumps(schemas["table.json"])
    assert "sensitivity" in json.dumps(schemas["columns.json"])


def test_init_gives_a_copy_that_loads(tmp_path: Path) -> None:
    written = init(tmp_path / "mine")
    assert len(written) > 50
    assert load(str(tmp_path / "mine")).tables.keys() == load().tables.keys()
    with pytest.raises(WrongUse, match="is there already"):
        init(tmp_path / "mine")
    with pytest.raises(WrongUse, match="no project here"):
        load(str(tmp_path / "elsewhere"))
