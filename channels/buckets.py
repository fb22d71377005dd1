"""How much one sender may do: buckets of tokens by name, in memory only.

After a restart every bucket is full again, which harms nobody. Senders are opaque keys, so that no
list of residents' addresses comes into being here.
"""

from __future__ import annotations

from collections import OrderedDict

from router.core.model import SECOND, Instant, Span
from router.ports import Clock


class Buckets:
    """One bucket of `count_max` tokens per name, refilled evenly over `span`.

    Of more than `names_max` names the one that was idle the longest is forgotten.
    """

    def __init__(self, clock: Clock, names_max: int) -> None:
        self._clock = clock
        self._names_max = names_max
        self._fills: OrderedDict[str, tuple[Span, Instant]] = OrderedDict()

    def wait_s(self, name: str, count_max: int, span: Span) -> int:
        """Take a token; return 0, or the seconds until there is one (at least 1)."""
        now = self._clock.now()
        # fill is counted in nanoseconds of refilling: a token costs its share of the span
        cost = span // count_max
        full = cost * count_max
        fill, seen = self._fills.pop(name, (full, now))
        fill = min(full, fill + now - seen)
        lacking = max(0, cost - fill)
        self._fills[name] = (fill if lacking else fill - cost, now)
        if len(self._fills) > self._names_max:
            self._fills.popitem(last=False)
        return -(-lacking // SECOND)
