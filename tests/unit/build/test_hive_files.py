"""What stands in rendered/hive/hive_*.sql, without a server; and that Hive's gaps are still gaps."""

import re
from pathlib import Path

import pytest

from shoplake.build.hive_files import FOLDER, MATERIALIZED, hive_files
from shoplake.build.models import read_models
from shoplake.build.render import render, sql_print
from shoplake.contracts import load
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb, hive
from shoplake.engines.hive import Hive

CONTRACTS = load()
MODELS = read_models(project_folder() / "warehouse", CONTRACTS)
FILES = {path.name: text for path, text in hive_files(MODELS, CONTRACTS).items()}


def statements(name: str) -> list[str]:
    lines = [line for line in FILES[name].splitlines() if not line.startswith("--")]
    return [s.strip() for s in ("\n".join(lines) + "\n").split(";\n") if s.strip()]


def test_every_table_of_core_and_marts_is_made_and_loaded_once() -> None:
    made = re.findall(r"^CREATE (?:EXTERNAL TABLE|MATERIALIZED VIEW) IF NOT EXISTS (ecommerce\.\w+)", FILES["hive_ddl_create_tables.sql"], re.MULTILINE)
    loads = "\n".join(FILES[f"hive_{name}.sql"] for name in ("etl_load_dimensions", "etl_load_facts", "marts"))
    loaded = re.findall(r"^(?:INSERT OVERWRITE TABLE|ALTER MATERIALIZED VIEW) (ecommerce\.\w+)", loads, re.MULTILINE)
    wanted = sorted(hive.place(m.name) for m in MODELS if m.table.layer != "clean")
    assert sorted(made) == sorted(loaded) == wanted


def test_nothing_is_read_before_it_is_loaded() -> None:
    order = [s for name in ("hive_etl_load_dimensions.sql", "hive_etl_load_facts.sql", "hive_marts.sql") for s in statements(name)]
    seen: set[str] = set()
    for statement in order:
        target = re.match(r"(?:INSERT OVERWRITE TABLE|ALTER MATERIALIZED VIEW) (ecommerce\.\w+)", statement)
        if target:
            assert set(re.findall(r"\becommerce\.\w+", statement)) - {target[1]} <= seen
            seen.add(target[1])


@pytest.mark.parametrize("name", FILES)
def test_each_statement_says_what_it_is_for_and_none_is_cut_by_a_comment(name: str) -> None:
    assert len(re.findall(r"^-- .*\n(?!--)(?=[A-Z])", FILES[name], re.MULTILINE)) > 1
    assert all(re.match(r"(?:SET|CREATE|MSCK|INSERT|ALTER|ANALYZE) ", s) for s in statements(name)), name


def test_a_fact_is_written_by_day_with_the_day_last() -> None:
    fact = CONTRACTS.table("core.fact_transactions")
    (insert,) = (s for s in statements("hive_etl_load_facts.sql") if s.startswith("INSERT OVERWRITE TABLE ecommerce.fact_transactions "))
    columns = re.findall(r"^    f\.(\w+),?$", insert, re.MULTILINE)
    assert columns == [c for c in fact.names if c != fact.spec.partition] + [fact.spec.partition]
    assert insert.endswith("WHERE f.order_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}'")


def test_the_view_is_a_model_that_there_is() -> None:
    assert set(MATERIALIZED) <= {m.name for m in MODELS}
    assert Path("rendered/hive") == FOLDER


def test_where_nulls_go_is_written_however_the_server_is_set() -> None:
    for engine in (hive, duckdb):
        for model in MODELS:
            text = render(model, engine)
            orders = re.findall(r"ORDER BY ((?:[^()]|\([^()]*\))*)", text)
            assert all("NULLS" in key for order in orders for key in order.split(", ")), f"{model.name} on {engine.NAME}"


def test_the_print_changes_with_what_is_rendered() -> None:
    assert len({sql_print(m, hive) for m in MODELS}) == len(MODELS)
    assert sql_print(MODELS[0], hive) != sql_print(MODELS[0], duckdb)


def test_the_gaps_are_still_gaps() -> None:
    """One that is closed must be taken out of GAPS, so that the page tells the truth."""
    assert set(hive.GAPS) == {"reading raw records"}
    assert not [name for name in dir(Hive) if "raw" in name]
