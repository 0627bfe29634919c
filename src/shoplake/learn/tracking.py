"""MLflow: what was learnt goes there too, where MLFLOW_TRACKING_URI is set. What counts is the lake: a server that does not answer ends no
training; what it did not take is counted, and sent with the next training or by `shoplake learn track`.

models/mlflow.jsonl    a line an attempt: version, server, its run, or why there is none; and a line for a run that the server has lost
"""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shoplake.errors import WrongUse
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import Champion, current_generation, read_manifest
from shoplake.learn.registry import NAMES, Version, folder_of, numbers, read

PATIENCE = 60.0  # seconds to wait for another process that sends
EXPERIMENT = "shoplake"
# What a line of the ledger has; and one of a version that was sent, beside.
KEYS = {"name", "version", "server", "experiment"}
KEYS_OF_SENT = {"run", "model_version"}


@dataclass
class Sent:
    """What one attempt came to. `waiting`: versions, by model, that the server does not have; `error`: why."""

    server: str
    experiment: str
    sent: dict[str, list[int]] = field(default_factory=dict)
    waiting: dict[str, list[int]] = field(default_factory=dict)
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_text(self) -> str:
        words = [f"sent {_named(self.sent)}" if self.sent else "" if self.error else "nothing new"]
        if self.waiting:
            words.append(f"{sum(map(len, self.waiting.values())):,} not sent: {_named(self.waiting)}, since {self.error}. The next training sends them, or `shoplake learn track`")
        elif self.error:
            words.append(self.error)
        return f"MLflow at {self.server}, experiment {self.experiment}: " + "; ".join(filter(None, words))


def _named(versions: dict[str, list[int]]) -> str:
    return ", ".join(f"{name} {', '.join(map(str, some))}" for name, some in versions.items())


def server() -> str | None:
    """Where MLflow is, in MLflow's own words; None when nothing is said."""
    return os.environ.get("MLFLOW_TRACKING_URI") or None


def track(lake: Lake, names: tuple[str, ...] = NAMES) -> Sent | None:
    """Send what the server does not have yet, and tell it who is champion and challenger. None when no server is named. Raises nothing
    that comes of the server or the ledger: it is in what is returned."""
    uri = server()
    if uri is None:
        return None
    found = Sent(_shown(uri), os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT)
    try:
        _locked(lake, uri, found, names)
    except OSError as e:
        found.error = f"{e.filename or _file(lake)}: {e.strerror or e}"
    return found


def _locked(lake: Lake, uri: str, found: Sent, names: tuple[str, ...]) -> None:
    lake.models.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(lake.models / ".mlflow.lock", timeout=PATIENCE):
            _send_all(lake, uri, found, names)
    except Timeout:
        found.error = f"another process has been sending for {PATIENCE:.0f} seconds"
        found.waiting = _waiting(lake, found, names)


def _send_all(lake: Lake, uri: str, found: Sent, names: tuple[str, ...]) -> None:
    try:
        found.error = _send(lake, uri, found, names)
    except Exception as e:  # of forty packages and a network: none of it may end a training that is done
        found.error = _shown(" ".join(str(e).split()))[:300] or type(e).__name__
    if found.error:
        found.waiting = _waiting(lake, found, names)
        for name, some in found.waiting.items():
            for number in some:
                _note(lake, found, name, number, {"error": found.error})


def _send(lake: Lake, uri: str, found: Sent, names: tuple[str, ...]) -> str | None:
    """What is wrong with a version that could not be read; the others are sent all the same."""
    if find_spec("mlflow") is None:
        return "mlflow is not installed: pip install 'shoplake[mlflow]'"
    from shoplake.learn.mlflow_client import connected

    wrong = None
    with connected(uri, found.experiment) as client:
        _forget_lost(lake, found, client.runs())
        for name, some in _waiting(lake, found, names).items():
            for number in some:
                try:
                    version = read(lake, name, number)
                    client.check(version)
                except WrongUse as e:
                    wrong = str(e)
                    continue
                run, model_version = client.send(name, version, record_hash(lake, version), str(lake.root.absolute()))
                _note(lake, found, name, number, {"run": run, "model_version": model_version})
                found.sent.setdefault(name, []).append(number)
        champions = read_manifest(lake).models if current_generation(lake) else {}  # under the lock: of two who promote, the later one's
        for name in names:
            _alias(client, lake, found, name, champions.get(name))
    return wrong


def _alias(client: Any, lake: Lake, found: Sent, name: str, champion: Champion | None) -> None:
    there = {line["version"]: line["model_version"] for line in _ledger(lake) if _is_of(line, found, name)}
    newest = max(numbers(lake, name), default=None)
    client.alias(name, "champion", there.get(champion.version) if champion else None)
    client.alias(name, "challenger", there.get(newest) if newest is not None and (champion is None or newest != champion.version) else None)


def record_hash(lake: Lake, version: Version) -> str:
    """Names a version among those of all lakes: by it a server is asked whether it has it."""
    return hashlib.sha256(str(lake.root.absolute()).encode() + (version.folder / "record.json").read_bytes()).hexdigest()


def _forget_lost(lake: Lake, found: Sent, runs: set[str]) -> None:
    """Of a server that lost what it had, the ledger is told so; what it lost is sent again."""
    for line in _ledger(lake):
        if line["name"] in NAMES and _is_of(line, found, line["name"]) and line["run"] not in runs:
            _note(lake, found, line["name"], line["version"], {"lost": line["run"]})


def _waiting(lake: Lake, found: Sent, names: tuple[str, ...]) -> dict[str, list[int]]:
    """By the ledger: what this server's experiment has not been sent."""
    lines = _ledger(lake)
    waiting = {name: [n for n in numbers(lake, name) if n not in {line["version"] for line in lines if _is_of(line, found, name)}] for name in names}
    return {name: some for name, some in waiting.items() if some}


def _is_of(line: dict[str, Any], found: Sent, name: str) -> bool:
    return line.keys() >= KEYS_OF_SENT and (line["server"], line["experiment"], line["name"]) == (found.server, found.experiment, name)


def _file(lake: Lake) -> Path:
    return lake.models / "mlflow.jsonl"


def _ledger(lake: Lake) -> list[dict[str, Any]]:
    """A line that is none, as of a process that was killed while it wrote, tells nothing: what it told of is looked for on the server."""
    file, found = _file(lake), []
    for text in file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and line.keys() >= KEYS:
            found.append(line)
    lost = {line["lost"] for line in found if "lost" in line}
    return [line for line in found if line.get("run") not in lost]


def _note(lake: Lake, found: Sent, name: str, number: int, what: dict[str, Any]) -> None:
    file = _file(lake)
    whole = file.read_bytes().rpartition(b"\n")[:2] if file.exists() else ()
    with file.open("a", encoding="utf-8") as f:
        f.truncate(sum(map(len, whole)))
        f.write(json.dumps({"name": name, "version": number, "server": found.server, "experiment": found.experiment, **what}) + "\n")
    fsync(file)


def _shown(text: str) -> str:
    """Without what of an address may be secret: a name and password, and what is asked."""
    return re.sub(r"\?\S*", "", re.sub(r"//\S*@", "//", text))


def require_server(lake: Lake, name: str | None) -> tuple[str, ...]:
    """The models that are meant. Raises WrongUse when no server is named, or there is no such model."""
    if server() is None:
        raise WrongUse("MLFLOW_TRACKING_URI is not set: it names the MLflow server, as in http://127.0.0.1:5000.")
    if name is None:
        return NAMES
    folder_of(lake, name)
    return (name,)
