"""The Pig scripts on a real Pig: the rows, rejects and counts of the embedded engine's clean, on every case of tests/models and on a
whole generated shop, heavy with faults."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from cluster.hdfs import Hdfs
from cluster.pig import Cleaned, clean
from cluster.pig_work import SCRIPTS, Work, prepare, run
from cluster.programs import Pig

from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.contracts import load
from shoplake.engines.duckdb import DuckDB
from shoplake.engines.pig import TABLES, casting_select
from shoplake.errors import CheckFailed, ShoplakeError
from shoplake.generate.options import TABLES as GENERATED
from shoplake.generate.options import Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from shoplake.lake.receipts import Receipt, raw_partitions, write_receipt
from shoplake.look.hashes import content_hash, hash_relation
from shoplake.look.opened import Opened, opened
from tests.making import deliver, session
from tests.models.cases import Case, Inputs, Project, Row, paths, read_case
from tests.models.runners import DuckDBRunner

pytestmark = pytest.mark.hadoop

CONTRACTS = load()
PLAN = Plan(events=50_000, transactions=25_000, users=3_000, products=500, mess=mess_rates("heavy", []))


def written(folder: Path, layer: str, table: str) -> pa.Table:
    """What a script wrote, through the casting view."""
    engine = DuckDB(threads=1, memory="1GB")
    try:
        return engine.fetch(casting_select(CONTRACTS.table(f"{layer}.{table}"), "duckdb", f"{folder}/{layer}"))
    finally:
        engine.close()


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    one = Lake(tmp_path_factory.mktemp("pig") / "a shop's lake")
    generate(one, PLAN, list(GENERATED), parts=2)
    build(session(one.root, threads="2", memory="2GB", timezone="Europe/Berlin"), Options())
    return one


@pytest.fixture(scope="module")
def cleaned(lake: Lake) -> dict[str, Cleaned]:
    return {done.table: done for done in clean(session(lake.root, timezone="America/New_York"))}


@pytest.mark.parametrize("table", TABLES)
def test_a_whole_shop_is_cleaned_alike(lake: Lake, cleaned: dict[str, Cleaned], table: str) -> None:
    contract = CONTRACTS.table(f"clean.{table}")
    rows, refused = (written(Path(cleaned[table].place), layer, table) for layer in ("clean", "rejected"))
    with opened(session(lake.root)) as one:
        assert _differences(one, f"clean.{table}", rows) == []
        assert content_hash(rows, contract) == hash_relation(one.engine, f"lake.clean.{table}", contract)
        assert _differences(one, f"rejected.{table}", refused) == []


def _differences(one: Opened, name: str, rows: pa.Table) -> list[Any]:
    """A few rows that only one of the two has, arrival columns among them."""
    one.engine.arrow_table("work.pig", rows)
    columns = ", ".join(c.name for c in CONTRACTS.table(name).columns)
    here, there = f"SELECT {columns} FROM lake.{name}", f"SELECT {columns} FROM lake.work.pig"
    return one.engine.rows(f"({here} EXCEPT ALL {there} LIMIT 3) UNION ALL ({there} EXCEPT ALL {here} LIMIT 3)")


@pytest.mark.parametrize("table", TABLES)
def test_quality_statistics_are_the_ledgers(lake: Lake, cleaned: dict[str, Cleaned], table: str) -> None:
    wanted = {
        p.ds: {"landed": p.landed, "clean": p.clean, "duplicate": p.duplicate, **p.reasons}
        for p in read_manifest(lake).partitions
        if p.table == table
    }
    found = {ds: {o: n for o, n in counts.items() if n} for ds, counts in cleaned[table].quality.items()}
    assert found == {ds: {o: n for o, n in counts.items() if n} for ds, counts in wanted.items()}
    assert cleaned[table].total("duplicate") > 500
    assert len(cleaned[table].reasons) > 10


def _tsv(folder: Path) -> Counter[str]:
    return Counter(line for path in folder.glob("part-*") for line in path.read_text(encoding="utf-8").splitlines())


NEWEST = """WITH lines AS (
    SELECT *, CAST(quantity * unit_price * 10000 AS BIGINT) AS amount, CAST(discount_amount * 10000 AS BIGINT) AS discount FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY transaction_id, line_number ORDER BY updated_us DESC, ds DESC, total_amount DESC) AS n
        FROM lake.clean.transactions
    ) WHERE n = 1 AND status NOT IN ('pending', 'payment_failed', 'cancelled')
), goods AS (
    SELECT l.*, COALESCE(p.category, 'unknown') AS category FROM lines AS l LEFT JOIN (
        SELECT product_id, ARG_MAX(category, updated_us) AS category FROM lake.clean.products GROUP BY 1
    ) AS p USING (product_id) WHERE line_type = 'product' AND product_id IS NOT NULL
)"""
SUMS = "COUNT(DISTINCT transaction_id), COUNT(*), SUM(quantity), SUM(amount), SUM(amount) - SUM(discount)"
SIDE_OUTPUTS = {
    ("transactions", "by_customer"): f"{NEWEST} SELECT user_id, currency, {SUMS} FROM lines WHERE user_id IS NOT NULL GROUP BY ALL",
    ("transactions", "by_category"): f"{NEWEST} SELECT category, currency, {SUMS} FROM goods GROUP BY ALL",
    ("transactions", "anomalies"): f"{NEWEST} SELECT transaction_id, line_number, product_id, currency, quantity, amount, CAST(2 * median AS BIGINT) "
    "FROM goods JOIN (SELECT product_id, currency, MEDIAN(amount) AS median FROM goods GROUP BY ALL) USING (product_id, currency) "
    "WHERE amount > 10 * median",
    ("clickstream", "by_customer"): "SELECT user_id, COUNT(*), COUNT_IF(event_type = 'view'), COUNT_IF(event_type = 'add_to_cart'), "
    "COUNT_IF(event_type = 'purchase'), MIN(event_us), MAX(event_us) FROM lake.clean.clickstream WHERE user_id IS NOT NULL GROUP BY 1",
    ("clickstream", "by_category"): "SELECT COALESCE(category, 'unknown') AS category, event_type, COUNT(*) FROM lake.clean.clickstream LEFT JOIN ("
    "SELECT product_id, ARG_MAX(category, updated_us) AS category FROM lake.clean.products GROUP BY 1) USING (product_id) "
    "WHERE product_id IS NOT NULL GROUP BY ALL",
}  # fmt: skip


@pytest.mark.parametrize(("table", "name"), SIDE_OUTPUTS)
def test_side_outputs_follow_from_the_clean_rows(lake: Lake, cleaned: dict[str, Cleaned], table: str, name: str) -> None:
    found = _tsv(Path(cleaned[table].place) / name)
    with opened(session(lake.root)) as one:
        wanted = Counter("\t".join(map(str, row)) for row in one.engine.rows(SIDE_OUTPUTS[table, name]))
    assert found == wanted
    assert len(found) > 2


# Cases of one shop are cleaned together: what a script has to be told is the shop's zone and currency.
def _shops() -> dict[tuple[str, str, str], list[Case]]:
    project = Project.read()
    found: dict[tuple[str, str, str], list[Case]] = {}
    for path in paths():
        table = path.parent.name.removeprefix("clean.")
        if table in TABLES and path.parent.name.startswith("clean."):
            case = read_case(path, project)
            found.setdefault((table, case.settings["timezone"], case.settings["currency"]), []).append(case)
    return found


SHOPS = _shops()


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], Work]:
    """Every case through its script, one run of Pig for all."""
    folder = tmp_path_factory.mktemp("cases")
    found = {}
    for n, ((table, zone, currency), cases) in enumerate(SHOPS.items()):
        lake = folder / f"lake{n}"
        _tell_apart(cases, CONTRACTS.table(f"clean.{table}").spec.key[0])
        for case in cases:
            _deliver(lake, table, case)
        found[table, zone, currency] = prepare(session(lake, timezone=zone, currency=currency), table, folder / f"work{n}")
    run(Pig(folder / "run"), [work.exec_line() for work in found.values()])
    return found


def _tell_apart(cases: list[Case], key: str) -> None:
    """Cases judge record by record; two records of one key would be copies of each other, so the later gets a key of its own."""
    seen: set[str] = set()
    for case in cases:
        for n, row in enumerate(case.given[f"raw.{case.model.removeprefix('clean.')}"]):
            if (row.get(key) or "").strip() in seen:
                row[key] = f"{row[key]}#{case.path.stem}.{n}"
            if (row.get(key) or "").strip():
                seen.add(row[key].strip())


def _deliver(lake: Path, table: str, case: Case) -> None:
    by_day: dict[str, list[Row]] = {}
    for row in case.given[f"raw.{table}"]:
        kept = {k: v for k, v in row.items() if k not in ("ds", "source_file") and v not in (None, False)}
        by_day.setdefault(str(row["ds"]), []).append(kept)
    for ds, rows in by_day.items():
        deliver(lake, table, ds, rows, name=case.path.stem)


@pytest.mark.parametrize("shop", SHOPS, ids="-".join)
def test_cases_are_judged_alike(works: dict[tuple[str, str, str], Work], shop: tuple[str, str, str]) -> None:
    table, work = CONTRACTS.table(f"clean.{shop[0]}"), works[shop]
    runner, project = DuckDBRunner(), Project.read()
    wanted: list[Row] = []
    for case in SHOPS[shop]:
        wanted += runner.run(project.models[case.model], Inputs(project, case, runner.table).of(case.model))
    found = written(work.folder / "out", "clean", shop[0]).to_pylist()
    assert _rows(found, table.names) == _rows([r for r in wanted if r["reject"] is None], table.names)
    refused = written(work.folder / "out", "rejected", shop[0]).to_pylist()
    reasons = Counter((f"{r['reject_reason']}:{r['reject_column']}".rstrip(":"), r["ds"]) for r in refused)
    assert reasons == Counter((r["reject"], r["ds"]) for r in wanted if r["reject"] is not None)
    texts = {r["raw_text"] for r in wanted if r["reject"] == "malformed" and r["raw_text"]}
    assert texts <= {r["raw_text"] for r in refused}
    assert sum(counts["landed"] for counts in work.quality(work.folder / "out" / "quality").values()) == len(wanted)


def _rows(rows: list[Row], columns: list[str]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(row[c] for c in columns) for row in rows)


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hdfs]:
    with Hdfs(tmp_path_factory.mktemp("hdfs")) as server:
        yield server


@pytest.fixture(scope="module")
def small(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The last days of the shop: HDFS takes its time for each of many files."""
    one = Lake(tmp_path_factory.mktemp("small") / "lake")
    one.create()
    by_day = raw_partitions(lake)
    last = [[key for key in by_day if key[0] == table][-3:] for table in TABLES]
    files = [file for keys in last for key in keys for file in by_day[key]]
    for file in files:
        (one.root / file.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lake.root / file.path, one.root / file.path)
    write_receipt(one, Receipt("days", "generate", "made", "", "", files))
    build(session(one.root, timezone="Asia/Kathmandu"), Options())
    return one


