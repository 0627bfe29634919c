"""The Java that runs the servers, and how they are called."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from shoplake.engines.spark import JAVA
from shoplake.errors import Lacking

INSTALL = "On Debian and Ubuntu: apt install openjdk-17-jdk-headless"
# Hadoop, Hive and Pig look into Java's own classes, which Java closes since version 17.
OPENED = [
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.math",
    "java.net",
    "java.nio",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "java.util.regex",
    "sun.nio.ch",
]
OPENS = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
OPENS.append("--add-opens=java.sql/java.sql=ALL-UNNAMED")


def find(program: str = "java") -> Path:
    """A program of the JDK, from JAVA_HOME or else from the PATH. Raises Lacking when it is missing or of another version."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / program) if home else shutil.which(program)
    place = f"in JAVA_HOME={home}" if home else "on the PATH"
    if found is None or not Path(found).exists():
        raise Lacking(f"Hadoop, Hive and Pig need a JDK, and no {program} was found {place}. {INSTALL}.")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)
    text = told.stderr + told.stdout
    version = re.search(r'(?:version "|javac )(\d+)', text)
    if version is None or not JAVA[0] <= int(version[1]) <= JAVA[1]:
        said = text.splitlines()[0] if text else "says no version"
        raise Lacking(
            f"{found}: {said}; Hadoop, Hive and Pig need a JDK of version {JAVA[0]} to {JAVA[1]}. "
            f"{INSTALL}; name another one in JAVA_HOME."
        )
    return Path(found)


def command(main: str, class_path: list[str], heap: str, scratch: Path, *more: str) -> list[str]:
    """How a class is run: in UTC, with this heap, its temporary files under `scratch`."""
    scratch.mkdir(parents=True, exist_ok=True)
    return [
        str(find()), f"-Xmx{heap}", "-XX:+UseSerialGC", "-XX:-UsePerfData", *OPENS,
        "-Duser.timezone=UTC", "-Dfile.encoding=UTF-8", "-Djava.net.preferIPv4Stack=true", f"-Djava.io.tmpdir={scratch}",
        *more, "-cp", ":".join(class_path), main,
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """What a program of Hadoop sees: nothing that points to another installation on this machine."""
    return {
        k: v for k, v in os.environ.items() if not k.startswith(("HADOOP_", "HDFS_", "HIVE_", "TEZ_", "PIG_", "YARN_"))
    }
