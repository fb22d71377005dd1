"""One batch of lease renewals every few seconds for all desks that were heard from.

A desk that is not heard from simply is not in the batch: its lease runs out and the engine signs
it out. Nothing else ends a lease here, and single heartbeats are never stored.
"""

from __future__ import annotations

import structlog

from router.core.commands import RenewLeases
from router.core.model import SECOND, AgentId, Span
from router.core.state import State
from router.desk.hub import Hub
from router.errors import TownlineError
from router.ports import Clock, Inbox

log = structlog.get_logger(__name__)


class Leases:
    """A `Duty`: renews leases and tells the desks that the daemon is alive."""

    name = "desk-leases"
    period: Span = 3 * SECOND

    def __init__(self, inbox: Inbox, hub: Hub, clock: Clock) -> None:
        self._inbox = inbox
        self._hub = hub
        self._clock = clock
        self._heard: dict[tuple[AgentId, str], None] = {}  # since the last round, in order

    def heard(self, agent: AgentId, desk: str) -> None:
        """The desk has said something."""
        self._heard[(agent, desk)] = None

    async def __call__(self) -> None:
        """Renew once. What could not be stored is tried again in the next round."""
        self._hub.ping(self._clock.now())
        if not self._heard:
            return
        desks, self._heard = self._heard, {}
        try:
            await self._inbox.submit(RenewLeases(tuple(desks)), _nothing)
        except TownlineError as error:
            log.warning("desk_leases_not_renewed", code=error.code, desks=len(desks))
            self._heard = desks | self._heard


def _nothing(_: State) -> None:
    """A lease shows nowhere."""
