"""Windows in which a resident may be called back, as people say them.

What the core finds for a queue is the same for every chat until an event is stored or a minute has
passed; a town with many chats looks it up once.
"""

from __future__ import annotations

import msgspec

from channels.moments import iso, span_of_day
from router.core.model import MINUTE, Instant, QueueId
from router.core.policy import Queue
from router.core.state import State
from router.core.windows import WRITTEN_MAX, offered


class FreeTime(msgspec.Struct, frozen=True):
    """A window in which the resident may be called back."""

    starts: str  # ISO 8601
    label: str


class FreeTimes:
    """The windows left, remembered for one version, policy and minute; they begin at a minute."""

    def __init__(self) -> None:
        self._as_of: tuple[int, str, int] = (-1, "", 0)
        self._found: dict[tuple[QueueId, str], tuple[FreeTime, ...]] = {}

    def of(self, state: State, now: Instant, queue: Queue, language: str) -> tuple[FreeTime, ...]:
        """Return the windows of a queue that are left, as people say them."""
        as_of = (state.version, state.policy_hash, now // MINUTE)
        if as_of != self._as_of:
            self._as_of = as_of
            self._found.clear()
        found = self._found.get((queue.id, language))
        if found is None:
            found = self._found[queue.id, language] = _free(state, now, queue, language)
        return found


def _free(state: State, now: Instant, queue: Queue, language: str) -> tuple[FreeTime, ...]:
    zone, windows = state.policy.time_zone, queue.callback.windows if queue.callback else None
    length = windows.length if windows is not None else 0
    return tuple(
        FreeTime(iso(start, zone), span_of_day(language, start, start + length, zone, now))
        for start in offered(state, now, queue, WRITTEN_MAX)
    )
