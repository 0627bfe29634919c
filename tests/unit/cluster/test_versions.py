"""One place a version: the poms name none of their own, and versions.toml pins nothing that no pom uses."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cluster.resolve import PARTS, PINNED, POMS, fingerprint
from cluster.versions import FILE, versions

SPACE = "{http://" + "maven" + ".apache.org/POM/4.0.0}"


def test_every_part_has_a_pom_and_every_pom_is_a_part() -> None:
    assert {pom.stem for pom in POMS.glob("*.xml")} == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_pom_takes_its_versions_from_the_one_place(part: str) -> None:
    root = ET.parse(POMS / f"{part}.xml").getroot()
    written = [v.text or "" for v in root.iter(f"{SPACE}version") if v is not root.find(f"{SPACE}version")]
    assert written
    assert [v for v in written if not PINNED.fullmatch(v)] == []


def test_what_is_pinned_is_used_and_what_is_used_is_pinned() -> None:
    used = {name for pom in POMS.glob("*.xml") for name in PINNED.findall(pom.read_text(encoding="utf-8"))}
    assert used == set(versions())


def test_a_change_of_a_version_is_another_cache_folder_of_what_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, other = fingerprint("hdfs"), fingerprint("ldap")
    changed = tmp_path / "versions.toml"
    changed.write_bytes(FILE.read_bytes().replace(b"3.4.2", b"3.4.3"))
    monkeypatch.setattr("cluster.versions.FILE", changed)
    assert fingerprint("hdfs") != before
    assert fingerprint("ldap") == other
