"""An audit for people and programs."""

from typing import Any

from shoplake.stream.audit import Audit, Partition


def as_json(found: Audit) -> dict[str, Any]:
    """The keys of `shoplake stream audit --json`."""
    return {"is_whole": found.is_whole, "differs": found.differs, "partitions": [p.as_json() for p in found.partitions]}


def as_text(found: Audit) -> str:
    """A line a partition, sums, and what is wrong."""
    if not found.partitions:
        return "no stream was landed here"
    head = f"{'topic':<40} {'part':>4} {'offsets':>23} {'landed':>11} {'unlandable':>10} {'lost':>8} {'no event':>8} {'in raw':>11} {'behind':>8}"
    return "\n".join([head, *(_line(p) for p in found.partitions), _sums(found)])


def _line(p: Partition) -> str:
    behind = "not asked" if p.behind is None else f"{p.behind:,}"
    return (
        f"{p.topic:<40} {p.partition:>4} {f'{p.begin:,} to {p.end - 1:,}':>23} {p.landed:>11,} {sum(p.unlandable.values()):>10,} {p.lost:>8,} {p.without_event:>8,} "
        f"{p.split:>11,} {behind:>8}"
    )


def _sums(found: Audit) -> str:
    parts = found.partitions
    landed, unlandable = sum(p.landed for p in parts), sum(sum(p.unlandable.values()) for p in parts)
    lost, before, nothing = sum(p.lost for p in parts), sum(p.before for p in parts), sum(p.without_event for p in parts)
    covered = sum(p.end - p.begin for p in parts)
    return f"{covered:,} offsets = {landed:,} landed + {unlandable:,} unlandable + {lost:,} lost + {before:,} from before the first landing + {nothing:,} without an event"


def wrong(found: Audit) -> str:
    """What is wrong, and what to do."""
    said = [*found.differs]
    for p in found.partitions:
        place = f"{p.topic}, partition {p.partition}"
        said += [f"{place}: offsets {a} to {b} are in no file" for a, b in p.gaps]
        said += [f"{place}: offsets {a} to {b} are in two files" for a, b in p.overlaps]
        said += p.damaged
    return "; ".join(said) + ". Restore the landed files from a copy; or move the partition's folder away and consume its topic again."
