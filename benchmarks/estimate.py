"""How far the expected wait that callers hear is from what they wait: ways to say it, side by side.

    .venv/bin/python -m benchmarks.estimate [REPLICATIONS] [CONTACTS] [SCENARIO ...]

Poisson calls to several queues whose agents are shared as the scenario says. Whoever does not get
an agent at once is told an estimate by each way on entering; what is counted is those who were
answered. `bias`: mean of what was said less what was waited; `error`: mean of its absolute value;
both in seconds and beside the mean wait. `inside`: share whose wait lay in the range that
the way gives. The first twentieth of each run is left out.
"""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final, NamedTuple, cast

from benchmarks.order import ASYM, PAIRS, SMALL, UNEQUAL
from benchmarks.servers import OPENING
from benchmarks.towns import town_of
from router.core import estimate
from router.core.model import HOUR, SECOND, AgentOrder, Channel, Instant, ItemId, QueueId, Span
from router.core.policy import Policy
from router.core.records import Item
from router.core.state import State
from router.runtime.practice import instant_of
from router.twin.line import Answered, Line
from router.twin.traffic import Contacts, Model, Run, Shift
from tests.twin.line_of_events import LineOfEvents

Range = tuple[Span | None, Span | None]


class Scenario(NamedTuple):
    """What comes, and who is there; talks in seconds by queue."""

    shares: tuple[float, ...]
    staff: Sequence[Sequence[int]]
    per_hour: float
    talk_s: tuple[float, ...] = (240.0,)
    patience_s: float = math.inf
    late_behind_s: int = 120


ONE: Final = [(0,)] * 6
DEDICATED: Final = [(0,)] * 4 + [(1,)] * 4 + [(0, 1)] * 2
SCENARIOS: Final = {
    "one queue of six": Scenario((1.0,), ONE, 84.0),
    "small": Scenario((1 / 3,) * 3, SMALL, 84.0),
    "pairs": Scenario((1 / 6,) * 6, PAIRS, 290.0),
    "asym": Scenario(UNEQUAL, ASYM, 285.0),
    "asym, arrival": Scenario(UNEQUAL, ASYM, 285.0, late_behind_s=0),
    "two and shared": Scenario((0.6, 0.4), DEDICATED, 135.0),
    "unlike talks": Scenario((0.5, 0.5), [(0, 1)] * 6, 84.0, (120.0, 360.0)),
    "overload, patience": Scenario(UNEQUAL, ASYM, 340.0, patience_s=300.0),
    "pairs, patience": Scenario((1 / 6,) * 6, PAIRS, 330.0, patience_s=180.0),
}


# --- ways to say it ------------------------------------------------------------------------------


def _handle(s: State, item: Item) -> Span:
    row = s.queues.get(item.queue) if item.queue is not None else None
    return row.handle_mean if row is not None and row.handled else estimate.HANDLE_ASSUMED


def _place(s: State, item: Item) -> int:
    if item.queue is None:
        return 1
    return s.index.line(item.queue, item.tempo).rank((item.urgency_at, item.id)) + 1


def in_full(s: State, _: Instant, item: Item) -> Range:
    """Count every agent in full in every queue; one standard deviation to both sides."""
    n, h, p = s.index.staff(item.requirement, item.tempo)[1], _handle(s, item), _place(s, item)
    return int(max(0, p - math.sqrt(p)) * h / n), int((p + math.sqrt(p)) * h / n)


def by_queues(s: State, _: Instant, item: Item) -> Range:
    """Count an agent in k queues as 1/k (as one vendor does)."""
    bucket = s.index.bucket(item.requirement, item.tempo)
    n = sum(p.available / max(1, len(p.buckets[item.tempo])) for p in bucket.profiles)
    h, p = _handle(s, item), _place(s, item)
    return int(max(0, p - math.sqrt(p)) * h / n), int((p + math.sqrt(p)) * h / n)


class Smoothed:
    """What the last callers of the queue have waited, smoothed (1/4), half to double."""

    def __init__(self) -> None:
        self.mean: dict[QueueId, float] = {}

    def answered(self, queue: QueueId, waited: Span) -> None:
        before = self.mean.get(queue)
        self.mean[queue] = waited if before is None else (3 * before + waited) / 4

    def __call__(self, s: State, _: Instant, item: Item) -> Range:
        mean = self.mean.get(item.queue, 0.0) if item.queue is not None else 0.0
        return int(mean / 2), int(mean * 2)


