"""What a sequencer knows of the other daemons of its town; of a daemon alone: nothing.

`Sharing` is the company of several daemons, `Company` itself that of one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from router.core.apply import apply
from router.core.events import AnyEvent
from router.core.model import Instant, PolicyHash
from router.core.state import State
from router.errors import TownlineError
from router.ports import StoredBatch
from router.runtime.link import Standing
from router.runtime.parcels import Parcel
from router.runtime.sender import AnySender
from router.runtime.tail import Tail


class Owed(NamedTuple):
    """A command that was forwarded, and when."""

    sender: AnySender
    sent_at: Instant
    is_back: bool = False  # it was taken back, to be decided here


class Ripe(NamedTuple):
    """An answer for somebody who waits here."""

    version: int  # of the state by which the reply is worked out
    sender: AnySender
    error: TownlineError | None


class Inward(Protocol):
    """The sequencer, as its company sees it."""

    @property
    def version(self) -> int:
        """The version that the state will have when what is under way is stored."""
        ...

    def take(self, sender: AnySender) -> None:
        """Have another daemon's command decided in its turn."""
        ...

    def put_back(self, senders: Sequence[AnySender]) -> None:
        """Have these decided here, before anything else."""
        ...

    def know_policy(self, body: bytes) -> PolicyHash:
        """See `Sequencer.know_policy`."""
        ...

    def wake(self) -> None:
        """Look for news."""
        ...


class Company:
    """Nobody else: this daemon decides everything."""

    name = ""  # of this daemon among those of the town

    def __init__(self) -> None:
        self.decides = True
        self.has_news = False
        self.is_behind = False  # others have stored what was not followed
        self.served_at: Instant = 0  # when another daemon was last known to serve the town
        self.outage_since: Instant | None = None  # the town was cut off since, and is back
        self.tail: Tail | None = None  # for a server that takes another one's place
        self.listeners: list[Callable[[Parcel], None]] = []
        self._changed = asyncio.Event()

    @property
    def trouble(self) -> str:
        """Return why nobody knows what others store; "" when all is well."""
        return ""

    @property
    def standing(self) -> Standing | None:
        """Return how the claim stood when it was last asked; None without others."""
        return None

    def not_before(self) -> Instant:
        """Return from when on something new may be stored: others may have to give back first."""
        return 0

    @property
    def owed(self) -> int:
        """Return how many wait for an answer of another daemon."""
        return 0

    def start(self, tasks: asyncio.TaskGroup, inward: Inward) -> list[asyncio.Task[None]]:
        """Begin to listen; return the tasks, to be cancelled by the sequencer."""
        return []

    def forward(
        self, senders: Sequence[AnySender], policies: Mapping[PolicyHash, bytes]
    ) -> list[AnySender]:
        """Send what another daemon is to decide; return what is to be decided here."""
        return list(senders)

    def take_news(self) -> list[StoredBatch]:
        """Return the batches that others stored, oldest first."""
        return []

    def answered_by(self, stored: StoredBatch) -> list[Ripe]:
        """Return the answers in a batch for those who wait here, by version."""
        return []

    def answered_at(self, version: int) -> list[Ripe]:
        """Return the answers that came by themselves and belong to a state up to that version."""
        return []

    def fail_all(self, error: Exception) -> None:
        """Tell everybody who waits for another daemon."""

    def tell_all(self, parcel: Parcel) -> None:
        """Send it to every other daemon."""

    async def leave(self) -> None:
        """Let another daemon decide; before this one stops."""

    async def close(self) -> None:
        """Give the connections back; at the end."""

    async def until(self, *, decides: bool) -> None:
        """Return once this daemon decides, or does so no more."""
        while self.decides != decides:
            await self._changed.wait()


def fold(events: Sequence[AnyEvent], state: State, ripe: Sequence[Ripe]) -> None:
    """Apply a stored batch; each reply is worked out right after its own command's events."""
    waiting = deque(sorted(ripe, key=lambda each: each.version))
    for event in events:
        while waiting and waiting[0].version <= state.version:
            give(waiting.popleft(), state)
        apply(state, event)
    for each in waiting:
        give(each, state)


def give(ripe: Ripe, state: State) -> None:
    """Work the reply out, or make the refusal the answer."""
    if ripe.error is None:
        ripe.sender.compute(state)
    else:
        ripe.sender.refuse(ripe.error)
