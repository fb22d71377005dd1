"""Routes about what people switch besides opening hours, and about people on call."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from msgspec import Meta

from router.core import commands_hours as h
from router.core.model import SECOND, Instant
from router.desk.access import EVERYBODY, LEADERS
from router.desk.answers import answer, body_of
from router.desk.api_people import Body, Short
from router.desk.message_types import Reason
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.town_hours import message_views, on_call_views, surge_views
from router.desk.view_types import Moment, instant_of
from router.desk.views_hours import AnnouncementView, OnCallView, SurgeView
from router.errors import NotNow

SPAN_MAX_S: Final = 31 * 86_400

Spoken = Annotated[str, Meta(max_length=1000)]
Lasting = Annotated[int, Meta(ge=1, le=SPAN_MAX_S)]


class SurgeBody(Body, frozen=True, kw_only=True):
    """For how long, or until when; one of them."""

    for_s: Lasting | None = None
    until: Moment | None = None
    reason: Reason = ""


class MessageBody(Body, frozen=True, kw_only=True):
    """A message in front of every call; for how long, or until when."""

    text: Annotated[dict[Short, Spoken], Meta(min_length=1, max_length=20)]  # by language
    for_s: Lasting | None = None
    until: Moment | None = None
    since: Moment | None = None  # None = now
    numbers: Annotated[tuple[Short, ...], Meta(max_length=100)] = ()  # () = all


SurgeJson = Annotated[SurgeBody, Depends(body_of(SurgeBody))]
MessageJson = Annotated[MessageBody, Depends(body_of(MessageBody))]


def _end_of(body: SurgeBody | MessageBody, now: Instant) -> Instant:
    """Return the end. Raises `NotNow` when there is none, or two: both end by themselves."""
    if (body.for_s is None) == (body.until is None):
        raise NotNow("say when it ends: either `for_s` or `until`")
    return instant_of(body.until) if body.until else now + (body.for_s or 0) * SECOND


def on_call_routes(parts: Parts) -> APIRouter:
    """Who on call was told of what, and what came of it."""
    routes = APIRouter(tags=["town"])
    anybody = parts.needs(EVERYBODY)

    @routes.get(
        "/on-call",
        summary="The on-call log: items, attempts, outcomes, the newest first",
        responses=parts.schemas.gives(tuple[OnCallView, ...]),
    )
    async def on_call(_: Account = Depends(anybody)) -> Response:
        return answer(await parts.inbox.read(on_call_views))

    return routes


def surge_routes(parts: Parts) -> APIRouter:
    """The surge: one switch, always with an end."""
    routes = APIRouter(tags=["town"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    anybody, leader = parts.needs(EVERYBODY), parts.needs(LEADERS)

    @routes.get(
        "/surge", summary="The surge that holds now", responses=gives(tuple[SurgeView, ...])
    )
    async def surge(_: Account = Depends(anybody)) -> Response:
        return answer(await parts.inbox.read(surge_views))

    @routes.post(
        "/surge",
        summary="Let the policy's surge hold, or set another end",
        responses=gives(tuple[SurgeView, ...]),
        openapi_extra=takes(SurgeBody),
    )
    async def begin(body: SurgeJson, who: Account = Depends(leader)) -> Response:
        until = _end_of(body, parts.clock.now())
        command = h.BeginSurge(until=until, reason=body.reason, by=who.name)
        views = await parts.inbox.submit(command, surge_views)
        await parts.note(who, "surge-begun", body.reason)
        return answer(views)

    @routes.delete(
        "/surge", summary="Back to an ordinary day", responses=gives(tuple[SurgeView, ...])
    )
    async def end(who: Account = Depends(leader)) -> Response:
        views = await parts.inbox.submit(h.EndSurge(by=who.name), surge_views)
        await parts.note(who, "surge-ended", "")
        return answer(views)

    return routes


def message_routes(parts: Parts) -> APIRouter:
    """Messages in front of every call."""
    routes = APIRouter(tags=["town"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    anybody, leader = parts.needs(EVERYBODY), parts.needs(LEADERS)

    @routes.get(
        "/announcements",
        summary="Messages in front of every call",
        responses=gives(tuple[AnnouncementView, ...]),
    )
    async def messages(_: Account = Depends(anybody)) -> Response:
        return answer(await parts.inbox.read(message_views))

    @routes.post(
        "/announcements/{message}",
        summary="Put a message in front of every call; the same name replaces it",
        responses=gives(tuple[AnnouncementView, ...]),
        openapi_extra=takes(MessageBody),
    )
    async def announce(
        message: Short, body: MessageJson, who: Account = Depends(leader)
    ) -> Response:
        command = h.AnnounceMessage(
            id=message,
            text=body.text,
            until=_end_of(body, parts.clock.now()),
            by=who.name,
            since=instant_of(body.since) if body.since is not None else None,
            numbers=body.numbers,
        )
        views = await parts.inbox.submit(command, message_views)
        await parts.note(who, "message-announced", message)
        return answer(views)

    @routes.delete(
        "/announcements/{message}",
        summary="Take it back: the next call does not hear it",
        responses=gives(tuple[AnnouncementView, ...]),
    )
    async def withdraw(message: str, who: Account = Depends(leader)) -> Response:
        views = await parts.inbox.submit(h.WithdrawMessage(message, who.name), message_views)
        await parts.note(who, "message-withdrawn", message)
        return answer(views)

    return routes
