"""Days of a contact centre on the line: arrivals, staff and what became of everybody.

What is drawn follows the published simulators to the draw: talk and patience at arrival, by the
rates of the period; the time to the next arrival is stretched by old over new rate when a period
begins; each day begins and ends empty; an agent who is busy when staff is cut leaves after the
talk, and who ends a talk first leaves first. Instants are whole nanoseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from router.core.model import DAY, MINUTE, AgentId, Instant, ItemId, Span
from router.twin.agenda import Agenda
from router.twin.centre import LANGUAGE, Centre
from router.twin.gamma import below_which
from router.twin.line import Answered, Line
from router.twin.mrg32k3a import SEED, Seed, Stream, streams

BEGIN: Final[Instant] = DAY


class Day(NamedTuple):
    """What became of everybody who came on one day."""

    served: int
    abandoned: int
    abandoned_late: int  # having waited so long or longer than is acceptable
    blocked: int  # heard the busy tone
    waited_on: int  # served after a wait
    in_time: tuple[tuple[int, ...], ...]  # served, by type and period of arrival
    waits: tuple[Span, ...]  # of the served together, by type
    busy: tuple[Span, ...]  # by group
    present: tuple[Span, ...]  # by group, who still finishes included


def run_days(centre: Centre, days: int, seed: Seed = SEED) -> Iterator[Day]:
    """Yield day after day; the streams of random numbers run on."""
    chance = Chance(centre, seed)
    for _ in range(days):
        yield _Run(centre, chance).run()


class Chance:
    """The streams of one run."""

    def __init__(self, centre: Centre, seed: Seed) -> None:
        kinds = len(centre.kinds)
        made = streams(seed)
        of = {
            name: [next(made) for _ in range(kinds if name == "arrivals" else 1)]
            for name in centre.streams
        }
        self.arrivals: list[Stream] = of["arrivals"]
        self.service: Stream = of["service"][0]
        self.patience: Stream | None = of["patience"][0] if centre.patience_per_min else None
        self.busyness: Stream | None = of["busyness"][0] if centre.busyness_shape else None


def _exponential(stream: Stream) -> float:
    """Return a value of mean 1, by inversion."""
    return -math.log1p(-stream.uniform())


class _Crew:
    """A group on one day, and the integrals of its numbers over time."""

    def __init__(self, agents: Sequence[AgentId]) -> None:
        self.gone: list[AgentId] = list(reversed(agents))
        self.idle: dict[AgentId, None] = {}
        self.surplus = 0  # as many of the busy leave as soon as they end a talk
        self.talking = 0
        self.busy: Span = 0
        self.present: Span = 0
        self._since = BEGIN

    def pass_time(self, now: Instant) -> None:
        span = now - self._since
        self.busy += span * self.talking
        self.present += span * (self.talking + len(self.idle))
        self._since = now


class _Run(Agenda):
    """One day."""

    def __init__(self, centre: Centre, chance: Chance) -> None:
        super().__init__()
        self._centre = centre
        self._chance = chance
        self._line = Line(centre.policy, BEGIN)
        self._last = BEGIN  # when something happened last
        self._period = -1
        self._busyness = 1.0
        if chance.busyness is not None and centre.busyness_shape is not None:
            shape = centre.busyness_shape
            self._busyness = below_which(shape, chance.busyness.uniform()) / shape
        self._left = [math.nan] * len(centre.kinds)  # until the next arrival, of mean 1
        self._crews = [_Crew(group.agents) for group in centre.groups]
        self._crew_of = {
            agent: crew
            for crew, group in zip(self._crews, centre.groups, strict=True)
            for agent in group.agents
        }
        self._came = 0
        self._waiting: dict[ItemId, tuple[int, int, Instant, Span]] = {}  # ..., talk
        self._talking: dict[ItemId, AgentId] = {}
        self._served = self._abandoned = self._abandoned_late = self._blocked = 0
        self._waited_on = 0
        self._in_time = [[0] * centre.periods for _ in centre.kinds]
        self._waits = [0] * len(centre.kinds)
        self._busy: tuple[Span, ...] = ()
        self._present: tuple[Span, ...] = ()

    def run(self) -> Day:
        centre = self._centre
        for period in range(centre.periods + 1):
            self.plan(BEGIN + period * centre.period, self._turn_period, period)
        for kind, stream in enumerate(self._chance.arrivals):
            self._left[kind] = _exponential(stream)
        self.pass_time()
        if not centre.until_closing:
            self._close(self._last)
        return Day(
            served=self._served,
            abandoned=self._abandoned,
            abandoned_late=self._abandoned_late,
            blocked=self._blocked,
            waited_on=self._waited_on,
            in_time=tuple(map(tuple, self._in_time)),
            waits=tuple(self._waits),
            busy=self._busy,
            present=self._present,
        )

    # --- periods ---------------------------------------------------------------------------------

    def _turn_period(self, now: Instant, period: int, _: str) -> None:
        """Let a period begin; after the last one nobody comes, and staff stays as it is."""
        self._last = now
        if period == self._centre.periods:
            if self._centre.until_closing:
                self._close(now)
            return
        self._period = period
        for kind in range(len(self._centre.kinds)):
            self._plan_arrival(now, kind)
        for crew, group in zip(self._crews, self._centre.groups, strict=True):
            self._staff(now, crew, group.at_work[period])

    def _close(self, now: Instant) -> None:
        """Keep the agents' time so far: what follows does not count."""
        for crew in self._crews:
            crew.pass_time(now)
        self._busy = tuple(crew.busy for crew in self._crews)
        self._present = tuple(crew.present for crew in self._crews)

    def _staff(self, now: Instant, crew: _Crew, wanted: int) -> None:
        crew.pass_time(now)
        there = crew.talking + len(crew.idle)
        crew.surplus = 0
        for _ in range(wanted - there):
            agent = crew.gone.pop()
            crew.idle[agent] = None
            self._note(self._line.come(agent, now), now)
        for _ in range(there - wanted):
            if crew.idle:
                agent = next(reversed(crew.idle))
                del crew.idle[agent]
                crew.gone.append(agent)
                self._line.go(agent, now)
            else:
                crew.surplus += 1

    # --- contacts --------------------------------------------------------------------------------

    def _plan_arrival(self, after: Instant, kind: int) -> None:
        """Plan the next arrival of a type, if it falls into this period; else keep what is left."""
        centre = self._centre
        rate = centre.kinds[kind].per_min[self._period] * self._busyness / MINUTE
        ends = BEGIN + (self._period + 1) * centre.period
        left = self._left[kind]
        if left < rate * (ends - after):
            self.plan(after + round(left / rate), self._arrive, kind)
        else:
            self._left[kind] = left - rate * (ends - after)

    def _arrive(self, now: Instant, kind: int, _: str) -> None:
        self._last = now
        centre, chance, period = self._centre, self._chance, self._period
        talk = round(_exponential(chance.service) / centre.service_per_min[period] * MINUTE)
        patience = None
        if chance.patience is not None:
            patience = round(
                _exponential(chance.patience) / centre.patience_per_min[period] * MINUTE
            )
        self._left[kind] = _exponential(chance.arrivals[kind])
        self._plan_arrival(now, kind)
        if centre.trunks and len(self._waiting) + len(self._talking) >= centre.trunks:
            self._blocked += 1
            return
        self._came += 1
        item = ItemId(f"{self._came:08}")
        self._waiting[item] = (kind, period, now, talk)
        self._note(self._line.arrive(item, centre.kinds[kind].queue, now, LANGUAGE), now)
        if patience is not None and item in self._waiting:
            self.plan(now + patience, self._give_up, kind, item)

    def _give_up(self, now: Instant, kind: int, who: str) -> None:
        waited = self._waiting.pop(ItemId(who), None)
        if waited is None:
            return  # was answered in time
        self._last, arrived = now, waited[2]
        self._line.hang_up(ItemId(who), now)
        self._abandoned += 1
        self._abandoned_late += now - arrived >= self._centre.in_time

    def _finish(self, now: Instant, _: int, who: str) -> None:
        self._last, item = now, ItemId(who)
        agent = self._talking.pop(item)
        crew = self._crew_of[agent]
        crew.pass_time(now)
        crew.talking -= 1
        self._served += 1
        if crew.surplus:
            crew.surplus -= 1
            crew.gone.append(agent)
            self._line.go(agent, now)
        else:
            crew.idle[agent] = None
        self._note(self._line.finish(item, now), now)

    def _note(self, answered: Sequence[Answered], now: Instant) -> None:
        for item, agent in answered:
            kind, period, arrived, talk = self._waiting.pop(item)
            crew = self._crew_of[agent]
            crew.pass_time(now)
            crew.talking += 1
            del crew.idle[agent]
            self._talking[item] = agent
            self.plan(now + talk, self._finish, kind, item)
            self._waits[kind] += now - arrived
            self._waited_on += now > arrived
            self._in_time[kind][period] += now - arrived < self._centre.in_time
