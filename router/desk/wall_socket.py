"""The `/desk/live` WebSocket: one wallboard of a supervisor or administrator.

Whoever watches is no agent: nothing is signed in, and nothing can be done here but looking. The
protocol is in `docs/desk-protocol.md`.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from router.core.model import SECOND, Span
from router.desk.access import LEADERS, Access, bearer_of
from router.desk.browsers import Browsers
from router.desk.desk import GONE, NOT_SIGNED_IN, RESTART, Goodbye
from router.desk.messages import Refused, encode
from router.desk.messages_wall import Watch, decode_watch
from router.desk.surroundings import Account
from router.desk.talk import Ended, Talk
from router.desk.watching import Viewer, Watching
from router.errors import TownlineError
from router.ports import Clock

# A session that has ended, or a role that was taken away, is noticed within this time.
LOOK_AGAIN: Final[Span] = 10 * SECOND

log = structlog.get_logger(__name__)


class WallSocket:
    """The endpoint; one instance serves every connection."""

    def __init__(
        self, *, watching: Watching, access: Access, browsers: Browsers, clock: Clock
    ) -> None:
        self._watching = watching
        self._access = access
        self._browsers = browsers
        self._clock = clock

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        talk = Talk(socket, decode_watch)
        if self._watching.is_stopping:
            await talk.close(RESTART)
            return
        begun = await talk.begin(Watch, lambda asked: self._account_of(asked, socket))
        if begun is not None:
            asked, (token, who) = begun
            log.info("wallboard_opened", who=who.name)
            await self._show(talk, asked, token)
            log.info("wallboard_closed", who=who.name)

    async def _account_of(self, asked: Watch, socket: WebSocket) -> tuple[str, Account]:
        token = asked.token or bearer_of(socket.headers.get("authorization"))
        token = token or self._browsers.token_of(socket)
        return token, await self._access.permitted(token, LEADERS)

    async def _show(self, talk: Talk[Watch], asked: Watch, token: str) -> None:
        viewer = Viewer()
        try:
            await self._watching.watch(viewer, asked.queue)
            async with asyncio.TaskGroup() as tasks:
                both = (
                    tasks.create_task(self._read(talk, viewer)),
                    tasks.create_task(self._write(talk, viewer, token)),
                )
                await viewer.ended.wait()
                for task in both:
                    task.cancel()
        except TownlineError as error:
            await talk.refuse(asked.id, error)
            viewer.cut(NOT_SIGNED_IN)
        finally:
            self._watching.part(viewer)
        await talk.close(viewer.goodbye)

    async def _read(self, talk: Talk[Watch], viewer: Viewer) -> None:
        try:
            while True:
                said = await talk.next()
                if isinstance(said, Refused):
                    viewer.tell(encode(said))
                    continue
                try:
                    await self._watching.watch(viewer, said.queue)
                except TownlineError as error:
                    refused = Refused(id=said.id, code=error.code, message=str(error))
                    viewer.tell(encode(refused))
        except Ended as end:
            viewer.cut(end.goodbye)
        except WebSocketDisconnect:
            viewer.cut(GONE)

    async def _write(self, talk: Talk[Watch], viewer: Viewer, token: str) -> None:
        looked = self._clock.now()
        try:
            while True:
                told = await viewer.next()
                if isinstance(told, Goodbye):
                    viewer.cut(told)
                    return
                if self._clock.now() >= looked + LOOK_AGAIN:
                    looked = self._clock.now()
                    await self._access.permitted(token, LEADERS)
                await talk.send(told)
        except WebSocketDisconnect:
            viewer.cut(GONE)
        except TownlineError as error:
            await talk.refuse("", error)
            viewer.cut(NOT_SIGNED_IN)
