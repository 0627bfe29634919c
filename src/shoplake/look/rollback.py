"""Publish a kept generation again: the pointer moves, no data does."""

from typing import Any

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import current_generation, kept_generations, read_manifest
from shoplake.lake.publish import locked, point_to, relink
from shoplake.look.verify import data_file_problem


def rollback(lake: Lake, to: int, wait_seconds: float = 0) -> dict[str, Any]:
    """Make generation `to` the published one, under the lake's lock.

    Raises WrongUse when it is not kept or one of its files is not there whole; Held when a build runs.
    """
    lake.require()
    with locked(lake, wait_seconds):
        before = current_generation(lake)
        if to not in kept_generations(lake):
            kept = ", ".join(map(str, kept_generations(lake))) or "none"
            raise WrongUse(f"--to {to}: not kept. Kept: {kept}. `shoplake show` tells what each holds.")
        manifest = read_manifest(lake, to)
        for file in manifest.files():
            problem = data_file_problem(lake, file)
            if problem:
                raise WrongUse(
                    f"--to {to}: {lake.root / file.path} is not whole ({problem}). Nothing was changed. Choose another generation."
                )
        if to != before:
            point_to(lake, to)
        else:
            relink(lake)
        old = read_manifest(lake, before) if before is not None and before != to else None
    return {
        "published": to,
        "before": before,
        "as_of": manifest.as_of,
        "as_of_before": old.as_of if old else manifest.as_of,
        "changed": to != before,
    }


def rolled_back_as_text(found: dict[str, Any]) -> str:
    if not found["changed"]:
        return f"Generation {found['published']} is the published one already; nothing was changed."
    return (
        f"Published generation {found['published']} (as of {found['as_of']}) in place of {found['before']} (as of {found['as_of_before']}).\n"
        f"No data was changed. Back again: `shoplake rollback --to {found['before']}`. "
        "The next build starts from what is published now and takes in whatever has arrived."
    )
