"""What a wallboard shows: rows that change only when something has happened.

No row holds a span that grows while nothing happens: there are instants, and the screen counts. So
what has not changed is not told again.
"""

from __future__ import annotations

from router.core.model import AgentState, AgentStatus, Form, ItemState, ListenMode, Tempo
from router.desk.view_types import Moment, View
from router.desk.views import EmergencyView, LoadView, ServiceLevelView, SkillsTodayView, StaffView
from router.desk.views_calls import ListenerView
from router.desk.views_forecast import ForecastView
from router.desk.views_hours import AnnouncementView, SurgeView
from router.desk.waits import WaitView

Names = dict[str, str]  # by language


class WallLineView(View, frozen=True, kw_only=True):
    """Who waits in a queue, of one kind of channel."""

    tempo: Tempo
    waiting: int
    since: Moment | None  # of who waits longest
    conditions: tuple[str, ...]


class WallQueueView(View, frozen=True, kw_only=True):
    """A queue now and today."""

    queue: str
    names: Names
    hours: str
    open: bool
    reason: str
    changes_at: Moment | None
    conditions: tuple[str, ...]
    lines: tuple[WallLineView, ...]  # every tempo
    staffed: tuple[StaffView, ...]
    levels: tuple[ServiceLevelView, ...]  # of calls, and of every channel by which anybody came
    expected: WaitView  # whole seconds
    forecast: ForecastView | None


class WallHoldingView(View, frozen=True, kw_only=True):
    """One item an agent has."""

    item: str
    form: Form
    tempo: Tempo
    queue: str | None
    state: str  # offered | handling | held | wrap_up
    since: Moment | None  # of the offer, or of the handling
    listener: ListenerView | None = None  # the supervisor in the talk


class WallAgentView(View, frozen=True, kw_only=True):
    """An agent who is signed in, or holds something."""

    agent: str
    name: str
    team: str
    status: AgentStatus
    reason: str
    then_status: AgentStatus | None
    since: Moment  # of the status
    signed_in: bool
    state: AgentState
    state_since: Moment
    holdings: tuple[WallHoldingView, ...]
    load: tuple[LoadView, ...]
    over: bool
    missed: int
    skills_today: SkillsTodayView | None


class WallItemView(View, frozen=True, kw_only=True):
    """One that waits in the queue that is looked into."""

    item: str
    rank: float  # seconds; the lowest is first in its line, one line for each tempo
    state: ItemState  # queued | offered
    form: Form
    tempo: Tempo
    subject: str  # an id of `subjects`
    language: str
    since: Moment  # first stood in line
    head_start_s: float
    asks_for: str  # the requirement in force; "" = anyone
    step: int  # how often it was relaxed
    steps: int  # how often it can be
    kept_for: str | None  # the agent for whom it is kept
    offered_to: tuple[str, ...]
    due: Moment | None
    urgent: bool


class WallHoursView(View, frozen=True, kw_only=True):
    """Opening hours that can be overridden."""

    hours: str
    queues: tuple[str, ...]


class WallTownView(View, frozen=True, kw_only=True):
    """What holds for the whole town, and how much waits for a person."""

    names: Names
    languages: tuple[str, ...]  # the first is the default
    time_zone: str  # America/Toronto; times of day are shown in it
    subjects: dict[str, Names]
    away_reasons: dict[str, Names]
    hours: tuple[WallHoursView, ...]
    emergencies: tuple[EmergencyView, ...]
    surge: tuple[SurgeView, ...]
    listen_modes: tuple[ListenMode, ...]  # what supervisors may do with calls
    has_surge: bool  # the policy says what holds in one
    announcements: tuple[AnnouncementView, ...]
    shunted: int
    unreturned: int
    given_up: int  # of the unreturned: nobody will be rung, a person must look
    on_call: int  # told, and nobody has acknowledged
    doors: tuple[str, ...]  # connections to the outside that have failed
    policy_refused: bool
