"""Routes about what was written: the shared inbox, conversations, files, drafts, canned answers.

Residents' words are for whoever handles the item and for supervisors; an agent may read before
taking from the list. Every look at words and files is in the trail.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.exceptions import HTTPException

from router.core.correspondence import WRITTEN
from router.core.model import SECOND
from router.core.policy import Policy
from router.core.policy_text import is_kind
from router.core.records import Item, Message
from router.core.state import State
from router.desk.access import ADMINISTRATOR, EVERYBODY, SUPERVISOR, agent_id_of
from router.desk.answers import answer, body_of
from router.desk.api_people import Body
from router.desk.api_work import DONE
from router.desk.conversations import conversations_of
from router.desk.message_types import NoteText
from router.desk.named import subject_of, text_of
from router.desk.parts import Parts
from router.desk.pictures import find_item, refs_shown, shown, told
from router.desk.residents import who_of
from router.desk.surroundings import Account
from router.desk.views import DoneView, ItemView
from router.desk.views_text import AnswerView, DraftView, InboxView, UploadedView
from router.desk.written import answers_for, inbox_of
from router.errors import NotAllowed, NotNow, UnknownTarget
from router.ports import FileRef, Said, said_in

LISTED_MAX: Final = 1000
MESSAGE: Final = "/items/{item}/conversations/{conversation}/messages/{number}"
INLINE_KINDS: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
# nothing that a resident sent runs here, and nothing is fetched but what the page holds
SAFE: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; img-src data: https: http:; "
    "style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
}


class DraftBody(Body, frozen=True, kw_only=True):
    """What is being written; "" forgets it."""

    text: NoteText = ""


DraftJson = Annotated[DraftBody, Depends(body_of(DraftBody))]


def text_routes(parts: Parts) -> APIRouter:
    """The shared inbox and what stands in it."""
    routes = APIRouter(tags=["mail and chat"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    anybody = parts.needs(EVERYBODY)

    @routes.get("/inbox", summary="What was written", responses=gives(tuple[InboxView, ...]))
    async def inbox(
        _: Account = Depends(anybody),
        queue: str | None = Query(None, max_length=128),
        owner: str | None = Query(None, max_length=128),
        ended: bool = False,
        limit: int = Query(200, ge=1, le=LISTED_MAX),
    ) -> Response:
        return answer(
            await parts.inbox.read(
                lambda state: inbox_of(state, queue=queue, owner=owner, ended=ended, limit=limit)
            )
        )

    @routes.get("/items/{item}/read", summary="Read before taking", responses=gives(ItemView))
    async def read(item: str, who: Account = Depends(anybody)) -> Response:
        found = await parts.inbox.read(lambda state: shown(state, find_item(state, item)))
        row, view = found.row, found.view
        _must_be_written(row, who)
        await parts.note(who, "item-read", item)
        return answer(told(view, row, await parts.words.find(refs_shown(view, row))))

    @routes.get(
        "/items/{item}/answers",
        summary="Canned answers that fit, filled in",
        responses=gives(tuple[AnswerView, ...]),
    )
    async def answers(item: str, who: Account = Depends(anybody)) -> Response:
        policy, row = await parts.inbox.read(lambda s: (s.policy, find_item(s, item)))
        found = await parts.words.find([row.contact_ref])
        person = who_of(found.get(row.contact_ref))
        fields = _fields(policy, row, person.name if person is not None else "", who)
        language = row.language or policy.languages[0].id
        return answer(answers_for(policy, row, language, fields))

    @routes.get("/items/{item}/draft", summary="My draft", responses=gives(DraftView))
    async def draft(item: str, who: Account = Depends(anybody)) -> Response:
        text = await parts.writing.draft_of(item, agent_id_of(who))
        return answer(DraftView(item=item, text=text))

    @routes.put(
        "/items/{item}/draft",
        summary="Keep my draft",
        responses=gives(DoneView),
        openapi_extra=takes(DraftBody),
    )
    async def keep_draft(item: str, body: DraftJson, who: Account = Depends(anybody)) -> Response:
        await parts.writing.save_draft(item, agent_id_of(who), body.text)
        return answer(DONE)

    return routes


class _Files:
    """Finds what was said and the bytes that came with it; every look is in the trail."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def said(self, item: str, conversation: str, number: int, who: Account) -> Said:
        """Return a message's words. Errors: `UnknownTarget`, `NotAllowed`."""

        def look(state: State) -> tuple[Item, Message | None]:
            row = find_item(state, item)
            shown = (c for c in conversations_of(state, row) if c.id == conversation)
            written = (m for c in shown for m in c.messages)
            return row, next((m for m in written if m.number == number), None)

        row, message = await self._parts.inbox.read(look)
        _must_be_written(row, who)
        if message is None:
            raise UnknownTarget(f"item {item!r} has no message {number} of {conversation!r}")
        found = said_in((await self._parts.words.find([message.ref])).get(message.ref))
        if found is None:
            raise UnknownTarget(f"the words of message {number} are not there any more")
        await self._parts.note(who, "file-read", f"{item} {conversation} {number}")
        return found

    async def body(self, blob: str) -> bytes:
        """Return the bytes. Errors: `UnknownTarget`."""
        found = await self._parts.desktop.blobs.get(blob) if blob else None
        if found is None:
            raise UnknownTarget("the file is not there any more")
        return found


