"""A real Spark master and worker: a session there computes with the settings for real clusters, and no process is left."""

from pathlib import Path

import pytest
from cluster.keys import published, refuse_unknown
from cluster.spark import DEFAULTS, SparkStandalone
from cluster.spark import read as read_spark

from shoplake.engines.spark import Spark
from shoplake.errors import Held, WrongUse
from tests.system.test_cluster import processes_of

pytestmark = pytest.mark.spark


def test_a_session_on_a_standalone_cluster(tmp_path: Path) -> None:
    with SparkStandalone(tmp_path / "spark") as cluster:
        assert read_spark(cluster.conf / DEFAULTS.name) == cluster.settings()
        with pytest.raises(Held, match="runs there already"):
            SparkStandalone(tmp_path / "spark").start()
        spark = Spark(scratch=tmp_path / "scratch", master=cluster.url, memory="1g", settings=cluster.settings())
        try:
            assert spark.rows("SELECT SUM(id), COUNT(*) FROM RANGE(0, 100000, 1, 4)") == [(4999950000, 100000)]
            assert spark.session.sparkContext.master == cluster.url
            asked = spark.rows("SET spark.sql.sources.partitionOverwriteMode")
            assert asked == [("spark.sql.sources.partitionOverwriteMode", "dynamic")]
        finally:
            spark.close()
    # The driver belongs to this process and ends with it; master, worker and executors are gone.
    assert [words for words in processes_of(tmp_path) if not words.endswith("pyspark-shell ")] == []


def test_every_key_is_known(tmp_path: Path) -> None:
    cluster = SparkStandalone(tmp_path)
    cluster._ports = {"master": 1}
    known = published("spark")
    refuse_unknown(DEFAULTS.name, cluster.settings(), known)
    with pytest.raises(WrongUse, match="spark-defaults.conf: spark.sql.shuffle.partition:"):
        refuse_unknown(DEFAULTS.name, ["spark.sql.shuffle.partition"], known)
