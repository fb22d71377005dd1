"""Facts about work items: arrival, flow, line, offers, handling, callbacks, the end."""

from __future__ import annotations

from router.core.event_base import Event, Tried
from router.core.model import (
    AgentId,
    Channel,
    Condition,
    FlowId,
    Form,
    Instant,
    ItemId,
    LegResult,
    OfferEnding,
    OfferId,
    PolicyHash,
    QueueId,
    Span,
    Tempo,
)


class ItemReceived(Event, frozen=True, tag="item-received"):
    item: ItemId
    channel: Channel
    tempo: Tempo
    form: Form
    called: str
    address_key: str
    contact_ref: str
    words_ref: str
    call_id: str
    language: str
    subject: str
    attributes: tuple[tuple[str, str], ...] = ()


class ItemShaped(Event, frozen=True, tag="item-shaped"):
    """What the item's door asks for besides its queue."""

    item: ItemId
    requires: str
    head_start: int


class FlowMoved(Event, frozen=True, tag="flow-moved"):
    """The caller stands at another node; what the item got on the way stands here too."""

    item: ItemId
    flow: FlowId
    policy: PolicyHash
    node: str
    step: int
    tries: int  # answers that did not count at this node so far
    trail: tuple[str, ...]  # "flow/node" whose prompts are heard before this node's
    due: Instant | None  # the wait for an answer has a deadline
    target: int = 0  # transfer: index of the contact being rung
    language: str = ""
    subject: str = ""
    requires: str = ""
    head_start: int = 0
    attributes: tuple[tuple[str, str], ...] = ()
    rule: str = ""  # "flow/node choice", why it moved
    queue: QueueId | None = None  # which the flow has come to; None: as before


class FallbackWalked(Event, frozen=True, tag="fallback-walked"):
    """A fallback chain was followed: every rule tried, and the one that was taken."""

    item: ItemId
    condition: Condition
    chain: str
    tried: tuple[Tried, ...]
    action: str


class NumberDialled(Event, frozen=True, tag="number-dialled"):
    """A number was rung: counted against the caps of its day."""

    target: str  # address key or outside contact id
    day: str


class OutsideTried(Event, frozen=True, tag="outside-tried"):
    """An outside contact was rung for the item."""

    item: ItemId
    contact: str
    result: LegResult


class ItemQueued(Event, frozen=True, tag="item-queued"):
    item: ItemId
    queue: QueueId
    form: Form
    tempo: Tempo
    first_queued_at: Instant
    urgency_at: Instant  # the order of the line
    head_start: int
    requirement: str  # bound to the item's language
    step: int
    step_due: Instant | None
    threshold_at: Instant | None  # service-level threshold; None when not counted (again)
    due_at: Instant | None  # first response
    late_at: Instant | None  # longest wait
    rule: str
    passed_over: tuple[tuple[AgentId, Instant], ...] = ()  # who shall not get it for a while
    entered_at: Instant | None = None  # a new entry for the service level; None: goes on
    reserved_until: Instant | None = None  # of a requirement "@agent"
    fresh_until: Instant | None = None  # by then it is answered within its target; None: no matter
    late_behind: int = 0  # ns by which it ranks later after that
    paces: tuple[tuple[str, Instant], ...] = ()  # minimums and turns: how far they have come


class StepTaken(Event, frozen=True, tag="step-taken"):
    """The requirement relaxed; a step taken stays taken."""

    item: ItemId
    step: int
    requirement: str
    step_due: Instant | None
    rule: str  # "file:line", or why it was taken early
    kept: tuple[int, ...] = ()  # steps with a condition that the item keeps whatever holds now
    urgency_at: Instant | None = None  # None: as before


class LateNoted(Event, frozen=True, tag="late-noted"):
    """The longest wait is over and no fate takes the item out of the line: it waits on."""

    item: ItemId


class PassedOverAgain(Event, frozen=True, tag="passed-over-again"):
    """An agent who failed the item may be offered it again."""

    item: ItemId


class ItemPrioritised(Event, frozen=True, tag="item-prioritised"):
    item: ItemId
    head_start: int
    urgency_at: Instant
    rule: str


class EstimateSpoken(Event, frozen=True, tag="estimate-spoken"):
    """A promise was made: place in line and the range of the wait, or unknown."""

    item: ItemId
    turn: int
    place: int
    low: int | None  # ns
    high: int | None
    callback_offered: bool
    risen: bool  # longer than what was promised before: say so
    counts: bool = False  # the first of this entry: it is compared with what comes true


class OfferMade(Event, frozen=True, tag="offer-made"):
    offer: OfferId
    item: ItemId
    agent: AgentId
    tempo: Tempo
    expires_at: Instant
    idle_since: Instant
    rule: str  # how the agent was chosen
    paces: tuple[tuple[str, Instant], ...] = ()  # minimums and turns: how far they have come


