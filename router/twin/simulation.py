"""One run of the line under everything that comes to a town, on a simulated clock.

Callers and chatters leave when their patience ends, when they have waited for the longest that the
queue allows, or when it closes, if the queue has a chain for that; mail and forms wait. Nothing is
decided here about who gets whom: that is the line's, and so the policy's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from router.core.first_response import due_at
from router.core.hours import next_close, standing
from router.core.model import AgentId, Channel, Condition, Instant, ItemId, Span, Tempo
from router.core.policy import Policy, Queue
from router.core.service_level import promise_of
from router.twin.agenda import Agenda
from router.twin.attention import Hands
from router.twin.contacts import Case, Contact
from router.twin.line import DOORS, Answered, Line


class Ending(StrEnum):
    """What became of a contact's wait."""

    ANSWERED = "answered"
    GAVE_UP = "gave_up"
    SENT_AWAY = "sent_away"  # full, closed, or waited for too long: a fallback chain has it
    WAITING = "waiting"  # when the run ended


class Result(NamedTuple):
    """What became of one contact."""

    contact: Contact
    ending: Ending
    waited: Span
    target: Span | None  # to be answered within this; None: nothing is promised
    decided: bool = True  # False: it waits, and its target is still to come
    short: Span = 0  # who gives up before has given up at once


class Simulation(Agenda):
    """One run; afterwards `hands` tells how busy everybody was."""

    def __init__(self, policy: Policy, case: Case, line: Line | None = None) -> None:
        super().__init__()
        self._policy = policy
        self._case = case
        self._line = line if line is not None else Line(policy, case.begin)
        self._waiting: dict[ItemId, tuple[Contact, Span | None]] = {}  # with its target
        self._results: list[Result] = []
        self.hands: dict[AgentId, Hands] = defaultdict(Hands)

    def run(self) -> list[Result]:
        """Return what became of everybody who came, in the order in which that was known."""
        for number, presence in enumerate(self._case.presences):
            if presence.agent in self._policy.agents:
                self.plan(presence.begin, self._come, number, presence.agent)
                self.plan(presence.end, self._go, number, presence.agent)
        for number, contact in enumerate(self._case.contacts):
            self.plan(contact.at, self._arrive, number)
        self.pass_time()
        for contact, target in self._waiting.values():
            self._end(contact, target, Ending.WAITING, max(self._case.end, contact.at))
        return self._results

    def _come(self, now: Instant, _: int, who: str) -> None:
        self._be_there(now, who, is_there=True)
        self._note(self._line.come(AgentId(who), now), now)

    def _go(self, now: Instant, _: int, who: str) -> None:
        self._be_there(now, who, is_there=False)
        self._note(self._line.go(AgentId(who), now), now)

    def _be_there(self, now: Instant, who: str, *, is_there: bool) -> None:
        hands = self.hands[AgentId(who)]
        hands.pass_to(now)
        hands.is_there = is_there

    def _arrive(self, now: Instant, number: int, _: str) -> None:
        contact = self._case.contacts[number]
        queue = self._policy.queues[contact.queue]
        tempo = DOORS[contact.channel].tempo
        target: Span | None = promise_of(queue, contact.channel).within
        if self._is_refused(tempo, queue, now):
            self._end(contact, target, Ending.SENT_AWAY, now)
            return
        item = ItemId(f"{number:08}")
        if tempo is Tempo.SLOW_TEXT:
            due = due_at(self._line.state, now, queue, contact.channel)
            target = None if due is None else due - now
        self._waiting[item] = (contact, target)
        came = self._line.arrive(item, queue.id, now, contact.language, contact.channel)
        self._note(came, now)
        if item in self._waiting:
            self._plan_step(item)
            leaves = self._leaves_at(item, contact, queue, now)
            if leaves is not None:
                self.plan(leaves, self._leave, number, item)

    def _is_refused(self, tempo: Tempo, queue: Queue, now: Instant) -> bool:
        if tempo is Tempo.SLOW_TEXT:
            return False
        if not standing(self._policy.hours[queue.hours], now).is_open:
            return True
        waiting = len(self._line.state.index.line(queue.id, tempo))
        return bool(queue.length_max) and waiting >= queue.length_max

    def _leaves_at(
        self, item: ItemId, contact: Contact, queue: Queue, now: Instant
    ) -> Instant | None:
        if DOORS[contact.channel].tempo is Tempo.SLOW_TEXT:
            return None
        late_at, calls = self._line.state.items[item].late_at, contact.channel is Channel.VOICE
        ends = [
            None if contact.patience is None else now + contact.patience,
            late_at if calls and Condition.LATE in queue.fates else None,  # others wait on
            next_close(self._policy.hours[queue.hours], now)
            if Condition.CLOSING in queue.fates
            else None,
        ]
        return min((each for each in ends if each is not None), default=None)

    def _leave(self, now: Instant, _: int, who: str) -> None:
        waited = self._waiting.pop(ItemId(who), None)
        if waited is None:
            return
        contact, target = waited
        self._line.hang_up(ItemId(who), now)
        gave_up = contact.patience is not None and now - contact.at >= contact.patience
        self._end(contact, target, Ending.GAVE_UP if gave_up else Ending.SENT_AWAY, now)

    def _relax(self, now: Instant, _: int, who: str) -> None:
        item = ItemId(who)
        if item in self._waiting:
            self._note(self._line.relax(item, now), now)
            if item in self._waiting:
                self._plan_step(item)

    def _plan_step(self, item: ItemId) -> None:
        due = self._line.state.items[item].step_due
        if due is not None:
            self.plan(due, self._relax, 0, item)

    def _finish(self, now: Instant, turn: int, who: str) -> None:
        hands = self.hands[AgentId(who)]
        end = hands.next_end()
        if turn != hands.turn or end is None:
            return  # something else came in between; its own plan stands
        hands.put_down(end[1], now)
        self._note(self._line.finish(end[1], now), now)
        self._plan_end(AgentId(who))

    def _plan_end(self, agent: AgentId) -> None:
        hands = self.hands[agent]
        end = hands.next_end()
        if end is not None:
            self.plan(end[0], self._finish, hands.turn, agent)

    def _note(self, answered: Sequence[Answered], now: Instant) -> None:
        for item, agent in answered:
            contact, target = self._waiting.pop(item)
            self._end(contact, target, Ending.ANSWERED, now)
            tempo = DOORS[contact.channel].tempo
            self.hands[agent].take(item, tempo, contact.attention, contact.work, now)
            self._plan_end(agent)

    def _end(self, contact: Contact, target: Span | None, ending: Ending, now: Instant) -> None:
        waited = now - contact.at
        decided = ending is not Ending.WAITING or (target is not None and waited > target)
        short = promise_of(self._policy.queues[contact.queue], contact.channel).short
        self._results.append(Result(contact, ending, waited, target, decided, short))
