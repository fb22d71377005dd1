"""Views of what people have switched, and of people on call who were told."""

from __future__ import annotations

from router.desk.view_types import Moment, View


class AttemptView(View, frozen=True, kw_only=True):
    """Somebody on call who was told, and what came of it."""

    contact: str
    name: str
    way: str  # call | mail
    round: int
    at: Moment
    result: str  # answered, busy, no_answer, not_accepted, failed ...; "waiting"; "over" = too late
    ended_at: Moment | None


class OnCallView(View, frozen=True, kw_only=True):
    """One item about which people on call were told."""

    item: str
    subject: str
    script: str  # what they are told before they accept
    state: str
    acknowledged_by: str  # contact; "" = nobody so far
    attempts: tuple[AttemptView, ...]
    without_caller: str = ""  # who hung up: ringing, acknowledged, unanswered, joined, taken


class AnnouncementView(View, frozen=True, kw_only=True):
    """A message in front of every call."""

    id: str
    text: dict[str, str]
    since: Moment
    until: Moment
    numbers: tuple[str, ...]
    by: str


class SurgeView(View, frozen=True, kw_only=True):
    """The surge that holds now, and what it lets hold."""

    since: Moment
    until: Moment
    reason: str
    by: str
    first: tuple[str, ...]  # queues
    text: dict[str, str]