class OfferSeen(Event, frozen=True, tag="offer-seen"):
    offer: OfferId


class OfferEnded(Event, frozen=True, tag="offer-ended"):
    """The offer has ended; unless accepted, the item keeps its place in line."""

    offer: OfferId
    ending: OfferEnding
    reason: str
    passed_over_until: Instant | None
    paces: tuple[tuple[str, Instant], ...] = ()  # minimums and turns: how far they have come


class HandlingStarted(Event, frozen=True, tag="handling-started"):
    item: ItemId
    agent: AgentId
    offered_at: Instant | None = None  # of the offer that was accepted


class LegChanged(Event, frozen=True, tag="leg-changed"):
    """What is known of a leg: its carrier id and state."""

    item: ItemId
    leg: str  # resident | agent
    call_id: str
    connected: bool


class RoomNoted(Event, frozen=True, tag="room-noted"):
    item: ItemId
    room_id: str


class ItemHeld(Event, frozen=True, tag="item-held"):
    item: ItemId


class ItemResumed(Event, frozen=True, tag="item-resumed"):
    item: ItemId


class ItemReturned(Event, frozen=True, tag="item-returned"):
    """Back in line at its old place: the agent was lost, unreachable, or gave it back."""

    item: ItemId
    reason: str
    passed_over_until: Instant | None
    step_due: Instant | None = None
    late_at: Instant | None = None
    missed: bool = False  # the agent's telephone was not answered: a miss like any other
    paces: tuple[tuple[str, Instant], ...] = ()  # minimums and turns: how far they have come


class ItemTransferred(Event, frozen=True, tag="item-transferred"):
    item: ItemId
    by: AgentId
    to: str  # "queue:x", "agent:y" or "contact:z"
    keep_age: bool


class WrapUpStarted(Event, frozen=True, tag="wrap-up-started"):
    item: ItemId
    until: Instant | None  # None: until the agent says done


class ItemClosed(Event, frozen=True, tag="item-closed"):
    item: ItemId
    outcome: str  # done | wrap-up-expired | duplicate | reported-ended | ...
    code: str
    note_ref: str
    forget_at: Instant
    worked: Span = 0  # on a call, from the accept to the end of the notes; 0: none of that


class ItemAbandoned(Event, frozen=True, tag="item-abandoned"):
    item: ItemId
    reason: str
    forget_at: Instant


class ItemDiverted(Event, frozen=True, tag="item-diverted"):
    item: ItemId
    to: str
    rule: str
    forget_at: Instant


class ItemDeferred(Event, frozen=True, tag="item-deferred"):
    """Kept for later: the next opening, or a callback's next attempt."""

    item: ItemId
    until: Instant
    queue: QueueId
    form: Form
    tempo: Tempo
    reason: str
    due_at: Instant | None
    threshold_at: Instant | None = None  # a first response that comes to be overdue meanwhile


class MessageLeft(Event, frozen=True, tag="message-left"):
    """The caller's recording or note belongs to the item."""

    item: ItemId
    words_ref: str


class ItemShunted(Event, frozen=True, tag="item-shunted"):
    item: ItemId
    reason: str


class ItemReopened(Event, frozen=True, tag="item-reopened"):
    item: ItemId
    by: str
    reason: str


class ItemForgotten(Event, frozen=True, tag="item-forgotten"):
    """An ended item leaves the core; history keeps it."""

    item: ItemId


class ServiceLevelCounted(Event, frozen=True, tag="service-level-counted"):
    """Once per item and queue entry, at the first of answered, abandoned, threshold, left."""

    item: ItemId
    queue: QueueId
    day: str  # local date of the queue entry
    # "threshold" or one of `formulas.ENDINGS` (texts: `ENDINGS_OF_TEXTS`); with "-late" it follows
    # the threshold of the same entry and only tells how that ended
    result: str
    waited: int
    channel: Channel | None = None  # None: a call, counted before there were channels
    interval: Instant = 0  # beginning of the quarter of an hour of the queue entry
    within: int = 0  # ns promised for this entry; 0 after its threshold
    short: int = 0  # ns within which giving up is short


class CallbackBooked(Event, frozen=True, tag="callback-booked"):
    """The caller hangs up; the item keeps its virtual place."""

    item: ItemId
    address_key: str
    contact_ref: str
    expires_at: Instant
    attempts_max: int


class CallbackAttempted(Event, frozen=True, tag="callback-attempted"):
    item: ItemId
    attempt: int
    result: LegResult


class CallbackMerged(Event, frozen=True, tag="callback-merged"):
    """The resident rang again: the new call takes over the old place."""

    item: ItemId  # the callback that ends
    into: ItemId  # the call that takes its place