class Asking(LineOfEvents):
    """A line of events, which tell how long talks take, that asks for estimates for who waits."""

    def __init__(self, policy: Policy, now: Instant) -> None:
        super().__init__(policy, now)
        self._smoothed = Smoothed()
        self.ways: dict[str, Callable[[State, Instant, Item], Range]] = {
            "in full": in_full,
            "1/k": by_queues,
            "smoothed": self._smoothed,
            "by lines": estimate.wait_of,
        }
        self.said: dict[ItemId, dict[str, Range]] = {}
        self.came: dict[ItemId, tuple[QueueId, Instant]] = {}
        self.met: list[tuple[Instant, Span, dict[str, Range]]] = []

    def arrive(
        self,
        item: ItemId,
        queue: QueueId,
        now: Instant,
        language: str,
        channel: Channel = Channel.VOICE,
    ) -> list[Answered]:
        self.came[item] = (queue, now)
        answered = super().arrive(item, queue, now, language, channel)
        if all(who != item for who, _ in answered):
            row = self.state.items[item]
            self.said[item] = {way: ask(self.state, now, row) for way, ask in self.ways.items()}
        return answered

    def _settle(self, now: Instant) -> list[Answered]:
        answered = super()._settle(now)
        for item, _ in answered:
            queue, came = self.came[item]
            self._smoothed.answered(queue, now - came)
            if item in self.said:
                self.met.append((came, now - came, self.said.pop(item)))
        return answered


class Figures(NamedTuple):
    """Of one way in one replication."""

    bias_s: float
    error_s: float
    inside: float
    width_s: float


def replicate(name: str, seed: int, contacts: int) -> tuple[float, dict[str, Figures]]:
    scenario = SCENARIOS[name]
    order = (AgentOrder.COVERAGE,)
    policy = town_of(len(scenario.shares), scenario.staff, scenario.late_behind_s, order)
    length = round(contacts / scenario.per_hour * HOUR)
    begin = instant_of(OPENING, "America/Toronto")
    model = Model(
        policy=policy,
        contacts=tuple(
            Contacts(
                QueueId(f"q{n}"),
                "en",
                (scenario.per_hour * share,),
                scenario.talk_s[n % len(scenario.talk_s)],
                patience_s=scenario.patience_s,
            )
            for n, share in enumerate(scenario.shares)
        ),
        shifts=tuple(Shift(agent, 0, length) for agent in policy.agents),
        length=length,
    )
    line = Asking(policy, begin)
    Run(model, seed, begin, cast("Line", line)).run()
    met = [each for each in line.met if each[0] - begin >= length // 20]
    found = {}
    for way in line.ways:
        told = [(said[way], waited) for _, waited, said in met]
        known = [(low, high, w) for (low, high), w in told if low is not None and high is not None]
        off = [((low + high) / 2 - waited) / SECOND for low, high, waited in known]
        found[way] = Figures(
            statistics.fmean(off),
            statistics.fmean(map(abs, off)),
            statistics.fmean(low <= waited <= high for low, high, waited in known),
            statistics.fmean((high - low) / SECOND for low, high, _ in known),
        )
    return statistics.fmean(waited / SECOND for _, waited, _ in met), found


def main() -> None:
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    contacts = int(sys.argv[2]) if len(sys.argv) > 2 else 4_000
    names = sys.argv[3:] or list(SCENARIOS)
    print("| scenario | mean wait | way | bias | error | inside | width |")
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for name in names:
            jobs = [pool.submit(replicate, name, seed, contacts) for seed in range(replications)]
            runs = [job.result() for job in jobs]
            wait = statistics.fmean(mean for mean, _ in runs)
            for way in runs[0][1]:
                row = [statistics.fmean(x) for x in zip(*(r[1][way] for r in runs), strict=True)]
                bias, error, inside, width = row
                print(
                    f"| {name} | {wait:.0f} s | {way} | {bias:+.0f} s | {error:.0f} s |"
                    f" {inside:.0%} | {width:.0f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
