"""Hadoop's way of writing settings, and the files that a server here is started from: ours, with a small overlay."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from cluster.versions import HERE
from shoplake.errors import WrongUse

CORE, HDFS, MAPRED = (HERE / "hadoop" / f"{name}-site.xml" for name in ("core", "hdfs", "mapred"))
HIVE, TEZ = HERE / "hive/hive-site.xml", HERE / "hive/tez-site.xml"


def read(file: Path) -> dict[str, str]:
    """The keys and values of a settings file."""
    found = {}
    for entry in ET.parse(file).getroot().iter("property"):
        name = entry.findtext("name", "").strip()
        if name in found:
            raise WrongUse(f"{file}: {name} is set twice. Remove one.")
        found[name] = entry.findtext("value", "").strip()
    return found


def write(file: Path, settings: Mapping[str, str]) -> None:
    root = ET.Element("configuration")
    for name, value in settings.items():
        entry = ET.SubElement(root, "property")
        ET.SubElement(entry, "name").text = name
        ET.SubElement(entry, "value").text = value
    ET.indent(root)
    file.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def overlaid(file: Path, overlay: Mapping[str, str], folder: Path) -> None:
    """Write the settings of `file`, with what this machine needs instead, under its own name into `folder`."""
    write(folder / file.name, {**read(file), **overlay})


def of_this_machine(conf: Path, more: Mapping[str, str]) -> None:
    """Settings of a client that knows no HDFS: paths lie on this machine."""
    overlaid(CORE, {"fs.defaultFS": "file:///", "fs.permissions.umask-mode": "022", **more}, conf)


LOG4J = """\
log4j.rootLogger={level},console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{{ISO8601}} %p %c{{2}}: %m%n
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
"""
LOG4J2 = """\
status = ERROR
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{{ISO8601}} %p %c{{2}}: %m%n
rootLogger.level = {level}
rootLogger.appenderRef.console.ref = console
"""


def write_logging(folder: Path, level: str) -> None:
    """All log libraries of Hadoop and Hive: to standard error, which is the server's log file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log4j.properties").write_text(LOG4J.format(level=level), encoding="utf-8")
    for name in ("log4j2.properties", "hive-log4j2.properties", "beeline-log4j2.properties"):
        (folder / name).write_text(LOG4J2.format(level=level), encoding="utf-8")
