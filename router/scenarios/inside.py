"""What people inside do in a scenario: come, go, take what is offered, close the house by hand."""

from __future__ import annotations

from router.core import commands as c
from router.core import commands_hours as h
from router.core.model import (
    AgentId,
    AgentStatus,
    Form,
    ItemState,
    LegResult,
    OfferId,
    Span,
    Tempo,
)
from router.policy.models_scenarios import AnnounceShape, ByHandShape
from router.scenarios.stage import CannotAct, Stage

BY = "scenario"


def arrive(stage: Stage, _: str, agents: list[str]) -> None:
    """Agents sign in, if they have not yet, and are available."""
    for name in agents:
        _sign_in(stage, AgentId(name))
        stage.do(c.SetStatus(agent_id=AgentId(name), status=AgentStatus.AVAILABLE))


def away(stage: Stage, _: str, agents: dict[str, str]) -> None:
    """Agents go away, each for a reason."""
    for name, reason in agents.items():
        _sign_in(stage, AgentId(name))
        stage.do(c.SetStatus(agent_id=AgentId(name), status=AgentStatus.AWAY, reason=reason))


def _sign_in(stage: Stage, agent: AgentId) -> None:
    row = stage.state.agents.get(agent)
    if row is None or row.lease_until is None:
        stage.do(c.SignIn(agent_id=agent, desk=f"desk-{agent}"))


def leave(stage: Stage, _: str, agents: list[str]) -> None:
    """Agents sign out."""
    for name in agents:
        stage.do(c.SignOut(agent_id=AgentId(name)))


def accept(stage: Stage, name: str, agent: str) -> None:
    """The agent accepts the item and, of a call, picks up. Raises CannotAct: no such offer."""
    item = stage.item(name)
    stage.do(c.AcceptOffer(offer_id=_offer(stage, name, agent), agent_id=AgentId(agent)))
    row = stage.state.items[item.id]
    if row.tempo is Tempo.LIVE and row.form in (Form.CALL, Form.CALLBACK):
        stage.do(
            c.ReportLeg(
                item_id=item.id,
                leg="agent",
                call_id=f"agent-{agent}",
                result=LegResult.ANSWERED,
                key=row.agent_dial,
            )
        )
        stage.do(c.NoteRoom(item_id=item.id, room_id=f"room-{item.id}"))


def decline(stage: Stage, name: str, agent: str) -> None:
    """The agent declines the item. Raises CannotAct: it is not offered to them."""
    stage.do(c.DeclineOffer(offer_id=_offer(stage, name, agent), agent_id=AgentId(agent)))


def _offer(stage: Stage, name: str, agent: str) -> OfferId:
    item, row = stage.item(name), stage.state.agents.get(AgentId(agent))
    offer = row.offer if row is not None else None
    if offer is None or stage.state.offers[offer].item != item.id:
        raise CannotAct(f"the item is not offered to {agent!r}")
    return offer


def finish(stage: Stage, name: str, agent: str) -> None:
    """The agent has dealt with the item; the first wrap-up code is given."""
    item = stage.item(name)
    if item.state in (ItemState.HANDLING, ItemState.HELD) and item.tempo is Tempo.LIVE:
        stage.do(c.FinishHandling(item_id=item.id, agent_id=AgentId(agent)))
    code = next(iter(stage.policy.wrap_up_codes), "")
    if stage.state.items[item.id].state is not ItemState.CLOSED:
        stage.do(c.CloseItem(item_id=item.id, agent_id=AgentId(agent), code=code))


def by_hand(stage: Stage, _: str, shape: ByHandShape) -> None:
    """Somebody closes or opens by hand."""
    until = None if shape.until is None else stage.instant(shape.until)
    stage.do(
        c.SetEmergency(hours=shape.hours, closed=shape.closed, until=until, reason="by hand", by=BY)
    )


def as_usual(stage: Stage, _: str, hours: str) -> None:
    """The hours hold again as they are written."""
    stage.do(c.ClearEmergency(hours=hours, by=BY))


def surge(stage: Stage, _: str, lasts: Span) -> None:
    """Somebody switches the surge on. Raises CannotAct: the town has none."""
    if stage.policy.surge is None:
        raise CannotAct("fallback.yaml says nothing of a surge")
    stage.do(h.BeginSurge(until=stage.now + lasts, reason=BY, by=BY))


def announce(stage: Stage, _: str, shape: AnnounceShape) -> None:
    """Somebody puts a message in front of everything."""
    until = stage.now + shape.lasts
    stage.do(h.AnnounceMessage(id=BY, text=shape.say, since=None, until=until, numbers=(), by=BY))
