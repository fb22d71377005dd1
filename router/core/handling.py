"""From accept to done: legs, hold, transfer, wrap-up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import callbacks, told_waits
from router.core import commands as c
from router.core import events as e
from router.core.arrivals import open_item
from router.core.buckets import NAMED
from router.core.consults import asked, hand_over
from router.core.estimate import worked_on
from router.core.flows.advance import outside_answered, transfer_outside
from router.core.minimums import begun
from router.core.model import (
    IN_LINE,
    MINUTE,
    AgentId,
    Form,
    Instant,
    ItemState,
    LegResult,
    LegState,
    OfferEnding,
    Span,
    Unreached,
)
from router.core.offers import RING_AGENT, away_if_missing, passed_over_until, signed_in
from router.core.outside_legs import HEARD
from router.core.promises import owe, owed_by
from router.core.queueing import due_of_step, late_at, line_up, look_again, queue_named, queue_of
from router.core.records import Item
from router.core.relations import talks
from router.core.ringing import may_ring
from router.core.service_level import count
from router.core.state import State
from router.core.waiting import abandon
from router.core.wishes import dial_agent, end_leg, hold_leg, move_call
from router.errors import NotAllowed, NotNow, UnknownAgent, UnknownTarget

Events = Iterator[e.Event]

NOT_REACHED: Final = {LegResult.BUSY: Unreached.BUSY, LegResult.FAILED: Unreached.UNREACHABLE}

WRAP_UP_MAX: Final[Span] = 15 * MINUTE  # where a code is required and no time for it is named

IN_HAND = frozenset({ItemState.HANDLING, ItemState.HELD})


def held_by(s: State, item_id: str, agent_id: AgentId, *states: ItemState) -> Item:
    """Return the item if that agent has it in one of the states.

    Raises:
        UnknownItem, NotAllowed (somebody else has it), NotNow (another state).
    """
    item = open_item(s, item_id)  # type: ignore[arg-type]
    if item.agent != agent_id:
        raise NotAllowed(f"item {item.id!r} is not with agent {agent_id!r}")
    if item.state not in states:
        raise NotNow(f"item {item.id!r} is {item.state}")
    return item


# --- legs ----------------------------------------------------------------------------------------


def report_leg(s: State, now: Instant, c_: c.ReportLeg) -> Events:
    """The carrier tells what became of a leg."""
    item = open_item(s, c_.item_id)
    if c_.leg == "outside":
        yield from _outside_leg(s, now, item, c_)
    elif c_.leg == "agent":
        yield from _agent_leg(s, now, item, c_)
    elif c_.leg == "resident":
        yield from _resident_leg(s, now, item, c_)
    elif c_.leg == "third" and c_.key and c_.key == item.agent_dial:  # it is theirs by now
        yield from _agent_leg(s, now, item, c_)
    elif c_.leg in HEARD:
        yield from HEARD[c_.leg](s, now, item, c_)
    else:
        legs = ", ".join(("agent", "resident", "outside", *HEARD))
        raise UnknownTarget(f"no leg {c_.leg!r}; legs: {legs}")


def _outside_leg(s: State, now: Instant, item: Item, c_: c.ReportLeg) -> Events:
    position = item.flow
    answered = c_.result is LegResult.ANSWERED
    if answered and position is not None and c_.key == str(position.step):
        yield from outside_answered(s, now, item)


def _agent_leg(s: State, now: Instant, item: Item, c_: c.ReportLeg) -> Events:
    rings = item.state in IN_HAND and item.form in (Form.CALL, Form.CALLBACK)
    stale = bool(c_.key) and c_.key != item.agent_dial
    if not rings or stale or (item.agent_call_id and item.agent_call_id != c_.call_id):
        if c_.result is LegResult.ANSWERED and c_.call_id:
            yield end_leg(s, now, item, c_.call_id)
        return
    if item.agent_call_state is LegState.CONNECTED:
        if c_.result is LegResult.ENDED:
            yield from finish_talk(s, now, item)
        return
    if c_.result is LegResult.ANSWERED:
        yield e.LegChanged(at=now, item=item.id, leg="agent", call_id=c_.call_id, connected=True)
        yield from count(s, now, s.items[item.id], "answered")
        yield from told_waits.keep(s, now, item)
        item = s.items[item.id]
        if item.form is Form.CALLBACK and not item.call_id:
            yield from callbacks.ring_resident(s, now, item)
        elif item.call_id and item.form is Form.CALL:  # else they are in the room already
            yield move_call(now, item)
        return
    cause = NOT_REACHED.get(c_.result, OfferEnding.MISSED)
    missed = cause is not Unreached.UNREACHABLE  # the carrier's failure is not the agent's
    yield from give_back(
        s, now, item, f"agent's telephone: {c_.result}", cause=cause, missed=missed
    )


def _resident_leg(s: State, now: Instant, item: Item, c_: c.ReportLeg) -> Events:
    answered = c_.result is LegResult.ANSWERED
    if item.call_id and item.call_id == c_.call_id:
        if not answered:  # also where the talk has become a call: transferred, given back
            yield from resident_gone(s, now, item, c_.result)
        return
    if item.form is not Form.CALLBACK or item.state not in IN_HAND:
        return
    if answered and not item.call_id:
        yield e.LegChanged(at=now, item=item.id, leg="resident", call_id=c_.call_id, connected=True)
        agent = item.agent
        if agent is not None and item.agent_call_state is not LegState.CONNECTED:
            leg = s.policy.agents[agent].leg
            yield dial_agent(now, s.items[item.id], agent, leg, RING_AGENT)
    elif answered:
        yield end_leg(s, now, item, c_.call_id)
    elif not item.call_id and c_.key in ("", item.resident_dial):
        yield from resident_unreached(s, now, item, c_.result)


def resident_unreached(
    s: State, now: Instant, item: Item, result: LegResult, why: str = ""
) -> Events:
    """The resident was rung for a callback without success; the agent is let go.

    A machine's leg stays: it hangs up by itself, when it has heard what the queue has for it.
    """
    machine = result is LegResult.MACHINE
    legs = (item.call_id, item.agent_call_id, "" if machine else item.resident_ringing)
    yield from _end_all(s, now, item, legs)
    yield from callbacks.failed(s, now, s.items[item.id], result, why)


def resident_not_rung(s: State, now: Instant, item: Item, why: str) -> Events:
    """The carrier would not, or could not, ring the resident; the agent is let go."""
    if why in callbacks.UNRINGABLE:
        yield from resident_unreached(s, now, item, LegResult.FAILED, why)
        return
    yield from _end_legs(s, now, item)
    yield from callbacks.not_rung(s, now, s.items[item.id], why)


def note_room(s: State, now: Instant, c_: c.NoteRoom) -> Events:
    """Remember the carrier's id of the room: hold needs it."""
    item = open_item(s, c_.item_id)
    if item.room_id != c_.room_id and item.state in IN_HAND:
        yield e.RoomNoted(at=now, item=item.id, room_id=c_.room_id)


