"""What connections at one daemon must know of the others: who types, who is there, who must go.

Never stored and never needed: what is lost shows nobody typing, or is told again in a few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from router.core.model import SECOND, AgentId, Span
from router.runtime.company import Company
from router.runtime.parcels import DesksEnd, Parcel, Present, Typing

AgentTypes = Callable[[str, AgentId], None]


class Desks(Protocol):
    """Those that are connected to this daemon."""

    def resident_types(self, conversation: str) -> None:
        """Show it to whoever has the conversation."""
        ...

    def end_desks(self, agent: str, session: str) -> None:
        """Close those of that agent or session."""
        ...

    def tell_others(self, tell: Callable[[str, str], None]) -> None:
        """Have the other daemons told which desks must close."""
        ...


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
    ) -> None:
        """`agent_types` shows it to the resident, if they are connected to this daemon."""
        self._company = company
        self._presence = presence
        self._agent_types = agent_types
        self._desks: Desks | None = None
        company.listeners.append(self._hear)

    def serve(self, desks: Desks) -> None:
        """Know this daemon's desks, which are made after its channels."""
        self._desks = desks
        desks.tell_others(lambda agent, session: self._company.tell_all(DesksEnd(agent, session)))

    async def __call__(self) -> None:
        """Tell who is here."""
        if here := self._presence.present():
            self._company.tell_all(Present(here))

    def agent_types(self, conversation: str, agent: AgentId) -> None:
        """Show it wherever the resident is connected."""
        self._show(Typing(conversation, agent))
        self._company.tell_all(Typing(conversation, agent))

    def resident_types(self, conversation: str) -> None:
        """Show it wherever the agent is connected."""
        self._show(Typing(conversation))
        self._company.tell_all(Typing(conversation))

    def _show(self, typing: Typing) -> None:
        if typing.agent:
            self._agent_types(typing.conversation, AgentId(typing.agent))
        elif self._desks is not None:
            self._desks.resident_types(typing.conversation)

    def _hear(self, parcel: Parcel) -> None:
        match parcel:
            case Typing():
                self._show(parcel)
            case Present():
                self._presence.hear(parcel.sent)
            case DesksEnd() if self._desks is not None:
                self._desks.end_desks(parcel.agent, parcel.session)
