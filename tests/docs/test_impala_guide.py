"""The commands of the Impala page that need no Impala; impala-shell is not at hand, and the page says so."""

import re
import shutil
from pathlib import Path

from tests.docs import guides
from tests.docs.guides import ROOT
from tests.impala.rendered import all_statements, broken

PAGE = ROOT / "docs/guides/impala.md"


def test_it_can_be_followed(tmp_path: Path) -> None:
    for part in ("rendered/impala", "cluster/impala"):
        shutil.copytree(ROOT / part, tmp_path / part)
    steps = guides.steps(PAGE)
    assert len(steps) == 6
    for step in steps:
        code, real = guides.run(step, tmp_path)
        assert code == step.exit_code, real
        assert guides.missing(step.shown, real) == [], f"{step.command}\n" + "\n".join(real)
    flags = (tmp_path / "impalad.flags").read_text().splitlines()
    assert len(flags) > 30
    assert all(re.fullmatch(r"--[a-z0-9_]+=\S+", line) for line in flags)


def test_it_says_what_was_run_and_what_was_not() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "parsed by two Impala grammars, not executed here" in text
    assert len(broken()) >= 70, "seventy broken statements are named"
    given = set(re.findall(r"--var=(\w+)=", text))
    assert given == {v for s in all_statements() for v in re.findall(r"[$]\{var:(\w+)\}", s.sql)}
