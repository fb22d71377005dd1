"""Calls not returned yet, each with its reason; whom an agent asks; what was agreed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core.callbacks import rule_of
from router.core.hours import standing
from router.core.model import ENDED, AgentId, Form, ItemState
from router.core.policy import Policy
from router.core.queueing import emergency_of
from router.core.records import Item
from router.core.records_calls import Recall
from router.core.state import State
from router.desk.named import queue_named, subject_of, text_of
from router.desk.view_types import NamedView, moment, moment_or_none
from router.desk.views_calls import AgreementView, ConsultView, RecallView

WAITING: Final = "waiting"
GIVEN_UP: Final = "given_up"
ALL: Final = "unreturned"
STATES: Final = (ALL, WAITING, GIVEN_UP)


def recalls_of(state: State, which: str, most: int) -> tuple[RecallView, ...]:
    """Return at most so many calls to return, the longest waiting first.

    Args:
        state: the state.
        which: "waiting" (will be rung), "given_up" (a person must look), "unreturned": both.
        most: how many.
    """
    rows = sorted(
        open_recalls(state), key=lambda row: (row.first_queued_at or row.received_at, row.id)
    )
    views = (_view(state, row) for row in rows)
    return tuple(view for view in views if which in (ALL, view.state))[:most]


def open_recalls(state: State) -> Iterator[Item]:
    """Yield the items that are calls to return; looks at every item in memory."""
    for row in state.items.values():
        if row.state in ENDED:
            continue
        recall = state.recalls.get(row.id)
        if row.form is Form.CALLBACK or (recall is not None and recall.unreturned):
            yield row


def _view(state: State, row: Item) -> RecallView:
    recall = state.recalls.get(row.id, Recall(item=row.id))
    callback = row.callback if not recall.unreturned else None
    return RecallView(
        item=row.id,
        queue=queue_named(state.policy, row.queue),
        state=GIVEN_UP if recall.unreturned else WAITING,
        item_state=row.state,
        subject=subject_of(state.policy, row),
        owner=recall.owner,
        agent=row.agent,
        booked_at=moment_or_none(callback.booked_at if callback is not None else None),
        waiting_since=moment_or_none(row.first_queued_at),
        attempts=callback.attempts if callback is not None else 0,
        not_before=moment_or_none(row.deferred_until),
        expires_at=moment_or_none(callback.expires_at if callback is not None else None),
        why=recall.unreturned or _why(state, row, recall),
    )


def _why(state: State, row: Item, recall: Recall) -> str:
    if row.state in (ItemState.HANDLING, ItemState.HELD):
        return f"{row.agent} is ringing, or talks with the resident"
    if row.state is ItemState.WRAP_UP:
        return f"returned by {row.agent}, who writes it up"
    if recall.starts is not None and recall.starts > state.now:
        return "at the time that was chosen"
    attempts = row.callback.attempts if row.callback is not None else 0
    if row.state is ItemState.DEFERRED:
        tried = f"rung {attempts} times without an answer" if attempts else "not rung yet"
        return f"{tried}, waits for its next time"
    rule = rule_of(state, row)
    if rule is None:
        return "the queue no longer calls back"
    stands = standing(state.policy.hours[rule.hours], state.now, emergency_of(state, rule.hours))
    if not stands.is_open:
        return "waits for the hours in which residents may be rung"
    return "waits in line for an agent"


def consult_view(state: State, row: Item) -> ConsultView | None:
    """Return whom the agent asks beside the resident; None when nobody."""
    consult = state.consults.get(row.id)
    if consult is None or consult.given:
        return None
    policy = state.policy
    contact = policy.contacts.get(consult.to.removeprefix("contact:"))
    agent = policy.agents.get(AgentId(consult.to.removeprefix("agent:")))
    found = contact if contact is not None else agent
    on_line = "talking" if consult.connected else "ringing"
    return ConsultView(
        to=consult.to,
        name=found.name if found is not None else "",
        state=on_line if consult.failed is None else "failed",
        result=consult.failed,
        since=moment(consult.since),
    )


def agreement_view(policy: Policy, row: Item) -> AgreementView | None:
    """Return who does what about the item's subject; None where nothing was agreed."""
    agreement = policy.agreements.get(row.subject)
    if agreement is None:
        return None
    contact = policy.contacts.get(agreement.department)
    return AgreementView(
        level=agreement.level,
        department=None if contact is None else NamedView(id=contact.id, name=contact.name),
        link=agreement.link,
        script=text_of(agreement.script, row.language or policy.languages[0].id),
        hand_over=agreement.hand_over,
        number=contact.number if contact is not None and agreement.hand_over == "number" else "",
    )
