"""Is everything there that shoplake needs? Each thing is ok, told (works, but look at it) or lacking, with the remedy."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from shoplake import __version__
from shoplake.errors import ShoplakeError
from shoplake.lake.layout import FORMAT_VERSION, Lake
from shoplake.look import drawing
from shoplake.look.lock import holder
from shoplake.settings import KNOWN, Session

MINIMUM_PYTHON = (3, 11)
LITTLE_DISK = 2_000_000_000
LITTLE_MEMORY = 2_000_000_000

TOOLS = {
    "duckdb": "the DuckDB command line, to open the published file by hand",
    "java": "Spark, Hive, Pig and Kafka on this machine",
    "mvn": "to fetch the servers the cluster tests run",
    "git": "to keep a project's contracts and models",
}
LIBRARIES = {
    "pyspark": "the same models at cluster scale",
    "confluent_kafka": "events in motion",
    "sklearn": "churn scores",
    "implicit": "recommendations",
    "airflow": "schedules",
    "dash": "dashboards in a browser",
}


def diagnose(session: Session, folder: Path) -> dict[str, Any]:
    """Every check, in order. `folder` is where a lake would be made when there is none."""
    checks = [_python(), *_packages(), _zones(), *_room(session, folder), *_lake(session.lake)]
    optional = [{"name": name, "found": _version_of_tool(name), "for": what} for name, what in TOOLS.items()] + [
        {"name": name, "found": _version_of_package(name), "for": what} for name, what in LIBRARIES.items()
    ]
    return {"shoplake_version": __version__, "checks": checks, "optional": optional}


def _check(name: str, state: str, found: str, needed: str = "", remedy: str = "") -> dict[str, Any]:
    return {"name": name, "state": state, "found": found, "needed": needed, "remedy": remedy}


def _python() -> dict[str, Any]:
    fine = sys.version_info[:2] >= MINIMUM_PYTHON
    wanted = ".".join(map(str, MINIMUM_PYTHON))
    return _check(
        "python",
        "ok" if fine else "lacking",
        platform.python_version(),
        f">={wanted}",
        "" if fine else f"Install Python {wanted} or newer.",
    )


def _packages() -> list[dict[str, Any]]:
    try:
        required = metadata.requires("shoplake") or []
    except metadata.PackageNotFoundError:
        return [
            _check(
                "packages", "told", "shoplake is not installed as a package", "", "Install it: `pip install shoplake`."
            )
        ]
    found = []
    for line in required:
        wanted, _, marker = line.partition(";")
        if "extra" in marker:
            continue
        name, bounds = split_requirement(wanted)
        version = _version_of_package(name)
        if version is None:
            found.append(_check(name, "lacking", "not installed", bounds, f"pip install '{wanted.strip()}'"))
        elif not satisfies(version, bounds):
            found.append(_check(name, "lacking", version, bounds, f"pip install '{wanted.strip()}'"))
        else:
            found.append(_check(name, "ok", version, bounds))
    return found


def split_requirement(text: str) -> tuple[str, str]:
    """`duckdb<2.1,>=2.0` -> (`duckdb`, `<2.1,>=2.0`)."""
    text = text.strip()
    at = next((i for i, c in enumerate(text) if c in "<>=!~[ ("), len(text))
    return text[:at], text[at:].strip(" ()")


def satisfies(version: str, bounds: str) -> bool:
    """Whether a version keeps bounds written with ==, >=, >, <=, <, != and ~=; numbers only, as this project writes them."""
    mine = _numbers(version)
    for bound in filter(None, (b.strip() for b in bounds.split(","))):
        operator = next(o for o in ("==", ">=", "<=", "!=", "~=", ">", "<") if bound.startswith(o))
        other = _numbers(bound[len(operator) :])
        size = max(len(mine), len(other))
        a, b = (v + (0,) * (size - len(v)) for v in (mine, other))
        kept = {
            "==": a == b,
            "!=": a != b,
            ">=": a >= b,
            "<=": a <= b,
            ">": a > b,
            "<": a < b,
            "~=": a >= b and a[: len(other) - 1] == b[: len(other) - 1],
        }
        if not kept[operator]:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    found = []
    for part in version.strip().split("."):
        digits = "".join(c for c in part if c.isdigit())
        if not digits or not part[0].isdigit():
            break
        found.append(int(digits if part.isdigit() else part[: next(i for i, c in enumerate(part) if not c.isdigit())]))
    return tuple(found)


def _version_of_package(name: str) -> str | None:
    try:
        return metadata.version(name.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return None


def _version_of_tool(name: str) -> str | None:
    path = shutil.which(name)
    if path is None:
        return None
    try:
        flag = "-version" if name == "java" else "--version"
        done = subprocess.run([path, flag], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "found, does not answer"
    lines = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr).strip().splitlines()
    return lines[0].strip() if lines else "found"


def _zones() -> dict[str, Any]:
    version = _version_of_package("tzdata")
    if version is None:
        return _check("time zones", "lacking", "no tzdata", "tzdata", "pip install tzdata")
    return _check("time zones", "ok", f"tzdata {version}")


def _room(session: Session, folder: Path) -> list[dict[str, Any]]:
    place = session.lake.root.resolve()
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place if place.exists() else folder).free
    found = [_check("free disk", "ok" if free >= LITTLE_DISK else "told", drawing.size(free), f"about {drawing.size(LITTLE_DISK)} for the default shop", "" if free >= LITTLE_DISK else "Free some space, or name a folder on another disk with --lake.")]  # fmt: skip
    memory = _memory()
    if memory is None:
        found.append(
            _check(
                "memory", "told", "cannot be read here", session["memory"], "Give --memory what this machine can spare."
            )
        )
    else:
        fine = memory >= LITTLE_MEMORY
        found.append(_check("memory", "ok" if fine else "told", drawing.size(memory), f"limit {session['memory']}", "" if fine else "Give a lower limit, for example --memory 500MB."))  # fmt: skip
    found.append(
        _check(
            "processors",
            "ok",
            str(os.cpu_count() or 1),
            f"threads {session['threads']}" if session["threads"] != "0" else "all are used",
        )
    )
    return found


def _memory() -> int | None:
    try:
        return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return None


def _lake(lake: Lake) -> list[dict[str, Any]]:
    if lake.hdfs is None and not lake.exists():
        place = lake.root.resolve()
        while not place.exists():
            place = place.parent
        if not os.access(place, os.W_OK):
            return [
                _check(
                    "lake",
                    "lacking",
                    f"none at {lake.root}, and {place} cannot be written",
                    "",
                    "Choose another folder with --lake or SHOPLAKE_LAKE.",
                )
            ]
        return [
            _check(
                "lake",
                "ok",
                f"none at {lake.root} yet",
                "",
                "`shoplake generate all` or `shoplake ingest FILE` makes one.",
            )
        ]
    try:
        lake.require()
    except ShoplakeError as e:
        return [_check("lake", "lacking", str(e))]
    writable = lake.hdfs is not None or os.access(lake.root, os.W_OK)  # what HDFS lets one do, the first write tells
    found = [
        _check("lake", "ok", f"{lake.place}, format {lake.version_file.read_text().strip()}", f"format up to {FORMAT_VERSION}"),
        _check("lake writable", "ok" if writable else "told", "yes" if writable else "no: reading works, building does not", "", "" if writable else "Give this user the right to write there."),
        *_lock(lake),
        _leftovers(lake),
    ]  # fmt: skip
    return [*found, _published(lake)]


def _published(lake: Lake) -> dict[str, Any]:
    from shoplake.lake.manifest import current_generation

    try:
        number = current_generation(lake)
    except ShoplakeError as e:
        return _check("published", "lacking", str(e))
    return _check(
        "published",
        "ok",
        f"generation {number}" if number else "nothing yet",
        "",
        "" if number else "Run `shoplake build`.",
    )


def _lock(lake: Lake) -> list[dict[str, Any]]:
    who = holder(lake)
    if who is None:
        return [_check("lock", "ok", "free")]
    return [
        _check("lock", "told", f"held by process {who}", "", "A build or rollback runs. Wait, or use --wait SECONDS.")
    ]


def _leftovers(lake: Lake) -> dict[str, Any]:
    if holder(lake) is not None:
        return _check("left over", "ok", "not looked at while the lock is held")
    left = [lake.scratch] if lake.scratch.exists() else []
    left += (
        sorted(lake.root.glob(".*.tmp"))
        + sorted(lake.generations.glob(".*.tmp"))
        + sorted(lake.receipts.glob(".*.tmp"))
    )
    if not left:
        return _check("left over", "ok", "nothing")
    names = ", ".join(p.relative_to(lake.root).as_posix() for p in left[:5])
    return _check(
        "left over", "told", names, "", "From a run that was stopped. The next build tidies up; nothing is wrong."
    )


def diagnosis_as_text(found: dict[str, Any]) -> str:
    marks = {"ok": "ok", "told": "look", "lacking": "LACKING"}
    rows = [(marks[c["state"]], c["name"], c["found"], c["needed"]) for c in found["checks"]]
    lines = [
        f"shoplake {found['shoplake_version']} on {platform.system()} {platform.machine()}",
        "",
        *drawing.table(("", "what", "found", "needed"), rows),
    ]
    remedies = [
        f"  {c['name']}: {c['remedy'] or c['found']}"
        for c in found["checks"]
        if c["state"] != "ok" or (c["remedy"] and c["name"] in ("lake", "published"))
    ]
    if remedies:
        lines += ["", "What to do", *remedies]
    tools = [(t["name"], t["found"] or "not found", t["for"]) for t in found["optional"]]
    return "\n".join(
        [
            *lines,
            "",
            "Optional; the embedded engine needs none of them",
            *drawing.table(("tool", "found", "for"), tools, wrap=True),
        ]
    )


def settings_found(session: Session) -> dict[str, Any]:
    return {
        "settings": [
            {"name": n, "value": s.value, "origin": s.origin, "meaning": KNOWN[n][1]}
            for n, s in session.settings.items()
        ]
    }


def settings_as_text(found: dict[str, Any]) -> str:
    rows = [(s["name"], s["value"] or "(empty)", s["origin"], s["meaning"]) for s in found["settings"]]
    lines = drawing.table(("setting", "value", "from", "what it is"), rows, indent=0, wrap=True)
    return "\n".join(
        [
            *lines,
            "",
            "A flag beats SHOPLAKE_<NAME> in the environment, which beats shoplake.toml, which beats the default.",
        ]
    )
