"""Contacts as a model gives them, and a run of the line under them on a simulated clock.

Arrivals are Poisson with a rate per period, talks and patience exponential or lognormal. Every
class has its own streams of chance, drawn at arrival, so that two policies meet the same contacts.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from router.core.model import HOUR, SECOND, AgentId, Instant, ItemId, QueueId, Span
from router.core.policy import Policy
from router.twin.line import Answered, Line


class Contacts(NamedTuple):
    """One class of contacts; all of it waits for one queue."""

    queue: QueueId
    language: str
    per_hour: tuple[float, ...]  # by period
    talk_s: float  # mean
    talk_spread: float = 1.0  # standard deviation over mean; 1.0: exponential, else lognormal
    patience_s: float = math.inf  # mean, exponential


class Shift(NamedTuple):
    """An agent's time at work, from and until after the beginning of the run."""

    agent: AgentId
    begin: Span
    end: Span


class Model(NamedTuple):
    """What is simulated: rules, contacts, staff, and for how long contacts arrive."""

    policy: Policy
    contacts: tuple[Contacts, ...]
    shifts: tuple[Shift, ...]
    length: Span
    period: Span = HOUR


class Outcome(NamedTuple):
    """What became of one contact."""

    kind: int  # index of its class
    arrived: Instant  # after the beginning of the run
    waited: Span
    answered: bool


ARRIVE, GIVE_UP, FINISH, RELAX, COME, GO = range(6)
_Step = tuple[Instant, int, int, int, str]  # when, turn, what, class, who


class Run:
    """One replication."""

    def __init__(self, model: Model, seed: int, begin: Instant, line: Line | None = None) -> None:
        self._model = model
        self._begin = begin
        self._line = line if line is not None else Line(model.policy, begin)
        self._chance = [random.Random(f"{seed}/{kind}") for kind in range(len(model.contacts))]
        self._talks: dict[ItemId, Span] = {}
        self._waiting: dict[ItemId, tuple[int, Instant]] = {}
        self._steps: list[_Step] = []
        self._turn = 0
        self._came = 0
        self.outcomes: list[Outcome] = []
        self.busy: dict[AgentId, Span] = {}

    def run(self) -> list[Outcome]:
        """Return what became of everybody who came, in the order in which that was known."""
        for shift in self._model.shifts:
            self._plan(self._begin + shift.begin, COME, 0, shift.agent)
            if shift.end < self._model.length:
                self._plan(self._begin + shift.end, GO, 0, shift.agent)
        for kind in range(len(self._model.contacts)):
            self._plan_arrival(kind, self._begin)
        while self._steps:
            now, _, what, kind, who = heapq.heappop(self._steps)
            _DO[what](self, now, kind, who)
        return self.outcomes

    def _plan(self, at: Instant, what: int, kind: int, who: str) -> None:
        self._turn += 1
        heapq.heappush(self._steps, (at, self._turn, what, kind, who))

    def _plan_arrival(self, kind: int, after: Instant) -> None:
        """Plan the next arrival: exponential in operational time, the integral of the rate."""
        contacts, model = self._model.contacts[kind], self._model
        left = self._chance[kind].expovariate(1.0)
        at = after - self._begin
        while at < model.length:
            number = min(at // model.period, len(contacts.per_hour) - 1)
            rate = contacts.per_hour[number] / HOUR
            ends = (
                model.length
                if number == len(contacts.per_hour) - 1
                else (number + 1) * model.period
            )
            if rate > 0 and left < rate * (ends - at):
                self._plan(self._begin + at + round(left / rate), ARRIVE, kind, "")
                return
            left -= rate * (ends - at)
            at = ends

    def _arrive(self, now: Instant, kind: int, _: str) -> None:
        self._plan_arrival(kind, now)
        contacts, chance = self._model.contacts[kind], self._chance[kind]
        self._came += 1
        item = ItemId(f"{self._came:08}")
        self._talks[item] = _talk(contacts, chance)
        self._waiting[item] = (kind, now)
        patience = (
            chance.expovariate(1.0) * contacts.patience_s
            if contacts.patience_s < math.inf
            else math.inf
        )
        self._note(self._line.arrive(item, contacts.queue, now, contacts.language), now)
        if item in self._waiting:
            if patience < math.inf:
                self._plan(now + round(patience * SECOND), GIVE_UP, kind, item)
            self._plan_step(item)

    def _plan_step(self, item: ItemId) -> None:
        due = self._line.state.items[item].step_due
        if due is not None:
            self._plan(due, RELAX, 0, item)

    def _relax(self, now: Instant, _: int, who: str) -> None:
        item = ItemId(who)
        if item in self._waiting:
            self._note(self._line.relax(item, now), now)
            if item in self._waiting:
                self._plan_step(item)

    def _give_up(self, now: Instant, kind: int, who: str) -> None:
        if self._waiting.pop(ItemId(who), None) is None:
            return
        row = self._line.state.items[ItemId(who)]
        self._line.hang_up(row.id, now)
        self._talks.pop(row.id)
        arrived = row.received_at
        self.outcomes.append(Outcome(kind, arrived - self._begin, now - arrived, False))

    def _finish(self, now: Instant, _: int, who: str) -> None:
        self._note(self._line.finish(ItemId(who), now), now)

    def _come(self, now: Instant, _: int, who: str) -> None:
        self._note(self._line.come(AgentId(who), now), now)

    def _go(self, now: Instant, _: int, who: str) -> None:
        self._note(self._line.go(AgentId(who), now), now)

    def _note(self, answered: Sequence[Answered], now: Instant) -> None:
        for item, agent in answered:
            kind, arrived = self._waiting.pop(item)
            talk = self._talks.pop(item)
            self.outcomes.append(Outcome(kind, arrived - self._begin, now - arrived, True))
            self.busy[agent] = self.busy.get(agent, 0) + talk
            self._plan(now + talk, FINISH, kind, item)


_DO: Final = {
    ARRIVE: Run._arrive,
    GIVE_UP: Run._give_up,
    FINISH: Run._finish,
    RELAX: Run._relax,
    COME: Run._come,
    GO: Run._go,
}


def _talk(contacts: Contacts, chance: random.Random) -> Span:
    if contacts.talk_spread == 1.0:
        return round(chance.expovariate(1.0) * contacts.talk_s * SECOND)
    variance = math.log(1 + contacts.talk_spread**2)
    mean = math.log(contacts.talk_s) - variance / 2
    return round(chance.lognormvariate(mean, math.sqrt(variance)) * SECOND)
