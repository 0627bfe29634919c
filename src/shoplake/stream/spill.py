"""What could not be sent: kept in a file, counted, and sent by the next run that is told to."""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from shoplake.errors import Lacking, WrongUse
from shoplake.stream.live import Item


class Spill:
    """A file of JSON lines: key and value in base64, ds, reason."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0
        self.reasons: Counter[str] = Counter()
        self._open: TextIO | None = None

    @property
    def sending(self) -> Path:
        """What a resumed run has taken up. It goes when all of it was sent, or spilled anew."""
        return self.file.with_name(self.file.name + ".sending")

    def add(self, key: bytes | None, value: bytes, ds: str, reason: str) -> None:
        """Raises Lacking when it cannot be written: then nothing else can be done for the event."""
        line = {"ds": ds, "reason": reason, "key": None if key is None else base64.b64encode(key).decode(), "value": base64.b64encode(value).decode()}
        try:
            if self._open is None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                self._open = open(self.file, "a", encoding="ascii")  # noqa: SIM115 (closed by `close`)
            self._open.write(json.dumps(line) + "\n")
            self._open.flush()
        except OSError as e:
            raise Lacking(f"{self.file}: cannot be written ({e.strerror}), and events that cannot be sent are kept there. Free some space, or name another file with --spill.") from e
        self.count += 1
        self.reasons[reason] += 1

    def take_up(self) -> Iterator[Item]:
        """What earlier runs left, oldest first. Call `sent` when it was sent. Raises WrongUse for a damaged line."""
        if not self.sending.exists() and self.file.exists():
            os.replace(self.file, self.sending)
        elif self.file.exists():  # a resumed run was cut off: what it had taken up comes first, and all of it once more
            with open(self.sending, "a", encoding="ascii") as earlier:
                earlier.write(self.file.read_text(encoding="ascii"))
            self.file.unlink()
        if not self.sending.exists():
            return
        with open(self.sending, encoding="ascii") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    one = json.loads(line)
                    key = None if one["key"] is None else base64.b64decode(one["key"])
                    yield Item(key, base64.b64decode(one["value"]), one["ds"])
                except (ValueError, KeyError, TypeError) as e:
                    raise WrongUse(f"{self.sending}:{number}: not a spilled event ({e}). Take that line out, and run this again.") from e

    def sent(self) -> None:
        self.sending.unlink(missing_ok=True)

    def close(self) -> None:
        if self._open is not None:
            os.fsync(self._open.fileno())
            self._open.close()
            self._open = None
