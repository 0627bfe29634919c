"""A lake on HDFS, as far as no server is needed: addresses, what is said, whose lock it is. The rest: tests/system/test_hdfs_lake.py."""

import os
import socket
import subprocess
import sys

import pytest

from shoplake.errors import Lacking, WrongUse
from shoplake.lake.hdfs import HdfsFiles, explain, is_dead


@pytest.mark.parametrize("uri", ["hdfs://", "hdfs://host:8020", "hdfs://host:8020/", "hdfs:///ecommerce", "hdfs://host:port/x", "hdfs://h/x?y"])
def test_an_address_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(WrongUse, match="expected hdfs://NAMENODE:PORT/FOLDER"):
        HdfsFiles(uri)


def test_a_web_address_that_is_none_is_refused() -> None:
    with pytest.raises(WrongUse, match="expected HOST:PORT"):
        HdfsFiles("hdfs://host:8020/ecommerce", "host:http")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Cannot create file/x. Name node is in safe mode.", "dfsadmin -safemode leave"),
        ("The DiskSpace quota of /x is exceeded: DSQuotaExceededException", "Free some space"),
        ("File /x could only be written to 0 of the 1 minReplication nodes.", "Free some space"),
        ("Permission denied: user=me, access=WRITE", "HADOOP_USER_NAME"),
        ("HTTPConnectionPool(host='h', port=9): Max retries exceeded", "SHOPLAKE_WEBHDFS"),
        ("Operation category READ is not supported in state standby", "Name the active one"),
        ("what nobody has seen", "HDFS refused"),
    ],
)
def test_what_hdfs_says_is_told_with_its_remedy(said: str, remedy: str) -> None:
    told = explain(RuntimeError(f"{said}\n\tat org.apache.hadoop.hdfs.Somewhere"), "hdfs://h/x", "h:9870")
    assert isinstance(told, Lacking)
    assert remedy in str(told)
    assert said in str(told)
    assert "Somewhere" not in str(told)


def test_only_an_ended_process_of_this_machine_is_known_to_be_dead() -> None:
    here = socket.gethostname()
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert is_dead(f"{ended.pid} on {here}")
    assert not is_dead(f"{ended.pid} on elsewhere")
    assert not is_dead(f"{os.getppid()} on {here}")
    assert not is_dead("unknown")
