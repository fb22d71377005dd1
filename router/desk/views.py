"""What people inside are shown: view structs, written as JSON and never read back.

Separate from the core's rows on purpose: rows may grow without changing what clients see, and no
integer nanosecond leaves the house. Instants are aware UTC `datetime` (ISO 8601 with `Z`), spans
are seconds and end in `_s`. Nothing here looks anything up; `router.desk.pictures` fills them.
"""

from __future__ import annotations

from typing import Any

import msgspec

from router.core.model import (
    AgentState,
    AgentStatus,
    Channel,
    Form,
    ItemState,
    LegState,
    Tempo,
)
from router.desk.view_types import Moment, NamedView, View
from router.desk.views_calls import AgreementView, ConsultView, ListenerView, RecallView
from router.desk.views_forecast import ForecastView
from router.desk.views_hours import AnnouncementView, OnCallView, SurgeView
from router.desk.views_story import HappenedView
from router.desk.views_text import TextView
from router.desk.waits import PromisesView, WaitView


class WhoView(View, frozen=True, kw_only=True):
    """The resident, as far as known."""

    name: str = ""
    number: str = ""
    email: str = ""


class WordsView(View, frozen=True, kw_only=True):
    """What the resident said or wrote."""

    kind: str  # form | message | recording | note
    text: str = ""  # of anything but a form
    fields: dict[str, Any] = msgspec.field(default_factory=dict)  # of a form, by field id


class OfferView(View, frozen=True, kw_only=True):
    """Everything an agent needs to answer an offer."""

    offer: str
    item: str
    form: Form
    channel: Channel
    tempo: Tempo
    who: WhoView | None  # None: withheld, or not readable just now
    subject: str  # in words; "" when none was chosen
    queue: NamedView | None
    language: str
    asks_for: str  # the requirement in force; "" = anyone
    waited_s: float  # since the item first stood in line
    due: Moment | None  # first response, for text
    made_at: Moment
    expires_at: Moment
    seen: bool
    why: str  # the rule that chose this agent
    story: tuple[str, ...]  # in English
    happened: tuple[HappenedView, ...] = ()  # the same, as facts
    agreement: AgreementView | None = None  # who does what about the subject


class LegView(View, frozen=True, kw_only=True):
    """One telephone leg."""

    of: str  # resident | agent
    state: LegState


class CallbackView(View, frozen=True, kw_only=True):
    """A promise to ring back."""

    booked_at: Moment
    expires_at: Moment
    attempts: int
    attempts_max: int


class ItemView(View, frozen=True, kw_only=True):
    """A work item as it stands."""

    item: str  # the reference number
    state: ItemState
    form: Form
    channel: Channel
    tempo: Tempo
    called: str  # the town's number that was called, or the form
    received_at: Moment
    language: str
    subject: str
    attributes: dict[str, str]
    queue: NamedView | None
    asks_for: str
    waited_s: float  # in line; 0 before it stood in one
    due: Moment | None
    agent: str | None
    handled_since: Moment | None
    wrap_up_until: Moment | None  # None in wrap-up: until the agent says done
    wrap_up_required: bool  # closing needs a code
    deferred_until: Moment | None
    legs: tuple[LegView, ...]
    callback: CallbackView | None
    outcome: str
    code: str
    ended_at: Moment | None
    story: tuple[str, ...]  # in English
    happened: tuple[HappenedView, ...] = ()  # the same, as facts
    who: WhoView | None = None
    words: WordsView | None = None
    text: TextView | None = None
    contacts: tuple[ContactView, ...] = ()  # of everything merged into it, and its own; () = alone
    duplicates: tuple[DuplicateView, ...] = ()  # what may be about the same, likeliest first
    consult: ConsultView | None = None  # whom the agent asks beside the resident
    agreement: AgreementView | None = None  # who does what about the subject
    listener: ListenerView | None = None  # the supervisor in the talk, as far as the town tells


class ContactView(View, frozen=True, kw_only=True):
    """One way in which a resident has come about the matter: the item, or one merged into it."""

    item: str
    form: Form
    channel: Channel
    received_at: Moment
    told_by: str = ""  # mail | chat: an answer reaches them; telephone: tell them yourself
    contact_ref: str = ""
    words_ref: str = ""
    who: WhoView | None = None
    words: WordsView | None = None


class DuplicateView(View, frozen=True, kw_only=True):
    """An item that may be about the same matter: look, then merge or leave it."""

    item: str
    form: Form
    state: ItemState
    subject: str
    received_at: Moment
    agent: str | None
    why: str  # same sender | same subject


class DoneView(View, frozen=True, kw_only=True):
    """It is done and stored."""

    done: bool


class HoldingView(View, frozen=True, kw_only=True):
    """One item an agent has."""

    item: str
    tempo: Tempo
    state: str  # offered | handling | wrap_up


class LoadView(View, frozen=True, kw_only=True):
    """How much of one kind of channel an agent holds."""

    tempo: Tempo
    held: int
    most: int


class SkillView(View, frozen=True, kw_only=True):
    """One skill of an agent, and what the policy says of it."""

    skill: str
    names: dict[str, str]  # by language
    level: int  # that holds; 0 = none of it
    usual: int  # the policy's