@pytest.mark.parametrize(("table", "is_mapreduce"), [("transactions", True), ("clickstream", False)])
def test_on_hdfs_the_rows_are_the_same(small: Lake, hdfs: Hdfs, tmp_path: Path, table: str, is_mapreduce: bool) -> None:
    root = f"{hdfs.uri}/ecommerce"
    for _ in range(1 if is_mapreduce else 2):  # the second run takes the place of the first
        (done,) = clean(session(small.root), [table], root, hdfs if is_mapreduce else None)
    assert done.place == f"{root}/clean_pig/{table}"
    run(Pig(tmp_path / "run"), [f"fs -get {done.place} {tmp_path}/back"])
    with opened(session(small.root)) as one:
        for layer in ("clean", "rejected"):
            rows = written(tmp_path / "back", layer, table)
            assert rows.num_rows > 20
            assert _differences(one, f"{layer}.{table}", rows) == []
    assert not (small.root / "clean_pig").exists()


def test_a_file_that_changed_after_it_landed_is_found_and_nothing_is_published(small: Lake) -> None:
    old = small.root / "clean_pig" / "clickstream"
    old.mkdir(parents=True)
    (old / "of the run before").touch()
    file = next(small.root.glob("raw/clickstream/ds=*/part-*.jsonl"))
    whole = file.read_bytes()
    file.write_bytes(whole + whole[: whole.index(b"\n") + 1])
    with pytest.raises(CheckFailed, match="records landed, but Pig read .* deliver it again"):
        clean(session(small.root), ["clickstream"])
    file.write_bytes(whole)
    assert [path.name for path in old.iterdir()] == ["of the run before"]
    shutil.rmtree(small.root / "clean_pig")


