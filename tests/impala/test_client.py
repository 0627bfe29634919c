"""Connect and fetch of the class, against a real HiveServer2: the protocol is the same. No Impala is executed here."""

import datetime as dt
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from shoplake.engines import impala
from shoplake.engines.impala import Impala
from shoplake.errors import Lacking, ShoplakeError, WrongUse
from tests.models.cases import PARSE
from tests.models.test_functions import TABLE, TYPES

pytestmark = pytest.mark.hadoop


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    from cluster.servers import Hive

    with Hive(tmp_path_factory.mktemp("hive"), heap="1000m") as hive:
        yield hive.port


@pytest.fixture(scope="module")
def session(port: int) -> Iterator[Impala]:
    engine = Impala(host="127.0.0.1", port=port, user="ana", password="secret", auth="PLAIN", timeout=60)
    yield engine
    engine.close()


def test_it_says_its_version(session: Impala) -> None:
    assert session.version[0].isdigit()


def test_values_keep_their_types(session: Impala) -> None:
    found = session.fetch(
        "SELECT CAST(1 AS BIGINT) AS b, 'é' AS s, CAST(1.5 AS DECIMAL(18,4)) AS m, CAST('2026-01-31' AS DATE) AS d, "
        "CAST('2026-01-31 10:00:00.123456' AS TIMESTAMP) AS t, TRUE AS f, CAST(NULL AS DECIMAL(9,6)) AS n"
    )
    assert found.schema == pa.schema([
        ("b", pa.int64()), ("s", pa.string()), ("m", pa.decimal128(18, 4)), ("d", pa.date32()), ("t", pa.timestamp("us")),
        ("f", pa.bool_()), ("n", pa.decimal128(9, 6)),
    ])  # fmt: skip
    time = dt.datetime(2026, 1, 31, 10, 0, 0, 123456)
    assert found.to_pylist() == [
        {"b": 1, "s": "é", "m": Decimal("1.5000"), "d": dt.date(2026, 1, 31), "t": time, "f": True, "n": None}
    ]


def test_no_rows_and_no_answer(session: Impala) -> None:
    session.execute("CREATE DATABASE IF NOT EXISTS impala_client")
    session.execute("CREATE TABLE impala_client.t (a BIGINT, b STRING)")
    assert session.rows("SELECT a, b FROM impala_client.t") == []
    assert session.fetch("SELECT a, b FROM impala_client.t").schema == pa.schema(
        [("a", pa.int64()), ("b", pa.string())]
    )


def test_a_mistake_is_told_with_the_statement(session: Impala) -> None:
    with pytest.raises(
        ShoplakeError, match=r"(?s)Impala: .*Table not found.*INVALIDATE METADATA.*in: SELECT 1 FROM nowhere"
    ):
        session.rows("SELECT 1 FROM nowhere")
    assert session.rows("SELECT 1 AS a") == [(1,)], "the session goes on"


def test_what_impala_only_reads_is_not_written(session: Impala) -> None:
    with pytest.raises(WrongUse, match="stored as ORC, which Impala reads and does not write"):
        session.overwrite("ecommerce.customer_rfm", "SELECT 1", stored_as="ORC")


@pytest.mark.parametrize("function", ["tidy", "fold", "to_int", "to_decimal", "ratio"])
def test_functions_that_both_have_answer_alike(session: Impala, function: str) -> None:
    """The text for Impala, run by Hive, gives the table of inputs and outputs. to_time, to_day and micros use what Hive has not."""
    given, answer = TYPES[function]
    kind = "DECIMAL(18,4)" if given == "decimal" else "STRING"
    names = ["a", "b"] if function == "ratio" else ["x"]
    for start in range(0, len(TABLE[function]), 10):
        rows = TABLE[function][start : start + 10]
        columns = []
        for n, row in enumerate(rows):
            values = [f"CAST({impala.quote(row[a]) if a in row else 'NULL'} AS {kind})" for a in names]
            columns.append(
                f"{impala.FUNCTIONS[function](*values, *([row['scale']] if 'scale' in row else []))} AS c{n}"
            )
        found = session.rows(f"SELECT {', '.join(columns)}")[0]
        wanted = tuple(None if "is" not in row else PARSE[answer](row["is"]) for row in rows)
        assert found == wanted


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
    with pytest.raises(Lacking, match=rf"no Impala answers at 127[.]0[.]0[.]1:{closed} .*hs2_port \(21050\)"):
        Impala(host="127.0.0.1", port=closed, timeout=5)


def test_another_server_there() -> None:
    """One that takes the connection and says nothing that HiveServer2 would."""
    with socket.create_server(("127.0.0.1", 0)) as web:

        def answer() -> None:
            client, _ = web.accept()
            with client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(Lacking, match="does not speak HiveServer2's protocol|does not let"):
            Impala(host="127.0.0.1", port=web.getsockname()[1], timeout=5)


def test_the_wrong_way_of_logging_in(port: int) -> None:
    """This server asks for a login by SASL; NOSASL is an impalad's default."""
    with pytest.raises(Lacking, match="by NOSASL, or did not within 3 seconds .*hangs up on NOSASL"):
        Impala(host="127.0.0.1", port=port, timeout=3)


def test_a_session_that_ends_in_the_middle(tmp_path: Path) -> None:
    from cluster.servers import Hive

    hive = Hive(tmp_path / "hive", heap="1000m").start()
    try:
        engine = Impala(host="127.0.0.1", port=hive.port, user="ana", auth="PLAIN", timeout=30)
        assert engine.rows("SELECT 1 AS a") == [(1,)]
    finally:
        hive.stop()
    with pytest.raises(Lacking, match="the session ended in the middle"):
        engine.rows("SELECT 1 AS a")
    engine.close()
