"""`python -m benchmarks.run [STAGE]`: measure, print, and keep what was found.

STAGE is one of the stages, `all` (but those on Spark), or `tiny`: the same, small, each side once, to see that it works; that
keeps nothing.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import report
from benchmarks.measure import Facts, measure
from benchmarks.setting import SIZES, Setting
from benchmarks.stages import ON_SPARK, STAGES


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.run", description=__doc__)
    parser.add_argument("stage", nargs="?", default="all", choices=[*STAGES, "all", "tiny"])
    parser.add_argument(
        "--size", default="default", choices=SIZES, help="of the made shop; only figures of the default size are kept"
    )
    parser.add_argument(
        "--rounds", type=int, help="rounds of reference, ours, ours, reference after a warm-up [default: 5]"
    )
    parser.add_argument("--out", type=Path, help="write the JSON there, and leave docs/reference alone")
    found = parser.parse_args()
    if found.stage == "tiny":
        found.size, found.rounds = "tiny", found.rounds or 0
    return found


def main() -> None:
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that children and folders go, too
    folder = Path(tempfile.mkdtemp(prefix="shoplake-bench-"))
    began = time.monotonic()
    try:
        setting = Setting(folder, asked.size)
        if asked.stage == "tiny":
            setting.threads = [max(setting.threads)]
        usual = [stage for stage in STAGES if stage not in ON_SPARK]
        for stage in usual if asked.stage in ("all", "tiny") else (asked.stage,):
            found: list[Facts] = []
            for case in STAGES[stage](setting):
                found.append(measure(case, folder, case.rounds if asked.rounds is None else asked.rounds, say))
                print(report.line(found[-1]), flush=True)
            if asked.out:
                _write(asked.out, stage, found, asked.size)
            elif asked.size == "default":
                _write(report.JSON, stage, found, asked.size)
                report.PAGE.write_text(report.page(json.loads(report.JSON.read_text())), encoding="utf-8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say(f"{time.monotonic() - began:.0f} s")


def _write(path: Path, stage: str, found: list[Facts], size: str) -> None:
    """Replace a stage's figures; those of other stages stay, each with the machine and versions it was measured with."""
    kept = json.loads(path.read_text()) if path.exists() else {}
    kept[stage] = {**report.surroundings(size), "cases": found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
