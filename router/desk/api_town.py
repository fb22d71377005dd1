"""Routes about the town: its status, its policy, emergencies, and items that need a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from router.core.commands import ClearEmergency, ReleaseShunted, SetEmergency
from router.core.model import AgentId, ItemId, QueueId
from router.core.state import State
from router.desk.access import EVERYBODY, LEADERS
from router.desk.answers import answer, body_of
from router.desk.api_people import Body, Short
from router.desk.api_work import DONE, ITEMS_MAX
from router.desk.message_types import Reason
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.town import emergency_views, policy_view, shunted_of, status_view
from router.desk.view_types import Moment, instant_of
from router.desk.views import DoneView, EmergencyView, ItemView, PolicyView, StatusView


class EmergencyBody(Body, frozen=True, kw_only=True):
    """Hours overridden by a person: closed now, or forced open."""

    closed: bool = True
    until: Moment | None = None  # with a zone; None = until somebody ends it
    reason: Reason = ""


class ReleaseBody(Body, frozen=True, kw_only=True):
    """Where a shunted item goes: a queue, or nowhere (closed)."""

    queue: Short | None = None


EmergencyJson = Annotated[EmergencyBody, Depends(body_of(EmergencyBody))]
ReleaseJson = Annotated[ReleaseBody, Depends(body_of(ReleaseBody))]


def town_routes(parts: Parts) -> APIRouter:
    """Status and policy."""
    routes = APIRouter(tags=["town"])
    gives = parts.schemas.gives
    anybody = parts.needs(EVERYBODY)

    @routes.get("/status", summary="The town at a glance", responses=gives(StatusView))
    async def status(_: Account = Depends(anybody)) -> Response:
        now = parts.clock.now()
        return answer(await parts.inbox.read(lambda state: status_view(state, parts.about, now)))

    @routes.get("/policy", summary="The policy in force", responses=gives(PolicyView))
    async def policy(_: Account = Depends(anybody)) -> Response:
        return answer(await parts.inbox.read(lambda state: policy_view(state, parts.about)))

    @routes.get(
        "/emergencies", summary="Hours overridden now", responses=gives(tuple[EmergencyView, ...])
    )
    async def emergencies(_: Account = Depends(anybody)) -> Response:
        return answer(await parts.inbox.read(emergency_views))

    return routes


def emergency_routes(parts: Parts) -> APIRouter:
    """Closing and opening by hand, for supervisors and administrators."""
    routes = APIRouter(tags=["town"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    leader = parts.needs(LEADERS)

    @routes.post(
        "/hours/{hours}/emergency",
        summary="Close now, or force open, whatever the hours say",
        responses=gives(tuple[EmergencyView, ...]),
        openapi_extra=takes(EmergencyBody),
    )
    async def set_emergency(
        hours: str,
        body: EmergencyJson,
        who: Account = Depends(leader),
    ) -> Response:
        command = SetEmergency(
            hours=hours,
            closed=body.closed,
            until=instant_of(body.until) if body.until is not None else None,
            reason=body.reason,
            by=who.name,
        )
        views = await parts.inbox.submit(command, emergency_views)
        await parts.note(who, "emergency-set", f"{hours} {'closed' if body.closed else 'open'}")
        return answer(views)

    @routes.delete(
        "/hours/{hours}/emergency",
        summary="Back to the hours as written",
        responses=gives(tuple[EmergencyView, ...]),
    )
    async def clear_emergency(hours: str, who: Account = Depends(leader)) -> Response:
        views = await parts.inbox.submit(ClearEmergency(hours, who.name), emergency_views)
        await parts.note(who, "emergency-cleared", hours)
        return answer(views)

    return routes


def shunted_routes(parts: Parts) -> APIRouter:
    """Items that were set aside, for supervisors and administrators."""
    routes = APIRouter(tags=["town"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    leader = parts.needs(LEADERS)

    @routes.get(
        "/shunted", summary="Items that need a person", responses=gives(tuple[ItemView, ...])
    )
    async def shunted(
        _: Account = Depends(leader), limit: int = Query(100, ge=1, le=ITEMS_MAX)
    ) -> Response:
        return answer(await parts.inbox.read(lambda state: shunted_of(state, limit)))

    @routes.post(
        "/shunted/{item}/release",
        summary="A person has looked: queue it, or close it",
        responses=gives(DoneView),
        openapi_extra=takes(ReleaseBody),
    )
    async def release(
        item: str,
        body: ReleaseJson,
        who: Account = Depends(leader),
    ) -> Response:
        queue = QueueId(body.queue) if body.queue is not None else None
        command = ReleaseShunted(ItemId(item), AgentId(who.agent_id or who.name), queue)
        await parts.inbox.submit(command, _nothing)
        await parts.note(who, "shunted-released", f"{item} to {body.queue or 'the end'}")
        return answer(DONE)

    return routes


def _nothing(_: State) -> None:
    """What changed is seen by asking again."""
