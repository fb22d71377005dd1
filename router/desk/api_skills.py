"""Routes for supervisors about agents: what somebody can do, and other levels for today."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from msgspec import Meta

from router.core.commands_lead import RestoreSkills, SetSkills
from router.core.model import SECOND, AgentId, Instant
from router.core.requirement import LEVEL_MAX
from router.core.skills_today import LASTS_MAX
from router.core.state import State
from router.desk.access import LEADERS
from router.desk.answers import answer, body_of
from router.desk.api_people import Body, Short
from router.desk.message_types import Reason
from router.desk.parts import Parts
from router.desk.skills import AgentSkillsView, agent_skills_view
from router.desk.surroundings import Account
from router.desk.view_types import Moment, instant_of
from router.errors import NotNow

Level = Annotated[int, Meta(ge=0, le=LEVEL_MAX)]


class SkillsBody(Body, frozen=True, kw_only=True):
    """Levels of some skills, 0 for none of it; without an end until the town's day is over."""

    levels: Annotated[dict[Short, Level], Meta(min_length=1, max_length=200)]
    for_s: Annotated[int, Meta(ge=1, le=LASTS_MAX // SECOND)] | None = None
    until: Moment | None = None  # instead of `for_s`
    reason: Reason = ""


SkillsJson = Annotated[SkillsBody, Depends(body_of(SkillsBody))]


def skills_routes(parts: Parts) -> APIRouter:
    """Skills for today: always with an end."""
    routes = APIRouter(tags=["agents"])
    gives, takes = parts.schemas.gives, parts.schemas.takes
    leader = parts.needs(LEADERS)

    @routes.get(
        "/agents/{agent}/skills",
        summary="What an agent can do, as it is written and as it holds today",
        responses=gives(AgentSkillsView),
    )
    async def skills(agent: str, _: Account = Depends(leader)) -> Response:
        return answer(await parts.inbox.read(_view_of(agent)))

    @routes.post(
        "/agents/{agent}/skills",
        summary="Let other levels hold for an agent until an instant; replaces those set before",
        responses=gives(AgentSkillsView),
        openapi_extra=takes(SkillsBody),
    )
    async def change(agent: str, body: SkillsJson, who: Account = Depends(leader)) -> Response:
        until = _end_of(body, parts.clock.now())
        command = SetSkills(AgentId(agent), body.levels, body.reason, who.name, until)
        view = await parts.inbox.submit(command, _view_of(agent))
        levels = ", ".join(f"{skill} {level}" for skill, level in body.levels.items())
        await parts.note(who, "skills-set", f"{agent}: {levels}")
        return answer(view)

    @routes.delete(
        "/agents/{agent}/skills",
        summary="Back to what the policy says",
        responses=gives(AgentSkillsView),
    )
    async def restore(agent: str, who: Account = Depends(leader)) -> Response:
        command = RestoreSkills(AgentId(agent), who.name)
        view = await parts.inbox.submit(command, _view_of(agent))
        await parts.note(who, "skills-restored", agent)
        return answer(view)

    return routes


def _end_of(body: SkillsBody, now: Instant) -> Instant | None:
    """Return the end; None: that of the town's day. Raises `NotNow` when there are two."""
    if body.for_s is not None and body.until is not None:
        raise NotNow("two ends are one too many: say either `for_s` or `until`, or neither")
    if body.for_s is not None:
        return now + body.for_s * SECOND
    return None if body.until is None else instant_of(body.until)


def _view_of(agent: str) -> Callable[[State], AgentSkillsView]:
    return lambda state: agent_skills_view(state, AgentId(agent))
