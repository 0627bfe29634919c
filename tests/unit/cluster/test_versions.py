"""One place a version: the poms name none of their own, and versions.toml pins nothing that no pom uses."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cluster import resolve
from cluster.resolve import PARTS, POMS, fingerprint
from cluster.versions import versions

PROPERTY = re.compile(r"\$\{pinned\.([a-z0-9-]+)\}")
SPACE = "{http://" + "maven" + ".apache.org/POM/4.0.0}"


def test_every_part_has_a_pom_and_every_pom_is_a_part() -> None:
    assert {pom.stem for pom in POMS.glob("*.xml")} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_pom_takes_its_versions_from_the_one_place(part: str) -> None:
    root = ET.parse(POMS / f"{part}.xml").getroot()
    written = [v.text or "" for v in root.iter(f"{SPACE}version") if v is not root.find(f"{SPACE}version")]
    assert written
    assert [v for v in written if not PROPERTY.fullmatch(v)] == []


def test_what_is_pinned_is_used_and_what_is_used_is_pinned() -> None:
    used = {name for pom in POMS.glob("*.xml") for name in PROPERTY.findall(pom.read_text(encoding="utf-8"))}
    assert used == set(versions())


def test_a_change_of_a_version_is_another_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint("hdfs")
    changed = tmp_path / "versions.toml"
    changed.write_bytes(resolve.FILE.read_bytes().replace(b"3.4.2", b"3.4.3"))
    monkeypatch.setattr(resolve, "FILE", changed)
    assert fingerprint("hdfs") != before
