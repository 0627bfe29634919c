"""MLflow's tracking server with a registry in SQLite, in an environment of its own: what shoplake sends is tested against it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock

from cluster.ports import HOST, is_answered, kept, noted
from cluster.process import LIMIT, Server
from cluster.resolve import cache
from cluster.versions import HERE
from shoplake.errors import Lacking

PINS = HERE / "mlflow" / "constraints.txt"
USUAL = 5000
READY = "Application startup complete"


def environment() -> Path:
    """The folder of the server's environment; the first time pip makes it (a minute, 850 MB). Raises Lacking when it cannot."""
    name = hashlib.sha256((sys.version.split()[0] + PINS.read_text(encoding="utf-8")).encode()).hexdigest()[:12]
    whole = cache() / f"mlflow-{name}"
    if whole.exists():
        return whole
    whole.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(whole.parent / "mlflow.lock"):
        if not whole.exists():
            print(f"Installing MLflow's server into {whole} (once, 850 MB) ...", file=sys.stderr, flush=True)
            _install(whole)
    return whole


def _install(whole: Path) -> None:
    """Whole or not at all. Its scripts name the folder it was made in, so nothing but its python is ever called."""
    partial = Path(tempfile.mkdtemp(prefix="mlflow-", suffix=".partial", dir=whole.parent))
    try:
        install = [str(partial / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", str(PINS), "mlflow"]
        for words in ([sys.executable, "-m", "venv", str(partial)], install):
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            if done.returncode:
                raise Lacking(f"MLflow's server could not be installed: {done.stdout[-600:]}\nIs a package index within reach, and a gigabyte of disk free?")
        partial.chmod(0o755)
        partial.rename(whole)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


class MLflow:
    """A server of its own under `folder`, which keeps its runs and models. `uri` is known once it was started, and stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.server = Server("mlflow", self.folder)

    @property
    def port(self) -> int:
        return noted(self.folder)["http"]

    @property
    def is_ready(self) -> bool:
        log = self.server.log
        return is_answered(self.port) and log.exists() and READY in log.read_text(encoding="utf-8", errors="replace")

    @property
    def uri(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self, limit: float = LIMIT) -> Self:
        """Start it and wait until it answers. Raises Held when one runs already, Lacking when it cannot be installed, ShoplakeError with the log's end."""
        python = environment() / "bin" / "python"
        self.server.refuse_second()
        kept(self.folder, ["http"], {"http": USUAL})
        words = [
            str(python), "-m", "mlflow", "server", "--host", HOST, "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{self.folder / 'mlflow.db'}", "--artifacts-destination", str(self.folder / "artifacts"),
        ]  # fmt: skip
        # Its own environment: nothing of ours on its path; and no workers for what it can do beside keeping runs.
        self.server.start(words, {"PYTHONPATH": "", "MLFLOW_TRACKING_URI": "", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"})
        try:
            self.server.wait(lambda: self.is_ready, limit)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it. What it keeps stays, for the next start."""
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, e: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
