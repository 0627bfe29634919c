"""Every gap and every overlap between landed files is found, wherever it lies."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.stream.audit import audit
from shoplake.stream.audit_text import as_text, wrong
from shoplake.stream.landed import Landing


def write(landing: Landing, partition: int, first: int, last: int, step: int = 1) -> Path:
    path = landing.path(partition, first, last)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(b"%d\t1\t2026-03-01\t{}\n" % n for n in sorted({*range(first, last + 1, step), last})))
    return path


def row_of_files(landing: Landing, draw: random.Random, count: int = 12) -> list[Path]:
    ends = [0]
    for _ in range(count):
        ends.append(ends[-1] + draw.randint(3, 40))
    return [write(landing, 0, a, b - 1) for a, b in pairwise(ends)]


@pytest.mark.parametrize("seed", range(50))
def test_seeded_gaps_and_overlaps(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    landing = Landing(Lake(tmp_path), "clickstream", "t")
    files = row_of_files(landing, draw)
    assert audit(Lake(tmp_path)).is_whole
    place = draw.randrange(1, len(files) - 1)
    first, last = (int(part) for part in files[place].stem.split("-")[2:])
    kind = ("gap", "cut away", "twice", "reaches back", "inside")[seed % 5]
    if kind == "gap":
        files[place].unlink()
        expected = ([(first, last)], [])
    elif kind == "cut away":
        files[place].unlink()
        write(landing, 0, first + 1, last)
        expected = ([(first, first)], [])
    elif kind == "twice":
        write(landing, 0, first, last + 2)  # reaches into the next one
        expected = ([], [(last + 1, last + 2)])
    elif kind == "reaches back":
        write(landing, 0, first - 2, last)
        expected = ([], [(first - 2, first - 1)])
    else:
        write(landing, 0, first, last).write_bytes(b"".join(b"%d\t1\t2026-03-01\tother\n" % n for n in range(first, last + 1)))
        write(landing, 0, first, last - 1)
        expected = ([], [(first, last - 1)])
    found = audit(Lake(tmp_path))
    assert not found.is_whole
    assert (found.partitions[0].gaps, found.partitions[0].overlaps) == expected
    assert str((expected[0] or expected[1])[0][0]) in wrong(found)
    with pytest.raises(WrongUse) if kind != "inside" else _nothing():
        landing.whole(0)


class _nothing:  # noqa: N801
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_a_damaged_file_is_told_by_line(tmp_path: Path) -> None:
    landing = Landing(Lake(tmp_path), "clickstream", "t")
    path = write(landing, 0, 0, 9)
    whole = path.read_bytes()
    for damage, said in {
        whole[:-1]: r"tsv:10: not a whole line",
        whole[:40]: r"tsv:3: not a whole line",
        whole.replace(b"\n5\t", b"\n4\t"): r"tsv:6: offset 4, expected one from 5 to 9",
        whole + b"10\t1\t2026-03-01\t{}\n": r"tsv:11: offset 10",
        b"".join(whole.splitlines(keepends=True)[:-1]): r"ends at offset 8, its name says 9",
        b"": r"ends at offset -1, its name says 9",
    }.items():
        path.write_bytes(damage)
        (found,) = audit(Lake(tmp_path)).partitions
        assert not found.is_whole
        import re

        assert re.search(said, found.damaged[0]), found.damaged


def test_the_sums_add_up(tmp_path: Path) -> None:
    landing = Landing(Lake(tmp_path), "clickstream", "t")
    landing.place(0).mkdir(parents=True)
    landing.path(0, 0, 9, "before").touch()
    landing.path(0, 10, 19, "lost").touch()
    write(landing, 0, 20, 29, step=3)
    assert as_text(audit(Lake(tmp_path))).endswith("30 offsets = 4 landed + 0 unlandable + 10 lost + 10 from before the first landing + 6 without an event")
