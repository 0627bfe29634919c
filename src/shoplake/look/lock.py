"""Who holds the lake's lock, asked without holding it."""

import filelock

from shoplake.lake.layout import Lake


def holder(lake: Lake) -> str | None:
    """The process that holds the lock; None when it is free, whatever a killed run left behind."""
    if lake.hdfs:
        return lake.hdfs.holder()
    note = lake.lock_file.with_name("LOCK.holder")
    if not note.exists():
        return None
    try:
        with filelock.FileLock(str(lake.lock_file), timeout=0):
            return None
    except filelock.Timeout:
        return note.read_text().strip() if note.exists() else "unknown"
    except OSError:
        return None
