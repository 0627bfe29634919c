"""Keys, headers, and the way to the broker."""

from pathlib import Path
from typing import Any

import pytest

from shoplake.errors import WrongUse
from shoplake.settings import resolve, zone
from shoplake.stream.broker import connect
from shoplake.stream.properties import read
from shoplake.stream.replay import time_of
from shoplake.stream.topics import read_topics
from shoplake.stream.wire import LocalDays, day_of_header, key_of, read_headers


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b'{"visitor_id":"v1","user_id":"u1"}', b"v1"),
        (b'{"visitor_id": "v1"', b"v1"),
        (b'{"user_id":"u1"}', b"u1"),
        (b'{"visitor_id":null,"user_id":"u1"}', b"u1"),
        (b'{"visitor_id":"","user_id":""}', None),
        (b"", None),
    ],
)
def test_the_key_is_the_visitor_else_the_user(value: bytes, key: bytes | None) -> None:
    assert key_of(value) == key


def test_headers() -> None:
    assert read_headers([("ds", b"2026-03-01"), ("schema_version", b"1")]) == (b"2026-03-01", b"1")
    assert read_headers(None) == (None, None)
    assert [day_of_header(text) for text in (b"2026-03-01", b"2026-02-30", b"20260301", b"", None, b"\xff")] == ["2026-03-01", None, None, None, None, None]


def test_the_local_day_of_a_timestamp() -> None:
    days = LocalDays(zone("Asia/Kathmandu", ""))  # 5:45 ahead
    assert days.of(1_772_322_299_999) == "2026-03-01"
    assert days.of(1_772_388_900_000 - 1) == "2026-03-01"
    assert days.of(1_772_388_900_000) == "2026-03-02"


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        (b'"2026-03-01T10:00:00.123Z"', 1_772_359_200_123),
        (b'"2026-03-01 10:00:00"', 1_772_359_200_000),
        (b'"2026-03-01T12:00:00+02:00"', 1_772_359_200_000),
        (b"1772359200", 1_772_359_200_000),
        (b"1772359200123", 1_772_359_200_123),
        (b"1772359200123456", 1_772_359_200_123),
        (b'"the 1st of May"', None),
        (b"12", None),
    ],
)
def test_the_time_of_a_line(text: bytes, ms: int | None) -> None:
    assert time_of(b'{"a":1,"event_ts":' + text + b"}") == ms


def session(**flags: str) -> Any:
    return resolve({"lake": "x", **flags}, folder=Path("/nowhere"))


def test_other_machines_are_spoken_to_in_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"kafka_user: empty, and SASL_SSL asks who we are"):
        connect(session(kafka="kafka.shop.example:9094"))
    with pytest.raises(WrongUse, match=r"unencrypted.*--allow-plaintext"):
        connect(session(kafka="kafka.shop.example:9092,localhost:9092", kafka_protocol="PLAINTEXT"))
    assert connect(session(kafka="10.0.0.7:9092", kafka_protocol="PLAINTEXT"), allow_plaintext=True).settings["security.protocol"] == "PLAINTEXT"
    assert connect(session(kafka="127.0.0.1:1,[::1]:2,localhost:3")).settings["security.protocol"] == "PLAINTEXT"
    with pytest.raises(WrongUse, match="SHOPLAKE_KAFKA_PASSWORD: not set"):
        connect(session(kafka="kafka.shop.example:9094", kafka_user="shop"))
    secret = tmp_path / "secret"
    secret.write_text("hush-hush\n")
    monkeypatch.setenv("SHOPLAKE_KAFKA_PASSWORD_FILE", str(secret))
    found = connect(session(kafka="kafka.shop.example:9094", kafka_user="shop"))
    assert found.settings["sasl.password"] == "hush-hush"
    assert found.settings["ssl.endpoint.identification.algorithm"] == "https"
    assert "hush" not in repr(found)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"kafka": "localhost"}, r"kafka: found 'localhost', expected host:port"),
        ({"kafka": "localhost:x"}, r"expected host:port"),
        ({"kafka_protocol": "TLS"}, r"kafka_protocol: found 'TLS' \(flag\), expected one of PLAINTEXT, SSL"),
        ({"kafka_protocol": "SSL", "kafka_ca": "/none.pem"}, r"kafka_ca: /none.pem \(flag\): no such file"),
    ],
)
def test_wrong_settings(flags: dict[str, str], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        connect(session(**flags))


def test_files_of_settings_are_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "a.properties"
    file.write_text("# told\n\na = b=c\n")
    assert read(file) == {"a": "b=c"}
    for text, said in {"a\n": r"a.properties:1: found 'a', expected key=value", "a=1\n!x\na=2\n": r"a.properties:3: a is set twice"}.items():
        file.write_text(text)
        with pytest.raises(WrongUse, match=said):
            read(file)
    topics = tmp_path / "topics.yml"
    topics.write_text("t:\n  about: x\n  partitions: many\n  replication: 1\n")
    with pytest.raises(WrongUse, match=r"topics.yml: Expected `int`, got `str`"):
        read_topics(topics)


def test_set_cannot_open_what_is_guarded() -> None:
    from shoplake.stream.command import _settings

    assert _settings(["linger.ms=5", "session.timeout.ms = 6000"]) == {"linger.ms": "5", "session.timeout.ms": "6000"}
    for text in ("security.protocol=PLAINTEXT", "sasl.password=x", "bootstrap.servers=evil:9092", "ssl.key.pem=x", "auto.offset.reset=latest", " sasl.username=x"):
        with pytest.raises(WrongUse, match="not by --set"):
            _settings([text])


def test_a_setting_that_no_client_knows_is_told() -> None:
    with pytest.raises(WrongUse, match=r'No such configuration property: "linger.millis"'):
        connect(session()).producer({"linger.millis": "5"})
