"""A server process: started with its log and pid file, waited for, and stopped by pid, never by name."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster import java
from shoplake.errors import Held, Lacking, ShoplakeError

LIMIT = 180.0  # seconds a server may take to be ready; a busy machine needs ten times what an idle one does
PATIENCE = 20.0  # seconds it may take to end when told to


def started_at(pid: int) -> str | None:
    """When the process with this pid started, in words that no other process with the same pid shares; None when there is none."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        if fields[0] in "ZX":  # ended, and only its parent has not been told
            return None
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='utf-8').strip()} {fields[19]}"
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = told.stdout.strip().partition(" ")
    return began.strip() if began and not state.startswith("Z") else None


@dataclass
class Server:
    """One process of a cluster. `folder` holds its pid file and its log.

    hopeless: words of its log (a regular expression) and the remedy, where a server tries again and again what cannot succeed.
    """

    name: str
    folder: Path
    hopeless: Mapping[str, str] = field(default_factory=dict, repr=False)
    _child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def pid_file(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """The pid of the running process; None when it does not run, also when another process has its pid now."""
        if self._child is not None and self._child.poll() is not None:
            return None
        try:
            noted = json.loads(self.pid_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as e:
            raise ShoplakeError(f"{self.pid_file}: {e}. Delete it when no {self.name} runs.") from e
        return noted["pid"] if started_at(noted["pid"]) == noted["started"] else None

    @property
    def is_lost(self) -> bool:
        """Whether it was started and ended without being told to."""
        return self.pid is None and self.pid_file.exists()

    def refuse_second(self) -> None:
        """Raises Held when it runs already."""
        if self.pid is not None:
            raise Held(
                f"{self.folder}: a {self.name} (pid {self.pid}) runs there already. Stop it first, or name another folder."
            )

    def start(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Start the process; its output goes to the log. Raises Held when it runs already."""
        self.refuse_second()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                command, cwd=self.folder, env={**java.environment(), **(environment or {})}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        noted = {"pid": self._child.pid, "started": started_at(self._child.pid)}
        fresh = self.pid_file.with_suffix(".pid.new")
        fresh.write_text(json.dumps(noted), encoding="utf-8")
        fresh.rename(self.pid_file)

    def wait(self, ready: Callable[[], bool], limit: float = LIMIT) -> None:
        """Wait until `ready`. Raises ShoplakeError with the log's last lines when the process ends or takes longer than `limit` seconds."""
        until = time.monotonic() + limit
        while not ready():
            if self.pid is None:
                raise self._failed("ended while starting")
            if time.monotonic() > until:
                raise self._failed(f"was not ready after {limit:.0f} seconds")
            self._give_up()
            time.sleep(0.1)

    def terminate(self) -> None:
        """Tell it to end, without waiting."""
        self._signal(signal.SIGTERM)

    def stop(self) -> None:
        """End it: politely, after a while by force. What does not run is left alone."""
        self.terminate()
        until = time.monotonic() + PATIENCE
        while self.pid is not None:
            if time.monotonic() > until:
                self._signal(signal.SIGKILL)
            time.sleep(0.05)
        if self._child is not None:
            self._child.wait()
            self._child = None
        self.pid_file.unlink(missing_ok=True)

    def tail(self, lines: int = 15) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid) is not None:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def _give_up(self) -> None:
        """Raises Lacking when the log says what waiting does not mend."""
        if not self.hopeless or not self.log.exists():
            return
        text = self.log.read_text(encoding="utf-8", errors="replace")
        for words, remedy in self.hopeless.items():
            if said := re.search(words, text):
                raise Lacking(f"{self.name} cannot start: {said[0]}. {remedy} Its log: {self.log}")

    def _failed(self, how: str) -> ShoplakeError:
        told = self.tail()
        kind, remedy = ShoplakeError, "The first error in the log tells the cause."
        if "No space left" in told:
            kind, remedy = Lacking, "The disk is full: free some space and start it again."
        elif "OutOfMemoryError" in told or "insufficient memory" in told:
            kind, remedy = Lacking, "Memory ran out: end other programs, or give it a larger heap."
        elif "BindException" in told or "Address already in use" in told:
            kind, remedy = Lacking, "Another process took its port meanwhile: start it again."
        return kind(f"{self.name} {how}. {remedy} {self.log} ends with:\n{told}")
