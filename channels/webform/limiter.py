"""How many submissions one sender may make: a bucket of tokens per sender and form.

Kept in memory only: after a restart every bucket is full again, which harms nobody. A sender is an
opaque key, so that no list of residents' addresses comes into being here.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from router.core.model import HOUR, SECOND, Instant
from router.ports import Clock

BUCKETS_MAX: Final = 20_000  # then the ones that were idle the longest are forgotten


class SenderLimits:
    """One bucket of `per_hour_max` tokens per (sender, form), refilled evenly over the hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[int, Instant]] = OrderedDict()

    def take(self, sender: str, form: str, per_hour_max: int) -> int:
        """Take a token; return 0, or the seconds until there is one (at least 1)."""
        now = self._clock.now()
        # fill is counted in nanoseconds of refilling: a token costs its share of an hour
        cost = HOUR // per_hour_max
        full = cost * per_hour_max
        fill, seen = self._buckets.pop((sender, form), (full, now))
        fill = min(full, fill + now - seen)
        lacking = max(0, cost - fill)
        self._buckets[sender, form] = (fill if lacking else fill - cost, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return -(-lacking // SECOND)
