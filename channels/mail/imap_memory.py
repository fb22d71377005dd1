"""What a door remembers between two looks into its mailbox: which messages to leave alone.

Nothing here outlives the process, and nothing need: the server keeps every message that was not
moved, and the intake knows those it has stored.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from router.core.model import MINUTE, SECOND, Instant, Span

FIRST_WAIT: Final[Span] = 5 * SECOND  # doubled with every try
WAIT_MAX: Final[Span] = 5 * MINUTE
IN_A_ROW_MAX: Final = 3  # messages that cannot be stored: then it is not the messages' fault


def back_off(tries: int) -> Span:
    """Return how long to wait after so many failures in a row (at least 1)."""
    return min(FIRST_WAIT << min(tries - 1, 10), WAIT_MAX)


class ImapMemory:
    """Knows messages by UID, and forgets them all when UIDs get a new meaning."""

    def __init__(self) -> None:
        self.settled: dict[int, str] = {}  # handed over, to be moved to this folder
        self.pause_until: Instant = 0  # nothing can be stored at present
        self.is_wary = False  # the last one could not be stored: try the next alone
        self.why_unmoved = ""  # "" unless messages could not be moved
        self.unmoved_since: Instant = 0  # when there is a reason
        self.move_again: Instant = 0  # not before
        self._validity = 0
        self._later: dict[int, tuple[int, Instant]] = {}  # tries, and when to try again
        self._in_a_row = 0
        self._move_tries = 0

    @property
    def later_count(self) -> int:
        """How many messages wait for another try."""
        return len(self._later)

    def begin(self, validity: int, uids: Collection[int]) -> None:
        """The mailbox was found with this UIDVALIDITY and these messages in it."""
        there = set(uids) if validity == self._validity else set()
        self._validity = validity
        self.settled = {uid: folder for uid, folder in self.settled.items() if uid in there}
        self._later = {uid: later for uid, later in self._later.items() if uid in there}

    def is_due(self, uid: int, now: Instant) -> bool:
        """Say whether to fetch it: it was not handed over yet, and need not wait."""
        return uid not in self.settled and self._later.get(uid, (0, now))[1] <= now

    def settle(self, uid: int, folder: str) -> None:
        """It was handed over and belongs into this folder."""
        self.settled[uid] = folder
        self._later.pop(uid, None)
        self._in_a_row = 0
        self.is_wary = False

    def postpone(self, uid: int, now: Instant) -> None:
        """It could not be stored; after a few in a row nothing is tried for a while."""
        tries = self._later.get(uid, (0, now))[0] + 1
        due = now + back_off(tries)
        self._later[uid] = tries, due
        self._in_a_row += 1
        self.is_wary = True
        if self._in_a_row >= IN_A_ROW_MAX:
            self.pause_until, self._in_a_row = due, 0

    def moved(self, uids: Collection[int]) -> None:
        """They are in their folder."""
        for uid in uids:
            self.settled.pop(uid, None)

    def can_move(self) -> None:
        """Everything could be moved."""
        self.why_unmoved, self.move_again, self._move_tries = "", 0, 0

    def not_moved(self, why: str, now: Instant) -> None:
        """Some could not be moved: they stay where they are, known by their UIDs."""
        self._move_tries += 1
        self.unmoved_since = self.unmoved_since if self.why_unmoved else now
        self.why_unmoved, self.move_again = why, now + back_off(self._move_tries)

    def next_try(self) -> Instant | None:
        """Return when something is due that was postponed or not moved; None when nothing is."""
        due: list[Instant] = []
        if self._later:
            due.append(max(self.pause_until, min(at for _, at in self._later.values())))
        if self.settled and self.move_again:
            due.append(self.move_again)
        return min(due, default=None)