# --- what the agent does -------------------------------------------------------------------------


def hold(s: State, now: Instant, c_: c.HoldItem) -> Events:
    """The resident hears hold music."""
    item = held_by(s, c_.item_id, c_.agent_id, ItemState.HANDLING)
    need_talk(item)
    yield e.ItemHeld(at=now, item=item.id)
    yield hold_leg(now, s.items[item.id], hold=True)


def resume(s: State, now: Instant, c_: c.ResumeItem) -> Events:
    """Back to the resident."""
    item = held_by(s, c_.item_id, c_.agent_id, ItemState.HELD)
    yield e.ItemResumed(at=now, item=item.id)
    yield hold_leg(now, s.items[item.id], hold=False)


def need_talk(item: Item) -> None:
    """Raise `NotNow` unless resident and agent talk with each other."""
    if item.form not in (Form.CALL, Form.CALLBACK):
        raise NotNow(f"item {item.id!r} is a {item.form}: nobody is on the line")
    if not talks(item):
        raise NotNow(f"item {item.id!r}: the call is still being connected")


def transfer(s: State, now: Instant, c_: c.TransferItem) -> Events:
    """Cold transfer; the agent is free at once."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    policy = s.policy
    chosen = [x for x in (c_.to_queue, c_.to_agent, c_.to_contact) if x]
    if len(chosen) != 1:
        raise UnknownTarget("a transfer goes to exactly one of queue, agent, contact")
    live = item.form in (Form.CALL, Form.CALLBACK)
    if live and not item.call_id:
        raise NotNow(f"item {item.id!r}: the resident is not on the line")
    queue = queue_named(s, c_.to_queue) if c_.to_queue else queue_of(s, item)
    if c_.to_agent is not None:
        if c_.to_agent not in policy.agents:
            raise UnknownAgent(c_.to_agent)
        signed_in(s, c_.to_agent)
        to = f"agent:{c_.to_agent}"
    elif c_.to_contact:
        if c_.to_contact not in policy.contacts:
            raise UnknownTarget(
                f"no contact {c_.to_contact!r}; contacts are {', '.join(policy.contacts)}"
            )
        if not live:
            raise NotNow(f"item {item.id!r} is a {item.form}: only a call can go to a contact")
        if refusal := may_ring(s, now, c_.to_contact):
            raise NotAllowed(f"contact {c_.to_contact!r}: {refusal}")
        to = f"contact:{c_.to_contact}"
    else:
        to = f"queue:{queue.id}"
    keep_age = not queue.is_age_reset if c_.keep_age is None else c_.keep_age
    yield e.ItemTransferred(at=now, item=item.id, by=c_.agent_id, to=to, keep_age=keep_age)
    agent_leg = item.agent_call_id
    if c_.to_contact:
        yield from transfer_outside(s, now, item.id, c_.to_contact)
    else:
        row = s.items[item.id]
        yield from line_up(
            s,
            now,
            row,
            queue,
            form=row.form,
            first_queued_at=(row.first_queued_at or now) if keep_age else now,
            rule=f"transferred by {c_.agent_id}",
            named=f"{NAMED}{c_.to_agent}" if c_.to_agent is not None else "",
            not_to=c_.agent_id,
        )
    if live:
        yield move_call(now, s.items[item.id])
    if agent_leg:
        yield end_leg(s, now, s.items[item.id], agent_leg)


def return_item(s: State, now: Instant, c_: c.ReturnItem) -> Events:
    """The agent gives it back; the place is kept."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    reason = c_.reason or "given back"
    yield from give_back(s, now, item, reason, cause=OfferEnding.DECLINED)


