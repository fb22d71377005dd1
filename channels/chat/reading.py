"""What residents are given back: tokens and addresses, activities by asking or by stream, files."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import msgspec
import structlog
from starlette.websockets import WebSocket

from channels.chat import activities as a
from channels.chat import codec
from channels.chat.posting import Visit
from channels.chat.refusals import Refused
from channels.chat.rooms import Room, Rooms, glimpse_of
from channels.chat.stream import PATIENCE_S, TOO_MANY, FindWords, Stream
from channels.chat.tokens import TOKEN_S, Grant, Tokens, Use
from router.core.records import Message
from router.errors import StorageUnavailable, TownlineError
from router.ports import Blobs, Clock, FileRef, Inbox, Words, said_in

PREFIX: Final = "/v3/directline"
STREAMS_MAX: Final = 8  # of one conversation; the oldest gives way

log = structlog.get_logger(__name__)


class Reading:
    """See the module's text. Errors: `Refused`, and what `Inbox.read` raises."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        tokens: Tokens,
        rooms: Rooms,
        *,
        words: FindWords,
        blobs: Blobs,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._tokens = tokens
        self._rooms = rooms
        self._find = words
        self._blobs = blobs

    # --- tokens and addresses --------------------------------------------------------------------

    def token(self, grant: Grant) -> dict[str, Any]:
        """Return a first token."""
        return self._opened(grant, self._tokens.give(grant, self._clock.now()))

    def refreshed(self, grant: Grant) -> dict[str, Any]:
        """Return a younger token. Raises Refused: 403."""
        return self._opened(grant, self._tokens.refreshed(grant, self._clock.now()))

    async def begin(self, visit: Visit, is_plain: bool) -> tuple[bool, dict[str, Any]]:
        """Return whether the conversation was open before, and how to go on."""
        is_known = self._rooms.get(visit.grant.conversation) is not None or visit.row is not None
        await self._room(visit)
        return is_known, self._with_stream(visit, "", is_plain)

    def resume(self, visit: Visit, watermark: str, is_plain: bool) -> dict[str, Any]:
        """Return where the stream goes on."""
        _known(visit, codec.watermark_of(watermark))
        return self._with_stream(visit, watermark, is_plain)

    def _with_stream(self, visit: Visit, watermark: str, is_plain: bool) -> dict[str, Any]:
        grant, now = visit.grant, self._clock.now()
        streaming = msgspec.structs.replace(grant, plain=is_plain)
        token = self._tokens.give(streaming, now, use=Use.STREAM)
        path = _path(visit).replace("http", "ws", 1)
        url = f"{path}/stream?watermark={quote(watermark)}&t={token}"
        return self.refreshed(grant) | {"streamUrl": url}

    def _opened(self, grant: Grant, token: str) -> dict[str, Any]:
        return {"conversationId": grant.conversation, "token": token, "expires_in": TOKEN_S}

    # --- activities ------------------------------------------------------------------------------

    async def poll(self, visit: Visit, watermark: str, is_plain: bool) -> bytes:
        """Return what came after the watermark, and where the chat stands."""
        after = codec.watermark_of(watermark)
        _known(visit, after)
        room = await self._room(visit)
        viewer, now = self._viewer(visit), self._clock.now()
        page = a.page_after(room.row, after or 0)
        words = await self._words([message.ref for message in page.messages if message.ref])
        told = a.greetings(viewer, room.standing) if after is None else []
        told += [a.of_message(viewer, message, words) for message in page.messages]
        told.append(a.of_standing(viewer, room.standing, room.news, now))
        if is_plain and (after is None or room.said != room.turn):
            room.said = room.turn
            sentence = a.of_standing_in_words(viewer, room.standing, room.since, now)
            told += [sentence] if sentence is not None else []
        room.told(after or 0)
        self._rooms.asked(room)
        return a.activity_set(told, page.last)

    async def stream(self, socket: WebSocket, visit: Visit, watermark: str) -> Stream:
        """Return a stream for a socket that is not accepted yet."""
        after = codec.watermark_of(watermark)
        _known(visit, after)
        room = await self._room(visit)
        streams = list(room.listeners)
        for oldest in streams[: max(0, len(streams) + 1 - STREAMS_MAX)]:
            oldest.end(TOO_MANY)
        return Stream(socket, room, self._viewer(visit), after, self._find, self._clock)

    async def file(self, visit: Visit, number: int, index: int) -> tuple[FileRef, bytes]:
        """Return a file of the conversation. Raises Refused: 404."""
        found = await self._file_ref(visit, number, index)
        body = await self._blobs.get(found.blob) if found is not None else None
        if found is None or body is None:
            raise Refused(404, "NotFound", "there is no such file (any more)")
        return found, body

    async def _file_ref(self, visit: Visit, number: int, index: int) -> FileRef | None:
        shown: tuple[Message, ...] = ()
        if visit.row is not None and number > 0:
            shown = a.page_after(visit.row, number - 1).messages[:1]
        if not shown or shown[0].number != number or not shown[0].ref:
            return None
        said = said_in((await self._words([shown[0].ref])).get(shown[0].ref))
        return said.files[index] if said is not None and index < len(said.files) else None

    async def _room(self, visit: Visit) -> Room:
        grant, now = visit.grant, self._clock.now()
        glimpse = await self._inbox.read(
            partial(
                glimpse_of,
                conversation=grant.conversation,
                now=now,
                times=self._rooms.times,
                door=grant.door,
                language=visit.language,
            )
        )
        if glimpse is None:
            raise Refused(404, "NotFound", "this town offers no chat")
        return self._rooms.enter(grant.conversation, grant.door, visit.language, glimpse)

    def _viewer(self, visit: Visit) -> a.Viewer:
        grant = visit.grant
        return a.Viewer(
            grant=grant,
            policy=visit.policy,
            language=visit.language,
            files_url=f"{_path(visit)}/files",
            files_token=partial(self._file_token, grant),
        )

    def _file_token(self, grant: Grant) -> str:
        return self._tokens.give(grant, self._clock.now(), use=Use.FILE)

    async def _words(self, refs: list[str]) -> dict[str, Words]:
        if not refs:
            return {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._find(refs)
        except TimeoutError:
            raise StorageUnavailable("words could not be read in time") from None
        except TownlineError as error:
            log.warning("chat_words_not_found", count=len(refs), code=error.code)
            raise StorageUnavailable("words cannot be read") from error


def _path(visit: Visit) -> str:
    """Return the address of the conversation."""
    return f"{visit.address}{PREFIX}/conversations/{visit.grant.conversation}"


def _known(visit: Visit, watermark: int | None) -> None:
    """Raises Refused: 404 for who has read in a conversation that the core has let go."""
    if watermark and visit.row is None:
        raise Refused(404, "ConversationNotFound", "the conversation is over: begin another")
