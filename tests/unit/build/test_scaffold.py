"""`make new-model`: what it writes loads, and its case passes."""

import shutil
from pathlib import Path

import pytest

from shoplake.build.scaffold import main, new_model
from shoplake.contracts.project import CHECKOUT
from shoplake.errors import WrongUse
from tests.models.cases import Project, read_case
from tests.models.runners import DuckDBRunner
from tests.models.test_models import check


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("contracts", "warehouse"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", ["core.fact_returns", "marts.returns", "clean.stock"])
def test_a_new_model_loads_and_its_first_case_passes(project: Path, name: str) -> None:
    (project / "contracts/raw/stock.yml").write_text(
        "grain: a count of stock\nowner: catalogue\nformat: csv\ncolumns: [product_id, stock_quantity, list_price, updated_at, birth_date, is_active]\npartition: ds\n"
    )
    if not name.startswith("clean."):
        (project / "contracts/raw/stock.yml").unlink()
    model, contract, case = new_model(name, project)
    read = Project.read(project)
    assert read.models[name].path == model
    assert read.contracts.table(name).path == contract
    check(read_case(case, read), read, DuckDBRunner())


def test_it_never_writes_over_a_file(project: Path) -> None:
    new_model("core.fact_returns", project)
    for name in ("core.fact_returns", "marts.fact_returns", "core.dim_users", "clean.users"):
        with pytest.raises(WrongUse, match="is there already"):
            new_model(name, project)
    (project / "warehouse/marts/left.sql").write_text("SELECT 1")
    with pytest.raises(WrongUse, match=r"left\.sql: is there already"):
        new_model("marts.left", project)
    assert not (project / "contracts/marts/left.yml").exists()


@pytest.mark.parametrize(
    "name", ["returns", "raw.returns", "ref.x", "core.", "core.Returns", "core.a.b", "core.../x", "gold.x", ""]
)
def test_a_name_that_is_none_is_refused(project: Path, name: str) -> None:
    with pytest.raises(WrongUse, match="expected a layer"):
        new_model(name, project)


def test_a_clean_model_needs_a_raw_table(project: Path) -> None:
    with pytest.raises(WrongUse, match="contracts/raw/stock.yml first"):
        new_model("clean.stock", project)


def test_the_command_tells_what_to_do_next(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    assert main(["core.fact_returns"]) == 0
    told = capsys.readouterr().out
    assert "warehouse/core/fact_returns.sql" in told
    assert "tests/models/core.fact_returns/ordinary.yml" in told
    assert "make render" in told
    assert main(["core.fact_returns"]) == 2
    assert main([]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="no project here"):
        new_model("core.x", tmp_path)
