"""How the daemons of one town find each other: a claim, messages, and news of the journal.

Nothing here is needed for the truth, which the journal alone holds: a claim that is lost or held
twice, and a message that is lost, cost time.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from router.core.model import Span
from router.ports import StoredBatch


class Standing(msgspec.Struct, frozen=True):
    """How the claim stands, as asked."""

    decider: str  # the daemon that has it
    age: Span  # since it was renewed; 0 when it is ours
    version: int  # of the journal at that moment
    daemons: tuple[str, ...]  # heard of lately, ours among them


class Link(Protocol):
    """One daemon's end. Errors: every method may raise `StorageFailed`."""

    name: str  # of this daemon, unique for ever

    async def claim(self) -> Standing:
        """Renew the claim, take it if nobody has it, or learn who has."""
        ...

    async def give_back(self) -> None:
        """Hear nothing more and let another daemon have the claim at once."""
        ...

    async def close(self) -> None:
        """Give the connections back."""
        ...

    async def send(self, to: str, message: bytes) -> bool:
        """Send it to that daemon; False when nobody of that name listens."""
        ...

    async def tell_all(self, message: bytes) -> None:
        """Send it to every other daemon."""
        ...

    async def receive(self) -> list[bytes]:
        """Wait for messages and return them in order; [] after a while without any."""
        ...

    async def news(self, after_version: int) -> list[StoredBatch]:
        """Wait for batches stored after that version; [] after a while without any."""
        ...
