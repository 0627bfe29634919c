"""The clock of what is in motion: when an event was sent, how old it is. No figure of the warehouse depends on it."""

import time


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
