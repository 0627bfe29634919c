"""The digest of a tiny generated shop: one SHA-256 a table, over the bytes of all its days whatever the parts.

Rewrite tests/golden/generator.json after a deliberate change of the generator (and raise GENERATOR_VERSION):

    python tests/unit/generate/golden.py --rewrite
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from shoplake.generate.options import TABLES, Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import raw_partitions

GOLDEN = Path(__file__).parents[2] / "golden" / "generator.json"
PLAN = Plan(events=6000, transactions=3000, users=1500, products=300, mess=mess_rates("heavy", []))


def digests(lake: Lake) -> dict[str, str]:
    """SHA-256 of each table: days in order, plain rows before odd ones, headers left out."""
    found = {table: hashlib.sha256() for table in TABLES}
    for (table, _), files in raw_partitions(lake).items():
        for file in sorted(files, key=lambda f: (f.kind == "odd", f.path)):
            data = (lake.root / file.path).read_bytes()
            found[table].update(data.partition(b"\n")[2] if file.format == "csv" else data)
    return {table: digest.hexdigest() for table, digest in found.items()}


def make(folder: Path, parts: int) -> dict[str, str]:
    lake = Lake(folder)
    generate(lake, PLAN, list(TABLES), parts, processes=1)
    return digests(lake)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        text = json.dumps(make(Path(folder), 1), indent=1) + "\n"
    if "--rewrite" in sys.argv:
        GOLDEN.write_text(text)
    print(text)
