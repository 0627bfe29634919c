"""What a person or a program sees: words and progress on stderr, results on stdout, `--json` as one envelope."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA_VERSION = 1


def say(text: str = "") -> None:
    """A line of words, on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def out(text: str) -> None:
    """A line of results, on stdout."""
    print(text, flush=True)  # noqa: T201


def emit_json(kind: str, payload: dict[str, Any]) -> None:
    """The one envelope every `--json` prints: schema_version, kind, then the payload's keys."""
    import msgspec

    body = msgspec.json.encode({"schema_version": SCHEMA_VERSION, "kind": kind, **payload}, enc_hook=str)
    sys.stdout.write(msgspec.json.format(body, indent=2).decode() + "\n")


class Steps:
    """Progress of work in known steps: a bar on a terminal, a line a step otherwise."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._count, self._began = title, total, 0, time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                TextColumn("{task.fields[title]}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", total=total, title=title)

    def done(self, what: str) -> None:
        """One step is finished; `what` says which, and what came of it."""
        self._count += 1
        if self._bar is not None:
            self._bar.update(self._task, advance=1, description=what)
        else:
            say(f"{self._title} {self._count}/{self._total} {time.monotonic() - self._began:6.2f} s  {what}")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


@contextmanager
def steps(title: str, total: int) -> Iterator[Steps]:
    """Steps that stop drawing however the work ends."""
    shown = Steps(title, total)
    try:
        yield shown
    finally:
        shown.close()