def test_a_script_that_pig_refuses_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ShoplakeError, match="^Pig: .*(nowhere|not exist)"):
        run(Pig(tmp_path), ["lines = LOAD '/nowhere'; STORE lines INTO '/nowhere/else';"])


FUNCTIONS = yaml.load((Path(__file__).parents[1] / "models/functions.yml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
# How the scripts write each of them; to_time is a macro.
WRITTEN = {
    "tidy": "REGEX_EXTRACT(x, '$TIDY', 1)",
    "fold": "replace_chars(REGEX_EXTRACT(x, '$TIDY', 1), '$CAPITAL', '$SMALL')",
    "to_int": "(x MATCHES '$INTEGER' ? (long) x : null)",
    "to_decimal": "(x MATCHES '$MONEY' ? (long) ((bigdecimal) x * 10000BD) : null)",
}
COLUMNS = {"tidy": "page_url", "fold": "utm_source", "to_int": "quantity_text", "to_decimal": "price_text"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[int, str]]:
    """What each function answers to the inputs of functions.yml, trimmed as they are when they come to it."""
    folder = tmp_path_factory.mktemp("functions")
    script = (SCRIPTS / "clickstream_clean.pig").read_text(encoding="utf-8")
    lines = [line for line in script.splitlines() if re.match(r"%declare|DEFINE replace_chars", line)]
    lines.append(f"IMPORT '{SCRIPTS}/macros.pig';")
    for name in (*WRITTEN, "to_time"):
        rows = "".join(f"{n}\t{row.get('x', '')}\n" for n, row in enumerate(FUNCTIONS[name]))
        (folder / f"{name}.tsv").write_text(rows, encoding="utf-8")
        trimmed = "x" if name in ("tidy", "fold") else WRITTEN["tidy"]
        lines.append(f"{name}_in = LOAD '{folder}/{name}.tsv' AS (n:int, x:chararray);")
        lines.append(f"{name}_text = FOREACH {name}_in GENERATE n, {trimmed} AS x;")
        if name in WRITTEN:
            assert re.sub(r"\bx\b", COLUMNS[name], WRITTEN[name]) in script
            lines.append(f"{name}_out = FOREACH {name}_text GENERATE n, {WRITTEN[name]} AS answer;")
        else:
            lines.append(f"{name}_all = {name}({name}_text, x, answer); {name}_out = FOREACH {name}_all GENERATE n, answer;")
        lines.append(f"STORE {name}_out INTO '{folder}/{name}';")
    run(Pig(folder / "run"), lines)
    return {name: dict(_answers(folder / name)) for name in (*WRITTEN, "to_time")}


def _answers(folder: Path) -> Iterator[tuple[int, str]]:
    for path in folder.glob("part-*"):
        for line in path.read_text(encoding="utf-8").splitlines():
            n, answer = line.split("\t")
            yield int(n), answer


@pytest.mark.parametrize("name", [*WRITTEN, "to_time"])
def test_named_functions_answer_alike(answers: dict[str, dict[int, str]], name: str) -> None:
    wanted = {n: _as_stored(name, row["is"]) if "is" in row else "" for n, row in enumerate(FUNCTIONS[name])}
    assert answers[name] == wanted


def _as_stored(name: str, told: str) -> str:
    if name == "to_decimal":
        return str(int(Decimal(told) * 10000))
    if name == "to_time":
        moment = f"{told} 00:00:00" if " " not in told else told
        engine = DuckDB(threads=1, memory="1GB")
        try:
            return str(engine.rows(f"SELECT EPOCH_US(TIMESTAMP '{moment}')")[0][0])
        finally:
            engine.close()
    return str(int(told)) if name == "to_int" else told
