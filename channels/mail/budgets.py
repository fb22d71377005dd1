"""How many mails one sender may have turned into work in an hour, per mailbox.

Kept in memory: after a restart everybody begins anew, which lets a flood through for a moment and
loses nothing; what is over the budget is set aside, not dropped.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from router.core.model import HOUR, Instant
from router.ports import Clock

SENDERS_MAX: Final = 50_000  # remembered; the oldest are forgotten first


class Budgets:
    """Counts within the last hour."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], deque[Instant]] = {}

    def spent(self, mailbox: str, address_key: str, per_hour_max: int) -> bool:
        """Count one more mail of the sender; say whether it is one too many."""
        now = self._clock.now()
        key = (mailbox, address_key)
        times = self._seen.pop(key, None) or deque()
        while times and times[0] <= now - HOUR:
            times.popleft()
        times.append(now)
        self._seen[key] = times  # the last again
        while len(self._seen) > SENDERS_MAX:
            del self._seen[next(iter(self._seen))]
        return len(times) > per_hour_max
