"""A lake on a real HDFS: what is put and ingested there, Spark and Hive build there, to the last digit; kills, rollback, damage, and what is
said when HDFS is not well."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cluster import java, settings
from cluster.hdfs import Hdfs
from cluster.programs import shell
from cluster.resolve import resolve
from cluster.servers import Hive

from shoplake.contracts import load
from shoplake.lake.hdfs import HdfsFiles
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile, Manifest, current_generation, kept_generations
from shoplake.lake.publish import locked, next_generation, publish, sweep
from tests.making import deliver, run, session
from tests.unit.build.test_incremental import hostile_shop

pytestmark = [pytest.mark.hadoop, pytest.mark.spark]

COLUMNS = load().table("raw.transactions").names


def order(name: str, user: str, ordered_at: str) -> str:
    """A file of one order line."""
    row = {"transaction_id": name, "line_number": "1", "line_type": "product", "user_id": user, "product_id": "p1", "quantity": "2",
           "unit_price": "9.99", "currency": "EUR", "payment_method": "card", "status": "paid", "ordered_at": ordered_at}  # fmt: skip
    return ",".join(COLUMNS) + "\n" + ",".join(row.get(c, "") for c in COLUMNS) + "\n"


@dataclass
class There:
    """The same shop in a folder of this machine and on HDFS."""

    hdfs: Hdfs
    folder: Path

    @property
    def here(self) -> Path:
        return self.folder / "lake"

    @property
    def lake(self) -> str:
        return f"{self.hdfs.uri}/ecommerce"

    def shoplake(self, *words: str, code: int = 0, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A command on the lake on HDFS."""
        there = {"SHOPLAKE_WEBHDFS": f"127.0.0.1:{self.hdfs.http_port}", "SHOPLAKE_ENGINE": "spark", "SHOPLAKE_THREADS": "2"}
        command = [sys.executable, "-m", "shoplake", "--lake", self.lake, *words]
        done = subprocess.run(command, env={**os.environ, **there, **environment}, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr[-3000:]
        assert "Traceback" not in done.stderr
        return done

    def hadoop(self, program: list[str], *words: str) -> str:
        done = subprocess.run([*program, *words], env=java.environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fs(self, *words: str) -> str:
        return self.hadoop(shell(self.hdfs, self.folder), *words)

    def admin(self, *words: str) -> str:
        conf = self.folder / "admin-conf"
        self.hdfs.client_settings(conf, {"hadoop.tmp.dir": str(self.folder / "tmp")})
        settings.write_logging(conf, "ERROR")
        program = java.command("org.apache.hadoop.hdfs.tools.DFSAdmin", [str(conf), f"{resolve('hdfs')}/lib/*"], "128m", self.folder)
        return self.hadoop(program, *words)

    def hashes(self) -> dict[str, str]:
        return dict(json.loads(self.shoplake("show", "hashes", "--json").stdout)["tables"])

    def ingest(self, name: str, text: str) -> None:
        """The same file, on both."""
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        self.shoplake("ingest", str(file), "--table", "transactions", "--ds", "2025-04-02")
        here = [sys.executable, "-m", "shoplake", "--lake", str(self.here), "ingest", str(file), "--table", "transactions", "--ds", "2025-04-02"]
        subprocess.run(here, check=True, capture_output=True)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    folder = tmp_path_factory.mktemp("hdfs")
    with Hdfs(folder / "server") as hdfs:
        one = There(hdfs, folder)
        for (table, ds), rows in hostile_shop(5).items():
            deliver(one.here, table, ds, rows)
        one.fs("-mkdir", "/ecommerce")
        one.fs("-put", f"{one.here}/raw", f"{one.here}/format_version", "/ecommerce/")
        yield one


def wanted(there: There) -> dict[str, str]:
    from shoplake.look.compare import all_hashes
    from shoplake.look.opened import opened

    run(there.here)
    with opened(session(there.here)) as one:
        return all_hashes(one)


def test_what_was_put_and_what_was_ingested_is_built_there(there: There) -> None:
    there.ingest("orders.csv", order("late-1", "u1", "2025-03-28T12:00:00Z"))
    again = there.shoplake("ingest", str(there.folder / "orders.csv"), "--table", "transactions", "--ds", "2025-04-03")
    assert "before" in again.stdout + again.stderr
    there.shoplake("build")
    assert there.hashes() == wanted(there)
    assert there.shoplake("verify").stdout.rstrip().endswith("all as they were written.")
    assert "late-1" in there.shoplake("query", "select transaction_id from core.fact_transactions where transaction_id = 'late-1'").stdout
    told = json.loads(there.shoplake("show", "--json").stdout)
    assert told["lake"] == there.lake
    assert [(k["generation"], k["is_there"]) for k in told["kept"]] == [(1, True)]


@pytest.mark.long
def test_a_killed_build_leaves_the_old_whole_and_the_next_heals(there: There) -> None:
    there.shoplake("build")  # nothing to do, but when this test runs alone
    before = there.hashes()
    there.ingest("more.csv", order("late-2", "u2", "2025-03-29T12:00:00Z"))
    there.shoplake("build", code=-signal.SIGKILL, SHOPLAKE_KILL_AT="before_current")
    assert there.fs("-cat", "/ecommerce/LOCK")  # its holder could not let go
    assert there.hashes() == before
    there.shoplake("build")
    after = there.hashes()
    assert before != after == wanted(there)
    assert there.shoplake("verify", "--all").stdout.rstrip().endswith("all as they were written.")
    there.shoplake("rollback", "--to", "1")
    assert there.hashes() == before
    numbers = json.loads(there.shoplake("show", "--json").stdout)
    assert numbers["generation"] == 1
    there.shoplake("rollback", "--to", "3")
    assert there.hashes() == after


def test_another_machine_that_builds_is_waited_for(there: There) -> None:
    lock = there.folder / "LOCK"
    lock.write_text("77 on elsewhere", encoding="utf-8")
    there.fs("-put", str(lock), "/ecommerce/LOCK")
    told = there.shoplake("build", code=4).stderr
    assert "held by process 77 on elsewhere" in told
    assert "hdfs dfs -rm" in told
    there.fs("-rm", "/ecommerce/LOCK")


@pytest.mark.long
def test_hive_builds_there_too(there: There) -> None:
    with Hive(there.folder / "hive", hdfs=there.hdfs) as server:
        address = {"SHOPLAKE_ENGINE": "hive", "SHOPLAKE_HIVE": f"127.0.0.1:{server.port}"}
        there.shoplake("build", **address)
        found = json.loads(there.shoplake("show", "hashes", "--json", **address).stdout)["tables"]
        assert found == wanted(there)
        sql = "select count(*) as n from core.fact_transactions"
        assert there.shoplake("query", "--format", "csv", sql, **address).stdout == there.shoplake("query", "--format", "csv", sql).stdout
    assert there.shoplake("verify", "--engine", "hive").stdout.rstrip().endswith("all as they were written.")


def test_the_embedded_engine_does_not_publish_there(there: There) -> None:
    assert "built and read by Spark" in there.shoplake("build", "--engine", "duckdb", code=2).stderr
    assert "built and read by Spark" in there.shoplake("show", "--engine", "duckdb", code=2).stderr
    for words in (["generate", "users"], ["export", "--to", str(there.folder / "out")]):
        assert "needs a lake in a folder" in there.shoplake(*words, code=2).stderr
    assert there.lake in there.shoplake("doctor").stdout


def test_damage_is_found(there: There) -> None:
    victim = next(line.split()[-1] for line in there.fs("-ls", "-R", "/ecommerce/on/spark/core/fact_transactions").splitlines() if line.endswith(".parquet"))
    there.fs("-mv", victim, "/away")
    found = json.loads(there.shoplake("verify", "--json", code=1).stdout)
    assert [(f["kind"], f"/ecommerce/{f['path']}") for f in found["findings"]] == [("missing", victim)]
    assert "missing, though the manifest" in there.shoplake("show", "hashes", code=2).stderr
    there.fs("-mv", "/away", victim)


def test_safe_mode_and_no_room_are_told_with_their_remedies(there: There) -> None:
    file = there.folder / "third.csv"
    file.write_text(order("late-3", "u2", "2025-03-29T12:00:00Z"), encoding="utf-8")
    words = ("ingest", str(file), "--table", "transactions", "--ds", "2025-04-02")
    there.admin("-safemode", "enter")
    assert "dfsadmin -safemode leave" in there.shoplake(*words, code=3).stderr
    assert "dfsadmin -safemode leave" in there.shoplake("build", "--full", code=3).stderr
    there.admin("-safemode", "leave")
    there.admin("-setSpaceQuota", "1", "/ecommerce")
    assert "Free some space" in there.shoplake(*words, code=3).stderr
    before = there.hashes()
    there.admin("-clrSpaceQuota", "/ecommerce")
    assert "third" not in there.fs("-ls", "-R", "/ecommerce/raw")
    there.shoplake(*words)
    assert there.hashes() == before  # nothing of it was published


def test_no_namenode_is_said(there: There) -> None:
    told = there.shoplake("show", code=3, SHOPLAKE_WEBHDFS="127.0.0.1:9").stderr
    assert "no NameNode answers at http://127.0.0.1:9" in told
    assert "SHOPLAKE_WEBHDFS" in there.shoplake("show", code=2, SHOPLAKE_WEBHDFS="127.0.0.1:many").stderr + told
    shutil.rmtree(there.folder / "admin-conf", ignore_errors=True)


def other_process(there: There) -> Lake:
    """The lake as a process sees it that has its own copy of the small files."""
    files = HdfsFiles(f"{there.hdfs.uri}/another", f"127.0.0.1:{there.hdfs.http_port}")
    return Lake(files.root, "spark", files)


def published_by(lake: Lake, number: int) -> str:
    """A generation with one file, as small as one can be; its file's name."""
    path = f"on/spark/core/dim_date/g={number:06d}/part-0.parquet"
    (lake.root / path).parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"a": [number]}), lake.root / path)
    lake.files.share(path)
    file = DataFile(path, 1, (lake.root / path).stat().st_size, lake.files.sha256(path))
    publish(lake, Manifest(number, None, "0", "2026-01-01", {}, {}, None, {}, [], {}, {}, True, [], table_files={"core.dim_date": [file]}))
    return path


