"""The settings for real clusters: every value has its reason, results agree with the sessions of shoplake, and local servers start from them."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cluster import settings
from cluster.hdfs import Hdfs
from cluster.hive import Hive
from cluster.keys import ENGINE_OF, refuse_unknown
from cluster.programs import Pig
from cluster.spark import DEFAULTS
from cluster.spark import read as read_spark

from shoplake.engines.spark import SETTINGS
from shoplake.errors import WrongUse

FILES = [settings.CORE, settings.HDFS, settings.MAPRED, settings.HIVE, settings.TEZ]


def test_every_file_is_checked() -> None:
    there = {p.name for p in settings.HERE.glob("*/*") if p.suffix in {".xml", ".conf"} and p.parent.name != "poms"}
    kafka = {p.name for p in (settings.HERE / "kafka").iterdir()}
    assert there | kafka == set(ENGINE_OF)
    assert there == {f.name for f in [*FILES, DEFAULTS]}


@pytest.mark.parametrize("name", ["server.properties", "producer.properties", "consumer.properties"])
def test_every_setting_of_kafka_has_its_reason(name: str) -> None:
    """Lines in a row share the comment in front of them; a heading alone is none."""
    reason = False
    bare = []
    for line in (settings.HERE / "kafka" / name).read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("# --"):
            reason = line.startswith("# -- ") or (reason and bool(line))
        elif line.startswith("#"):
            reason = len(line) > 20
        elif not reason:
            bare.append(line)
    assert bare == []


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_value_has_its_reason(file: Path) -> None:
    root = ET.parse(file, ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))).getroot()
    entries = list(root.iter("property"))
    assert len(entries) >= 4
    bare = [
        e.findtext("name")
        for e in entries
        if not any(child.tag is ET.Comment and len(child.text or "") > 20 for child in e)
    ]
    assert bare == []


def test_every_value_of_spark_has_its_reason() -> None:
    blocks = re.findall(r"((?:^#.*\n)*)^(spark\.\S+) ", DEFAULTS.read_text(encoding="utf-8"), re.MULTILINE)
    shared = {
        "spark.sql.timestampType",
        "spark.dynamicAllocation.maxExecutors",
        "spark.network.crypto.enabled",
        "spark.io.encryption.enabled",
        "spark.eventLog.dir",
    }
    assert {key for reason, key in blocks if not reason} == shared
    assert len(blocks) == len(read_spark(DEFAULTS)) >= 15


def test_spark_computes_as_the_sessions_of_shoplake_do() -> None:
    decides = {k: v for k, v in SETTINGS.items() if k.startswith("spark.sql.") and k != "spark.sql.adaptive.enabled"}
    given = read_spark(DEFAULTS)
    assert {k: given.get(k) for k in decides} == decides


def test_hive_orders_and_counts_as_the_models_expect() -> None:
    given = settings.read(settings.HIVE)
    assert given["hive.default.nulls.last"] == "false"
    assert given["hive.groupby.position.alias"] == "true"
    assert given["hive.local.time.zone"] == "UTC"


def test_local_servers_start_from_these_very_files(tmp_path: Path) -> None:
    hdfs = Hdfs(tmp_path / "hdfs")
    hdfs._ports = dict.fromkeys(["rpc", "http", "data", "data_http", "data_ipc"], 1)
    hive = Hive(tmp_path / "hive", hdfs=hdfs)
    hive._ports = {"thrift": 2}
    conf = hive._write_settings()
    assert settings.read(conf / "hive-site.xml") == {**settings.read(settings.HIVE), **hive.hive_overlay()}
    assert settings.read(conf / "tez-site.xml") == {**settings.read(settings.TEZ), **hive.tez_overlay()}
    assert settings.read(conf / "hdfs-site.xml") == {**settings.read(settings.HDFS), **hdfs.hdfs_overlay()}
    own = {"hadoop.tmp.dir": str(hive.folder / "tmp")}
    assert settings.read(conf / "core-site.xml") == {**settings.read(settings.CORE), **hdfs.core_overlay(), **own}
    decides = ("hive.default", "hive.groupby", "hive.local.time", "hive.parquet", "hive.exec.dynamic")
    assert [key for key in hive.hive_overlay() if key.startswith(decides)] == []
    assert set(Pig(tmp_path).overlay()) <= set(settings.read(settings.MAPRED))


def test_an_unknown_key_is_named() -> None:
    refuse_unknown("hive-site.xml", ["hive.a"], {"hive.a", "hive.b"})
    with pytest.raises(WrongUse, match=r"hive-site.xml: hive.c, hive.d: the hive here knows no such key"):
        refuse_unknown("hive-site.xml", ["hive.d", "hive.a", "hive.c"], {"hive.a"})


def test_a_key_that_is_set_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "core-site.xml"
    entry = "<property><name>a</name><value>1</value></property>"
    file.write_text(f"<configuration>{entry}{entry}</configuration>", encoding="utf-8")
    with pytest.raises(WrongUse, match="core-site.xml: a is set twice"):
        settings.read(file)
