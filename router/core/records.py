"""The state's rows: frozen, replaced as a whole, never changed in place.

Replacing makes the undo of an unstored batch exact (put the old row back), lets a reply keep a row
after the state has moved on, and gives snapshots for nothing. See ADR 0003.
"""

from __future__ import annotations

import msgspec

from router.core.model import (
    AgentId,
    AgentStatus,
    Channel,
    Condition,
    FlowId,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegState,
    MessageKind,
    OfferId,
    PolicyHash,
    QueueId,
    Tempo,
)


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of every row; stored in snapshots as an array, so fields are only appended."""


class FlowPosition(Row, frozen=True):
    """Where a caller stands in a flow, and on which version they began."""

    flow: FlowId
    policy: PolicyHash
    node: str
    step: int
    tries: int
    trail: tuple[str, ...]
    due: Instant | None
    target: int


class Callback(Row, frozen=True):
    """A promise to ring back."""

    booked_at: Instant
    expires_at: Instant
    attempts: int
    attempts_max: int


class TextWork(Row, frozen=True):
    """What only items have that have a conversation, or are merged with others."""

    conversation: str  # "" = none yet
    rule: str = ""  # mail rule in force
    urgent: bool = False
    owner: AgentId | None = None  # who had it last
    waiting_for: str = ""  # while parked: resident | department | until | dormant
    parked_at: Instant | None = None
    linked_to: ItemId | None = None
    merged_into: ItemId | None = None
    merged: tuple[ItemId, ...] = ()  # items that ended in favour of this one
    unanswered_since: Instant | None = None  # the resident's first message without an answer
    responded_at: Instant | None = None  # first answer of a person
    idle_due: Instant | None = None  # then the chat is dormant
    page_rule: str = ""  # "chain/rule" by which somebody on call is told
    page_index: int = 0
    page_due: Instant | None = None
    page_answered_by: str = ""
    resident_left: bool = False
    # while it is part of another
    merged_at: Instant | None = None
    merged_after: int = 0  # number of the last message of its conversation by then
    merged_as: str = ""  # state before
    slept_for: str = ""  # what the other waited for until it was woken by this one
    slept_until: Instant | None = None
    moved_up_from: Instant = 0  # the other's urgency until it took this one's; 0: it did not
    is_due_first: bool = False  # the other took over this one's promise
    due_before: Instant | None = None  # the other's promise until then
    # while others are part of it
    own_unanswered_since: Instant | None = None
    joined_after: int = 0  # number of the last message of its conversation before they came


class Item(Row, frozen=True):
    """A work item."""

    id: ItemId
    channel: Channel
    tempo: Tempo
    form: Form
    state: ItemState
    received_at: Instant
    called: str  # called number, or form id
    address_key: str
    contact_ref: str
    words_ref: str
    language: str
    subject: str
    attributes: tuple[tuple[str, str], ...] = ()
    requires: str = ""  # added by the flow or form to the queue's requirement
    # in line
    queue: QueueId | None = None
    first_queued_at: Instant | None = None
    urgency_at: Instant = 0
    head_start: int = 0
    requirement: str = ""  # in force now
    step: int = 0
    step_due: Instant | None = None
    threshold_at: Instant | None = None
    service_level: str = ""  # last result counted for this queue entry
    due_at: Instant | None = None
    late_at: Instant | None = None
    passed_over: tuple[tuple[AgentId, Instant], ...] = ()
    deferred_until: Instant | None = None
    spoken_turn: int = 0
    spoken_place: int = 0
    spoken_low: int | None = None
    spoken_high: int | None = None
    spoken_risen: bool = False
    callback_offered: bool = False
    # offered and handled
    offers: tuple[OfferId, ...] = ()
    offer_count: int = 0
    agent: AgentId | None = None
    handled_since: Instant | None = None
    wrap_up_until: Instant | None = None
    reserved_for: AgentId | None = None
    # legs
    call_id: str = ""
    call_state: LegState = LegState.NONE
    agent_call_id: str = ""
    agent_call_state: LegState = LegState.NONE
    room_id: str = ""
    effect_count: int = 0
    # flow and callback
    flow: FlowPosition | None = None
    callback: Callback | None = None
    # the end
    outcome: str = ""
    code: str = ""
    ended_at: Instant | None = None
    forget_at: Instant | None = None
    reopened: int = 0
    # appended later
    entered_at: Instant | None = None  # of the present queue entry: what the service level counts
    condition: Condition | None = None  # whose chain was followed last
    reserved_until: Instant | None = None  # then anyone may have what is kept for one agent
    agent_dial: str = ""  # key of the effect that rings the agent; news of older legs is stale
    resident_dial: str = ""  # key of the effect that rings the resident
    resident_ringing: str = ""  # carrier's id of that leg until it is answered
    leg_due: Instant | None = None  # by then something must have been heard of the leg being rung
    text: TextWork | None = None
    fresh_until: Instant | None = None  # can be answered within the target; None: no such order
    late_behind: int = 0  # ns by which the item ranks later once that is over
    offered_at: Instant | None = None  # the offer that was accepted last


class Message(Row, frozen=True):
    """One message of a conversation; its words are elsewhere."""

    number: int
    kind: MessageKind
    by: str  # "resident", "town", "agent:x", "contact:y"
    at: Instant
    ref: str
    item: ItemId
    note: str = ""


class Conversation(Row, frozen=True):
    """What was written to and fro with one resident through one door."""

    id: str
    channel: Channel
    door: str  # Mailbox id or ChatDoor id
    address_key: str
    contact_ref: str
    language: str
    begun_at: Instant
    item: ItemId | None = None  # the latest
    count: int = 0  # messages so far, those before `messages` included
    messages: tuple[Message, ...] = ()
    mailed: int = 0  # messages up to this one went to the resident by mail
    score: int = 0  # the survey's answer


class Offer(Row, frozen=True):
    """An agent reserved for an item, not yet answered."""

    id: OfferId
    item: ItemId
    agent: AgentId
    tempo: Tempo
    made_at: Instant
    expires_at: Instant
    seen: bool
    rule: str


class Holding(Row, frozen=True):
    """One item an agent has, counted from the offer."""

    item: ItemId
    tempo: Tempo
    state: str  # offered | handling | wrap_up


class Agent(Row, frozen=True):
    """A person who has signed in at least once since the journal began."""

    id: AgentId
    status: AgentStatus
    reason: str
    desk: str
    lease_until: Instant | None  # None: no desk
    since: Instant  # of the present status
    idle_since: Instant  # end of the last handled work; the first sign-in before any
    holdings: tuple[Holding, ...] = ()
    offer: OfferId | None = None
    missed: int = 0  # in a row
    then_status: AgentStatus | None = None  # takes effect when nothing is held
    then_reason: str = ""
    declined: OfferId | None = None  # the last decline, while it can be taken back
    declined_item: ItemId | None = None
    # of the last desk that signed in: which page or program it was, and its how manieth connection
    client: str = ""
    attempt: int = 0


class QueueRow(Row, frozen=True):
    """What is known of a queue beyond the items in it."""

    id: QueueId
    is_open: bool = True
    rule: str = ""
    reason: str = ""
    changes_at: Instant | None = None
    conditions: tuple[Condition, ...] = ()
    # calls of `day` counted before there were channels: old journals must fold to the same state
    day: str = ""
    offered: int = 0
    answered_in: int = 0
    answered_late: int = 0
    abandoned_in: int = 0
    abandoned_late: int = 0
    callbacks: int = 0
    diverted: int = 0
    # handling time, exponentially smoothed over items (1/16), ns; 0 before the first
    handle_mean: int = 0
    handled: int = 0
    # appended later
    lasts_at: Instant | None = None  # until then the condition of its staff is not in effect ...
    meanwhile: Condition | None = None  # ... but this one, if any
    # from the offer to the answer of a call, smoothed likewise, ns
    ring_mean: int = 0
    rung: int = 0
    # handling and notes, until the agent is free again, smoothed likewise, ns
    work_mean: int = 0
    worked: int = 0


class EmergencyRow(Row, frozen=True):
    hours: str
    closed: bool
    since: Instant
    until: Instant | None
    reason: str
    by: str


class KeyRow(Row, frozen=True):
    """A dedupe key."""

    key: str
    item: ItemId
    until: Instant | None


class PaceRow(Row, frozen=True):
    """When the next of a minimum is owed; or how far a turn, or a part of one, has come."""

    minimum: str
    due: Instant


class DialRow(Row, frozen=True):
    """How often something was rung on a day; the row "" counts all together."""

    target: str
    day: str
    count: int
