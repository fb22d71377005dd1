"""How early and how rightly a queue is said to be at risk: by its first caller, and foreseen.

    .venv/bin/python -m benchmarks.at_risk [REPLICATIONS] [HOURS] [SCENARIO ...]

Poisson calls, the same for each rule; nobody acts on a warning. A quarter of an hour is breached if
less than the promised share of the calls that began in it is met in the end, by the queue's
formula; the breach comes when the share of what was counted falls below that for the last time. It
is warned if the rule held before that. `recall`: of the breached ones, warned; `precision`: of
those in which the rule held at any time, breached; `lead`: from the first instant in the quarter at
which the rule held to the breach, mean and median, where warned; `events`: comings and
goings an hour. The first hour of each run is left out.
"""

from __future__ import annotations

import heapq
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final, NamedTuple, cast

from msgspec.structs import replace

from benchmarks.order import ASYM, PAIRS, SMALL, UNEQUAL
from benchmarks.servers import OPENING
from benchmarks.towns import town_of
from router.core import events as e
from router.core.formulas import FORMULAS, THRESHOLD, Figure, figure
from router.core.model import (
    HOUR,
    SECOND,
    AgentId,
    AgentOrder,
    Channel,
    Condition,
    Instant,
    ItemId,
    QueueId,
    Span,
)
from router.core.policy import Policy
from router.core.policy_waiting import AtRisk, Forecast, Scope
from router.core.service_level import abandoned_or_lost, count, promise_of
from router.core.strain import update_strain
from router.core.tallies import INTERVAL
from router.core.tempos import named
from router.runtime.practice import instant_of
from router.twin.line import Answered, Line
from router.twin.traffic import Contacts, Model, Run, Shift
from tests.twin.line_of_events import LineOfEvents

TALK_S: Final = 240.0
PATIENCE_S: Final = 180.0
Place = tuple[QueueId, Instant]
Held = tuple[Instant, Instant]


class Scenario(NamedTuple):
    """What comes by queue, and who is there."""

    shares: tuple[float, ...]
    staff: list[tuple[int, ...]]
    per_hour: tuple[float, ...]  # by hour, again and again


# the middle of the day is short of people, as it is in a town
SCENARIOS: Final = {
    "three agents": Scenario((1.0,), [(0,)] * 3, (15.0, 24.0, 33.0, 24.0)),
    "eight agents": Scenario((1.0,), [(0,)] * 8, (80.0, 95.0, 115.0, 90.0)),
    "twenty agents": Scenario((1.0,), [(0,)] * 20, (240.0, 260.0, 300.0, 255.0)),
    "small": Scenario((1 / 3,) * 3, [tuple(x) for x in SMALL], (60.0, 75.0, 90.0, 70.0)),
    "pairs": Scenario((1 / 6,) * 6, [tuple(x) for x in PAIRS], (240.0, 270.0, 310.0, 260.0)),
    "asym": Scenario(UNEQUAL, [tuple(x) for x in ASYM], (240.0, 270.0, 310.0, 260.0)),
}


def foreseen(of: Scope, below: float, until: float) -> AtRisk:
    return AtRisk(enter=0, leave=0, forecast=Forecast(of=of, enter=below, leave=until))


RULES: Final = {  # shares of the promise, 70 % within 30 s
    "first caller, 0.8": AtRisk(enter=24 * SECOND, leave=15 * SECOND),
    "first caller, 0.5": AtRisk(enter=15 * SECOND, leave=8 * SECOND),
    "interval, 70 to 85 %": foreseen(Scope.INTERVAL, 0.7, 0.85),
    "interval, 60 to 80 %": foreseen(Scope.INTERVAL, 0.6, 0.8),
    "day, 70 to 85 %": foreseen(Scope.DAY, 0.7, 0.85),
}


