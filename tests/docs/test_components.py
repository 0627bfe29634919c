"""What the page of components names as being there is there, and what it says is not there yet is not."""

import re

from tests.docs.guides import ROOT

PAGE = ROOT / "docs/reference/components.md"
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.*-]*|[A-Z]\w+(?:[.]md)?)`")


def named() -> tuple[set[str], set[str]]:
    """Paths that are said to be there, and paths that are said not to be."""
    there: set[str] = set()
    absent: set[str] = set()
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            continue
        for part in re.split(r"[|;]", line):
            (absent if "not there yet" in part else there).update(PATH.findall(part))
    return there, absent


def test_what_is_there_is_there() -> None:
    there, _ = named()
    assert len(there) > 50
    assert sorted(path for path in there if not (ROOT / path).exists()) == []


def test_what_is_not_there_is_not() -> None:
    _, absent = named()
    assert len(absent) > 3
    assert sorted(path for path in absent if (ROOT / path).exists()) == []


def test_every_row_says_where_or_not_there_yet() -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    unsaid = [r[1] for r in rows if r[1].strip() != "component" and not PATH.search(r[2])]
    assert unsaid == []
    unproven = [
        r[1] for r in rows if r[1].strip() != "component" and not r[2].startswith(" not there") and "`" not in r[4]
    ]
    assert unproven == []
