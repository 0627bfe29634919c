"""Java's way of writing settings: key=value, a line each."""

from collections.abc import Mapping
from pathlib import Path

from shoplake.errors import WrongUse


def read(file: Path) -> dict[str, str]:
    """The keys and values of a file. Raises WrongUse naming the line of what is none, or is set twice."""
    found: dict[str, str] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise WrongUse(f"{file}: cannot be read ({e}). Name a file of lines like key=value.") from None
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith(("#", "!")):
            continue
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise WrongUse(f"{file}:{number}: found {text!r}, expected key=value.")
        if key in found:
            raise WrongUse(f"{file}:{number}: {key} is set twice. Remove one.")
        found[key] = value
    return found


def write(file: Path, settings: Mapping[str, str]) -> None:
    """For this user's eyes only: values may be secrets."""
    file.touch(mode=0o600)
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()), encoding="utf-8")
