"""What a setting must be before anything is touched."""

from pathlib import Path

import pytest

from shoplake.errors import WrongUse
from shoplake.settings import resolve


def test_a_lake_without_a_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--lake "$LAKE" with LAKE unset: the folder one stands in would become a lake."""
    with pytest.raises(WrongUse, match=r"lake: empty \(flag\), expected a folder"):
        resolve({"lake": ""}, folder=tmp_path)
    monkeypatch.setenv("SHOPLAKE_LAKE", " ")
    with pytest.raises(WrongUse, match=r"lake: empty \(environment SHOPLAKE_LAKE\)"):
        resolve({}, folder=tmp_path)