@pytest.fixture
def two(there: There) -> Iterator[tuple[Lake, Lake]]:
    """Two processes at another lake."""
    one, other = (other_process(there) for _ in range(2))
    one.create()
    yield one, other
    one.files.remove("on")


def test_who_waited_for_the_lock_sees_what_was_published_meanwhile(two: tuple[Lake, Lake]) -> None:
    first, waiting = two
    old = published_by(first, 1)
    waiting.require()  # what a build does before it asks for the lock
    new = published_by(first, 2)
    with locked(waiting):
        assert current_generation(waiting) == 2
        assert next_generation(waiting) == 3
        assert sweep(waiting, 2) == []
    assert None not in waiting.files.sizes([old, new])


def test_old_generations_go_by_when_they_were_published(there: There, two: tuple[Lake, Lake]) -> None:
    first, later = two
    paths = [published_by(first, number) for number in (1, 2, 3)]
    with locked(later):
        sweep(later, 2)
    assert kept_generations(later) == [1, 2, 3]  # none is an hour old
    there.fs("-touch", "-m", "-t", "20260101:000000", "/another/on/spark/gen/gen-000001.json")
    with locked(later):
        sweep(later, 2)
    assert kept_generations(later) == [2, 3]
    assert [size is None for size in later.files.sizes(paths)] == [True, False, False]
    first.require()
    assert kept_generations(first) == [2, 3]


def test_a_lock_that_a_person_gave_to_another_is_left_to_it(two: tuple[Lake, Lake]) -> None:
    mine, other = two
    assert other.hdfs is not None
    with locked(mine):
        other.files.remove("LOCK")
        (other.root / "LOCK").write_text("77 on elsewhere", encoding="utf-8")
        other.files.share("LOCK")
    assert other.hdfs.holder() == "77 on elsewhere"
    other.files.remove("LOCK")
