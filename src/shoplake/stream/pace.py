"""How many events are due: a bucket that fills at a rate, and faster in bursts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """rate: events a second, None for as fast as can be. In the first `burst_for` of every `burst_every` seconds it is `burst` times that."""

    rate: float | None
    burst: float = 1.0
    burst_every: float = 60.0
    burst_for: float = 5.0

    def due(self, seconds: float) -> float:
        """Events that should have been sent after so many seconds."""
        if self.rate is None:
            return float("inf")
        whole, part = divmod(seconds, self.burst_every)
        in_burst = whole * min(self.burst_for, self.burst_every) + min(part, self.burst_for)
        return self.rate * (seconds + (self.burst - 1) * in_burst)

    @property
    def mean(self) -> float | None:
        """Events a second over a long time."""
        return None if self.rate is None else self.due(self.burst_every) / self.burst_every