class SkillsTodayView(View, frozen=True, kw_only=True):
    """The levels that hold for an agent until an instant, whatever the policy says."""

    changed: tuple[SkillView, ...]
    since: Moment
    until: Moment
    reason: str
    by: str


class AgentView(View, frozen=True, kw_only=True):
    """A person inside: what they chose, and what the engine is doing with them."""

    agent: str
    name: str
    team: str
    status: AgentStatus
    reason: str
    then_status: AgentStatus | None  # takes effect when nothing is held
    then_reason: str
    since: Moment | None  # of the status; None: never signed in
    signed_in: bool  # a desk has proved within the lease that it is alive
    state: AgentState
    holdings: tuple[HoldingView, ...]
    load: tuple[LoadView, ...]
    over: bool  # holds more than they may: somebody assigned it
    missed: int  # offers in a row
    may_take_back: str | None  # the offer whose decline can still be taken back
    skills_today: SkillsTodayView | None = None


class WaitingView(View, frozen=True, kw_only=True):
    """Who waits and who could serve them, of one kind of channel."""

    tempo: Tempo
    waiting: int
    oldest_wait_s: float
    conditions: tuple[str, ...] = ()  # true of the queue for them: of its staff, and strain


class StaffView(View, frozen=True, kw_only=True):
    """Agents who meet the queue's requirement in one language."""

    tempo: Tempo
    language: str
    signed_in: int
    available: int  # of those, not away


class IntervalView(View, frozen=True, kw_only=True):
    """Of those who came in the present quarter of an hour."""

    begins: Moment
    level: float | None
    offered: int


class ServiceLevelView(View, frozen=True, kw_only=True):
    """Today's figures; a level of None means that nothing was counted yet."""

    channel: str
    formula: str  # name and version
    definition: str
    level: float | None  # 0..1
    target_share: float
    target_s: float
    offered: int
    answered_in: int
    answered_late: int
    abandoned_in: int
    abandoned_late: int
    callbacks: int
    diverted: int  # left the line unanswered in any other way
    lost: int  # calls that the carrier failed
    interval: IntervalView
    closed: int  # texts, without an answer
    first_response: str  # what is promised to those who write, as written; "" = another channel


class QueueView(View, frozen=True, kw_only=True):
    """A queue now and today."""

    queue: str
    name: str
    open: bool
    reason: str
    changes_at: Moment | None
    conditions: tuple[str, ...]
    waiting: tuple[WaitingView, ...]  # every tempo, zeros included
    staffed: tuple[StaffView, ...]
    today: ServiceLevelView  # of calls
    chats_today: ServiceLevelView
    mails_today: ServiceLevelView  # first responses written today or come to be overdue
    forms_today: ServiceLevelView
    expected: WaitView
    promises: PromisesView  # today
    forecast: ForecastView | None  # of calls, where `at_risk` goes by it


class EmergencyView(View, frozen=True, kw_only=True):
    """Hours overridden by a person."""

    hours: str
    closed: bool
    since: Moment
    until: Moment | None
    reason: str
    by: str


class RefusalView(View, frozen=True, kw_only=True):
    """Why the last edited policy was not adopted."""

    at: Moment
    complaints: tuple[str, ...]  # file:line:column path: what


class PolicyView(View, frozen=True, kw_only=True):
    """The policy in force."""

    town: str
    time_zone: str  # of the town: America/Toronto
    hash: str
    adopted_at: Moment | None  # None: before the oldest event this daemon has read
    refused: RefusalView | None
    compiled_with: dict[str, str]


class DoorView(View, frozen=True, kw_only=True):
    """A connection to the outside that is kept open: how it stands."""

    name: str  # "imap"
    state: str  # connecting | connected | failed
    why: str  # "" unless something is wrong
    since: Moment


class DaemonsView(View, frozen=True, kw_only=True):
    """The daemons that serve the town together, as the one that was asked knows them."""

    ours: str
    decider: str
    names: tuple[str, ...]
    behind_events: int


class StatusView(View, frozen=True, kw_only=True):
    """The whole town at a glance."""

    at: Moment
    time_zone: str  # of the town: America/Toronto
    town: str
    version: str
    started_at: Moment
    uptime_s: float
    journal: str
    events: int
    policy: PolicyView
    queues: tuple[QueueView, ...]
    agents: tuple[AgentView, ...]
    emergencies: tuple[EmergencyView, ...]
    shunted: tuple[ItemView, ...]
    doors: tuple[DoorView, ...]
    pending_effects: int
    open_offers: int
    unreturned: tuple[RecallView, ...]  # calls not returned yet, the longest waiting first
    duplicates_avoided: int  # items merged today into another, and not taken out again
    surge: tuple[SurgeView, ...]  # none on an ordinary day
    announcements: tuple[AnnouncementView, ...]
    on_call: tuple[OnCallView, ...]  # who on call was told of what; the newest first
    daemons: DaemonsView | None = None  # none: one daemon alone
    journal_since: Moment | None = None  # what came before is kept no longer; none: all is kept


class ErrorView(View, frozen=True, kw_only=True):
    """Why something was not done; `code` is stable."""

    code: str
    message: str
