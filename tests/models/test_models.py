"""Every case under tests/models/, on every engine."""

from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from tests.models.cases import HERE, Case, Inputs, Project, paths, read_case
from tests.models.runners import ENGINES, DuckDBRunner, Row, Runner


@cache
def project() -> Project:
    return Project.read()


@cache
def runner(kind: type[Runner]) -> Runner:
    return kind()


def text(value: Any) -> str:
    """One spelling a value, whatever type an engine gives it in: 10 and 10.0000 are one number."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return "" if value is None else str(value)


def check(case: Case, project: Project, engine: Runner) -> None:
    """Run a case; AssertionError, showing the rows that differ, when the answer is another."""
    reference = runner(DuckDBRunner)
    assert isinstance(reference, DuckDBRunner)
    inputs = Inputs(project, case, reference.table)
    found = engine.run(project.models[case.model], inputs.of(case.model))
    found = [row for row in found if all(row[c] in values for c, values in case.select.items())]
    spec = project.contracts.table(case.model).spec
    if not case.model.startswith("clean.") and spec.key:
        repeated = [k for k, n in Counter(tuple(row[c] for c in spec.key) for row in found).items() if n > 1]
        assert not repeated, f"{case.path}: more than one row of the key {spec.key}: {repeated}"
    wanted, got = (Counter(_row(r, case.columns) for r in rows) for rows in (case.expect, found))
    if wanted != got:
        raise AssertionError(
            f"{case.path}\n" + "\n".join([*_lines("missing", wanted - got), *_lines("unexpected", got - wanted)])
        )


def _row(row: Row, columns: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((c, text(row.get(c))) for c in columns)


def _lines(what: str, rows: "Counter[tuple[tuple[str, str], ...]]") -> list[str]:
    return sorted(f"  {what}: " + ", ".join(f"{c}: {v}" for c, v in row if v != "") for row in rows.elements())


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("path", list(paths()), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_case(path: Any, kind: type[Runner], record_property: Any) -> None:
    proves(record_property, runner(kind), path.parent.name)
    case = read_case(path, project())
    check(case, project(), runner(kind))


def proves(record_property: Any, engine: Runner, what: str) -> None:
    """What conftest.py keeps when this test passes."""
    for name, value in (("engine", engine.name), ("version", engine.version), ("proves", what)):
        record_property(name, value)


def test_every_model_has_an_ordinary_and_a_nasty_case() -> None:
    cases = Counter(path.parent.name for path in paths())
    assert not set(cases) - set(project().models), "folders of cases without a model"
    few = {name for name in project().models if cases[name] < 2 or not (HERE / name / "ordinary.yml").exists()}
    assert not few, f"models without an ordinary and a further case: {sorted(few)}"
