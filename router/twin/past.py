"""What came and who was there, read from a town's own journal.

Gives back contacts as they came, with the time that agents worked on them, and when agents took
work. How long somebody would have waited who was answered, nobody knows: in a replay they wait on.
A message that a caller left is work like a form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from router.core import events as e
from router.core.model import (
    AgentId,
    AgentStatus,
    Channel,
    Instant,
    ItemId,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy import Policy
from router.core.service_level import promise_of
from router.twin.contacts import Case, Contact, Presence
from router.twin.line import DOORS
from router.twin.simulation import Ending, Result

NOWHERE: Final = QueueId("")  # of who has not been in line


@dataclass(slots=True)
class _Course:
    """One item as far as it is known."""

    channel: Channel
    language: str
    queue: QueueId
    came: Instant | None = None  # first in line
    answered: Instant | None = None
    since: Instant | None = None  # in hand
    work: Span = 0
    left: Instant | None = None  # gave up, or was sent away
    gave_up: bool = False
    due: Instant | None = None


@dataclass(slots=True)
class Past:
    """A fold over stored events; `course` and `presences` grow with them."""

    first: Instant | None = None
    last: Instant = 0
    presences: list[Presence] = field(default_factory=list)
    _courses: dict[ItemId, _Course] = field(default_factory=dict)
    _there: dict[AgentId, Instant] = field(default_factory=dict)  # since when

    def note(self, events: Iterable[e.Event]) -> None:
        """Fold stored events, in their order."""
        for event in events:
            self.first = event.at if self.first is None else self.first
            self.last = max(self.last, event.at)
            noted = _NOTED.get(type(event))
            if noted is not None:
                noted(self, event)

    def case(self, policy: Policy) -> Case:
        """Return what came and who was there, to be met by a policy again.

        Shape: contacts of queues that the policy does not have are left out.
        """
        found = (result.contact for result in self.results(policy))
        contacts = tuple(sorted(found, key=lambda each: each.at))
        open_ones = [Presence(who, since, self.last) for who, since in self._there.items()]
        presences = sorted([*self.presences, *open_ones], key=lambda each: each.begin)
        begin = min((each.begin for each in presences), default=self.last)
        begin = min(begin, contacts[0].at) if contacts else begin
        return Case(begin, self.last, contacts, tuple(presences))

    def results(self, policy: Policy) -> list[Result]:
        """Return what really became of everybody who was in line for a queue of the policy."""
        return [
            _result(course, course.queue, course.came, self.last, policy)
            for course in self._courses.values()
            if course.came is not None and course.queue in policy.queues
        ]

    def _received(self, event: e.ItemReceived) -> None:
        self._courses[event.item] = _Course(event.channel, event.language, NOWHERE)

    def _moved(self, event: e.FlowMoved) -> None:
        course = self._courses.get(event.item)
        if course is not None and event.language:
            course.language = event.language

    def _queued(self, event: e.ItemQueued) -> None:
        course = self._courses.get(event.item)
        if course is not None and course.came is None:
            course.came, course.queue, course.due = event.at, event.queue, event.due_at
            if event.tempo is Tempo.SLOW_TEXT and course.channel in (Channel.VOICE, Channel.CHAT):
                course.channel = Channel.WEBFORM

    def _started(self, event: e.HandlingStarted) -> None:
        course = self._courses.get(event.item)
        if course is not None:
            course.answered = event.at if course.answered is None else course.answered
            course.since = event.at

    def _let_go(self, event: Any) -> None:
        course = self._courses.get(event.item)
        if course is not None and course.since is not None:
            course.work += event.at - course.since
            course.since = None

    def _left(self, event: Any) -> None:
        course = self._courses.get(event.item)
        self._let_go(event)
        if course is not None and course.answered is None and course.left is None:
            course.left = event.at
            course.gave_up = isinstance(event, e.ItemAbandoned)

    def _status(self, event: e.AgentStatusSet) -> None:
        if event.after_item:
            return
        if event.status is AgentStatus.AVAILABLE:
            self._there.setdefault(event.agent, event.at)
        else:
            self._gone(event)

    def _gone(self, event: e.AgentStatusSet | e.AgentSignedOut) -> None:
        since = self._there.pop(event.agent, None)
        if since is not None and since < event.at:
            self.presences.append(Presence(event.agent, since, event.at))


def _result(
    course: _Course, queue: QueueId, came: Instant, last: Instant, policy: Policy
) -> Result:
    ended = course.answered if course.answered is not None else course.left
    waited = (ended if ended is not None else last) - came
    work = course.work + (last - course.since if course.since is not None else 0)
    left = course.answered is None and course.left is not None
    contact = Contact(
        at=came,
        queue=queue,
        channel=course.channel,
        language=course.language,
        work=max(1, work),
        patience=waited if left else None,
    )
    ending = Ending.WAITING if ended is None else Ending.ANSWERED
    if left:
        ending = Ending.GAVE_UP if course.gave_up else Ending.SENT_AWAY
    target = None if course.due is None else course.due - came
    if DOORS[course.channel].tempo is not Tempo.SLOW_TEXT:
        target = promise_of(policy.queues[queue], course.channel).within
    short = promise_of(policy.queues[queue], course.channel).short if queue in policy.queues else 0
    return Result(contact, ending, waited, target, ended is not None, short)


_NOTED: Final[dict[type[e.Event], Callable[[Past, Any], None]]] = {
    e.ItemReceived: Past._received,
    e.FlowMoved: Past._moved,
    e.ItemQueued: Past._queued,
    e.HandlingStarted: Past._started,
    e.ItemReturned: Past._let_go,
    e.ItemClosed: Past._left,
    e.ItemAbandoned: Past._left,
    e.ItemDiverted: Past._left,
    e.ItemDeferred: Past._left,
    e.ItemParked: Past._let_go,
    e.AgentStatusSet: Past._status,
    e.AgentSignedOut: Past._gone,
}
