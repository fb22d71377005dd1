"""Routes for keeping order: abuse is flagged and blocked, machines' mail can be looked through."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from msgspec import Meta

from router.core.model import HOUR, AgentId
from router.desk import messages_text as w
from router.desk.access import EVERYBODY, LEADERS, agent_id_of
from router.desk.answers import answer, body_of
from router.desk.api_people import Body
from router.desk.api_work import DONE
from router.desk.message_types import LetterText, Name, Reason
from router.desk.parts import Parts
from router.desk.pictures import find_item
from router.desk.surroundings import Account, KeptMail
from router.desk.view_types import moment, moment_or_none
from router.desk.views import DoneView
from router.desk.views_text import BlockedView, KeptView
from router.errors import NotNow
from router.ports import Said, said_in


class FlagBody(Body, frozen=True, kw_only=True):
    """What is wrong; it stands as a note in the conversation."""

    text: LetterText
    key: Name


class BlockBody(Body, frozen=True, kw_only=True):
    """Why, and for how long."""

    reason: Reason
    hours: Annotated[int, Meta(ge=1, le=24 * 366)] | None = None  # None: until unblocked


FlagJson = Annotated[FlagBody, Depends(body_of(FlagBody))]
BlockJson = Annotated[BlockBody, Depends(body_of(BlockBody))]


def order_routes(parts: Parts) -> APIRouter:
    """Flagging for agents; blocking and kept mail for supervisors and administrators."""
    routes = APIRouter(tags=["mail and chat"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    anybody, leader = parts.needs(EVERYBODY), parts.needs(LEADERS)

    @routes.post(
        "/items/{item}/flag",
        summary="Tell supervisors that a resident abuses the chat",
        responses=gives(DoneView),
        openapi_extra=takes(FlagBody),
    )
    async def flag(item: str, body: FlagJson, who: Account = Depends(anybody)) -> Response:
        agent: AgentId = agent_id_of(who)
        await parts.writing.do(w.Note(item=item, text=body.text, key=f"flag-{body.key}"), agent)
        await parts.note(who, "chat-flagged", item)
        return answer(DONE)

    @routes.post(
        "/items/{item}/block",
        summary="Let the resident of a conversation write no more by chat",
        responses=gives(DoneView),
        openapi_extra=takes(BlockBody),
    )
    async def block(item: str, body: BlockJson, who: Account = Depends(leader)) -> Response:
        row = await parts.inbox.read(lambda state: find_item(state, item))
        if row.text is None:
            raise NotNow(f"item {item!r} has no conversation")
        until = parts.clock.now() + body.hours * HOUR if body.hours is not None else None
        for key in {row.text.conversation, row.address_key} - {""}:
            await parts.desktop.blocked.block(key, until, body.reason, who.name)
        return answer(DONE)

    @routes.get("/blocked", summary="Who is blocked", responses=gives(tuple[BlockedView, ...]))
    async def listed(_: Account = Depends(leader)) -> Response:
        rows = await parts.desktop.blocked.everyone()
        return answer(
            tuple(
                BlockedView(
                    key=row.address_key,
                    until=moment_or_none(row.until),
                    reason=row.reason,
                    by=row.by,
                )
                for row in rows
            )
        )

    @routes.delete("/blocked/{key}", summary="Let them write again", responses=gives(DoneView))
    async def unblock(key: str, who: Account = Depends(leader)) -> Response:
        await parts.desktop.blocked.unblock(key, who.name)
        return answer(DONE)

    return routes


def kept_routes(parts: Parts) -> APIRouter:
    """What machines wrote, for supervisors and administrators."""
    routes = APIRouter(tags=["mail and chat"])
    gives, leader = parts.schemas.gives, parts.needs(LEADERS)

    @routes.get("/kept-mail", summary="What machines wrote", responses=gives(tuple[KeptView, ...]))
    async def kept(
        who: Account = Depends(leader), limit: int = Query(100, ge=1, le=1000)
    ) -> Response:
        rows = await parts.desktop.kept(limit)
        found = await parts.words.find(row.ref for row in rows)
        said = {ref: said_in(words) for ref, words in found.items()}
        await parts.note(who, "kept-mail-read", str(len(rows)))
        return answer(tuple(_kept(row, said.get(row.ref)) for row in rows))

    return routes


def _kept(row: KeptMail, said: Said | None) -> KeptView:
    return KeptView(
        at=moment(row.at),
        kind=row.kind,
        why=row.why,
        item=row.item,
        sender=said.sender if said is not None else "",
        subject=said.subject if said is not None else "",
    )
