"""Routes for supervisors about single items: another rank or queue, and who shall have it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from router.core.commands_lead import AssignItem, MoveItem, PrioritiseItem, PullBackItem
from router.core.model import SECOND, AgentId, ItemId, QueueId
from router.core.state import State
from router.desk.access import LEADERS
from router.desk.answers import answer, body_of
from router.desk.api_people import Body, Short
from router.desk.api_work import DONE
from router.desk.message_types import Reason
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.views import DoneView

_MONTH_S = 31 * 86_400
HeadStart = Annotated[int, msgspec.Meta(ge=-_MONTH_S, le=_MONTH_S)]


class PrioritiseBody(Body, frozen=True, kw_only=True):
    """The item ranks as if it had come so many seconds earlier; less than 0: later."""

    head_start_s: HeadStart
    reason: Reason = ""


class AssignBody(Body, frozen=True, kw_only=True):
    """Who shall have it, also beyond what they may hold."""

    agent: Short
    reason: Reason = ""


class MoveBody(Body, frozen=True, kw_only=True):
    """In which line it shall wait, as old as it is."""

    queue: Short
    reason: Reason = ""


class PullBackBody(Body, frozen=True, kw_only=True):
    """Why an agent shall not have it any more."""

    reason: Reason = ""


PrioritiseJson = Annotated[PrioritiseBody, Depends(body_of(PrioritiseBody))]
AssignJson = Annotated[AssignBody, Depends(body_of(AssignBody))]
MoveJson = Annotated[MoveBody, Depends(body_of(MoveBody))]
PullBackJson = Annotated[PullBackBody, Depends(body_of(PullBackBody))]


def lead_routes(parts: Parts) -> APIRouter:
    """Ranking, assigning, moving and pulling back by hand."""
    routes = APIRouter(tags=["items"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    leader = parts.needs(LEADERS)

    @routes.post(
        "/items/{item}/prioritise",
        summary="Give an item in line another head start",
        responses=gives(DoneView),
        openapi_extra=takes(PrioritiseBody),
    )
    async def prioritise(
        item: str, body: PrioritiseJson, who: Account = Depends(leader)
    ) -> Response:
        head_start = body.head_start_s * SECOND
        command = PrioritiseItem(ItemId(item), head_start, body.reason, who.name)
        await parts.inbox.submit(command, _nothing)
        await parts.note(who, "item-prioritised", f"{item} by {body.head_start_s} s")
        return answer(DONE)

    @routes.post(
        "/items/{item}/assign",
        summary="Let a certain agent have an item, also beyond what they may hold",
        responses=gives(DoneView),
        openapi_extra=takes(AssignBody),
    )
    async def assign(item: str, body: AssignJson, who: Account = Depends(leader)) -> Response:
        command = AssignItem(ItemId(item), AgentId(body.agent), body.reason, who.name)
        await parts.inbox.submit(command, _nothing)
        await parts.note(who, "item-assigned", f"{item} to {body.agent}")
        return answer(DONE)

    @routes.post(
        "/items/{item}/move",
        summary="Let what waits go on waiting in another queue",
        responses=gives(DoneView),
        openapi_extra=takes(MoveBody),
    )
    async def move(item: str, body: MoveJson, who: Account = Depends(leader)) -> Response:
        command = MoveItem(ItemId(item), QueueId(body.queue), body.reason, who.name)
        await parts.inbox.submit(command, _nothing)
        await parts.note(who, "item-moved", f"{item} to {body.queue}")
        return answer(DONE)

    @routes.post(
        "/items/{item}/pull_back",
        summary="Take an item out of an agent's hands, back into its line",
        responses=gives(DoneView),
        openapi_extra=takes(PullBackBody),
    )
    async def pull_back(item: str, body: PullBackJson, who: Account = Depends(leader)) -> Response:
        command = PullBackItem(ItemId(item), body.reason, who.name)
        await parts.inbox.submit(command, _nothing)
        await parts.note(who, "item-pulled-back", item)
        return answer(DONE)

    return routes


def _nothing(_: State) -> None:
    """What changed is seen by asking again."""
