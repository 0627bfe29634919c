"""Pages lead to what is there, claims lead to their proof, and nothing is named that is no part of the product."""

import re
from pathlib import Path

import pytest

from tests.docs.guides import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
FORBIDDEN = [
    (r"/(?:root|home|work|tmp|Users)/", "a path of a machine"),
    (r"https?://[^ )\"]*(?:py" + r"pi|python" + r"hosted|maven|npm" + r"js|crates)", "an address of a package index"),
    (r"(?<![\w&/(])#[0-9]+\b", "a number of an issue"),
    (r"(?i)\b(?:seamless|blazing|cutting-edge|world-class|effortless|revolutionary)", "marketing"),
]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", h.lower()).replace(" ", "-") for h in heads}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    lost = []
    for target, anchor in LINK.findall(text):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        there = (page.parent / target) if target else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(f"{target}#{anchor}" if anchor else target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_names_what_it_must_not(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    found = {what: m.group() for pattern, what in FORBIDDEN if (m := re.search(pattern, text))}
    assert found == {}


@pytest.mark.parametrize(
    ("page", "title"), [("README.md", "What is proven"), ("docs/architecture.md", "What must always hold")]
)
def test_every_claim_leads_to_its_proof(page: str, title: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    rows = [line for line in text.split(f"## {title}\n")[1].split("\n## ")[0].splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 9
    assert [row for row in rows if not LINK.search(row.rstrip("|").rpartition("|")[2])] == []


def test_every_page_is_listed() -> None:
    index = ROOT / "docs/README.md"
    listed = {(index.parent / target).resolve() for target, _ in LINK.findall(index.read_text(encoding="utf-8"))}
    missing = [name(p) for p in PAGES if p not in listed and p not in {index, ROOT / "README.md"}]
    assert missing == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs/decisions").glob("*.md")), ids=name)
def test_a_decision_has_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z0-9-]+", page.stem)
    assert text.splitlines()[2] == page.stem[:10]
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Rejected"]
