"""Contacts as a model gives them, and a run of the line under them on a simulated clock.

Arrivals are Poisson with a rate per period, talks and patience exponential or lognormal. Every
class has its own streams of chance, drawn at arrival, so that two policies meet the same contacts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import NamedTuple

from router.core.model import HOUR, SECOND, AgentId, Instant, ItemId, QueueId, Span
from router.core.policy import Policy
from router.twin.agenda import Agenda
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


class Run(Agenda):
    """One replication."""

    def __init__(self, model: Model, seed: int, begin: Instant, line: Line | None = None) -> None:
        super().__init__()
        self._model = model
        self._begin = begin
        self._line = line if line is not None else Line(model.policy, begin)
        self._sources = [_Source(model, seed, kind) for kind in range(len(model.contacts))]
        self._waiting: dict[ItemId, tuple[int, Instant, Span]] = {}  # class, arrival, talk
        self._came = 0
        self.outcomes: list[Outcome] = []
        self.busy: dict[AgentId, Span] = {}

    def run(self) -> list[Outcome]:
        """Return what became of everybody who came, in the order in which that was known."""
        for shift in self._model.shifts:
            self.plan(self._begin + shift.begin, self._come, 0, shift.agent)
            if shift.end < self._model.length:
                self.plan(self._begin + shift.end, self._go, 0, shift.agent)
        for kind, source in enumerate(self._sources):
            self._plan_arrival(kind, source.next(0))
        self.pass_time()
        return self.outcomes

    def _plan_arrival(self, kind: int, after: Span | None) -> None:
        if after is not None:
            self.plan(self._begin + after, self._arrive, kind)

    def _arrive(self, now: Instant, kind: int, _: str) -> None:
        source = self._sources[kind]
        self._plan_arrival(kind, source.next(now - self._begin))
        self._came += 1
        item = ItemId(f"{self._came:08}")
        self._waiting[item] = kind, now, source.talk()
        patience = source.patience()
        contacts = source.contacts
        self._note(self._line.arrive(item, contacts.queue, now, contacts.language), now)
        if item in self._waiting:
            if patience is not None:
                self.plan(now + patience, self._give_up, kind, item)
            self._plan_step(item)

    def _plan_step(self, item: ItemId) -> None:
        due = self._line.state.items[item].step_due
        if due is not None:
            self.plan(due, self._relax, 0, item)

    def _relax(self, now: Instant, _: int, who: str) -> None:
        item = ItemId(who)
        if item in self._waiting:
            self._note(self._line.relax(item, now), now)
            if item in self._waiting:
                self._plan_step(item)

    def _give_up(self, now: Instant, _: int, who: str) -> None:
        item = ItemId(who)
        waited = self._waiting.pop(item, None)
        if waited is not None:
            kind, arrived, _talk = waited
            self._line.hang_up(item, now)
            self.outcomes.append(Outcome(kind, arrived - self._begin, now - arrived, False))

    def _finish(self, now: Instant, _: int, who: str) -> None:
        self._note(self._line.finish(ItemId(who), now), now)

    def _come(self, now: Instant, _: int, who: str) -> None:
        self._note(self._line.come(AgentId(who), now), now)

    def _go(self, now: Instant, _: int, who: str) -> None:
        self._note(self._line.go(AgentId(who), now), now)

    def _note(self, answered: Sequence[Answered], now: Instant) -> None:
        for item, agent in answered:
            kind, arrived, talk = self._waiting.pop(item)
            self.outcomes.append(Outcome(kind, arrived - self._begin, now - arrived, True))
            self.busy[agent] = self.busy.get(agent, 0) + talk
            self.plan(now + talk, self._finish, kind, item)


class _Source:
    """One class of contacts of one replication: when they come, how long they talk and wait."""

    def __init__(self, model: Model, seed: int, kind: int) -> None:
        contacts = self.contacts = model.contacts[kind]
        self._model = model
        self._chance = random.Random(f"{seed}/{kind}")
        self._draw = self._chance.random
        self._rate, self._ends = 0.0, 0  # of the period of the last arrival
        self._is_exponential = contacts.talk_spread == 1.0
        self._variance = math.log(1 + contacts.talk_spread**2)

    def next(self, at: Span) -> Span | None:
        """Return when the next one comes after `at`, if one does; both after the beginning.

        The time between is exponential in operational time, the integral of the rate.
        """
        left = -math.log(1.0 - self._draw())
        while at < self._model.length:
            if at >= self._ends:
                self._begin_period(at)
            rate, ends = self._rate, self._ends
            if left < rate * (ends - at):
                return at + round(left / rate)
            left -= rate * (ends - at)
            at = ends
        return None

    def _begin_period(self, at: Span) -> None:
        """Have the rate of the period of this instant; the last one lasts as long as the model."""
        per_hour, model = self.contacts.per_hour, self._model
        number = min(at // model.period, len(per_hour) - 1)
        is_last = number == len(per_hour) - 1
        self._rate = per_hour[number] / HOUR
        self._ends = model.length if is_last else (number + 1) * model.period

    def talk(self) -> Span:
        """Draw how long the next one talks."""
        contacts = self.contacts
        if self._is_exponential:
            return round(-math.log(1.0 - self._draw()) * contacts.talk_s * SECOND)
        mean = math.log(contacts.talk_s) - self._variance / 2
        return round(self._chance.lognormvariate(mean, math.sqrt(self._variance)) * SECOND)

    def patience(self) -> Span | None:
        """Draw how long the next one waits at most; None: however long it takes."""
        mean_s = self.contacts.patience_s
        if mean_s == math.inf:
            return None
        return round(-math.log(1.0 - self._draw()) * mean_s * SECOND)
