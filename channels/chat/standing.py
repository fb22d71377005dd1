"""Where a chat stands, for its resident: place, honest wait, who is there, what else can be done.

Pure, derived from the state, never stored. The wait is the one callers are told, rounded outwards
to minutes; where nobody is at work it is unknown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from channels.announcements import in_words
from channels.chat.free_times import FreeTime, FreeTimes
from channels.moments import moment
from router.core.announced import announced
from router.core.crowding import deflects
from router.core.estimate import wait_of
from router.core.hours import next_open
from router.core.hours import standing as hours_standing
from router.core.model import (
    ENDED,
    MINUTE,
    AgentId,
    Form,
    Instant,
    ItemState,
    Span,
    Tempo,
)
from router.core.policy import Policy, Queue
from router.core.policy_text import ChatPolicy
from router.core.queueing import emergency_of, queue_of
from router.core.records import Conversation, Item
from router.core.state import State
from router.core.steps import asked, bound, skill_of
from router.core.threads import work_on
from router.core.transcript import AGENT

_IN_LINE: Final = frozenset({ItemState.QUEUED, ItemState.OFFERED})
_TALKING: Final = frozenset({ItemState.HANDLING, ItemState.HELD})
_OVER: Final = ENDED | {ItemState.WRAP_UP}


class Stands(StrEnum):
    """The one word for it."""

    READY = "ready"  # nothing was said yet, somebody is there
    WAITING = "waiting"
    TALKING = "talking"
    CLOSED = "closed"
    AWAY = "away"  # nobody is there just now, or the chat rests
    ENDED = "ended"


class Standing(msgspec.Struct, frozen=True):
    """The value of the event `townline/standing`."""

    state: Stands
    place: int | None = None  # 1 = next
    wait_low_min: int | None = None
    wait_high_min: int | None = None  # None: unknown
    agent: str | None = None  # first name
    reference: str = ""  # the item's number
    opens: str | None = None  # "Tuesday, November 24, at 8:30 am"
    can: tuple[str, ...] = ()  # of callback, message, transcript, survey
    times: tuple[FreeTime, ...] = ()  # with `callback`: when, instead of in turn
    announced: tuple[str, ...] = ()  # what the town says in front of everything, with its end
    upload_max: int = 0  # bytes; 0 = no files
    upload_kinds: tuple[str, ...] = ()


def chat_of(policy: Policy | None) -> ChatPolicy | None:
    """Return the rules of chat, if the town has a chat."""
    return policy.chat if policy is not None and policy.chat and policy.chat.doors else None


def standing_of(
    state: State, conversation: str, now: Instant, times: FreeTimes, *, door: str, language: str
) -> Standing:
    """Return where the chat stands.

    Args:
        state: stored; with a policy that has a chat.
        conversation: its id; one in which nothing was said yet is not in the state.
        now: for the opening hours.
        times: what is remembered of the windows left.
        door: by which it came.
        language: of the town, for `opens`.
    """
    row = state.conversations.get(conversation)
    if row is None:
        found = _before(state, now, door, language)
    else:
        item = work_on(state, row)
        found = _of_item(state, now, item, language) if item else Standing(Stands.ENDED)
        found = msgspec.structs.replace(
            found,
            reference=item.id if item is not None else row.item or "",
            can=(*found.can, *_of_past(state, row, found)),
        )
    said = in_words(announced(state, now), language, state.policy.time_zone, now)
    found = msgspec.structs.replace(found, announced=said)
    if "callback" in found.can:
        queue = _queue_called(state, row, door)
        found = msgspec.structs.replace(found, times=times.of(state, now, queue, language))
    chat = state.policy.chat
    if chat is None or not chat.upload_bytes_max:
        return found
    return msgspec.structs.replace(
        found, upload_max=chat.upload_bytes_max, upload_kinds=chat.upload_kinds
    )


def _queue_called(state: State, row: Conversation | None, door: str) -> Queue:
    item = work_on(state, row) if row is not None else None
    if item is not None:
        return queue_of(state, item)
    chat = state.policy.chat
    name = chat.door(door).queue if chat is not None else next(iter(state.policy.queues))
    return state.policy.queues[name]


def first_name(policy: Policy, agent: AgentId | str) -> str:
    """Return how residents know the agent; "" for somebody the policy no longer has."""
    rule = policy.agents.get(AgentId(agent))
    return rule.name.split()[0] if rule is not None and rule.name.split() else ""


def _before(state: State, now: Instant, door: str, language: str) -> Standing:
    """Where it would stand if something were said now."""
    chat = chat_of(state.policy)
    if chat is None:
        return Standing(Stands.CLOSED)
    queue = state.policy.queues[chat.door(door).queue]
    closed = _closed(state, now, queue, language)
    if closed is not None:
        return closed
    skill = skill_of(state.policy, language)
    for requires in asked(queue):
        if state.index.staff(bound(requires, "", skill), Tempo.FAST_TEXT)[1]:
            return Standing(Stands.READY, can=_instead(queue) if deflects(state, queue) else ())
    return Standing(Stands.AWAY, can=_instead(queue))


def _of_item(state: State, now: Instant, item: Item, language: str) -> Standing:
    if item.state in _OVER or item.form is Form.CALLBACK:
        return Standing(Stands.ENDED)  # or goes on by telephone
    if item.state in _TALKING:
        agent = first_name(state.policy, item.agent) if item.agent is not None else ""
        return Standing(Stands.TALKING, agent=agent or None)
    if item.text is not None and item.text.waiting_for:
        return Standing(Stands.AWAY)  # it rests until somebody writes
    queue = queue_of(state, item)
    closed = _closed(state, now, queue, language)
    if closed is not None:
        return closed
    if item.state not in _IN_LINE or item.queue is None or item.tempo is not Tempo.FAST_TEXT:
        return Standing(Stands.AWAY, can=_instead(queue))
    place = state.index.line(item.queue, item.tempo).rank((item.urgency_at, item.id)) + 1
    low, high = wait_of(state, now, item)
    if low is None or high is None:
        return Standing(Stands.AWAY, place=place, can=_instead(queue))
    return Standing(
        Stands.WAITING,
        place=place,
        wait_low_min=low // MINUTE,
        wait_high_min=_minutes_up(high),
        can=_instead(queue),
    )


def _closed(state: State, now: Instant, queue: Queue, language: str) -> Standing | None:
    hours = state.policy.hours[queue.hours]
    emergency = emergency_of(state, queue.hours)
    if hours_standing(hours, now, emergency).is_open:
        return None
    opens = next_open(hours, now, emergency)
    said = None if opens is None else moment(language, opens, state.policy.time_zone, now)
    return Standing(Stands.CLOSED, opens=said, can=_instead(queue))


def _instead(queue: Queue) -> tuple[str, ...]:
    """What spares the resident the waiting."""
    return ("callback", "message") if queue.callback is not None else ("message",)


def _of_past(state: State, row: Conversation, standing: Standing) -> tuple[str, ...]:
    """What can be done with what was said."""
    can = ["transcript"] if row.messages and state.policy.mail is not None else []
    spoke = any(message.by.startswith(AGENT) for message in row.messages)
    if standing.state is Stands.ENDED and spoke and not row.score:
        can.append("survey")
    return tuple(can)


def _minutes_up(span: Span) -> int:
    return -(-span // MINUTE)