def give_back(
    s: State,
    now: Instant,
    item: Item,
    reason: str,
    *,
    cause: OfferEnding | Unreached = Unreached.UNREACHABLE,
    missed: bool = False,
) -> Events:
    """Back in line at the old place, relaxed as its age allows; a caller on the line waits on.

    The agent is passed over for as long as the policy says for this `cause`; `missed` says that it
    counts among the misses that make the agent away.
    """
    talked = item.agent_call_state is LegState.CONNECTED
    legs = [leg for leg in (item.agent_call_id, item.resident_ringing) if leg]
    agent_id, queue = item.agent, queue_of(s, item)
    waits_as = Form.CALL if item.call_id else item.form
    first = item.first_queued_at if item.first_queued_at is not None else now
    until = None
    if agent_id is not None:
        until = passed_over_until(s, now, item, agent_id, cause)
    yield e.ItemReturned(
        at=now,
        item=item.id,
        reason=reason,
        passed_over_until=until,
        step_due=due_of_step(queue, now, first, item.step),
        late_at=late_at(now, item, queue, waits_as, item.due_at, anew=False),
        missed=missed,
        paces=begun(s, now, item.queue, item.tempo),
    )
    row = s.items[item.id]
    if row.call_id and (talked or item.form is Form.CALLBACK):  # from the room into the line
        yield move_call(now, row)
    for leg in legs:
        yield end_leg(s, now, s.items[item.id], leg)
    yield from look_again(s, now, s.items[item.id], "back in line: what its age asks for")
    if missed and agent_id is not None:
        yield from away_if_missing(s, now, agent_id)


