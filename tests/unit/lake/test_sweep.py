"""What a sweep takes away where tables are folders of files, and what it leaves alone."""

from pathlib import Path

from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile, Manifest
from shoplake.lake.publish import publish, sweep


def lay(lake: Lake, *paths: str) -> None:
    for path in paths:
        (lake.root / path).parent.mkdir(parents=True, exist_ok=True)
        (lake.root / path).write_bytes(b"x")


def left(lake: Lake) -> set[str]:
    return {e.path for e in lake.files.below("on/spark") if not e.path.startswith("on/spark/gen/") and not e.path.endswith("CURRENT")}


def test_what_no_generation_names_goes_and_what_a_person_put_there_stays(tmp_path: Path) -> None:
    lake = Lake(tmp_path, "spark")
    lake.create()
    named = ["on/spark/core/fact_x/g=000001/day=2025-01-01/part-0.parquet", "on/spark/clean/x/g=000001/ds=2025-01-01/part-0.parquet", "on/spark/ref/dates-1.parquet"]
    by_hand = ["on/spark/core/notes.txt", "on/spark/core/fact_x/notes.txt", "on/spark/ref/README"]
    gone = [
        "on/spark/core/fact_x/g=000001/day=2025-01-02/part-0.parquet", "on/spark/core/fact_x/g=000001/day=2025-01-01/part-9.parquet",
        "on/spark/core/fact_x/g=000002/.hive-staging/part-0.parquet", "on/spark/marts/y/g-000003/part-0.parquet",
        "on/spark/clean/x/ds=2025-01-01/b=1/part-0.parquet", "on/spark/ref/dates-0.parquet", "on/spark/tmp/half/part-0.parquet",
    ]  # fmt: skip
    lay(lake, *named, *by_hand, *gone)
    (tmp_path / "on/spark/core/fact_x/g=000004/_temporary").mkdir(parents=True)  # a killed build's: nothing may keep its number
    files = [DataFile(path, 1, 1, "") for path in named]
    publish(lake, Manifest(1, None, "0", "2026-01-01", {}, {}, None, {"dates": files[2]}, [], {}, {}, True, [], table_files={"core.fact_x": files[:2]}))
    sweep(lake)
    assert left(lake) == {*named, *by_hand}
    assert not (tmp_path / "on/spark/core/fact_x/g=000004").exists()
