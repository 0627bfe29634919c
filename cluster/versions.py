"""The pinned versions, as the poms and the tests read them."""

import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILE = HERE / "versions.toml"


def versions() -> dict[str, str]:
    """Name and version of all that versions.toml pins."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {name: version for table in tables.values() for name, version in table.items()}
