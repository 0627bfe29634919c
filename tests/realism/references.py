"""The UCI file's own figures in references.json, computed again.

    python -m tests.realism.references FILE [--write]

FILE is online_retail.csv.gz: it is ingested into a lake of its own (Europe/London), built, and measured like any shop.
"""

import sys
import tempfile
from pathlib import Path

import msgspec

from shoplake.generate.realism import Reference, References, opened, order_figures, profiles, read_references
from shoplake.ingest.land import Request, land
from shoplake.lake.layout import Lake
from tests.making import CONTRACTS, run

PATH = Path(__file__).parent / "references.json"


def computed(file: Path, root: Path) -> References:
    """references.json with every figure and profile of the UCI file computed from the file itself."""
    lake = Lake(root)
    lake.create()
    land(lake, file, Request("2012-01-31", threads=1), CONTRACTS)
    run(root, timezone="Europe/London")
    return of_lake(root)


def of_lake(root: Path) -> References:
    """The same from a lake that was built."""
    old = read_references(PATH)
    with opened(Lake(root)) as engine:
        values, shares = order_figures(engine), profiles(engine)
    figures = {
        key: Reference(round(values[key], 6), old_.source, old_.how) if old_.source == "UCI" else old_
        for key, old_ in old.figures.items()
    }
    return References(old.sources, figures, {name: [round(x, 6) for x in row] for name, row in shares.items()})


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = computed(Path(sys.argv[1]), Path(folder) / "lake")
    text = msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"
    if "--write" in sys.argv:
        PATH.write_text(text, encoding="utf-8")
    print(text)
