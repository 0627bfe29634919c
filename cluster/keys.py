"""The keys that an engine itself knows: a setting that is not among them is a slip of the pen, which every engine passes over in silence."""

import subprocess
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterable
from pathlib import Path

from cluster import java
from cluster.resolve import resolve
from cluster.spark import spark_home
from cluster.versions import HERE
from shoplake.errors import WrongUse

# Each settings file: whose keys it holds.
ENGINE_OF = {
    "core-site.xml": "core",
    "hdfs-site.xml": "hdfs",
    "mapred-site.xml": "mapred",
    "hive-site.xml": "hive",
    "tez-site.xml": "tez",
    "spark-defaults.conf": "spark",
    "server.properties": "kafka",
    "producer.properties": "kafka-producer",
    "consumer.properties": "kafka-consumer",
    "topics.yml": "kafka-topic",
}
DEFAULTS_IN = {
    "core": ("hdfs", "hadoop-common"),
    "hdfs": ("hdfs", "hadoop-hdfs"),
    "mapred": ("pig", "hadoop-mapreduce-client-core"),
}
PROGRAM = HERE / "PublishedKeys.java"


def published(engine: str) -> set[str]:
    """All keys of an engine (one of ENGINE_OF), out of its own jars. Raises Lacking when those are not to be had."""
    if engine in DEFAULTS_IN:
        part, jar = DEFAULTS_IN[engine]
        return _of_defaults(resolve(part) / "lib", jar, f"{engine}-default.xml")
    part = "kafka" if engine.startswith("kafka") else "hive"
    jars = f"{spark_home()}/jars/*" if engine == "spark" else f"{resolve(part)}/lib/*"
    # Not java.command: a source file stands where a class would.
    words = [str(java.find()), "-Xmx400m", *java.OPENS, "-cp", jars, str(PROGRAM), engine]
    done = subprocess.run(words, env=java.environment(), capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def refuse_unknown(file: str, keys: Iterable[str], known: set[str]) -> None:
    """Raises WrongUse naming every key of this file that its engine does not know."""
    if unknown := sorted(set(keys) - known):
        raise WrongUse(
            f"{file}: {', '.join(unknown)}: the {ENGINE_OF[Path(file).name]} here knows no such key. Correct or remove it."
        )


def _of_defaults(lib: Path, jar: str, name: str) -> set[str]:
    (found,) = [path for path in lib.glob(f"{jar}-[0-9]*.jar") if not path.stem.endswith("tests")]
    with zipfile.ZipFile(found) as opened:
        root = ET.fromstring(opened.read(name))
    return {entry.findtext("name", "").strip() for entry in root.iter("property")}
