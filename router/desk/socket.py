"""The `/desk` WebSocket: one connection of one agent.

Authenticates, reads what the agent asks for, answers each message once it is stored, and writes
what the hub pushes. Decides nothing: commands go to the inbox, pushes come from stored batches.
The protocol is in `docs/desk-protocol.md`.
"""

from __future__ import annotations

import asyncio

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from router.core.commands import SignIn
from router.core.model import AgentId
from router.core.state import State
from router.desk.access import Access, bearer_of
from router.desk.actions import Actions, policy_texts
from router.desk.browsers import Browsers
from router.desk.desk import (
    GONE,
    NOT_SIGNED_IN,
    RESTART,
    Desk,
    Goodbye,
)
from router.desk.hub import Hub
from router.desk.leases import Leases
from router.desk.lookup import WordLookup
from router.desk.messages import (
    AnyClientMessage,
    Beat,
    Hello,
    Ok,
    PolicyTexts,
    Refused,
    decode,
    encode,
)
from router.desk.pictures import Picture, picture_of
from router.desk.talk import Ended, Talk
from router.desk.writing import Writing
from router.errors import TownlineError
from router.ports import Ids, Inbox

log = structlog.get_logger(__name__)


class DeskSocket:
    """The endpoint; one instance serves every connection."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        ids: Ids,
        hub: Hub,
        leases: Leases,
        access: Access,
        browsers: Browsers,
        words: WordLookup,
        writing: Writing,
    ) -> None:
        self._inbox = inbox
        self._ids = ids
        self._hub = hub
        self._leases = leases
        self._access = access
        self._browsers = browsers
        self._words = words
        self._actions = Actions(inbox, ids, writing)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection until it ends."""
        await socket.accept()
        talk = Talk(socket, decode)
        if self._hub.is_stopping:
            await talk.close(RESTART)
            return
        begun = await talk.begin(Hello, lambda hello: self._agent_of(hello, socket))
        if begun is not None:
            hello, (token, agent) = begun
            desk = Desk(self._ids.unique("desk-"), agent, token, hello.language)
            await self._attend(talk, desk, hello)

    async def _agent_of(self, hello: Hello, socket: WebSocket) -> tuple[str, AgentId]:
        token = hello.token or bearer_of(socket.headers.get("authorization"))
        token = token or self._browsers.token_of(socket)
        return token, await self._access.agent_of(token)

    async def _attend(self, talk: Talk[AnyClientMessage], desk: Desk, hello: Hello) -> None:
        self._hub.join(desk)
        try:
            picture, texts = await self._sign_in(desk, hello)
            self._hub.welcome(desk, hello.id, picture, texts)
            self._leases.heard(desk.agent, desk.id)
            log.info("desk_signed_in", agent=desk.agent, desk=desk.id)
            async with asyncio.TaskGroup() as tasks:
                both = (
                    tasks.create_task(self._read(talk, desk)),
                    tasks.create_task(self._write(talk, desk)),
                )
                await desk.ended.wait()
                for task in both:
                    task.cancel()
        except TownlineError as error:
            await talk.refuse(hello.id, error)
            desk.cut(NOT_SIGNED_IN)
        except (Ended, WebSocketDisconnect):
            desk.cut(GONE)
        finally:
            self._hub.part(desk)
        log.info("desk_closed", agent=desk.agent, desk=desk.id, why=desk.goodbye.reason)
        await talk.close(desk.goodbye)

    async def _sign_in(self, desk: Desk, hello: Hello) -> tuple[Picture, PolicyTexts]:
        def reply(state: State) -> tuple[Picture, PolicyTexts]:
            return picture_of(state, desk.agent), policy_texts(state, desk.language)

        command = SignIn(desk.agent, desk.id, client=hello.client, attempt=hello.attempt)
        return await self._inbox.submit(command, reply)

    async def _read(self, talk: Talk[AnyClientMessage], desk: Desk) -> None:
        try:
            while True:
                said = await talk.next()
                self._leases.heard(desk.agent, desk.id)
                with desk.answering():
                    answer = said if isinstance(said, Refused) else await self._answer(desk, said)
                    desk.say(answer)
        except Ended as end:
            desk.cut(end.goodbye)
        except WebSocketDisconnect:
            desk.cut(GONE)

    async def _answer(self, desk: Desk, said: AnyClientMessage) -> Ok | Refused:
        if isinstance(said, Beat):
            return Ok(id=said.id)
        if isinstance(said, Hello):
            return Refused(id=said.id, code="not-now", message="this desk has said hello already")
        try:
            await self._actions.do(said, desk.agent)
        except TownlineError as error:
            return Refused(id=said.id, code=error.code, message=str(error))
        return Ok(id=said.id)

    async def _write(self, talk: Talk[AnyClientMessage], desk: Desk) -> None:
        try:
            while True:
                outgoing = await desk.next()
                if isinstance(outgoing, Goodbye):
                    desk.cut(outgoing)
                    return
                found = await self._words.find(outgoing.refs)
                await talk.send(encode(outgoing.with_words(found)))
        except WebSocketDisconnect:
            desk.cut(GONE)
