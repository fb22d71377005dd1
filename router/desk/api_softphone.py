"""Routes for an agent whose telephone is the browser: whether it can be, and the pass for it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Response

from router.core.model import MINUTE, SECOND, Span
from router.core.state import State
from router.desk.access import EVERYBODY, NotPermitted
from router.desk.answers import answer
from router.desk.parts import Parts
from router.desk.surroundings import Account
from router.desk.view_types import Moment, View, moment
from router.errors import NotAllowed

CLIENT: Final = "client:"
PASS_SPAN: Final[Span] = 15 * MINUTE  # the console asks for the next one before it is over


class SoftphoneView(View, frozen=True, kw_only=True):
    """Whether this browser can be the agent's telephone."""

    offered: bool


class PassView(View, frozen=True, kw_only=True):
    """What lets the carrier ring this browser for the agent."""

    token: str
    identity: str
    expires_at: Moment


def softphone_routes(parts: Parts) -> APIRouter:
    """Whether there is a softphone, and its passes."""
    routes = APIRouter(tags=["softphone"])
    gives = parts.schemas.gives
    anybody, make = parts.needs(EVERYBODY), parts.desktop.softphone

    @routes.get(
        "/softphone",
        summary="Whether your browser can be your telephone",
        responses=gives(SoftphoneView),
    )
    async def offered(who: Account = Depends(anybody)) -> Response:
        identity = await parts.inbox.read(lambda state: _identity(state, who))
        return answer(SoftphoneView(offered=make is not None and bool(identity)))

    @routes.post(
        "/softphone/pass",
        summary="A pass for your browser as your telephone, good for a quarter of an hour",
        responses=gives(PassView),
    )
    async def give_pass(who: Account = Depends(anybody)) -> Response:
        if make is None:
            raise NotAllowed("the browser is no telephone here (TWILIO__API_KEY_SID)")
        identity = await parts.inbox.read(lambda state: _identity(state, who))
        if not identity:
            raise NotPermitted(f"account {who.name!r} has no leg client:NAME in skills.yaml")
        until_s = (parts.clock.now() + PASS_SPAN) // SECOND
        token = make(identity, until_s)
        return answer(PassView(token=token, identity=identity, expires_at=moment(until_s * SECOND)))

    return routes


def _identity(state: State, who: Account) -> str:
    """Return under which name the account's agent is rung in a browser; "" when they are not."""
    rule = state.policy.agents.get(who.agent_id) if who.agent_id else None
    if rule is None or not rule.leg.startswith(CLIENT):
        return ""
    return rule.leg.removeprefix(CLIENT)
