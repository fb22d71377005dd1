"""What connections at one daemon must know of those at the others: who types, who is there.

Never stored and never needed: what is lost shows nobody typing, or is told again in a few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from router.core.model import SECOND, AgentId, Span
from router.runtime.company import Company
from router.runtime.parcels import Parcel, Present, Typing

AgentTypes = Callable[[str, AgentId], None]
ResidentTypes = Callable[[str], None]


class Presence(Protocol):
    """Who has their chat open."""

    def present(self) -> dict[str, tuple[int, bool]]:
        """Return those who are here, or were a moment ago."""
        ...

    def hear(self, told: Mapping[str, tuple[int, bool]]) -> None:
        """Take what another daemon told."""
        ...


class Neighbours:
    """A `Duty` that tells who is here; typing is told at once."""

    name = "neighbours"
    period: Span = 5 * SECOND

    def __init__(
        self,
        company: Company,
        presence: Presence,
        agent_types: AgentTypes,
        resident_types: ResidentTypes,
    ) -> None:
        """The last two show it to those who are connected to this daemon."""
        self._company = company
        self._presence = presence
        self._agent_types = agent_types
        self._resident_types = resident_types
        company.listeners.append(self._hear)

    async def __call__(self) -> None:
        """Tell who is here."""
        if here := self._presence.present():
            self._company.tell_all(Present(here))

    def agent_types(self, conversation: str, agent: AgentId) -> None:
        """Show it wherever the resident is connected."""
        self._agent_types(conversation, agent)
        self._company.tell_all(Typing(conversation, agent))

    def resident_types(self, conversation: str) -> None:
        """Show it wherever the agent is connected."""
        self._resident_types(conversation)
        self._company.tell_all(Typing(conversation))

    def _hear(self, parcel: Parcel) -> None:
        match parcel:
            case Typing(conversation=conversation, agent=""):
                self._resident_types(conversation)
            case Typing(conversation=conversation, agent=agent):
                self._agent_types(conversation, AgentId(agent))
            case Present():
                self._presence.hear(parcel.sent)
