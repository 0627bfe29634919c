"""The engines' jars, from Maven into a cache outside the checkout, once."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from filelock import FileLock

from cluster import java
from cluster.versions import HERE, versions
from shoplake.errors import Lacking

PINNED = re.compile(r"\$\{pinned\.([a-z0-9-]+)\}")
POMS = HERE / "poms"
PARTS = {"hdfs": "65 MB", "hive": "280 MB", "pig": "90 MB", "beeline": "45 MB", "ldap": "6 MB", "kafka": "45 MB", "spark-kafka": "10 MB"}
UNREACHED = re.compile(
    r"Could not transfer|Unknown host|UnknownHost|Connection refused|timed out|unreachable|offline", re.IGNORECASE
)
UNKNOWN = re.compile(r"Could not find artifact (\S+)")


def cache() -> Path:
    """Where the parts lie: $SHOPLAKE_CACHE, or a folder in the person's own cache."""
    return Path(os.environ.get("SHOPLAKE_CACHE") or Path.home() / ".cache" / "shoplake").absolute()


def resolve(part: str) -> Path:
    """The folder of a part (one of PARTS); its jars are in lib/.

    What is whole is used as it is; else Maven fetches it, a line on standard error telling so. Raises Lacking when a JDK,
    Maven, its repository, disk or the right to write is missing.
    """
    whole = cache() / f"{part}-{fingerprint(part)}"
    if whole.exists():
        return whole
    _require_tools()
    try:
        whole.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(whole.parent / "lock"):  # Maven's own folder is not safe for two at a time
            if not whole.exists():
                _fetch(part, whole)
    except OSError as e:
        raise Lacking(
            f"{whole.parent}: {e.strerror or e}. Free some space or allow writing there, or name another folder in SHOPLAKE_CACHE."
        ) from e
    return whole


def fingerprint(part: str) -> str:
    """Names what a part is made of: its pom, the versions it takes, and what is added to it."""
    pom, pinned = (POMS / f"{part}.xml").read_text(encoding="utf-8"), versions()
    taken = {name: pinned[name] for name in set(PINNED.findall(pom))}
    made_of = pom + str(sorted(taken.items())) + (STUB if part == "pig" else "")
    return hashlib.sha256(made_of.encode()).hexdigest()[:12]


def _require_tools() -> None:
    java.find("javac")
    if shutil.which("mvn") is None:
        raise Lacking(
            "the engines come by Maven, and no mvn was found on the PATH. On Debian and Ubuntu: apt install maven."
        )


def _fetch(part: str, whole: Path) -> None:
    for abandoned in whole.parent.glob("*.partial"):  # of a run that was killed: nobody else holds the lock
        shutil.rmtree(abandoned)
    partial = Path(tempfile.mkdtemp(prefix=f"{part}-", suffix=".partial", dir=whole.parent))
    print(f"Fetching {part} by Maven into {whole} (once, {PARTS[part]}) ...", file=sys.stderr, flush=True)
    try:
        _maven(POMS / f"{part}.xml", partial)
        if part == "pig":
            _add_stub(partial)
        partial.chmod(0o755)
        partial.rename(whole)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _maven(pom: Path, into: Path) -> None:
    pinned = [f"-Dpinned.{name}={version}" for name, version in versions().items()]
    words = ["mvn", "-q", "-B", "-f", str(pom), f"-Dinto={into}", *pinned, "generate-resources"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise Lacking(_why(pom, done.stdout))


def _why(pom: Path, said: str) -> str:
    lines = [line.removeprefix("[ERROR] ") for line in said.splitlines() if line.startswith("[ERROR]")]
    first = lines[0] if lines else said[-400:] or "it said nothing"
    if unknown := UNKNOWN.search(said):
        return f"{pom.name}: Maven's repository does not have {unknown[1]}. Name one that has it in Maven's settings.xml. ({first})"
    if UNREACHED.search(said):
        return f"{pom.name}: Maven did not reach its repository. Is there a network, and does Maven's settings.xml name a mirror it can reach? ({first})"
    return (
        f"{pom.name}: Maven failed ({first}). Run it again by hand to see all it says: mvn -f {pom} generate-resources"
    )


# Pig looks for this class by name to find a jar it would send along, and the published jar lacks it.
STUB = "package org.apache.pig.org.roaringbitmap; public class RoaringBitmap {}"


def _add_stub(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as work:
        source = Path(work) / "RoaringBitmap.java"
        source.write_text(STUB, encoding="utf-8")
        subprocess.run([java.find("javac"), "-d", work, source], check=True)
        (made,) = Path(work).rglob("*.class")
        with zipfile.ZipFile(folder / "lib" / "pig-roaringbitmap-stub.jar", "w") as jar:
            jar.write(made, made.relative_to(work).as_posix())