class Watched(LineOfEvents):
    """A line of events that counts its service level and says when its queues are at risk."""

    def __init__(self, policy: Policy, now: Instant) -> None:
        super().__init__(policy, now)
        self.held: dict[QueueId, list[Held]] = defaultdict(list)
        self.changes = 0
        self.levels: dict[Place, list[tuple[Instant, Figure]]] = defaultdict(list)
        self._since: dict[QueueId, Instant] = {}
        self._counts: dict[Place, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._due: list[tuple[Instant, ItemId]] = []

    def _fold(self, event: e.Event) -> None:
        if isinstance(event, e.ItemAbandoned):
            self._count(event.item, event.at, abandoned_or_lost(event.reason))
        super()._fold(event)
        if isinstance(event, e.ItemQueued) and event.threshold_at is not None:
            heapq.heappush(self._due, (event.threshold_at, event.item))
        elif isinstance(event, e.LegChanged):
            self._count(event.item, event.at, "answered")
        elif isinstance(event, e.ServiceLevelCounted) and event.interval is not None:
            self._note(event)
        elif isinstance(event, e.ConditionEntered) and event.condition is Condition.AT_RISK:
            self._since[event.queue] = event.at
            self.changes += 1
        elif isinstance(event, e.ConditionLeft) and event.condition is Condition.AT_RISK:
            self.held[event.queue].append((self._since.pop(event.queue), event.at))
            self.changes += 1

    def _count(self, item: ItemId, now: Instant, ending: str) -> None:
        for event in count(self.state, now, self.state.items[item], ending):
            super()._fold(event)
            self._note(event)

    def _note(self, event: e.Event) -> None:
        if not isinstance(event, e.ServiceLevelCounted):
            return
        place = (event.queue, event.interval)
        self._counts[place][event.result] += 1
        rule = self.state.policy.queues[event.queue]
        formula = FORMULAS[promise_of(rule, Channel.VOICE).formula]
        self.levels[place].append((event.at, figure(formula, self._counts[place])))

    def come(self, agent: AgentId, now: Instant) -> list[Answered]:
        self._pass_time(now)
        return super().come(agent, now)

    def arrive(
        self,
        item: ItemId,
        queue: QueueId,
        now: Instant,
        language: str,
        channel: Channel = Channel.VOICE,
    ) -> list[Answered]:
        self._pass_time(now)
        return super().arrive(item, queue, now, language, channel)

    def finish(self, item: ItemId, now: Instant) -> list[Answered]:
        self._pass_time(now)
        return super().finish(item, now)

    def hang_up(self, item: ItemId, now: Instant) -> None:
        self._pass_time(now)
        super().hang_up(item, now)
        self._strain(now)

    def _settle(self, now: Instant) -> list[Answered]:
        answered = super()._settle(now)
        self._strain(now)
        return answered

    def _strain(self, now: Instant) -> None:
        for queue, tempo in list(self._touched.queues):
            for event in update_strain(self.state, now, queue, tempo):
                self._fold(event)
        self._touched.queues.clear()

    def _pass_time(self, now: Instant) -> None:
        """Let what is due by `now` happen: promised times that are over, and what follows."""
        while True:
            strain = min(self.state.watch.due.values(), default=now + 1)
            over = self._due[0][0] if self._due else now + 1
            at = min(strain, over)
            if at > now:
                return
            if at == over:
                self._pass_threshold(heapq.heappop(self._due)[1], at)
            else:
                due = [named(key) for key, when in self.state.watch.due.items() if when == at]
                self._touched.queues.update(dict.fromkeys(due))
            self._strain(at)

    def _pass_threshold(self, item: ItemId, at: Instant) -> None:
        row = self.state.items.get(item)
        if row is not None and row.queue is not None and row.threshold_at is not None:
            self._count(item, at, THRESHOLD)
            self._touched.queues[row.queue, row.tempo] = None

    def close(self, now: Instant) -> None:
        for queue, since in self._since.items():
            self.held[queue].append((since, now))


class Found(NamedTuple):
    """Of one rule in one run; what is warned was breached later."""

    quarters: int
    breached: int
    warned: int
    held: int  # quarters in which the rule held at any time
    rightly: int  # of those, breached
    leads_s: list[float]
    changes: int


def breach_of(levels: list[tuple[Instant, Figure]], share: float) -> Instant | None:
    """Return when what was counted fell below the share for the last time; None: it is met."""
    at: Instant | None = None
    for when, each in levels:
        if each.looked_at and each.met < share * each.looked_at:
            at = when if at is None else at
        else:
            at = None
    return at


class Quarter(NamedTuple):
    """What became of a quarter of an hour of a queue."""

    breached: bool
    lead_s: float | None  # None: was not warned before
    held: bool  # the rule, at any time


def _judged(line: Watched, share: float, after: Instant) -> Iterator[Quarter]:
    """Yield what became of each quarter in which somebody came."""
    for (queue, begin), levels in line.levels.items():
        if begin < after:
            continue
        end = begin + INTERVAL
        held = [max(a, begin) for a, b in line.held[queue] if a < end and b > begin]
        breach = breach_of(levels, share)
        first = min(held, default=None)
        warned = breach is not None and first is not None and first < breach
        lead = (breach - first) / SECOND if warned and breach and first else None
        yield Quarter(breach is not None, lead, bool(held))


def replicate(name: str, rule: str, seed: int, hours: int) -> Found:
    scenario = SCENARIOS[name]
    policy = town_of(len(scenario.shares), scenario.staff, 120, (AgentOrder.COVERAGE,))
    queues = {
        id_: replace(queue, at_risk=RULES[rule], long_wait=None)
        for id_, queue in policy.queues.items()
    }
    policy = replace(policy, queues=queues, minimums=())
    length: Span = hours * HOUR
    begin = instant_of(OPENING, "America/Toronto")
    rates = scenario.per_hour * (hours // len(scenario.per_hour) + 1)
    model = Model(
        policy=policy,
        contacts=tuple(
            Contacts(
                QueueId(f"q{n}"),
                "en",
                tuple(rate * share for rate in rates),
                TALK_S,
                patience_s=PATIENCE_S,
            )
            for n, share in enumerate(scenario.shares)
        ),
        shifts=tuple(Shift(agent, 0, length) for agent in policy.agents),
        length=length,
    )
    line = Watched(policy, begin)
    Run(model, seed, begin, cast("Line", line)).run()
    line.close(begin + length + HOUR)
    share = promise_of(policy.queues[QueueId("q0")], Channel.VOICE).share
    found = list(_judged(line, share, begin + HOUR))
    return Found(
        quarters=len(found),
        breached=sum(each.breached for each in found),
        warned=sum(each.lead_s is not None for each in found),
        held=sum(each.held for each in found),
        rightly=sum(each.held and each.breached for each in found),
        leads_s=[each.lead_s for each in found if each.lead_s is not None],
        changes=line.changes,
    )


def main() -> None:
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    hours = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    names = sys.argv[3:] or list(SCENARIOS)
    print("| scenario | rule | breached | recall | precision | lead, mean | median | changes/h |")
    print("|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        for name in names:
            for rule in RULES:
                jobs = [pool.submit(replicate, name, rule, n, hours) for n in range(replications)]
                runs = [job.result() for job in jobs]
                print(_row(name, rule, runs, replications * hours), flush=True)


def _row(name: str, rule: str, runs: list[Found], hours: int) -> str:
    breached = sum(run.breached for run in runs)
    shares = (
        breached / sum(run.quarters for run in runs),
        sum(run.warned for run in runs) / max(1, breached),
        sum(run.rightly for run in runs) / max(1, sum(run.held for run in runs)),
    )
    leads = [lead for run in runs for lead in run.leads_s] or [0.0]
    changes = sum(run.changes for run in runs) / hours
    return (
        f"| {name} | {rule} | {' | '.join(f'{each:.0%}' for each in shares)} |"
        f" {statistics.fmean(leads):.0f} s | {statistics.median(leads):.0f} s | {changes:.1f} |"
    )


if __name__ == "__main__":
    main()
