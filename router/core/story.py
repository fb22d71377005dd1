"""One plain sentence for every event of an item, and of who is there in the queue where it waits.

A table, so that no event is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from router.core import events as e
from router.core.model import AgentId, ItemId, OfferEnding, Tempo
from router.core.on_call import open_attempt
from router.core.records import Item
from router.core.state import State
from router.core.tempos import KINDS

Teller = Callable[[State, Any, Item | None], str]

ENDINGS: Final = {
    OfferEnding.ACCEPTED: "accepted",
    OfferEnding.DECLINED: "declined",
    OfferEnding.MISSED: "did not answer (the desk showed it)",
    OfferEnding.SKIPPED: "did not answer (the desk never showed it)",
    OfferEnding.WITHDRAWN: "offer withdrawn",
}


def describe(state: State, event: e.Event, item: Item | None) -> str:
    """Return the sentence; "" for what only repeats another event."""
    teller = TELLERS.get(type(event))
    return "" if teller is None else teller(state, event, item)


def _agent(state: State, agent_id: AgentId) -> str:
    rule = state.policy.agents.get(agent_id)
    return agent_id if rule is None else rule.name


def _offer_agent(state: State, ev: e.OfferSeen | e.OfferEnded) -> str:
    offer = state.offers.get(ev.offer)
    return "somebody" if offer is None else _agent(state, offer.agent)


def _offer_ended(state: State, ev: e.OfferEnded, _: Item | None) -> str:
    why = f": {ev.reason}" if ev.reason else ""
    return f"{_offer_agent(state, ev)} {ENDINGS[ev.ending]}{why}"


def _flow_moved(_: State, ev: e.FlowMoved, __: Item | None) -> str:
    got = [
        f"{name} {value}"
        for name, value in (("language", ev.language), ("subject", ev.subject), *ev.attributes)
        if value
    ]
    gained = f", now {', '.join(got)}" if got else ""
    return f"stands at {ev.flow}/{ev.node} ({ev.rule}){gained}"


def _queued(state: State, ev: e.ItemQueued, __: Item | None) -> str:
    since = " with its old place" if ev.first_queued_at < ev.at else ""
    queue = state.policy.queues.get(ev.queue)
    steps = queue.steps[: ev.step] if queue is not None else ()
    timed = [n for n, step in enumerate(steps, 1) if step.condition is None]
    taken = max(timed, default=0) if queue is not None else ev.step
    holds = state.conditions_row(ev.queue, ev.tempo).conditions
    waits = [n for n, each in enumerate(steps, 1) if each.condition not in (None, *holds)]
    only = "".join(f", not step {n}: {steps[n - 1].condition} does not hold" for n in waits)
    return f"joined queue {ev.queue} as {ev.form}{since}, step {taken}{only}"


def _estimate(_: State, ev: e.EstimateSpoken, __: Item | None) -> str:
    if ev.low is None or ev.high is None:
        return f"was told: number {ev.place} in line, wait unknown"
    low, high = ev.low / 6e10, ev.high / 6e10
    return f"was told: number {ev.place} in line, {low:.1f} to {high:.1f} minutes"


def _leg(state: State, ev: e.LegChanged, _: Item | None) -> str:
    if ev.leg == "listener" and not _is_told(state, ev.item):
        return ""
    whose = "third party" if ev.leg == "third" else ev.leg
    return f"the {whose}'s telephone " + ("is connected" if ev.connected else "rings")


def _message(state: State, ev: e.MessageAdded, _: Item | None) -> str:
    who, _sep, name = ev.by.partition(":")
    writer = _agent(state, AgentId(name)) if who == "agent" else name or f"the {who}"
    note = f" ({ev.note})" if ev.note else ""
    return f"message {ev.number}: {writer}, {ev.kind}{note}"


def _step_taken(_: State, ev: e.StepTaken, item: Item | None) -> str:
    if item is not None and ev.step == item.step and ev.kept:
        return f"keeps step {ev.kept[-1]}"
    if item is not None and ev.requirement == item.requirement:
        return f"has reached step {ev.step}"
    return f"requirement relaxed to step {ev.step}"


def _condition_entered(_: State, ev: e.ConditionEntered, __: Item | None) -> str:
    says = f"queue {ev.queue} is {ev.condition}{_for(ev.tempo)}"
    if ev.lasts_at is None:
        return says + (f": {ev.because}" if ev.because else "")
    left = (ev.lasts_at - ev.at) / 1e9
    return f"{says}: has to last {left:.0f} s to count"


def _for(tempo: Tempo) -> str:
    return "" if tempo is Tempo.LIVE else f" for {KINDS[tempo]}"


def _on_call_told(state: State, ev: e.OnCallTold, _: Item | None) -> str:
    again = f", round {ev.round}" if ev.round > 1 else ""
    return f"rings {ev.contact}{again}" if ev.way == "call" else ""


def _outside_tried(state: State, ev: e.OutsideTried, _: Item | None) -> str:
    told = open_attempt(state, ev.item)
    by_mail = told is not None and told.way == "mail"
    return f"{'told' if by_mail else 'rang'} {ev.contact}: {ev.result}"


def _walk_ended(_: State, ev: e.LoneWalkEnded, __: Item | None) -> str:
    return {
        "acknowledged": f"{ev.contact} has taken it on without the caller",
        "unanswered": "nobody on call has taken it on: first in line for the next who is there",
        "joined": f"the same resident rang again: goes on in {ev.into}",
    }.get(ev.result, "nobody else is rung: an agent has it")


def _reported(text: str) -> Teller:
    return lambda _s, _e, _i: text


def _listening_begun(state: State, ev: e.ListeningBegun, _: Item | None) -> str:
    return f"{ev.by} wants to {ev.mode}" if ev.is_shown else ""


def _listening_changed(state: State, ev: e.ListeningChanged, _: Item | None) -> str:
    return f"{ev.by} chose to {ev.mode}" if _is_told(state, ev.item) else ""


def _listening_ended(state: State, ev: e.ListeningEnded, _: Item | None) -> str:
    return f"nobody listens any more: {ev.reason}" if _is_told(state, ev.item) else ""


def _is_told(state: State, item_id: ItemId) -> bool:
    """Say whether the agent may know; the trail knows in any case."""
    row = state.listeners.get(item_id)
    return row is not None and row.is_shown


TELLERS: Final[dict[type[e.Event], Teller]] = {
    e.ItemReceived: lambda s, v, i: f"received by {v.channel} at {v.called or 'an unknown door'}",
    e.ItemShaped: lambda s, v, i: "the form adds what it asks for",
    e.FlowMoved: _flow_moved,
    e.FallbackWalked: lambda s, v, i: f"{v.condition}: followed chain {v.chain}, took {v.action}",
    e.OnCallTold: _on_call_told,
    e.OutsideTried: _outside_tried,
    e.LoneWalkBegun: lambda s, v, i: "the caller has hung up: people on call are rung on",
    e.LoneWalkRang: lambda s, v, i: "",
    e.LoneWalkEnded: _walk_ended,
    e.ConditionEntered: _condition_entered,
    e.ConditionLasted: lambda s, v, i: (
        f"queue {v.queue} has been {v.condition}{_for(v.tempo)} for long enough"
    ),
    e.LanguageGapEntered: lambda s, v, i: f"nobody of queue {v.queue} has {v.skill}",
    e.LanguageGapLasted: lambda s, v, i: f"nobody has had {v.skill} for long enough",
    e.LanguageGapLeft: lambda s, v, i: f"somebody of queue {v.queue} has {v.skill} again",
    e.QueueLimited: lambda s, v, i: (
        f"queue {v.queue} holds {v.length}{_for(v.tempo)} with who is there"
    ),
    e.ConditionLeft: lambda s, v, i: (
        f"queue {v.queue} is no longer {v.condition}{_for(v.tempo)}"
        + (f": {v.because}" if v.because else "")
    ),
    e.ItemQueued: _queued,
    e.StepTaken: _step_taken,
    e.LateNoted: lambda s, v, i: (
        "the first answer is overdue, it waits on"
        if i is not None and i.tempo is Tempo.SLOW_TEXT
        else "has waited longer than the queue's longest wait, waits on"
    ),
    e.PassedOverAgain: _reported("agents passed over may be offered it again"),
    e.ItemPrioritised: lambda s, v, i: f"head start set to {v.head_start / 1e9:.0f} s ({v.rule})",
    e.EstimateSpoken: _estimate,
    e.ItemAssigned: lambda s, v, i: (
        f"{v.by} assigned it to {_agent(s, v.agent)}"
        + (", beyond what they may hold" if v.over else "")
        + (f": {v.reason}" if v.reason else "")
    ),
    e.EstimateMet: lambda s, v, i: (
        f"was told {v.low / 6e10:.1f} to {v.high / 6e10:.1f} minutes, waited {v.waited / 6e10:.1f}"
    ),
    e.OfferMade: lambda s, v, i: f"offered to {_agent(s, v.agent)}",
    e.OfferSeen: lambda s, v, i: f"{_offer_agent(s, v)}'s desk shows it",
    e.OfferEnded: _offer_ended,
    e.HandlingStarted: lambda s, v, i: f"{_agent(s, v.agent)} handles it",
    e.LegChanged: _leg,
    e.ItemHeld: _reported("put on hold"),
    e.ItemResumed: _reported("taken off hold"),
    e.ItemReturned: lambda s, v, i: f"back in line at its old place: {v.reason}",
    e.ItemTransferred: lambda s, v, i: f"{_agent(s, v.by)} transferred it to {v.to}",
    e.ConsultBegun: lambda s, v, i: f"{_agent(s, v.by)} has {v.to} rung, the resident stays",
    e.ConsultEnded: lambda s, v, i: f"the third party is off the line: {v.reason}",
    e.ConsultCompleted: lambda s, v, i: f"{_agent(s, v.by)} left the talk to {v.to}",
    e.ListeningBegun: _listening_begun,
    e.ListeningChanged: _listening_changed,
    e.ListeningEnded: _listening_ended,
    e.CallbackPromised: lambda s, v, i: "callback promised" + (f" by {v.owner}" if v.owner else ""),
    e.CallbackUnreturned: lambda s, v, i: f"the call was not returned: {v.reason}",
    e.WrapUpStarted: _reported("the talk is over, wrap-up"),
    e.ItemClosed: lambda s, v, i: f"closed: {v.outcome}" + (f", code {v.code}" if v.code else ""),
    e.ItemAbandoned: lambda s, v, i: f"the resident left ({v.reason})",
    e.ItemDiverted: lambda s, v, i: f"handed over outside to {v.to} ({v.rule})",
    e.ItemDeferred: lambda s, v, i: f"kept for later as {v.form}: {v.reason}",
    e.MessageLeft: _reported("a message was recorded"),
    e.ItemShunted: lambda s, v, i: f"set aside, a person must look: {v.reason}",
    e.ItemReopened: lambda s, v, i: f"reopened by {v.by}: {v.reason}",
    e.ItemForgotten: _reported("left the engine; history keeps it"),
    e.ServiceLevelCounted: lambda s, v, i: (
        f"counts for {v.queue} as {v.result} after {v.waited / 1e9:.0f} s"
    ),
    e.CallbackBooked: _reported("callback booked, the place is kept"),
    e.CallbackAttempted: lambda s, v, i: f"callback attempt {v.attempt}: {v.result}",
    e.CallbackMerged: lambda s, v, i: f"the resident rang again as {v.into}, which takes its place",
    e.EffectFailed: lambda s, v, i: f"an outside step failed for good: {v.reason}",
    e.MessageAdded: _message,
    e.ContactGiven: _reported("the resident gave name or address"),
    e.ItemLinked: lambda s, v, i: f"linked to {v.to}: {v.why}",
    e.OwnerNoted: lambda s, v, i: f"{_agent(s, v.owner)} had the conversation before",
    e.RuleApplied: lambda s, v, i: (
        f"mail rule {v.rule} ({v.place}): {v.action}" + (", urgent" if v.urgent else "")
    ),
    e.RuleUndone: lambda s, v, i: f"{_agent(s, v.by)} undid mail rule {v.rule}: {v.reason}",
    e.DeliveryFailed: lambda s, v, i: f"message {v.number} did not arrive: {v.why}",
    e.PageSent: lambda s, v, i: f"told {v.contact} on call by mail",
    e.PageAnswered: lambda s, v, i: (
        f"{v.contact} answered the page" if v.contact else "nobody on call answered the page"
    ),
    e.ResidentLeft: _reported("the resident left the chat"),
    e.ChatRated: lambda s, v, i: f"the resident gave {v.score} of 5",
    e.ItemMerged: lambda s, v, i: (
        f"{_agent(s, v.by)} merged it into {v.into}: one matter, one answer"
    ),
    e.ItemUnmerged: lambda s, v, i: (
        f"{_agent(s, v.by)} took the merge into {v.from_item} back: each for itself again"
    ),
    e.ItemSplit: lambda s, v, i: (
        f"{_agent(s, v.by)} made {v.new} of message {v.number} and what followed"
    ),
    e.ItemParked: lambda s, v, i: f"put away, waits for: {v.waiting_for}",
    e.ItemWoken: lambda s, v, i: f"taken up again: {v.why}",
    e.UnreadMailed: _reported("what the resident missed goes by mail"),
    e.MailKept: lambda s, v, i: f"a machine wrote ({v.kind}: {v.why})",
}
