"""Days of a contact centre on the line: arrivals, staff and what became of everybody.

What is drawn follows the published simulators to the draw: talk and patience at arrival, by the
rates of the period; the time to the next arrival is stretched by old over new rate when a period
begins; each day begins and ends empty; an agent who is busy when staff is cut leaves after the
talk, and who ends a talk first leaves first. Instants are whole nanoseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from router.core.model import DAY, MINUTE, AgentId, Instant, ItemId, Span
from router.twin.agenda import Agenda
from router.twin.centre import LANGUAGE, Centre, Kind
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
    let_go: int  # had waited for as long as anybody may
    cleared: int  # waited when the line was cleared
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


class Caller(NamedTuple):
    """Somebody who waits."""

    kind: int
    period: int  # of arrival
    arrived: Instant
    talk: Span


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
        patient = any(kind.patience_per_min for kind in centre.kinds)
        self.patience: Stream | None = of["patience"][0] if patient else None
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
        self._waiting: dict[ItemId, Caller] = {}
        self._talking: dict[ItemId, AgentId] = {}
        self._served = self._abandoned = self._abandoned_late = self._blocked = 0
        self._let_go = self._cleared = self._waited_on = 0
        self._in_time = [[0] * centre.periods for _ in centre.kinds]
        self._waits = [0] * len(centre.kinds)
        self._busy: tuple[Span, ...] = ()
        self._present: tuple[Span, ...] = ()

    def run(self) -> Day:
        centre = self._centre
        for period in range(centre.periods + 1):
            self.plan(BEGIN + period * centre.period, self._turn_period, period)
        self.pass_time()
        if not centre.until_closing:
            self._close(self._last)
        return Day(
            served=self._served,
            abandoned=self._abandoned,
            abandoned_late=self._abandoned_late,
            blocked=self._blocked,
            let_go=self._let_go,
            cleared=self._cleared,
            waited_on=self._waited_on,
            in_time=tuple(map(tuple, self._in_time)),
            waits=tuple(self._waits),
            busy=self._busy,
            present=self._present,
        )

    # --- periods ---------------------------------------------------------------------------------

    def _turn_period(self, now: Instant, period: int, _: str) -> None:
        """Let a period begin; after the last one nobody comes, and staff stays as it is."""
        self._last, centre = now, self._centre
        if period == centre.periods:
            if centre.line_cleared != "never":
                self._clear(now, range(len(centre.kinds)))
            if centre.until_closing:
                self._close(now)
            return
        self._period = period
        for number, kind in enumerate(centre.kinds):
            if kind.per_min[period] and (period == 0 or not kind.per_min[period - 1]):
                self._left[number] = _exponential(self._chance.arrivals[number])
            self._plan_arrival(now, number)
        for crew, group in zip(self._crews, centre.groups, strict=True):
            self._staff(now, crew, group.at_work[period])
        if centre.line_cleared == "unstaffed":
            staffed = {group.name for group in centre.groups if group.at_work[period]}
            gone = (n for n, kind in enumerate(centre.kinds) if not kind.groups & staffed)
            self._clear(now, gone)

    def _clear(self, now: Instant, kinds: Iterable[int]) -> None:
        """Let all go who wait, of these types."""
        going = set(kinds)
        for item in [item for item, caller in self._waiting.items() if caller.kind in going]:
            self._hang_up(now, item)
            self._cleared += 1

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
        self._last, centre, period = now, self._centre, self._period
        of = centre.kinds[kind]
        talk = round(_exponential(self._chance.service) / of.service_per_min[period] * MINUTE)
        patience = self._patience(of)
        self._left[kind] = _exponential(self._chance.arrivals[kind])
        self._plan_arrival(now, kind)
        if centre.trunks and len(self._waiting) + len(self._talking) >= centre.trunks:
            self._blocked += 1
            return
        self._came += 1
        item = ItemId(f"{self._came:08}")
        self._waiting[item] = Caller(kind, period, now, talk)
        self._note(self._line.arrive(item, of.queue, now, LANGUAGE), now)
        if item not in self._waiting:
            return
        if patience is not None and (not centre.wait_max or patience <= centre.wait_max):
            self.plan(now + patience, self._give_up, kind, item)
        elif centre.wait_max:
            self.plan(now + centre.wait_max, self._let_one_go, kind, item)
        for step in centre.policy.queues[of.queue].steps:
            self.plan(now + step.after, self._relax, kind, item)

    def _patience(self, kind: Kind) -> Span | None:
        """Draw for how long somebody waits; None: for as long as it takes."""
        if self._chance.patience is None or not kind.patience_per_min:
            return None
        drawn = self._chance.patience.uniform()
        if drawn < kind.balk:
            return 0
        held_out = math.log1p(-kind.balk) - math.log1p(-drawn)  # of mean 1
        return round(held_out / kind.patience_per_min[self._period] * MINUTE)

    def _hang_up(self, now: Instant, item: ItemId) -> Caller | None:
        """Return who waited; None: they were answered in time."""
        caller = self._waiting.pop(item, None)
        if caller is not None:
            self._last = now
            self._line.hang_up(item, now)
        return caller

    def _give_up(self, now: Instant, kind: int, who: str) -> None:
        caller = self._hang_up(now, ItemId(who))
        if caller is None:
            return
        self._abandoned += 1
        self._abandoned_late += now - caller.arrived >= self._centre.kinds[kind].in_time

    def _let_one_go(self, now: Instant, _: int, who: str) -> None:
        self._let_go += self._hang_up(now, ItemId(who)) is not None

    def _relax(self, now: Instant, _: int, who: str) -> None:
        if ItemId(who) not in self._waiting:
            return
        self._last = now
        self._note(self._line.relax(ItemId(who), now), now)

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
            caller = self._waiting.pop(item)
            waited = now - caller.arrived
            crew = self._crew_of[agent]
            crew.pass_time(now)
            crew.talking += 1
            del crew.idle[agent]
            self._talking[item] = agent
            self.plan(now + caller.talk, self._finish, caller.kind, item)
            self._waits[caller.kind] += waited
            self._waited_on += waited > 0
            in_time = waited < self._centre.kinds[caller.kind].in_time
            self._in_time[caller.kind][caller.period] += in_time
