"""A receipt names files of its own lake and no others."""

import json
from pathlib import Path

import pytest

from shoplake.errors import WrongUse
from tests.making import deliver, run

EVENT = {"event_id": "e", "event_type": "view", "event_ts": "2025-05-02T10:00:00Z", "visitor_id": "v"}


@pytest.mark.parametrize(
    "path", ["../secret.jsonl", "/etc/passwd", "raw/../../secret.jsonl", "raw", "raw\\..\\x", "ref/x"]
)
def test_a_receipt_that_names_another_file_is_refused(path: str, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    deliver(lake, "clickstream", "2025-05-02", [EVENT])
    (receipt,) = (lake / "raw" / "_receipts").glob("*.json")
    told = json.loads(receipt.read_text())
    told["files"][0]["path"] = path
    receipt.write_text(json.dumps(told))
    with pytest.raises(WrongUse, match=r"expected one under raw/ of this lake"):
        run(lake)
