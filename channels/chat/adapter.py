"""Direct Line 3.0 for residents' programs: HTTP and WebSocket under `/v3/directline`.

Who has a token may read and write one conversation; nothing is acknowledged before it is stored.
Every request passes `_answer`, which knows what browsers want to hear and what refusals look like.

Source: Direct Line 3.0 API reference, and what botframework-directlinejs does with its answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from channels.buckets import Buckets
from channels.chat import replies
from channels.chat.absence import Absence
from channels.chat.assets import Assets
from channels.chat.body import BODY_S, UPLOAD_S, Upload, read_body, read_upload
from channels.chat.elsewhere import Elsewhere
from channels.chat.entrance import Blocked, ChatSettings, Entrance
from channels.chat.keeping import KeepAlive, Refresh
from channels.chat.posting import Posting, Typing
from channels.chat.reading import PREFIX, Reading
from channels.chat.refusals import Refused
from channels.chat.rooms import Publisher, Rooms
from channels.chat.standing import first_name
from channels.chat.stream import PATIENCE_S, RESTART, TOO_MANY, FindWords
from channels.chat.tokens import Use
from channels.contract import Capabilities, Limits
from router.core.model import AgentId, Channel, Tempo
from router.core.policy_text import ChatPolicy, is_kind
from router.errors import TownlineError
from router.ports import Blobs, Clock, Duty, Ids, Inbox, Outlet

BUCKETS_MAX: Final = 50_000  # names of limits: conversations, network addresses
UPLOADS_MAX: Final = 8  # at the same time
STORE_S: Final = 3.0  # reading is followed by at most two seconds of storing
POLICY_VIOLATED: Final = 1008  # close code; before the connection is accepted it is HTTP 403

Handler = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger(__name__)


class ChatChannel:
    """A `ChannelAdapter`; see the module's text."""

    name = Channel.CHAT
    tempos = frozenset({Tempo.FAST_TEXT})
    capabilities = Capabilities(effects=frozenset(), reply=True)
    outlet: Outlet | None = None

    def __init__(
        self,
        inbox: Inbox,
        ids: Ids,
        clock: Clock,
        settings: ChatSettings,
        *,
        publisher: Publisher,
        words: FindWords,
        blobs: Blobs,
        typing: Typing,
        blocked: Blocked,
    ) -> None:
        """`publisher` tells what was stored; `words` looks in the spool, then in history."""
        buckets = Buckets(clock, BUCKETS_MAX)
        self._settings = settings
        self._inbox = inbox
        self._rooms = Rooms(inbox, publisher, clock)
        self._entrance = Entrance(inbox, ids, clock, settings, buckets=buckets, blocked=blocked)
        self._posting = Posting(
            inbox, ids, clock, settings.secret,
            words=words, blobs=blobs, typing=typing, buckets=buckets,
        )  # fmt: skip
        self._reading = Reading(
            inbox, clock, self._entrance.tokens, self._rooms, words=words, blobs=blobs
        )
        self.elsewhere = Elsewhere(self._rooms, clock)
        absence = Absence(inbox, self._rooms, clock, self.elsewhere)
        self._duties: tuple[Duty, ...] = (KeepAlive(self._rooms), Refresh(self._rooms), absence)
        self._assets = Assets(has_demo=settings.has_demo)
        self._uploads = 0
        self._is_stopping = False

    @property
    def limits(self) -> Limits:
        """Return what is taken at most; files have the policy's own limit."""
        answer_s = max(BODY_S, UPLOAD_S) + STORE_S
        return Limits(body_max=self._settings.body_max, answer_s=answer_s, effect_s=0.0)

    def routes(self) -> list[BaseRoute]:
        """Return the HTTP routes and the WebSocket."""
        one = "/conversations/{conversation}"
        return [
            self._route("/tokens/generate", POST=self._generate),
            self._route("/tokens/refresh", POST=self._refresh),
            self._route("/conversations", POST=self._begin),
            self._route(one, GET=self._resume),
            self._route(f"{one}/activities", GET=self._poll, POST=self._post),
            self._route(f"{one}/upload", POST=self._upload),
            self._route(f"{one}/files/{{number:int}}/{{index:int}}", GET=self._file),
            WebSocketRoute(f"{PREFIX}{one}/stream", self._stream),
            *self._assets.routes(),
        ]

    def duties(self) -> tuple[Duty, ...]:
        """Return what keeps streams alive and true, and mails what was not seen."""
        return self._duties

    async def start(self) -> None:
        """Need nothing: clients connect to us."""

    async def stop(self) -> None:
        """Close every stream, so that clients come back to the next daemon."""
        self._is_stopping = True
        self._rooms.close()
        for room in self._rooms.all():
            for stream in list(room.listeners):
                stream.end(RESTART)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._rooms.emptied.wait()
        except TimeoutError:
            log.warning("chat_streams_not_closed_in_time")

    def agent_types(self, conversation: str, agent: AgentId) -> None:
        """Show the resident that the agent is writing; best effort."""
        room = self._rooms.get(conversation)
        if room is not None:
            room.show_typing(first_name(room.policy, agent))

    # --- every request ---------------------------------------------------------------------------

    def _route(self, path: str, **handlers: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            return await self._answer(request, handlers)

        return Route(PREFIX + path, endpoint, methods=[*handlers, "OPTIONS"])

    async def _answer(self, request: Request, handlers: dict[str, Handler]) -> Response:
        origin = request.headers.get("origin", "")
        welcome = await self._entrance.welcome() if origin else frozenset()
        if request.method == "OPTIONS":
            return replies.preflight(origin, welcome)
        handler = handlers["GET" if request.method == "HEAD" else request.method]
        try:
            response = await handler(request)
        except Refused as refused:
            response = replies.refusal(refused)
        except TownlineError as error:
            log.warning("chat_not_answered", path=request.url.path, code=error.code)
            response = replies.refusal(replies.refused_by(error))
        return replies.may_read(response, origin, welcome)

    # --- tokens and conversations ----------------------------------------------------------------

    async def _generate(self, request: Request) -> Response:
        grant = await self._entrance.newcomer(request, await self._body(request))
        return replies.json(200, self._reading.token(grant))

    async def _refresh(self, request: Request) -> Response:
        grant = self._entrance.granted(request, is_over_allowed=True)
        return replies.json(200, self._reading.refreshed(grant))

    async def _begin(self, request: Request) -> Response:
        visit = await self._entrance.visit(request, self._entrance.granted(request))
        is_known, opened = await self._reading.begin(visit, _is_plain(request))
        return replies.json(200 if is_known else 201, opened)

    async def _resume(self, request: Request) -> Response:
        grant = self._entrance.granted(request, request.path_params["conversation"])
        visit = await self._entrance.visit(request, grant)
        watermark = request.query_params.get("watermark", "")
        return replies.json(200, self._reading.resume(visit, watermark, _is_plain(request)))

    # --- activities ------------------------------------------------------------------------------

    async def _poll(self, request: Request) -> Response:
        grant = self._entrance.granted(request, request.path_params["conversation"])
        visit = await self._entrance.visit(request, grant)
        watermark = request.query_params.get("watermark", "")
        return replies.json(200, await self._reading.poll(visit, watermark, _is_plain(request)))

    async def _post(self, request: Request) -> Response:
        grant = self._entrance.granted(request, request.path_params["conversation"])
        body = await self._body(request)
        visit = await self._entrance.visit(request, grant)
        return replies.json(200, {"id": await self._posting.post(visit, body)})

    async def _upload(self, request: Request) -> Response:
        grant = self._entrance.granted(request, request.path_params["conversation"])
        visit = await self._entrance.visit(request, grant)
        upload = await self._files(request, visit.chat)
        posted = await self._posting.post(visit, upload.activity, upload.files)
        return replies.json(200, {"id": posted})

    async def _files(self, request: Request, chat: ChatPolicy) -> Upload:
        """Return what is uploaded, if the town takes it. Raises Refused."""
        if not chat.upload_bytes_max:
            raise Refused(400, "NotSupported", "this town takes no files by chat")
        if self._uploads >= UPLOADS_MAX:
            message = "others are sending files: try again"
            raise Refused(503, "ServiceUnavailable", message, retry_after_s=replies.RETRY_AFTER_S)
        self._uploads += 1
        try:
            upload = await read_upload(request, chat.upload_bytes_max)
        finally:
            self._uploads -= 1
        for file in upload.files:
            if not any(is_kind(each, file.kind) for each in chat.upload_kinds):
                kinds = ", ".join(chat.upload_kinds)
                message = f"{file.kind} is not taken; these are: {kinds}"
                raise Refused(415, "UnsupportedMediaType", message)
        return upload

    async def _file(self, request: Request) -> Response:
        conversation, token = request.path_params["conversation"], request.query_params.get("t", "")
        if token:
            grant = self._entrance.checked(request, token, conversation, Use.FILE)
        else:
            grant = self._entrance.granted(request, conversation)
        visit = await self._entrance.visit(request, grant)
        number, index = request.path_params["number"], request.path_params["index"]
        return replies.file(*await self._reading.file(visit, number, index))

    async def _body(self, request: Request) -> bytes:
        return await read_body(request, self._settings.body_max)

    # --- the stream ------------------------------------------------------------------------------

    async def _stream(self, socket: WebSocket) -> None:
        conversation, token = socket.path_params["conversation"], socket.query_params.get("t", "")
        if self._is_stopping:
            await socket.close(RESTART)
            return
        try:
            await self._entrance.check_origin(socket)
            grant = self._entrance.checked(socket, token, conversation, Use.STREAM)
            visit = await self._entrance.visit(socket, grant)
            watermark = socket.query_params.get("watermark", "")
            stream = await self._reading.stream(socket, visit, watermark)
        except Refused as refused:
            log.info("chat_stream_refused", code=refused.code)
            await socket.close(POLICY_VIOLATED)
            return
        except TownlineError as error:
            log.warning("chat_stream_not_opened", code=error.code)
            await socket.close(TOO_MANY)
            return
        await socket.accept()
        await stream.serve(self._rooms)


def _is_plain(request: Request) -> bool:
    """Say whether it is one of Microsoft's clients, which know nothing of our own events."""
    return "x-ms-bot-agent" in request.headers
