"""What could not be sent: kept in a file, counted, and sent by the next run that is told to."""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from shoplake.errors import Held, Lacking, WrongUse
from shoplake.stream.live import Item

PATIENCE = 30.0


class Spill:
    """A file of JSON lines: key and value in base64, ds, reason. Several producers may add to one file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self._lock = FileLock(file.with_name(file.name + ".lock"), timeout=PATIENCE)
        self._resuming = FileLock(self.sending.with_name(self.sending.name + ".lock"), timeout=0)

    @property
    def sending(self) -> Path:
        """What a resumed run has taken up. It goes when all of it was sent, or spilled anew."""
        return self.file.with_name(self.file.name + ".sending")

    def add(self, key: bytes | None, value: bytes, ds: str, reason: str) -> None:
        """Raises Lacking when it cannot be written: then nothing else can be done for the event."""
        line = {"ds": ds, "reason": reason, "key": None if key is None else base64.b64encode(key).decode(), "value": base64.b64encode(value).decode()}
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self._lock:  # a resumed run may just be taking the file up
                _append(self.file, json.dumps(line).encode() + b"\n")
        except (OSError, Timeout) as e:
            said = e.strerror if isinstance(e, OSError) else "another process holds it"
            raise Lacking(f"{self.file}: cannot be written ({said}), and events that cannot be sent are kept there. Free some space, or name another file with --spill.") from e
        self.count += 1
        self.reasons[reason] += 1

    def take_up(self) -> Iterator[Item]:
        """What earlier runs left, oldest first. Call `sent` when all of it was sent, `release` else: then it is sent once more.

        Raises Held while another run sends it, WrongUse for a damaged line.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._resuming.acquire()
        except Timeout:
            raise Held(f"{self.sending}: another run with --resume sends these events. Wait for it to end.") from None
        with self._lock:
            if self.file.exists() and not self.sending.exists():
                os.replace(self.file, self.sending)
            elif self.file.exists():  # a resumed run was cut off: what it had taken up comes first, and all of it once more
                _append(self.sending, self.file.read_bytes())
                self.file.unlink()
        if self.sending.exists():
            with open(self.sending, "rb") as lines:
                for number, line in enumerate(lines, 1):
                    yield self._item(number, line)

    def _item(self, number: int, line: bytes) -> Item:
        try:
            one = json.loads(line)
            key = None if one["key"] is None else base64.b64decode(one["key"])
            return Item(key, base64.b64decode(one["value"]), one["ds"])
        except (ValueError, KeyError, TypeError) as e:
            raise WrongUse(
                f"{self.sending}:{number}: not a spilled event ({e}). It was cut off while it was written, and never counted: take that line out, and run this again."
            ) from e

    def sent(self) -> None:
        """All that was taken up was sent, or spilled anew."""
        self.sending.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        self._resuming.release()


def _append(file: Path, data: bytes) -> None:
    """Add whole lines, on a line of their own also behind one that was cut off."""
    with open(file, "a+b", buffering=0) as opened:
        if opened.seek(0, os.SEEK_END):
            opened.seek(-1, os.SEEK_END)
            if opened.read(1) != b"\n":
                data = b"\n" + data
        left = memoryview(data)
        while left:
            left = left[opened.write(left) :]
