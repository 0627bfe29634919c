"""No setting is a slip of the pen: every key is one that its engine knows, by its own jars of the pinned version."""

from pathlib import Path

import pytest
from cluster import settings
from cluster.hdfs import Hdfs
from cluster.hive import Hive
from cluster.keys import ENGINE_OF, published, refuse_unknown
from cluster.programs import Pig

from shoplake.errors import WrongUse

pytestmark = pytest.mark.hadoop

SLIPS = {
    settings.CORE: "fs.default.FS",
    settings.HDFS: "dfs.replication.factor",
    settings.MAPRED: "mapreduce.framework",
    settings.HIVE: "hive.exec.dynamic.partitions.mode",
    settings.TEZ: "tez.am.resource.memory.gb",
}


def overlays(folder: Path) -> dict[Path, dict[str, str]]:
    hdfs, hive = Hdfs(folder / "hdfs"), Hive(folder / "hive")
    hdfs._ports = dict.fromkeys(["rpc", "http", "data", "data_http", "data_ipc"], 1)
    hive._ports = {"thrift": 2}
    return {
        settings.CORE: hdfs.core_overlay(),
        settings.HDFS: hdfs.hdfs_overlay(),
        settings.MAPRED: Pig(folder).overlay(),
        settings.HIVE: hive.hive_overlay(),
        settings.TEZ: hive.tez_overlay(),
    }


@pytest.mark.parametrize("file", SLIPS, ids=lambda file: file.name)
def test_every_key_is_known(file: Path, tmp_path: Path) -> None:
    known = published(ENGINE_OF[file.name])
    ours = {**settings.read(file), **overlays(tmp_path)[file]}
    assert len(known) > 200
    refuse_unknown(file.name, ours, known)
    with pytest.raises(WrongUse, match=f"{file.name}: {SLIPS[file]}:"):
        refuse_unknown(file.name, [*ours, SLIPS[file]], known)
