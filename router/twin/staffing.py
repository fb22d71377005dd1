"""How many people each quarter of an hour needs, with the town's own mix of skills.

The formulas guess; the twin judges: people like the town's own come for exactly the quarters that
need them, meet the model, and where the promise is missed somebody more comes, until it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from router.core.model import AgentId, QueueId, Tempo
from router.core.policy import AgentRule, Policy
from router.core.requirement import matches, parse
from router.core.steps import bound
from router.twin.contacts import LIVE
from router.twin.demand import Demand, Duty
from router.twin.figures import QUARTER, Figures, local_quarter, together
from router.twin.loads import Quarter, pooled

ROUNDS_MAX: Final = 25
Runner = Callable[[Policy, Demand], list[Figures]]


class Plan(NamedTuple):
    """Who is needed when, and how the promise is kept with that."""

    needed: tuple[int, ...]  # by quarter, in the order of the quarters
    levels: tuple[float, ...]  # share of calls and chats answered in time, by quarter
    runs: list[Figures]


def plan_day(policy: Policy, day: Demand, slots: Sequence[Quarter], run: Runner) -> Plan:
    """Return people for each quarter of one day that keep the promise in each of them.

    Shape: `day` is the model of one day, `slots` its quarters, `run` gives the replications of a
        policy and a demand. After 25 rounds the last one is returned, kept or not.
    """
    mix = spread(policy, slots)
    needed = [max(1, pooled(slot, may_give_up=True)) for slot in slots]
    for _ in range(ROUNDS_MAX):
        staffed = with_people(policy, mix, max(needed))
        runs = run(staffed, day._replace(duties=tuple(_duties(staffed, slots, needed))))
        levels = [_level(runs, local_quarter(slot.begin, policy.time_zone)) for slot in slots]
        short = [
            level < max(load.share for load in slot.loads)
            for slot, level in zip(slots, levels, strict=True)
        ]
        if not any(short):
            break
        for index in _relieving(short):
            needed[index] += 1
    return Plan(tuple(needed), tuple(levels), runs)


def spread(policy: Policy, slots: Sequence[Quarter]) -> list[AgentRule]:
    """Return the town's people who take calls, so ordered that the first few cover most of it.

    Next is always who can do most of what comes, counted less the more can do it already.
    """
    load: dict[QueueId, float] = {}
    for slot in slots:
        for each in slot.loads:
            load[each.queue] = load.get(each.queue, 0.0) + each.erlangs
    able = {
        queue: {agent.id for agent in policy.agents.values() if _can(policy, agent, queue)}
        for queue in load
    }
    left = [
        agent
        for agent in policy.agents.values()
        if policy.capacities[agent.capacity].units.get(Tempo.LIVE)
    ]
    covered = dict.fromkeys(load, 1)
    chosen: list[AgentRule] = []
    while left:
        best = max(
            left,
            key=lambda agent: sum(load[q] / covered[q] ** 2 for q in load if agent.id in able[q]),
        )
        left.remove(best)
        chosen.append(best)
        for queue in load:
            covered[queue] += best.id in able[queue]
    return chosen


def _can(policy: Policy, agent: AgentRule, queue: QueueId) -> bool:
    asked = bound(policy.queues[queue].requires, "", policy.languages[0].skill)
    return matches(parse(asked), agent.skills)


def with_people(policy: Policy, mix: Sequence[AgentRule], count: int) -> Policy:
    """Return the policy with so many people, like those of the mix in turn."""
    people = {}
    for number in range(count):
        like = mix[number % len(mix)]
        id_ = AgentId(f"{number:03}_{like.id}")
        people[id_] = replace(like, id=id_)
    return replace(policy, agents=people)


def _duties(policy: Policy, slots: Sequence[Quarter], needed: Sequence[int]) -> Iterator[Duty]:
    """Yield when each is there: the n-th in all quarters that need n and more."""
    for number, agent in enumerate(policy.agents):
        spans: list[tuple[int, int]] = []
        for slot, count in zip(slots, needed, strict=True):
            if count > number:
                if spans and spans[-1][1] == slot.begin:
                    spans[-1] = (spans[-1][0], slot.begin + QUARTER)
                else:
                    spans.append((slot.begin, slot.begin + QUARTER))
        yield Duty(agent, "", tuple(spans))


def _level(runs: Sequence[Figures], quarter: int) -> float:
    tallies = [
        together(run, lambda where: where.quarter == quarter and where.channel in LIVE)
        for run in runs
    ]
    offered = sum(tally.offered for tally in tallies)
    return sum(tally.in_time for tally in tallies) / offered if offered else 1.0


def _relieving(short: Sequence[bool]) -> Iterator[int]:
    """Yield every second quarter of each run that is short: who comes relieves the next, too."""
    since = 0
    for index, is_short in enumerate(short):
        since = since + 1 if is_short else 0
        if since % 2 == 1:
            yield index
