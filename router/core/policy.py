"""The compiled policy: what the YAML files say, checked, with references resolved by id.

Frozen and serialisable (msgpack); stored by the hash of its bytes and adopted by an event, so that
replay and explanation use the version that was in force. Nothing here parses or defaults: that is
`router.policy`. Texts are per language code (`en`, `fr`); spans are nanoseconds.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from router.core.hours import Hours
from router.core.model import (
    AgentId,
    AgentOrder,
    Channel,
    Condition,
    FlowId,
    PolicyHash,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy_calls import Agreement, CallbackWindows
from router.core.policy_forms import Field
from router.core.policy_layers import Layer
from router.core.policy_listening import ListeningRule
from router.core.policy_offers import Minimum, OfferTo
from router.core.policy_on_call import OnCallList
from router.core.policy_service_level import FirstResponse, Promise
from router.core.policy_surge import SurgeRule
from router.core.policy_text import CannedAnswer, ChatPolicy, MailPolicy
from router.core.policy_turns import Turns
from router.core.policy_waiting import AtRisk, LongWait

Texts = dict[str, str]  # language code -> text; every language of the town is present


class Struct(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of every compiled rule."""


class Place(Struct, frozen=True):
    """Where a rule stands in the policy files, for `explain`."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}"


class Language(Struct, frozen=True):
    id: str  # "en"
    skill: str  # the skill an agent needs to serve it: "english"
    locale: str  # "en-CA", for say verbs and page language
    voice: str  # carrier voice name; "" = the carrier's default for the locale
    name: str  # in itself: "Français"


class Skill(Struct, frozen=True):
    id: str
    name: Texts


class Capacity(Struct, frozen=True):
    """What one agent may hold at once, counted from the offer."""

    id: str
    units: dict[Tempo, int]  # most items of that tempo at once; a missing tempo is never given
    exclusive: frozenset[
        Tempo
    ]  # while one of these is held nothing else is offered, nor it beside others
    # a tempo is in `blocked_by[t]` when holding one of it stops offers of tempo t
    blocked_by: dict[Tempo, frozenset[Tempo]]


class AgentRule(Struct, frozen=True):
    id: AgentId
    name: str
    skills: dict[str, int]  # skill id -> level 1-10
    capacity: str  # Capacity id
    leg: str  # "+1905...", "sip:...", "client:..."; "" = no telephone, takes text only
    team: str
    traits: dict[str, str | int] = {}  # what requirements ask beside skills; the team is one


class Step(Struct, frozen=True):
    """What holds from `after` of waiting on, if the queue is in the condition."""

    after: Span  # since first queued
    requires: str  # canonical requirement instead of what stood before; "" = none
    place: Place
    condition: Condition | None = None  # of STRAIN; calls and callbacks only. None: time alone
    is_lasting: bool = True  # who waited in the condition keeps the step when it ends
    adds: tuple[str, ...] = ()  # who meets one of these may take it, too
    head_start: Span = 0  # ranks so much earlier
    offers_callback: bool = False  # whatever the queue says of the time until then
    chain: str = ""  # Fallback id: where who waits on the line goes; "" = nowhere


class Announcements(Struct, frozen=True):
    """What a waiting caller hears."""

    first_after: Span
    every: Span
    say_place: bool
    say_wait: bool
    texts: dict[
        str, Texts
    ]  # "place", "wait_range", "wait_unknown", "next" ... with {place} {low} {high}
    music: str  # URL or "" for silence


class CallbackRule(Struct, frozen=True):
    """How a queue calls residents back."""

    offer_after: Span  # waiting callers are offered it from then on
    attempts_max: int
    retry_after: Span  # between attempts after busy or no answer
    expires_after: Span  # from booking; then it becomes a message item
    hours: str  # Hours id in which residents may be rung
    ring_timeout: Span
    first: str = "agent"  # who is rung first: agent | resident
    machine: str = "count"  # an answering machine: count | again | message
    windows: CallbackWindows | None = None  # times that residents may choose; None: none


class Queue(Struct, frozen=True):
    id: QueueId
    name: Texts
    hours: str  # Hours id
    requires: str  # canonical requirement at step 0, may contain $language
    steps: tuple[Step, ...]
    target_share: float  # 0..1, e.g. 0.7 of live items answered within target_span
    target_span: Span  # live items; the urgency of an item is first queued + this
    first_response: str  # for text items, as written: "2 business days"
    first_response_span: Span  # >0 business-hours or plain span; 0 when days are meant
    first_response_days: int  # business days; 0 when a span is meant
    first_response_business: bool
    head_start: Span  # priority: the whole queue ranks as if it had come this much earlier
    offer_timeout: dict[Tempo, Span]
    wrap_up: Span  # longest wrap-up after handling; 0 = none
    wrap_up_required: bool  # a wrap-up code must be given
    wait_max: Span  # longest wait, then Condition.LATE; 0 = no limit
    length_max: int  # most items waiting, then Condition.FULL; 0 = no limit
    fates: dict[Condition, str]  # condition -> fallback chain id
    announcements: Announcements
    callback: CallbackRule | None
    place: Place
    absence: Span = 0  # so long must nobody have been there before it counts; 0 = at once
    late_behind: Span = 0  # who missed the target ranks so much later; 0: order of arrival
    agent_order: tuple[AgentOrder, ...] = ()  # who of the idle gets it; then the longest idle
    first_response_by: dict[Channel, FirstResponse] = {}  # instead of the above, by door
    promises: dict[Channel, Promise] = {}  # how calls and chats are judged; missing: the target
    length_per_agent: int = 0  # most items waiting for each agent who is there; 0 = no such limit
    last_entry: Span = 0  # so long before closing nobody is let in any more: Condition.CLOSING
    is_age_reset: bool = False  # a call transferred to it begins to wait anew
    offer_to: dict[Tempo, tuple[OfferTo, ...]] = {}  # by wait; a missing tempo asks one at a time
    team: str = ""  # whose agents come first by AgentOrder.TEAM_FIRST
    last_agent_patience: Span = 0  # how long it is kept by AgentOrder.LAST_AGENT
    at_risk: AtRisk | None = None  # None: is not measured
    long_wait: LongWait | None = None  # None: is not measured


class FallbackRule(Struct, frozen=True):
    """One link of a chain: taken when every given condition holds, else a recorded miss."""

    id: str
    when_subject: frozenset[str]  # subjects; empty = any
    when_channel: frozenset[Channel]  # empty = any
    when_condition: frozenset[Condition]  # empty = any
    when_hours: str  # Hours id that must be open; "" = any
    action: str  # say | queue | defer | voicemail | callback | transfer | page | chain | end
    text: Texts  # said first; {} = nothing
    queue: QueueId | None  # for queue, defer, voicemail, callback
    targets: tuple[str, ...]  # for transfer and page: contact ids or on-call list ids, in order
    chain: str  # for chain: the next chain's id
    urgent: bool  # head start of URGENT for what is kept for people
    place: Place
    every: Span = 0  # for page: so long until the next one is told
    accept: Texts = {}  # for transfer: read to who picks up, who must press a key; {} = not asked
    rounds: int = 1  # for transfer and page: how often the list is walked
    choose_time: bool = False  # for callback: windows are offered first
    hung_up: str = ""  # for transfer: what the report becomes then: close | message | callback


class Fallback(Struct, frozen=True):
    """An ordered chain of rules; the last one always applies (checked)."""

    id: str
    rules: tuple[FallbackRule, ...]


class OutsideContact(Struct, frozen=True):
    """Somebody outside the queue who may be rung: security, an on-call officer, a facility."""

    id: str
    name: str
    number: str  # +E.164, sip: or client:
    ring_timeout: Span
    email: str = ""  # where forwarded mail and pages go; "" = by telephone only
    interprets: bool = False  # an interpreter, whom desks offer by itself


class Prompt(Struct, frozen=True):
    """Said or played; `audio` falls back to the text when it cannot be played."""

    text: Texts
    audio: Texts  # language -> URL; {} = always say the text


class Node(Struct, frozen=True):
    """One step of a flow. `kind` decides which fields mean something; the rest are empty.

    say        prompt, next
    menu       prompt, choices {digit: Choice}, timeout, tries, otherwise (node after the tries)
    hours      hours, open/closed in `exits`
    set        values, next
    service    service, exits {layer: node}, otherwise (every layer was closed by hand)
    branch     attribute, exits {value: node}, otherwise
    queue      queue, requires, head_start
    fallback   condition, chain
    callback   prompt, queue, next (what follows when it cannot be booked)
    voicemail  prompt, queue, length_max, next
    transfer   targets, prompt, next (what follows when nobody answers)
    goto       flow
    hangup     prompt
    """

    id: str
    kind: str
    place: Place
    prompt: Prompt = Prompt(text={}, audio={})
    next: str = ""  # node id; "" where the kind ends the flow
    choices: dict[str, Choice] = {}
    exits: dict[str, str] = {}
    otherwise: str = ""
    timeout: Span = 0
    tries: int = 0
    hours: str = ""
    values: Values | None = None
    attribute: str = ""
    queue: QueueId | None = None
    requires: str = ""
    head_start: Span = 0
    chain: str = ""
    condition: Condition | None = None
    targets: tuple[str, ...] = ()
    flow: FlowId | None = None
    length_max: Span = 0
    accept: Texts = {}  # transfer: as of a fallback rule
    rounds: int = 1
    service: str = ""
    choose_time: bool = False  # callback: windows are offered first


class Values(Struct, frozen=True):
    """What a choice or a set node writes on the item; empty = leave as it is."""

    language: str = ""
    subject: str = ""
    requires: str = ""  # canonical requirement added to the queue's
    head_start: Span = 0
    attributes: dict[str, str] = {}


class Choice(Struct, frozen=True):
    next: str
    values: Values | None


class Flow(Struct, frozen=True):
    id: FlowId
    start: str  # node id
    nodes: dict[str, Node]
    safety_node: str  # node whose prompt tells callers in danger to hang up and dial 911
    place: Place


class FrontMessage(Struct, frozen=True):
    """An announcement every caller hears first, until it expires."""

    id: str
    text: Texts
    from_instant: int  # ns
    until: int  # ns, excluded
    numbers: frozenset[str]  # called numbers; empty = all


class FormRule(Struct, frozen=True):
    id: str
    title: Texts
    intro: Texts
    queue: QueueId
    subject: str  # fixed subject, or "" when `subject_field` gives it
    subject_field: str  # id of a choice field
    head_start: Span
    requires: str
    fields: tuple[Field, ...]
    thanks: Texts  # {reference} and {due} are filled in
    per_hour_max: int  # per sender
    size_max: int  # bytes of a whole submission
    place: Place


class Dialling(Struct, frozen=True):
    """Where the engine may ring."""

    allowed: tuple[str, ...]  # prefixes in +E.164, "sip:domain", "client:"
    refused: tuple[str, ...]  # prefixes that win over allowed (premium numbers)
    per_number_day_max: int
    per_day_max: int
    caller_number: str  # shown when we ring


class OfferRule(Struct, frozen=True):
    """What follows a failed offer."""

    # value of OfferEnding or Unreached -> how long the agent is passed over for that item
    pass_over: dict[str, Span]
    missed_max: int  # so many misses in a row: away, "not answering"
    lease: Span  # a desk that proves nothing for this long has vanished


class Retention(Struct, frozen=True):
    """How long things are kept."""

    closed_in_core: Span  # an ended item stays reopenable in memory
    dedupe_text: Span
    redial: Span  # a caller who dials again within this gets the old place back
    words: dict[str, Span] = {}  # kind of words -> how long history keeps them; missing = for ever


class Policy(Struct, frozen=True):
    """Everything the core decides by."""

    town: str  # slug, prefixes every key
    name: Texts
    time_zone: str
    languages: tuple[Language, ...]  # first = default
    subjects: dict[str, Texts]
    skills: dict[str, Skill]
    capacities: dict[str, Capacity]
    agents: dict[AgentId, AgentRule]
    away_reasons: dict[str, Texts]
    wrap_up_codes: dict[str, Texts]
    hours: dict[str, Hours]
    queues: dict[QueueId, Queue]
    fallbacks: dict[str, Fallback]
    contacts: dict[str, OutsideContact]
    on_call: dict[str, OnCallList]
    numbers: dict[str, FlowId]  # called number -> flow; "*" = any other
    flows: dict[FlowId, Flow]
    front_messages: tuple[FrontMessage, ...]
    forms: dict[str, FormRule]
    dialling: Dialling
    offers: OfferRule
    retention: Retention
    texts: dict[str, Texts]  # apologies, "already taken", hold, whisper ...; keys in docs/policy.md
    compiled_with: dict[str, str]  # library and tzdata versions
    mail: MailPolicy | None = None
    chat: ChatPolicy | None = None
    answers: dict[str, CannedAnswer] = {}
    call_outs: dict[str, Texts] = {}  # subject -> read to people on call before they accept
    surge: SurgeRule | None = None
    services: dict[str, tuple[Layer, ...]] = {}  # who answers when, in order
    agreements: dict[str, Agreement] = {}  # subject -> who does what
    minimums: tuple[Minimum, ...] = ()
    turns: Turns | None = None
    listening: ListeningRule | None = None


_DECODER: Final = msgspec.msgpack.Decoder(Policy)  # made at import, see `router.ports.said_in`


def encode(policy: Policy) -> bytes:
    """Return the policy's bytes; equal policies give equal bytes (keys keep file order)."""
    return msgspec.msgpack.encode(policy, order="deterministic")


def decode(body: bytes) -> Policy:
    """Return the policy. Errors: `msgspec.DecodeError` when the bytes are not a policy."""
    return _DECODER.decode(body)


def policy_hash(body: bytes) -> PolicyHash:
    """Return the hex SHA-256 under which the bytes are stored."""
    return PolicyHash(hashlib.sha256(body).hexdigest())
