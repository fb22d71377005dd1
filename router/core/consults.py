"""A third party beside the resident: news of their leg, handing the talk over, being left.

The resident is with the agent until the third party has answered and the agent leaves; whatever
becomes of the third party, the resident is never alone. A colleague who takes over has the item; of
anybody outside the talk goes on without us, and ends for the resident when they hang up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core.model import Instant, ItemState, LegResult
from router.core.records import Item
from router.core.records_calls import Consult
from router.core.state import State
from router.core.touched import Touched
from router.core.wishes import end_leg, hold_leg

Events = Iterator[e.Event]

_IN_HAND: Final = frozenset({ItemState.HANDLING, ItemState.HELD})


def asked(s: State, item: Item) -> Consult | None:
    """Return the third party who rings or is on the line beside the agent; None: nobody."""
    row = s.consults.get(item.id)
    return None if row is None or row.failed is not None or row.given else row


def third_leg(s: State, now: Instant, item: Item, c_: c.ReportLeg) -> Events:
    """The carrier tells what became of the third party's leg."""
    row = s.consults.get(item.id)
    answered = c_.result is LegResult.ANSWERED
    if row is None or row.failed is not None or (c_.key and c_.key != row.key):
        if answered:
            yield end_leg(s, now, item, c_.call_id)
    elif row.connected:
        if answered and c_.call_id != row.call_id:
            yield end_leg(s, now, item, c_.call_id)
        elif not answered and c_.call_id == row.call_id:
            yield e.ConsultEnded(at=now, item=item.id, result=c_.result, reason="hung up")
            if row.given:
                yield end_leg(s, now, s.items[item.id], item.call_id)
    elif answered:
        yield e.LegChanged(at=now, item=item.id, leg="third", call_id=c_.call_id, connected=True)
    else:
        yield e.ConsultEnded(
            at=now, item=item.id, result=c_.result, reason=f"{row.to}: {c_.result}"
        )


def third_rings(s: State, now: Instant, item: Item, effect: f.DialThird, call_id: str) -> Events:
    """The leg was made; one that nobody waits for any more is ended."""
    row = s.consults.get(item.id)
    if row is not None and row.failed is None and row.key == effect.key:
        if not row.call_id:
            yield e.LegChanged(at=now, item=item.id, leg="third", call_id=call_id, connected=False)
        elif row.call_id != call_id:
            yield end_leg(s, now, item, call_id)
    elif call_id not in (item.call_id, item.agent_call_id):
        yield end_leg(s, now, item, call_id)


def third_not_rung(s: State, now: Instant, item: Item, effect: f.DialThird, why: str) -> Events:
    """The carrier did not make the leg."""
    row = s.consults.get(item.id)
    if row is not None and row.key == effect.key and row.failed is None and not row.connected:
        yield e.ConsultEnded(
            at=now, item=item.id, result=LegResult.FAILED, reason=f"{row.to}: {why}"
        )


def unheard(s: State, now: Instant, item: Item) -> Events:
    """Nothing was heard of the third party's leg: the news was lost, or the carrier failed."""
    yield from let_go(s, now, item, LegResult.NO_ANSWER, "nothing was heard of their telephone")


def let_go(s: State, now: Instant, item: Item, result: LegResult, reason: str) -> Events:
    """Take the third party off the line; the resident stays where they are."""
    row = s.consults[item.id]
    yield e.ConsultEnded(at=now, item=item.id, result=result, reason=reason)
    if row.call_id:
        yield end_leg(s, now, s.items[item.id], row.call_id)


def hand_over(s: State, now: Instant, item: Item, row: Consult) -> Events:
    """The agent leaves; the resident stays with the third party, who is on the line."""
    if item.state is ItemState.HELD:
        yield e.ItemResumed(at=now, item=item.id)
        yield hold_leg(now, s.items[item.id], hold=False)
    agent_leg = item.agent_call_id
    yield e.ConsultCompleted(at=now, item=item.id, by=row.by, to=row.to, agent=row.agent)
    if row.agent is None:
        yield e.ItemDiverted(
            at=now,
            item=item.id,
            to=row.to.removeprefix("contact:"),
            rule=f"handed over by {row.by}, who talked with them first",
            forget_at=now + s.policy.retention.closed_in_core,
        )
    if agent_leg:
        yield end_leg(s, now, s.items[item.id], agent_leg)


def left_over(s: State, now: Instant, touched: Touched) -> Events:
    """Let go the third parties of talks that are over, however they ended."""
    ids, touched.talks = tuple(touched.talks), {}
    for item_id in ids:
        item = s.items.get(item_id)
        if item is None or asked(s, item) is None or item.state in _IN_HAND:
            continue
        yield from let_go(s, now, item, LegResult.ENDED, "the talk is over")
