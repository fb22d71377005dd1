"""What people inside are shown of calls: who is asked, what was agreed, who is to be rung."""

from __future__ import annotations

from router.core.model import ItemState, LegResult, ListenMode
from router.desk.view_types import Moment, NamedView, View


class ConsultView(View, frozen=True, kw_only=True):
    """Whom the agent asks beside the resident."""

    to: str  # agent:x | contact:y | number
    name: str
    state: str  # ringing | talking | failed
    result: LegResult | None  # why it failed
    since: Moment


class ListenerView(View, frozen=True, kw_only=True):
    """A supervisor in an agent's talk."""

    agent: str  # the supervisor's
    name: str
    mode: ListenMode
    state: str  # ringing | connected
    since: Moment


class AgreementView(View, frozen=True, kw_only=True):
    """Who does what about the subject of an item."""

    level: str  # none: hand over at once | partial: inform, note, hand over | full: done here
    department: NamedView | None
    link: str
    script: str
    hand_over: str = ""  # at_once: rung by itself | by_agent | number: told to the resident
    number: str = ""  # to be told


class RecallView(View, frozen=True, kw_only=True):
    """A call that has not been returned yet, and why."""

    item: str
    queue: NamedView | None
    state: str  # waiting: will be rung | given_up: will not, a person must look
    item_state: ItemState
    subject: str
    owner: str | None
    agent: str | None
    booked_at: Moment | None
    waiting_since: Moment | None
    attempts: int
    not_before: Moment | None
    expires_at: Moment | None
    why: str
