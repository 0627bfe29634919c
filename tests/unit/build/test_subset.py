"""Models stay in the portable subset and read only the layer below; what is refused names file, line and remedy."""

import shutil
from pathlib import Path

import pytest

from shoplake.build.models import downstream, read_models
from shoplake.build.render import render
from shoplake.contracts import load
from shoplake.contracts.loader import load as load_folder
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb, spark
from shoplake.errors import WrongUse

REFUSED = [
    ("a.event_us / 2", "`/` is a DOUBLE"),
    ("CAST(a.event_us AS INT)", "a CAST to INT is not portable"),
    ("CAST(a.unit_price AS BIGINT)", "CAST only a FLOOR"),
    ("CAST(a.event_us AS DOUBLE)", "a CAST to DOUBLE is not portable"),
    ("NOW()", "NOW is neither in the portable subset"),
    ("CURRENT_DATE", "CurrentDate is not in the portable subset"),
    ("CURRENT_TIMESTAMP", "CurrentTimestamp is not in the portable subset"),
    ("RAND()", "is not in the portable subset"),
    ("DATE_TRUNC('month', a.event_ts)", "is not in the portable subset"),
    ("DAYOFWEEK(a.event_date)", "is not in the portable subset"),
    ("PERCENTILE(a.event_us, 0.5)", "is not in the portable subset"),
    ("MD5(a.event_id)", "is not in the portable subset"),
    ("SUBSTRING(a.event_id, 1, 2)", "is not in the portable subset"),
    ("frobnicate(a.event_id)", "frobnicate is neither in the portable subset nor a named function"),
    ("a.event_id RLIKE 'x'", "is not in the portable subset"),
    ("ROW_NUMBER() OVER (PARTITION BY a.visitor_id ORDER BY a.event_us)", "does not say NULLS FIRST or NULLS LAST"),
    ("ROW_NUMBER() OVER (PARTITION BY a.visitor_id)", "needs an ORDER BY"),
    ("GREATEST(a.event_us, a.quantity)", "Greatest is not in the portable subset"),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for part in ("contracts", "warehouse"):
        shutil.copytree(project_folder() / part, tmp_path / part)
    return tmp_path


def rewrite(project: Path, text: str, table: str = "core/dim_visitors") -> None:
    (project / f"warehouse/{table}.sql").write_text(text)


def read(project: Path) -> None:
    read_models(project / "warehouse", load_folder(project / "contracts"))


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_what_engines_answer_differently_is_refused(project: Path, expression: str, message: str) -> None:
    rewrite(project, f"-- a comment\nSELECT\n    {expression} AS visitor_id\nFROM core.fact_clickstream AS a\n")
    with pytest.raises(WrongUse, match=r"dim_visitors\.sql:\d+: ") as error:
        read(project)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT a.visitor_id FROM raw.clickstream AS a", "core may read clean, core, ref, not raw"),
        ("SELECT a.visitor_id FROM marts.interactions AS a", "core may read clean, core, ref, not marts"),
        ("SELECT a.visitor_id FROM core.nothing AS a", "core.nothing has no contract"),
        ("SELECT a.visitor_id FROM somewhere AS a", "somewhere is neither a WITH of this model nor layer.table"),
        ("SELECT a.* FROM core.dim_visitors AS a", "read each other in a circle"),
        ("SELECT 1 AS visitor_id; SELECT 2 AS visitor_id", "found 2 statements, expected one SELECT"),
        ("DELETE FROM core.dim_users", "expected one SELECT"),
        ("SELECT FROM WHERE", "not SQL"),
        ("SELECT a.visitor_id FROM core.fact_clickstream AS a QUALIFY 1 = 1", "is not in the portable subset"),
    ],
)
def test_a_model_that_reads_or_says_too_much_is_refused(project: Path, text: str, message: str) -> None:
    rewrite(project, text)
    with pytest.raises(WrongUse) as error:
        read(project)
    assert message in str(error.value)


def test_a_contract_without_model_and_a_model_without_contract_are_refused(project: Path) -> None:
    (project / "warehouse/core/extra.sql").write_text("SELECT 1 AS x")
    with pytest.raises(WrongUse, match="core.extra has no contract"):
        read(project)
    (project / "warehouse/core/extra.sql").unlink()
    (project / "warehouse/marts/interactions.sql").unlink()
    with pytest.raises(WrongUse, match="no model makes marts.interactions"):
        read(project)


def test_models_are_ordered_by_what_they_read() -> None:
    models = read_models(project_folder() / "warehouse", load())
    seen: set[str] = set()
    names = {m.name for m in models}
    for model in models:
        assert {i for i in model.inputs if i in names} <= seen
        seen.add(model.name)
    below = {m.name for m in downstream(models, {"core.fact_refund_states"})}
    assert {"marts.agg_daily_sales", "marts.agg_user_metrics", "marts.churn_features"} <= below
    assert "marts.interactions" not in below


def test_a_comment_changes_no_fingerprint(project: Path) -> None:
    contracts = load_folder(project / "contracts")
    before = {m.name: m.meaning for m in read_models(project / "warehouse", contracts)}
    path = project / "warehouse/core/dim_visitors.sql"
    path.write_text("-- another remark\n" + path.read_text().replace("    ", "  "))
    assert {m.name: m.meaning for m in read_models(project / "warehouse", contracts)} == before


def test_rendering_casts_every_column_and_leaves_no_named_function() -> None:
    contracts = load()
    for engine in (duckdb, spark):
        for model in read_models(project_folder() / "warehouse", contracts):
            text = render(model, engine)
            for column in model.table.columns:
                assert f"CAST(m.{column.name} AS {engine.sql_type(column.type)}) AS {column.name}" in text
            for name in engine.FUNCTIONS:
                assert f"{name}(" not in text.replace("unix_micros(", "")


def test_a_column_that_a_model_does_not_give_names_both_files(project: Path) -> None:
    path = project / "contracts/core/dim_visitors.yml"
    path.write_text(path.read_text().replace("users_seen,", "users_seen, country,"))
    with pytest.raises(WrongUse, match=r"dim_visitors\.sql:1: gives no country, which .*dim_visitors\.yml lists"):
        read(project)
