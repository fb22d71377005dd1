"""Contacts as a model gives them, and a run of the line under them on a simulated clock.

Arrivals are Poisson with a rate per period, talks and patience exponential or lognormal. Every
class has its own streams of chance, drawn at arrival, so that two policies meet the same contacts.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

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


class Outcome(msgspec.Struct, frozen=True, order=True, gc=False):
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
        self._coming = [
            _coming(model, contacts, random.Random(f"{seed}/{kind}"))
            for kind, contacts in enumerate(model.contacts)
        ]
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
        for kind, coming in enumerate(self._coming):
            at, _, _ = next(coming)
            if at is not None:
                self.plan(self._begin + at, self._arrive, kind)
        self.pass_time()
        return self.outcomes

    def _arrive(self, now: Instant, kind: int, _: str) -> None:
        at, talk, patience = next(self._coming[kind])
        if at is not None:
            self.plan(self._begin + at, self._arrive, kind)
        self._came += 1
        item = ItemId(f"{self._came:08}")
        contacts = self._model.contacts[kind]
        answered = self._line.arrive(item, contacts.queue, now, contacts.language)
        self._waiting[item] = kind, now, talk
        if answered:
            self._note(answered, now)
            return
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
        answered = self._line.finish(ItemId(who), now)
        if answered:
            self._note(answered, now)

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


# when the next one of the class comes after the beginning, if one does; talk and patience of the
# one who comes now: patience None waits however long it takes
_Drawn = tuple[Span | None, Span, Span | None]


def _coming(model: Model, contacts: Contacts, chance: random.Random) -> Iterator[_Drawn]:
    """Yield what chance decides, first before anybody has come, then at each arrival.

    The time between two is exponential in operational time, the integral of the rate.
    """
    draw, log, talk_s, patience_s = chance.random, math.log, contacts.talk_s, contacts.patience_s
    variance = log(1 + contacts.talk_spread**2)
    location, deviation = log(talk_s) - variance / 2, math.sqrt(variance)
    is_exponential, is_patient = contacts.talk_spread == 1.0, patience_s == math.inf
    rate, ends = 0.0, 0  # of the period
    at: Span | None = 0
    while at is not None:
        is_somebody_there = ends > 0
        before, at, left = at, None, -log(1.0 - draw())
        while before < model.length:
            if before >= ends:
                rate, ends = _period(model, contacts, before)
            if left < rate * (ends - before):
                at = before + round(left / rate)
                break
            left -= rate * (ends - before)
            before = ends
        talk, patience = 0, None
        if is_somebody_there:
            if is_exponential:
                talk = round(-log(1.0 - draw()) * talk_s * SECOND)
            else:
                talk = round(chance.lognormvariate(location, deviation) * SECOND)
            patience = None if is_patient else round(-log(1.0 - draw()) * patience_s * SECOND)
        yield at, talk, patience


def _period(model: Model, contacts: Contacts, at: Span) -> tuple[float, Span]:
    """Return the rate a nanosecond at a time after the beginning, and until when it holds."""
    number = min(at // model.period, len(contacts.per_hour) - 1)
    is_last = number == len(contacts.per_hour) - 1
    return contacts.per_hour[number] / HOUR, model.length if is_last else (
        number + 1
    ) * model.period
