"""The mail servers of the world: they take what the town sends, and keep every copy.

Between them and the town nothing is sure: a server is down, busy or slow, takes a mail and says
nothing, or will never take it. Nothing here decides what is right: see `outgoing`.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

from router.core.model import SECOND, Instant
from router.errors import ChannelError
from tests.simulation.virtual_loop import LoopClock
from tests.simulation.watch import Watch

SLOW_S: Final = 25  # longer than a mail may take to be sent


@dataclass(frozen=True)
class Copy:
    """A mail of the town as it came to somebody."""

    message_id: str
    to: str
    returns_to: str  # "" for what no machine shall answer
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class PostFault:
    """A mishap of the next mail."""

    kind: str  # busy | unclear | slow | late | refused
    delay_s: float = 0.0


class PostOffice:
    """See the module's text; `read` is told of each mail that comes for the first time."""

    def __init__(self, clock: LoopClock, watch: Watch) -> None:
        self.copies: list[Copy] = []
        self.faults: deque[PostFault] = deque()
        self.down_until: Instant = 0
        self.read: Callable[[Copy], None] = lambda _: None
        self._clock, self._watch = clock, watch
        self._known: set[str] = set()

    def clear_up(self) -> None:
        """From now on everything is taken at once."""
        self.faults.clear()
        self.down_until = 0

    async def take(self, raw: bytes, mail_from: str, to: str) -> None:
        """Take a mail. Errors: `ChannelError`."""
        if self._clock.now() < self.down_until:
            raise ChannelError("nobody listens", retryable=True, reason="unreachable")
        fault = self.faults.popleft() if self.faults else PostFault("")
        match fault.kind:
            case "busy":
                raise ChannelError("450 come back", retryable=True, reason="busy")
            case "refused":
                self._watch.texts.outgoing.refused(raw)
                raise ChannelError("550 never", retryable=False, reason="refused")
            case "late":
                await self._pause(fault.delay_s)
                self._keep(raw, mail_from, to)
            case "slow":
                self._keep(raw, mail_from, to)
                await self._pause(fault.delay_s)
            case "unclear":
                self._keep(raw, mail_from, to)
                raise ChannelError("the line was cut", retryable=True, reason="unreachable")
            case _:
                self._keep(raw, mail_from, to)

    async def _pause(self, seconds: float) -> None:
        await self._clock.sleep_until(self._clock.now() + int(seconds * SECOND))

    def _keep(self, raw: bytes, mail_from: str, to: str) -> None:
        message_id = str(message_from_bytes(raw, policy=policy.default)["Message-ID"])
        copy = Copy(message_id, to, mail_from, raw)
        self.copies.append(copy)
        self._watch.hear_mail(message_id, to, raw)
        if message_id not in self._known:  # programs show a mail once
            self._known.add(message_id)
            self.read(copy)


def post_fault(rng: random.Random) -> PostFault:
    """Return some mishap of a mail of the town."""
    kind = rng.choice(["busy", "busy", "unclear", "unclear", "slow", "late", "refused"])
    return PostFault(kind, rng.uniform(0.1, SLOW_S))
