"""What the daemon mounts for the people inside: `/desk`, its pages, `/api/v1`; and its duties."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.routing import BaseRoute, Mount, WebSocketRoute

from router.desk.access import Access, SignInBrake
from router.desk.answers import Schemas
from router.desk.api import MOUNTED_AT, build_api
from router.desk.browsers import Browsers
from router.desk.disabled import Disabled
from router.desk.hub import Hub, TellOthers
from router.desk.leases import Leases
from router.desk.lookup import WordLookup
from router.desk.pages import page_routes
from router.desk.parts import Parts
from router.desk.sign_in import back_routes
from router.desk.sign_in_door import ProviderNames, SignInDoor
from router.desk.socket import DeskSocket
from router.desk.surroundings import (
    About,
    Accounts,
    Audit,
    Explain,
    FindWords,
    MakeReports,
    Publisher,
    Sessions,
)
from router.desk.wall_socket import WallSocket
from router.desk.watching import Watching
from router.desk.writing import Desktop, Writing
from router.ports import Clock, Duty, Ids, Inbox

R = TypeVar("R")


class DeskSurface:
    """See the module's text."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        publisher: Publisher,
        accounts: Accounts[R],
        role_of: Callable[[str], R],
        sessions: Sessions,
        audit: Audit,
        words: FindWords,
        reports: MakeReports,
        explain: Explain,
        about: About,
        clock: Clock,
        ids: Ids,
        desktop: Desktop,
        names: ProviderNames,
        sign_in_door: SignInDoor | None,
        web_root: str,
    ) -> None:
        """`role_of` makes the accounts' own type of role from its name."""
        access, browsers, lookup = Access(sessions), Browsers(web_root), WordLookup(words)
        writing = Writing(inbox, ids, lookup, desktop)
        self._hub, self._has_softphone = Hub(publisher), desktop.softphone is not None
        self._leases = Leases(inbox, self._hub, clock)
        self._watching = Watching(inbox, clock, about)
        self._wall_socket = WallSocket(
            watching=self._watching, access=access, browsers=browsers, clock=clock
        )
        parts = Parts(
            inbox=inbox,
            clock=clock,
            ids=ids,
            about=about,
            explain=explain,
            accounts=accounts,
            role_of=role_of,
            sessions=sessions,
            audit=audit,
            access=access,
            browsers=browsers,
            brake=SignInBrake(clock),
            words=lookup,
            reports=reports,
            hub=self._hub,
            leases=self._leases,
            schemas=Schemas(),
            writing=writing,
            desktop=desktop,
            sign_in_door=sign_in_door,
            names=names,
        )
        self._socket = _desk_socket(parts)
        self._api = build_api(parts)
        self._back = back_routes(parts)
        self._disabled = Disabled(accounts, self._hub, inbox)

    def routes(self) -> list[BaseRoute]:
        """Return what the daemon's application serves."""
        return [
            WebSocketRoute("/desk", self._socket.serve),
            WebSocketRoute("/desk/live", self._wall_socket.serve),
            *page_routes(has_softphone=self._has_softphone),
            *self._back,
            Mount(MOUNTED_AT, self._api),
        ]

    def duties(self) -> list[Duty]:
        """Return what is done over and over: leases, wallboards, disabled accounts."""
        return [self._leases, self._watching, self._disabled]

    def resident_types(self, conversation: str) -> None:
        """Tell whoever has the conversation that its resident is writing."""
        self._hub.resident_types(conversation)

    def end_desks(self, agent: str, session: str) -> None:
        """Close desks of which another daemon says that they must; see `Hub.end_desks`."""
        self._hub.end_desks(agent, session)

    def tell_others(self, tell: TellOthers) -> None:
        """Have the town's other daemons told which desks must close."""
        self._hub.tell_others = tell

    async def stop(self) -> None:
        """Tell every desk and wallboard that the daemon restarts; return when they are gone.

        Each has 2 s at most.
        """
        await asyncio.gather(self._hub.stop(), self._watching.stop())


def _desk_socket(parts: Parts) -> DeskSocket:
    return DeskSocket(
        inbox=parts.inbox,
        ids=parts.ids,
        hub=parts.hub,
        leases=parts.leases,
        access=parts.access,
        browsers=parts.browsers,
        words=parts.words,
        writing=parts.writing,
    )
