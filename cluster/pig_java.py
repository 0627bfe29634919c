"""Pig on this machine: its Main class, started as the pinned release wants it under Java 17."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from shoplake.errors import Lacking, ShoplakeError

HOME = "SHOPLAKE_PIG_HOME"
_OPENED = (
    "java.lang java.lang.reflect java.lang.invoke java.io java.math java.net java.nio java.text java.time java.util "
    "java.util.concurrent java.util.regex sun.nio.ch"
).split()
# Short jobs: what the second compiler would win it does not earn back.
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC", "-Djava.net.preferIPv4Stack=true")
_LOG = """log4j.rootLogger=WARN,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%p %c{2}: %m%n
"""


class Pig:
    """Runs scripts in one folder, where it also leaves what it must write beside its results."""

    def __init__(self, folder: Path, *, memory: str = "1g") -> None:
        """Raises Lacking when Java or Pig's jars are missing."""
        home = os.environ.get(HOME)
        if not home or not list(Path(home, "lib").glob("pig-*.jar")):
            raise Lacking(f"{HOME}: found {home!r}, expected a folder whose lib/ holds Pig's jars. `make hadoop` fetches them.")
        if not shutil.which("java"):
            raise Lacking("Pig needs Java 17, and none was found. On Debian and Ubuntu: apt install openjdk-17-jre-headless")
        self.folder, self.memory, self.lib = folder, memory, Path(home).resolve() / "lib"
        self.conf = folder / "conf"
        self.conf.mkdir(parents=True, exist_ok=True)
        (self.conf / "log4j.properties").write_text(_LOG)

    def run(self, statements: Sequence[str], *, exectype: str = "local") -> None:
        """Run statements as one script. Raises ShoplakeError with Pig's own first error when one fails."""
        script, temporary = self.folder / "run.pig", self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        script.write_text("\n".join(statements) + "\n", encoding="utf-8")
        command = [
            "java", f"-Xmx{self.memory}", *_JVM, *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED),
            f"-Djava.io.tmpdir={temporary}", f"-Dhadoop.tmp.dir={temporary}", "-cp", f"{self.conf}:{self.lib}/*", "org.apache.pig.Main",
            "-x", exectype, "-stop_on_failure", "-logfile", str(self.folder / "pig.log"), str(script),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ShoplakeError(f"Pig: {_reason(done.stderr)} Nothing was published; the same command can be run again.")


def _reason(printed: str) -> str:
    lines = [line for line in printed.splitlines() if " ERROR " in line or line.startswith(("ERROR", "Caused by"))]
    return (lines[0] if lines else (printed.strip().splitlines() or ["no word"])[-1])[:600]
