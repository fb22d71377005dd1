"""Time passing, effects reported, the policy adopted, emergencies, coming back after an outage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from router.core import callbacks
from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core.callbacks import closed
from router.core.chat_in import fell_silent
from router.core.correspondence import waited_enough
from router.core.dues import item_dues
from router.core.families import family
from router.core.handling import (
    IN_HAND,
    give_back,
    resident_gone,
    resident_not_rung,
    resident_unreached,
)
from router.core.mail_in import undelivered
from router.core.model import (
    ENDED,
    IN_LINE,
    AgentId,
    Condition,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegResult,
    LegState,
    OfferEnding,
    OfferId,
    QueueId,
)
from router.core.offers import end_offer_of, end_offers, expire
from router.core.outside_legs import NOT_RUNG, RINGS, UNHEARD
from router.core.overflow import gap_lasted, limits_fell
from router.core.paging import nobody_answered
from router.core.queueing import (
    look_again,
    queue_of,
    release_reserved,
    requeue,
)
from router.core.ranking import follow_head_start
from router.core.records import Agent, Item
from router.core.service_level import count
from router.core.shift import lose_lease
from router.core.skills_today import follow_policy, restored_by_time
from router.core.staffing import condition_lasted, divert_waiting, update_hours
from router.core.state import State
from router.core.stepping import step_due
from router.core.strain import strain_due
from router.core.surge import ended_by_time, withdrawn_by_time
from router.core.waiting import abandon
from router.core.wishes import end_leg
from router.errors import InvariantBroken, NotNow, UnknownTarget

Events = Iterator[e.Event]

LEG_GONE: Final = "gone"  # why an effect failed for good: the carrier has no such leg any more
RANKED: Final = IN_LINE | IN_HAND  # have a place, or go back to it when given back
AT_ONCE_MAX: Final = 100  # times one row may fall due at one instant; more is a circle of ours

# --- time ----------------------------------------------------------------------------------------


def pass_time(s: State, now: Instant, c_: c.PassTime) -> Events:
    """Let whatever is due happen, in the order in which it became due."""
    rung: Counter[tuple[str, str]] = Counter()
    while True:
        timer = s.next_timer()
        if timer is None or timer[0] > now:
            return
        version, due = s.version, timer[1:]
        yield from DUE[timer[1]](s, now, timer[2])
        rung[due] += 1
        if s.version == version or rung[due] > AT_ONCE_MAX:
            raise InvariantBroken(f"timer {timer!r} is due and does not go away")


def _item_due(s: State, now: Instant, name: str) -> Events:
    item = s.items[ItemId(name)]
    _, what = min(item_dues(item))
    yield from ITEM_DUE[what](s, now, item)


def _threshold_due(s: State, now: Instant, item: Item) -> Events:
    yield from count(s, now, item, "threshold")


def _late_due(s: State, now: Instant, item: Item) -> Events:
    queue = queue_of(s, item)
    chain = queue.fates.get(Condition.LATE)
    if chain is not None:
        yield from divert_waiting(s, now, item, queue, Condition.LATE, chain)
    item = s.items[item.id]
    if item.late_at is not None and item.late_at <= now:
        yield e.LateNoted(at=now, item=item.id)


def _reserved_due(s: State, now: Instant, item: Item) -> Events:
    yield from release_reserved(s, now, item, f"kept for {item.reserved_for} long enough")


def _leg_due(s: State, now: Instant, item: Item) -> Events:
    """Nothing was heard of a leg that we had rung: the news was lost, or the carrier failed."""
    resident = callbacks.rings_resident_first(s, item) and not item.call_id
    if resident or item.agent_call_state is LegState.CONNECTED:
        yield from resident_unreached(s, now, item, LegResult.NO_ANSWER)
    else:
        yield from give_back(s, now, item, "nothing was heard of the agent's telephone")


def _passed_over_due(s: State, now: Instant, item: Item) -> Events:
    yield e.PassedOverAgain(at=now, item=item.id)


def _callback_due(s: State, now: Instant, item: Item) -> Events:
    yield from callbacks.give_up(s, now, item, "expired")


def _flow_due(s: State, now: Instant, item: Item) -> Events:
    yield from abandon(s, now, item, "flow-timeout")


def _wrap_up_due(s: State, now: Instant, item: Item) -> Events:
    yield closed(s, now, item.id, "wrap-up-expired")


def _deferred_due(s: State, now: Instant, item: Item) -> Events:
    if item.form is Form.CALLBACK:
        again = callbacks.out_of_hours(s, now, item)
        if again is not None:
            yield again
            return
        yield from callbacks.again(s, now, item, "its time has come")
        return
    if item.text is not None and item.text.waiting_for:
        yield from waited_enough(s, now, item)
        return
    yield from requeue(s, now, item, "its time has come")


def _idle_due(s: State, now: Instant, item: Item) -> Events:
    yield from fell_silent(s, now, item)


def _page_due(s: State, now: Instant, item: Item) -> Events:
    yield from nobody_answered(s, now, item)


def _forget_due(s: State, now: Instant, item: Item) -> Events:
    """Let go of the item; a mail of it that could not be sent so far comes back instead.

    What was merged into it goes with it: until then its resident was answered here.
    """
    ids = [row.id for row in family(s, item)]
    pending = s.pending.values() if item.text is not None else ()  # calls send no mail
    mails = [x for x in pending if isinstance(x, f.SendMail) and x.item_id in ids]
    for mail in mails:
        yield e.EffectFailed(at=now, key=mail.key, reason="not-in-time")
        yield from undelivered(s, now, mail.conversation, mail.number, "not-in-time")
    if s.items[item.id].state in ENDED:
        for each in reversed(ids):
            yield e.ItemForgotten(at=now, item=each)


ITEM_DUE: Final[dict[str, Callable[[State, Instant, Item], Events]]] = {
    "step": step_due,
    "threshold": _threshold_due,
    "late": _late_due,
    "reserved": _reserved_due,
    "leg": _leg_due,
    "passed_over": _passed_over_due,
    "callback": _callback_due,
    "flow": _flow_due,
    "wrap_up": _wrap_up_due,
    "deferred": _deferred_due,
    "idle": _idle_due,
    "page": _page_due,
    "forget": _forget_due,
}


def _offer_due(s: State, now: Instant, name: str) -> Events:
    yield from expire(s, now, OfferId(name))


def _agent_due(s: State, now: Instant, name: str) -> Events:
    yield from lose_lease(s, now, AgentId(name))


def _queue_due(s: State, now: Instant, name: str) -> Events:
    yield from update_hours(s, now, QueueId(name))


def _condition_due(s: State, now: Instant, name: str) -> Events:
    yield from condition_lasted(s, now, name)


def _emergency_due(s: State, now: Instant, name: str) -> Events:
    yield e.EmergencyCleared(at=now, hours=name, by="its end was set")
    yield from _hours_of_queues(s, now, name)


def _key_due(s: State, now: Instant, name: str) -> Events:
    yield e.KeyDropped(at=now, key=name)


DUE: Final[dict[str, Callable[[State, Instant, str], Events]]] = {
    "item": _item_due,
    "offer": _offer_due,
    "agent": _agent_due,
    "queue": _queue_due,
    "condition": _condition_due,
    "emergency": _emergency_due,
    **UNHEARD,
    "key": _key_due,
    "gap": gap_lasted,
    "notice": withdrawn_by_time,
    "surge": ended_by_time,
    "skills": restored_by_time,
    "strain": strain_due,
}

# --- effects -------------------------------------------------------------------------------------


def report_effect(s: State, now: Instant, c_: c.ReportEffect) -> Events:
    """An effect was confirmed or given up; a leg that rings is noted on its item."""
    effect = s.pending.get(c_.key)
    if effect is None:
        return
    item = s.items.get(effect.item_id)
    if c_.done:
        yield e.EffectDone(at=now, key=c_.key)
        if item is not None and c_.call_id:
            yield from _rings(s, now, item, effect, c_.call_id)
        return
    if not c_.final:
        return
    yield e.EffectFailed(at=now, key=c_.key, reason=c_.reason)
    if item is None:
        return
    if isinstance(effect, f.SendMail):
        yield from undelivered(s, now, effect.conversation, effect.number, c_.reason)
    elif isinstance(effect, f.MoveCall):
        if c_.reason == LEG_GONE and item.call_id == effect.call_id:
            yield from resident_gone(s, now, item, "the carrier no longer has the call")
    elif type(effect) in NOT_RUNG:
        yield from NOT_RUNG[type(effect)](s, now, item, effect, c_.reason)
    elif not _rung_by(item, effect):
        return
    elif isinstance(effect, f.DialAgent):
        yield from give_back(s, now, item, f"agent's telephone: {c_.reason}")
    elif not item.call_id:
        yield from resident_not_rung(s, now, item, c_.reason)


def _rung_by(item: Item, effect: f.Effect) -> bool:
    """Say whether the effect rang the leg that the item waits for at present."""
    if item.state not in IN_HAND:
        return False
    if isinstance(effect, f.DialAgent):
        return effect.key == item.agent_dial
    return isinstance(effect, f.DialResident) and effect.key == item.resident_dial


def _rings(s: State, now: Instant, item: Item, effect: f.Effect, call_id: str) -> Events:
    """Note the leg that was made; one that nobody waits for any more is ended."""
    if type(effect) in RINGS:
        yield from RINGS[type(effect)](s, now, item, effect, call_id)
        return
    agents = isinstance(effect, f.DialAgent)
    has = item.agent_call_id if agents else item.call_id
    if not _rung_by(item, effect):
        if call_id not in (item.call_id, item.agent_call_id):
            yield end_leg(s, now, item, call_id)
    elif not has:
        leg = "agent" if agents else "resident"
        yield e.LegChanged(at=now, item=item.id, leg=leg, call_id=call_id, connected=False)
    elif has != call_id:
        yield end_leg(s, now, item, call_id)


# --- policy and emergencies ----------------------------------------------------------------------


def adopt_policy(s: State, now: Instant, c_: c.AdoptPolicy) -> Events:
    """Decide by this policy from now on; whoever waits is looked at again."""
    if c_.policy_hash == s.policy_hash:
        return
    before = s.policies.get(s.policy_hash)
    yield e.PolicyAdopted(at=now, policy=c_.policy_hash)
    yield from follow_policy(s, now)
    for agent in [a for a in s.agents.values() if a.id not in s.policy.agents]:
        if agent.lease_until is not None:
            yield from end_offer_of(s, now, agent, "the policy no longer has this agent")
            yield e.AgentSignedOut(at=now, agent=agent.id, reason="not in the policy")
        yield from _let_go(s, now, agent)
    for queue_id in (*s.policy.queues, *(q for q in s.queues if q not in s.policy.queues)):
        yield from update_hours(s, now, queue_id)
    if before is not None:
        for item in [i for i in s.items.values() if i.state in RANKED]:
            yield from follow_head_start(s, now, item, before)
    for item in [i for i in s.items.values() if i.state in IN_LINE]:
        if item.queue not in s.policy.queues:
            yield from end_offers(s, now, item, OfferEnding.WITHDRAWN, "the queue is gone")
        if s.items[item.id].state in IN_LINE:
            yield from look_again(s, now, s.items[item.id], "the policy changed")
    if before is not None:
        yield from limits_fell(s, now, before)
    yield from _bring_back(s, now)


def _let_go(s: State, now: Instant, agent: Agent) -> Events:
    """Nobody can finish what an agent holds who is no longer there; a talk goes on."""
    for holding in agent.holdings:
        item = s.items[holding.item]
        if item.agent != agent.id:
            continue
        if item.state is ItemState.WRAP_UP:
            yield closed(s, now, item.id, "wrap-up-expired")
        elif item.agent_call_state is not LegState.CONNECTED:
            yield from give_back(s, now, item, "the policy no longer has the agent")


def _bring_back(s: State, now: Instant) -> Events:
    """Put in line what was kept for an opening that came earlier than was foreseen."""
    for item in [i for i in s.items.values() if i.state is ItemState.DEFERRED]:
        row = s.queues.get(queue_of(s, item).id)
        if item.deferred_until is None or item.deferred_until <= now:
            continue
        if item.text is not None and item.text.waiting_for:
            continue
        if item.form is Form.CALLBACK:
            tried = item.callback is not None and item.callback.attempts > 0
            recall = s.recalls.get(item.id)
            tried |= recall is not None and recall.starts is not None and recall.starts > now
            if tried or callbacks.out_of_hours(s, now, item) is not None:
                continue
            yield from callbacks.again(s, now, item, "open earlier than foreseen")
            continue
        if row is None or not row.is_open:
            continue
        yield from requeue(s, now, item, "open earlier than foreseen")


def set_emergency(s: State, now: Instant, c_: c.SetEmergency) -> Events:
    """Close, or force open, whatever the hours say."""
    if c_.hours not in s.policy.hours:
        raise UnknownTarget(f"no hours {c_.hours!r}; hours are {', '.join(s.policy.hours)}")
    if c_.until is not None and c_.until <= now:
        raise NotNow(f"the emergency would have ended before now; until {c_.until} must lie ahead")
    yield e.EmergencySet(
        at=now,
        hours=c_.hours,
        closed=c_.closed,
        until=c_.until,
        reason=c_.reason,
        by=c_.by,
    )
    yield from _hours_of_queues(s, now, c_.hours)


def clear_emergency(s: State, now: Instant, c_: c.ClearEmergency) -> Events:
    """Back to what the hours say."""
    if c_.hours not in s.emergencies:
        return
    yield e.EmergencyCleared(at=now, hours=c_.hours, by=c_.by)
    yield from _hours_of_queues(s, now, c_.hours)


def _hours_of_queues(s: State, now: Instant, hours: str) -> Events:
    for queue in s.policy.queues.values():
        if queue.hours == hours:
            yield from update_hours(s, now, queue.id)
    yield from _bring_back(s, now)


def resume_service(s: State, now: Instant, c_: c.ResumeService) -> Events:
    """Nobody is punished for the time in which nothing ran."""
    gap = max(0, now - c_.since)
    yield e.ServiceResumed(
        at=now,
        since=c_.since,
        leases_until=now + s.policy.offers.lease,
        offers_extended=gap,
    )
