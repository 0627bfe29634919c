"""A broker that speaks TLS and asks who comes, started from the shipped server.properties: who is let in, and who is not."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.kafka import Kafka
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from tests.system.streams import SHOPLAKE

pytestmark = pytest.mark.kafka
USERS = {"broker": "broker-secret", "shop": "shop-secret"}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with Kafka(tmp_path_factory.mktemp("secure"), users=USERS) as found:
        yield found


def run(kafka: Kafka, folder: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """shoplake as user shop, but for what `environment` says."""
    told = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "SHOPLAKE_KAFKA": kafka.bootstrap, "SHOPLAKE_KAFKA_PROTOCOL": "SASL_SSL", "SHOPLAKE_KAFKA_USER": "shop",
        "SHOPLAKE_KAFKA_PASSWORD": USERS["shop"], "SHOPLAKE_KAFKA_CA": str(kafka.certificates.ca),
    }  # fmt: skip
    done = subprocess.run([str(SHOPLAKE), "--lake", str(folder / "lake"), "stream", *words], env={**told, **environment}, cwd=folder, capture_output=True, text=True, timeout=90, check=False)
    for secret in USERS.values():
        assert secret not in done.stdout + done.stderr
    return done


def allow(kafka: Kafka, user: str) -> None:
    """What a shop's own user needs: its topics and its landers' group."""
    admin = AdminClient({
        "bootstrap.servers": kafka.bootstrap, "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "broker",
        "sasl.password": USERS["broker"], "ssl.ca.location": str(kafka.certificates.ca),
    })  # fmt: skip
    rights = [
        AclBinding(kind, name, pattern, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        for kind, name, pattern, operations in (
            (ResourceType.TOPIC, "clickstream", ResourcePatternType.PREFIXED, (AclOperation.CREATE, AclOperation.READ, AclOperation.WRITE, AclOperation.DESCRIBE_CONFIGS)),
            (ResourceType.GROUP, "shoplake", ResourcePatternType.PREFIXED, (AclOperation.READ,)),
        )
        for operation in operations
    ]  # fmt: skip
    for future in admin.create_acls(rights).values():
        future.result(30)


def test_who_is_let_in(kafka: Kafka, tmp_path: Path) -> None:
    refused = run(kafka, tmp_path, "topics")
    assert refused.returncode == 3
    assert "Has this user the right to create topics?" in refused.stderr
    allow(kafka, "shop")
    assert run(kafka, tmp_path, "topics").returncode == 0
    sent = run(kafka, tmp_path, "produce", "--events", "200", "--rate", "max")
    assert "produced 200 = acknowledged 200 + spilled 0" in sent.stderr, sent.stderr
    secret = tmp_path / "secret"
    secret.write_text(USERS["shop"] + "\n")
    landed = run(kafka, tmp_path, "consume", "--until-end", SHOPLAKE_KAFKA_PASSWORD="wrong", SHOPLAKE_KAFKA_PASSWORD_FILE=str(secret))
    assert landed.returncode == 0, landed.stderr
    assert "200 offsets = 200 landed" in run(kafka, tmp_path, "audit").stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SHOPLAKE_KAFKA_PASSWORD": "wrong"}, r"the broker refuses this login"),
        ({"SHOPLAKE_KAFKA_USER": "nobody"}, r"the broker refuses this login"),
        ({"SHOPLAKE_KAFKA_PROTOCOL": "PLAINTEXT"}, "no broker answers there"),
        ({"SHOPLAKE_KAFKA_PROTOCOL": "SASL_PLAINTEXT"}, "no broker answers there"),
        ({"SHOPLAKE_KAFKA_CA": ""}, "no trusted TLS connection"),
    ],
)
def test_who_is_not(kafka: Kafka, tmp_path: Path, environment: dict[str, str], said: str) -> None:
    commands = (("produce", "--events", "1"), ("consume", "--until-end"))
    for words in commands[1:] if said == "no broker answers there" else commands:  # such a one is waited for
        done = run(kafka, tmp_path, *words, **environment)
        assert done.returncode == 3
        assert said in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


def test_the_certificate_names_the_host(kafka: Kafka, tmp_path: Path) -> None:
    """127.0.0.2 is this machine, too, but no name of the certificate."""
    port = kafka.bootstrap.rpartition(":")[2]
    done = run(kafka, tmp_path, "topics", SHOPLAKE_KAFKA=f"127.0.0.2:{port}")
    assert done.returncode == 3
