"""The verb as people and programs meet it."""

import datetime as dt
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from shoplake.ingest.command import ingest
from shoplake.settings import resolve

SLICE = Path(__file__).parents[2] / "data" / "online_retail_2000.csv"


@pytest.fixture
def run(tmp_path):
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.callback()
    def settings(context: typer.Context) -> None:
        context.obj = resolve({"lake": str(tmp_path / "lake")}, folder=tmp_path)

    app.command("ingest")(ingest)
    return lambda *words: CliRunner().invoke(app, ["ingest", *map(str, words)])


def test_words_go_to_stderr_and_say_what_was_landed(run):
    result = run(SLICE, "--ds", "2026-01-31")
    assert result.exit_code == 0
    assert result.stdout == ""
    for words in (
        "landed as uci-online-retail (I), ds=2026-01-31, utf-8",
        "2,000",
        "repeated lines",
        'timezone = "Europe/London"',
    ):
        assert words in result.stderr
    again = run(SLICE, "--ds", "2026-02-01").stderr
    assert "landed before on ds=2026-01-31" in again
    assert "one delivery arrives once" in again


def test_json_is_one_envelope_on_stdout(run, tmp_path):
    empty = tmp_path / "u.csv"
    empty.write_text("user_id,updated_at\n")
    result = run(SLICE, empty, "--json", "--ds", "2026-01-31")
    envelope = json.loads(result.stdout)
    assert (envelope["schema_version"], envelope["kind"], len(envelope["files"])) == (1, "ingest", 2)
    first, second = envelope["files"]
    assert (first["rows_in_file"], first["status"], first["proposed_timezone"]) == (2000, "landed", "Europe/London")
    assert all(isinstance(m["amount"], str) for m in first["money"])
    assert second["rows_in_file"] == 0
    assert "a header but no rows" in result.stderr


def test_the_day_is_read_from_the_clock_and_recorded(run, tmp_path):
    run(SLICE)
    [receipt] = (tmp_path / "lake" / "raw" / "_receipts").glob("*.json")
    notes = json.loads(receipt.read_text())["notes"]
    assert notes["ds_origin"] == "clock"
    assert abs((dt.date.fromisoformat(notes["ds"]) - dt.date.today()).days) <= 1
    assert str(tmp_path) not in receipt.read_text()
    assert str(SLICE.parent) not in receipt.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ds", "2026-1-3"], "expected a day like"),
        (["--timezone", "Europe/Lundon"], "Did you mean Europe/London"),
        (["--encoding", "ebcdic"], "expected utf-8 or iso-8859-1"),
    ],
)
def test_wrong_options(run, words, said):
    assert said in str(run(SLICE, *words).exception)


def test_a_failure_says_what_was_landed_before_it(run, tmp_path):
    result = run(SLICE, tmp_path / "none.csv")
    assert "no such file" in str(result.exception)
    assert "The 1 file(s) named before it are landed" in str(result.exception)


def test_help_shows_an_example(run):
    text = run("--help").stdout
    assert "Example: shoplake --lake shop ingest" in text
    assert "--drop-repeated-lines" in text


def test_local_times_of_a_file_of_ones_own(run, tmp_path):
    result = run(SLICE.parent / "orders_local_times.csv", "--timezone", "Europe/Berlin", "--ds", "2026-07-31")
    assert "1 read one by one" in result.stderr
    [plain] = (tmp_path / "lake" / "raw" / "transactions").glob("*/part-*")
    assert [line.split(",")[-2] for line in plain.read_text().splitlines()[1:]] == [
        "2026-01-05T09:00:00Z",
        "2026-07-05T21:30:00Z",
    ]
