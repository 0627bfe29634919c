"""cluster/impala/impala-config.ini says nothing that Impala does not know, and gives a reason for all it says."""

import configparser
import itertools
import re
from pathlib import Path

import pytest
import yaml

from shoplake.engines.impala_words import QUERY_OPTIONS

FOLDER = Path(__file__).resolve().parents[2] / "cluster/impala"
TEXT = (FOLDER / "impala-config.ini").read_text(encoding="utf-8")
DAEMONS = ("impalad", "catalogd", "statestored")


def known() -> dict[str, str]:
    """Flag -> bool, int or string."""
    told = yaml.safe_load((FOLDER / "flags.yml").read_text(encoding="utf-8"))
    return {flag: kind for kinds in told.values() for kind, flags in kinds.items() for flag in flags}


def problems(text: str) -> list[str]:
    config = configparser.ConfigParser(interpolation=None)
    config.read_string(text)
    flags = known()
    found = [
        f"[{s}]: no daemon of Impala; there are {', '.join(DAEMONS)}" for s in config.sections() if s not in DAEMONS
    ]
    for section in config.sections():
        for key, value in config.items(section):
            kind = flags.get(key)
            if kind is None:
                found.append(f"[{section}] {key}: no flag of Impala (cluster/impala/flags.yml)")
            elif (kind == "bool" and value not in ("true", "false")) or (
                kind == "int" and not re.fullmatch(r"-?\d+", value)
            ):
                found.append(f"[{section}] {key} = {value}: takes {kind}")
            elif key == "default_query_options":
                options = [o.partition("=")[0] for o in value.split(",")]
                found += [
                    f"[{section}] {key}: {o} is no query option of Impala" for o in options if o not in QUERY_OPTIONS
                ]
    return found


def test_every_key_is_a_flag_of_impala() -> None:
    assert problems(TEXT) == []
    assert len(known()) > 150
    for daemon in DAEMONS:
        assert f"[{daemon}]" in TEXT


@pytest.mark.parametrize(
    ("was", "planted", "said"),
    [
        ("mem_limit = ", "memory_limit = ", "[impalad] memory_limit: no flag of Impala"),
        ("hs2_port = 21050", "hs2_port = default", "[impalad] hs2_port = default: takes int"),
        ("use_local_catalog = true", "use_local_catalog = yes", "[impalad] use_local_catalog = yes: takes bool"),
        ("MEM_LIMIT=2GB", "MEMORY=2GB", "[impalad] default_query_options: MEMORY is no query option"),
        ("[catalogd]", "[catalog]", "[catalog]: no daemon of Impala"),
        ("catalog_topic_mode", "enable_orc_scanner", "[catalogd] enable_orc_scanner: no flag of Impala"),
    ],
)
def test_a_planted_mistake_is_found(was: str, planted: str, said: str) -> None:
    assert TEXT.count(was) == 1
    assert [p for p in problems(TEXT.replace(was, planted)) if p.startswith(said)], said


def test_every_value_has_its_reason() -> None:
    lines = TEXT.splitlines()
    bare = [
        line
        for above, line in itertools.pairwise(lines)
        if " = " in line and line[0] not in ";[" and not above.startswith(";")
    ]
    assert bare == []