def file_routes(parts: Parts) -> APIRouter:
    """Files of messages, HTML made safe, the mail as it came."""
    routes = APIRouter(tags=["mail and chat"])
    anybody = parts.needs(EVERYBODY)
    files = _Files(parts)

    @routes.get(f"{MESSAGE}/html", summary="HTML of a mail, made safe")
    async def html(
        item: str,
        conversation: str,
        number: int,
        remote: bool = False,
        who: Account = Depends(anybody),
    ) -> Response:
        words = await files.said(item, conversation, number, who)
        raw = await files.body(words.html)
        pictures = {f.content_id: await _data_url(parts, f) for f in words.files if f.content_id}
        page = await asyncio.to_thread(  # hostile HTML may take seconds
            parts.desktop.render,
            raw.decode("utf-8", "replace"),
            remote=remote,
            pictures={name: url for name, url in pictures.items() if url},
        )
        return Response(page, media_type="text/html; charset=utf-8", headers=SAFE)

    @routes.get(f"{MESSAGE}/files/{{index}}", summary="A file of a message")
    async def file(
        item: str, conversation: str, number: int, index: int, who: Account = Depends(anybody)
    ) -> Response:
        words = await files.said(item, conversation, number, who)
        if not 0 <= index < len(words.files):
            raise UnknownTarget(f"message {number} has {len(words.files)} files")
        found = words.files[index]
        return _download(await files.body(found.blob), found.name or "file")

    @routes.get(f"{MESSAGE}/original", summary="The mail as it came")
    async def original(
        item: str, conversation: str, number: int, who: Account = Depends(anybody)
    ) -> Response:
        words = await files.said(item, conversation, number, who)
        return _download(await files.body(words.original), f"{conversation}-{number}.eml")

    return routes


def upload_routes(parts: Parts) -> APIRouter:
    """Files that agents send."""
    routes = APIRouter(tags=["mail and chat"])
    gives = parts.schemas.gives
    anybody = parts.needs(EVERYBODY)

    @routes.post("/files", summary="Upload a file for an answer", responses=gives(UploadedView))
    async def upload(
        request: Request,
        name: str = Query(min_length=1, max_length=200),
        kind: str = Query(max_length=100),
        who: Account = Depends(anybody),
    ) -> Response:
        agent_id_of(who)
        mail = await parts.inbox.read(lambda state: state.policy.mail)
        if mail is None:
            raise NotNow("the town sends no mail: config/mail.yaml is missing")
        if not any(is_kind(pattern, kind) for pattern in mail.attachment_kinds):
            raise NotAllowed(f"files of kind {kind!r} are not sent: {mail.attachment_kinds}")
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > mail.attachment_bytes_max:
                raise HTTPException(413)
        blob = await parts.desktop.blobs.put(bytes(raw))
        return answer(UploadedView(blob=blob, name=name, kind=kind, size=len(raw)))

    return routes


def _must_be_written(row: Item, who: Account) -> None:
    """Calls are for whoever has them; what was written may be read by everybody who answers."""
    leads = who.role in (SUPERVISOR, ADMINISTRATOR)
    if row.form not in WRITTEN and row.agent != who.agent_id and not leads:
        raise NotAllowed(f"item {row.id!r} is a {row.form} and not yours")


def _fields(policy: Policy, row: Item, name: str, who: Account) -> dict[str, str]:
    rule = policy.agents.get(who.agent_id) if who.agent_id is not None else None
    language = row.language or policy.languages[0].id
    due = ""
    if row.due_at is not None:
        at = datetime.fromtimestamp(row.due_at // SECOND, UTC)
        due = f"{at.astimezone(ZoneInfo(policy.time_zone)):%Y-%m-%d %H:%M}"
    return {
        "name": name,
        "reference": row.id,
        "due": due,
        "agent": rule.name if rule is not None else who.name,
        "town": text_of(policy.name, language),
        "subject": subject_of(policy, row),
    }


async def _data_url(parts: Parts, file: FileRef) -> str:
    """Return a picture of a mail as a `data:` address; "" for what is none."""
    if file.kind not in INLINE_KINDS:
        return ""
    found = await parts.desktop.blobs.get(file.blob)
    return "" if found is None else f"data:{file.kind};base64,{b64encode(found).decode()}"


def _download(body: bytes, name: str) -> Response:
    """Return the bytes to be saved, never to be run."""
    headers = SAFE | {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return Response(body, media_type="application/octet-stream", headers=headers)
