"""What Pig is given: the ref layer as text, and the files that receipts name. No Pig is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cluster import pig_ref
from cluster.pig import clean
from cluster.pig_work import SCRIPTS

from shoplake.contracts import load
from shoplake.engines.pig import TABLES
from shoplake.errors import WrongUse
from shoplake.generate.options import Plan
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from tests.making import deliver, session


def test_ref_as_text(tmp_path: Path) -> None:
    deliver(tmp_path / "lake", "clickstream", "2024-06-15", [{"event_id": "e1", "user_agent": " curl/8.5.0 "}, {"user_agent": "Zoë's browser"}])
    pig_ref.write(session(tmp_path / "lake", timezone="Europe/London", currency="GBP"), tmp_path / "ref")
    ref = {path.name: path.read_text(encoding="utf-8").splitlines() for path in (tmp_path / "ref").iterdir()}
    assert sorted(ref["user_agents.tsv"]) == ["Zoë's browser\tfalse", "curl/8.5.0\ttrue"]
    assert "2024-06-15\t1718492400000000" in ref["dates.tsv"]
    assert "CURRENCY='GBP'" in ref["parameters"]
    assert "EVENT_TYPES='add_to_cart|begin_checkout|purchase|remove_from_cart|search|view'" in ref["parameters"]
    assert ref["products.tsv"] == []


def test_wrong_use_is_told_before_pig_starts(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    deliver(lake.root, "clickstream", "2024-06-15", [{"event_id": "e1"}])
    for tables, hdfs, said in (
        (["orders"], "", "found 'orders', expected one of clickstream, transactions"),
        (["clickstream"], "/ecommerce", "expected a URI such as hdfs://"),
    ):
        with pytest.raises(WrongUse, match=said):
            clean(session(lake.root), tables, hdfs)
    with pytest.raises(WrongUse, match="nothing has landed"):
        pig_ref.raw_files(lake, "transactions")


def test_raw_parquet_is_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    generate(lake, Plan(events=100, transactions=50, users=20, products=20, format="parquet"), ["transactions"], parts=1)
    with pytest.raises(WrongUse, match="raw Parquet, and the Pig scripts read JSON lines and CSV"):
        pig_ref.raw_files(lake, "transactions")


@pytest.mark.parametrize("table", TABLES)
def test_a_script_names_the_contracts_columns(table: str) -> None:
    script = (SCRIPTS / f"{table}_clean.pig").read_text(encoding="utf-8")
    assert f"%declare COLUMNS '{','.join(load().table(f'raw.{table}').names)}'\n" in script


@pytest.mark.parametrize(
    ("line", "is_malformed", "text", "values"),
    [
        ('{"a": "x", "b": 1.50}', "0", '{"a": "x", "b": 1.50}', "x\t1.5"),
        ('{"b": true, "a": null}', "0", '{"b": true, "a": null}', "\ttrue"),
        (r'{"a": "\u00e9\t\u00a0z%"}', "0", r'{"a": "\u00e9\t\u00a0z%25"}', "é  z%\t"),
        ('{"a": "x", "a": "y"}', "1", '{"a": "x", "a": "y"}', "\t"),
        ('{"b": {"c": 1, "c": 2}}', "1", '{"b": {"c": 1, "c": 2}}', "\t"),
        ('{"a": NaN}', "1", '{"a": NaN}', "\t"),
        ('["a"]', "1", '["a"]', "\t"),
        ('{"a": "x"', "1", '{"a": "x"', "\t"),
        ("a\tb", "1", "a%09b", "\t"),
    ],
)
def test_read_json(line: str, is_malformed: str, text: str, values: str) -> None:
    assert _read(f"raw/t/ds=D/part-1.jsonl\t{line}\n".encode()) == f"raw/t/ds=D/part-1.jsonl\t{is_malformed}\t{text}\t{values}\n"


def test_read_json_of_records_that_were_read_when_they_landed() -> None:
    odd = {"a": "1\n2", "b": None, "raw_text": '"1\n2",\t%', "is_malformed": False}
    assert _read(f"odd-1.jsonl\t{json.dumps(odd)}\n".encode()) == 'odd-1.jsonl\t0\t"1%0A2",%09%25\t1 2\t\n'
    bad = {"a": None, "b": None, "raw_text": "torn", "is_malformed": True}
    assert _read(f"odd-1.jsonl\t{json.dumps(bad)}\n".encode()) == "odd-1.jsonl\t1\ttorn\t\t\n"


def test_read_json_keeps_bytes_that_are_not_utf8_and_passes_over_blank_lines() -> None:
    assert _read(b"p\t\n" + b'p\t{"a": "\xff"}\n') == 'p\t0\t{"a": "\\xff"}\t\\xff\t\n'


def _read(lines: bytes) -> str:
    done = subprocess.run([sys.executable, SCRIPTS / "read_json.py", "a,b"], input=lines, capture_output=True, check=True)
    return done.stdout.decode()
