"""Residents who have their chat open at another daemon of the town, and what they were shown there.

Told every few seconds by the other daemons and kept in memory only: what is not heard of is away,
as after a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from channels.chat.rooms import Rooms
from router.core.model import DAY, MINUTE, Instant, Span
from router.ports import Clock

LEFT_TOLD: Final[Span] = MINUTE  # for so long others are told that somebody has left
KEPT: Final[Span] = DAY


class There(NamedTuple):
    """One resident, as another daemon tells it."""

    sent: int = 0  # the last message that surely reached them
    seen_at: Instant = 0  # when they were last known to be there; 0: heard of as gone alone
    heard_at: Instant = 0  # when that was told


class Elsewhere:
    """Both directions: what is told to other daemons, and what they tell."""

    def __init__(self, rooms: Rooms, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock
        self._there: dict[str, There] = {}  # by conversation

    def present(self) -> dict[str, tuple[int, bool]]:
        """Return who is here or has just left: conversation -> last message shown, is here."""
        left_after = self._clock.now() - LEFT_TOLD
        return {
            room.conversation: (room.sent, room.gone_since is None)
            for room in self._rooms.all()
            if room.sent is not None and (room.gone_since is None or room.gone_since > left_after)
        }

    def hear(self, told: Mapping[str, tuple[int, bool]]) -> None:
        """Take what another daemon told."""
        now = self._clock.now()
        for conversation, (sent, is_here) in told.items():
            before = self._there.pop(conversation, There())
            self._there[conversation] = There(sent, now if is_here else before.seen_at, now)
            if not is_here:  # something may not have reached them
                self._rooms.owed.setdefault(conversation, now)
        while self._there:  # in the order in which they were heard of
            oldest = next(iter(self._there))
            if self._there[oldest].heard_at > now - KEPT:
                break
            del self._there[oldest]

    def of(self, conversation: str) -> There:
        """Return what is known of it; zeros when nothing is."""
        return self._there.get(conversation, There())
