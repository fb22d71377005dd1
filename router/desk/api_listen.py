"""Routes for supervisors who want to be in an agent's talk, from their own telephone."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Response

from router.core.commands_listening import ListenTo, StopListening
from router.core.model import AgentId, ItemId, ListenMode
from router.core.state import State
from router.desk.access import LEADERS, NotPermitted
from router.desk.answers import answer, body_of
from router.desk.api_people import Body
from router.desk.api_work import DONE
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.views import DoneView


class ListenBody(Body, frozen=True, kw_only=True):
    """How to be in the talk; again with another mode: the change."""

    mode: Annotated[ListenMode, msgspec.Meta(description="listen | whisper | barge")]


ListenJson = Annotated[ListenBody, Depends(body_of(ListenBody))]


def listen_routes(parts: Parts) -> APIRouter:
    """Listening, whispering, barging in, and leaving the talk."""
    routes = APIRouter(tags=["items"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    leader = parts.needs(LEADERS)

    @routes.post(
        "/items/{item}/listen",
        summary="Have your telephone rung and be in the talk, or change how you are in it",
        responses=gives(DoneView),
        openapi_extra=takes(ListenBody),
    )
    async def listen(item: str, body: ListenJson, who: Account = Depends(leader)) -> Response:
        command = ListenTo(ItemId(item), _telephone_of(who), body.mode, who.name)
        await parts.inbox.submit(command, _nothing)
        await parts.note(who, "listened", f"{item}: {body.mode}")
        return answer(DONE)

    @routes.delete(
        "/items/{item}/listen",
        summary="Take whoever listens out of the talk, which goes on",
        responses=gives(DoneView),
    )
    async def stop(item: str, who: Account = Depends(leader)) -> Response:
        await parts.inbox.submit(StopListening(ItemId(item), who.name), _nothing)
        await parts.note(who, "listening-stopped", item)
        return answer(DONE)

    return routes


def _telephone_of(who: Account) -> AgentId:
    """Return the agent whose telephone is rung. Errors: `NotPermitted` when there is none."""
    if not who.agent_id:
        raise NotPermitted(
            f"account {who.name!r} has no telephone: it belongs to no agent of skills.yaml"
        )
    return who.agent_id


def _nothing(_: State) -> None:
    """What changed is seen on the wallboard."""