def finish(s: State, now: Instant, c_: c.FinishHandling) -> Events:
    """Hang up, or stop working on it."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND)
    yield from finish_talk(s, now, item)


def finish_talk(s: State, now: Instant, item: Item) -> Events:
    """The agent's side ends the talk.

    Whom they are asking has the resident then; while that telephone still rings the resident is
    put back in line.
    """
    third = asked(s, item)
    if third is not None and third.connected:
        yield from hand_over(s, now, item, third)
        return
    if third is not None:
        yield from give_back(s, now, item, f"the agent left before {third.to} had answered")
        return
    if item.form is Form.CALLBACK and not item.call_id:
        if item.agent_call_state is LegState.CONNECTED:
            yield from resident_unreached(s, now, item, LegResult.NO_ANSWER)
        else:  # nobody was rung yet: no attempt
            yield from give_back(s, now, item, "not rung", cause=OfferEnding.DECLINED)
        return
    if item.call_id:
        yield end_leg(s, now, item, item.call_id)
    yield from after_talk(s, now, s.items[item.id])


def after_talk(s: State, now: Instant, item: Item) -> Events:
    """The talk is over: wrap-up, or done where there is none; what is owed becomes a callback."""
    owed = owed_by(s, item)
    if owed:
        yield from owe(s, now, item, owed)
        return
    if item.agent_call_id:
        yield end_leg(s, now, item, item.agent_call_id)
    queue = queue_of(s, item)
    if queue.wrap_up == 0 and not queue.wrap_up_required:
        yield callbacks.closed(s, now, item.id, "done")
        return
    yield e.WrapUpStarted(at=now, item=item.id, until=now + (queue.wrap_up or WRAP_UP_MAX))


def close(s: State, now: Instant, c_: c.CloseItem) -> Events:
    """Done, with a wrap-up code where the queue demands one."""
    item = held_by(s, c_.item_id, c_.agent_id, *IN_HAND, ItemState.WRAP_UP)
    policy = s.policy
    queue = queue_of(s, item)
    if c_.code and c_.code not in policy.wrap_up_codes:
        codes = ", ".join(policy.wrap_up_codes)
        raise UnknownTarget(f"no wrap-up code {c_.code!r}; codes are {codes}")
    if not c_.code and queue.wrap_up_required:
        raise NotNow(f"queue {queue.id!r} needs a wrap-up code: {', '.join(policy.wrap_up_codes)}")
    if item.state in IN_HAND:
        yield from _end_legs(s, now, item)
    yield e.ItemClosed(
        at=now,
        item=item.id,
        outcome="done",
        code=c_.code,
        note_ref=c_.note_ref,
        forget_at=now + policy.retention.closed_in_core,
        worked=worked_on(now, s.items[item.id]),
    )


def _end_legs(s: State, now: Instant, item: Item) -> Events:
    yield from _end_all(s, now, item, (item.call_id, item.agent_call_id, item.resident_ringing))


def _end_all(s: State, now: Instant, item: Item, legs: tuple[str, ...]) -> Events:
    for call_id in legs:
        if call_id:
            yield end_leg(s, now, s.items[item.id], call_id)


# --- the resident's leg is gone ------------------------------------------------------------------


def end_call(s: State, now: Instant, c_: c.EndCall) -> Events:
    """Hang-up: an abandon before anybody answered, the end of the talk after."""
    item = s.items.get(c_.item_id)
    if item is None or item.call_id != c_.call_id or not c_.call_id:
        return
    yield from resident_gone(s, now, item, c_.reason)


def resident_gone(s: State, now: Instant, item: Item, reason: str) -> Events:
    """The resident hung up, wherever the item stands."""
    if item.state in IN_HAND:
        talked = item.agent_call_state is LegState.CONNECTED
        if item.form is Form.CALL and not talked:
            yield from abandon(s, now, item, reason)
        else:
            yield from after_talk(s, now, item)
    elif item.state in IN_LINE or item.state in (ItemState.IN_FLOW, ItemState.RECEIVED):
        yield from abandon(s, now, item, reason)
