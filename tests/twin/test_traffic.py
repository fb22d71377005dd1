"""The line under traffic: queueing formulas, and the same contacts for every policy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from router.core.model import HOUR, MINUTE, SECOND, AgentId, QueueId, Span
from router.core.policy import Policy, Step
from router.twin.traffic import Contacts, Model, Outcome, Run, Shift
from tests.core.order_town import L, order_town
from tests.core.town import OPEN

TALK_S = 240.0
T_995 = 3.25  # Student's t for the 99 % interval of ten replications


def pool(agents: int) -> Policy:
    """Everybody can take everything, and longest idle is all that counts."""
    policy = order_town([0, 0, 0, 0], agent_order=(), staff=[("roads",)] * agents)
    roads = replace(policy.queues[QueueId("roads")], length_max=0)
    return replace(policy, queues={roads.id: roads})


def model(policy: Policy, per_hour: float, contacts: int, patience_s: float = math.inf) -> Model:
    length: Span = round(contacts / per_hour * HOUR)
    return Model(
        policy=policy,
        contacts=(Contacts(QueueId("roads"), "en", (per_hour,), TALK_S, patience_s=patience_s),),
        shifts=tuple(Shift(agent, 0, length) for agent in policy.agents),
        length=length,
    )


def chain(agents: int, load: float, patience_s: float) -> tuple[float, float]:
    """Return (share that waits, share that gives up) of M/M/c+M in its steady state.

    Source: the birth-death chain itself, summed until nothing is left.
    """
    rates, weights = load / TALK_S, [1.0]
    leave = 0.0 if math.isinf(patience_s) else 1 / patience_s
    for n in range(1, agents + 4000):
        out = min(n, agents) / TALK_S + max(0, n - agents) * leave
        weights.append(weights[-1] * rates / out)
        if n > agents and weights[-1] < 1e-14 * max(weights):
            break
    total = sum(weights)
    waiting = sum(max(0, n - agents) * weight for n, weight in enumerate(weights)) / total
    return sum(weights[agents:]) / total, waiting * leave / rates


def interval(values: Sequence[float]) -> tuple[float, float]:
    mean = sum(values) / len(values)
    spread = math.sqrt(sum((x - mean) ** 2 for x in values) / (len(values) - 1))
    half = T_995 * spread / math.sqrt(len(values))
    return mean - half, mean + half


def settled(outcomes: Sequence[Outcome], length: Span) -> list[Outcome]:
    return [each for each in outcomes if each.arrived > length // 5]


@pytest.mark.parametrize(
    ("agents", "load", "patience_s"), [(20, 15.0, math.inf), (20, 17.0, 120.0), (20, 24.0, 120.0)]
)
def test_the_interval_of_ten_runs_covers_the_exact_value(
    agents: int, load: float, patience_s: float
) -> None:
    given = model(pool(agents), load * HOUR / SECOND / TALK_S, 2000, patience_s)
    wait, give_up = chain(agents, load, patience_s)
    waits, gave_up = [], []
    for seed in range(10):
        outcomes = settled(Run(given, seed, OPEN).run(), given.length)
        waits.append(sum(each.waited > 0 for each in outcomes) / len(outcomes))
        gave_up.append(sum(not each.answered for each in outcomes) / len(outcomes))
    low, high = interval(waits)
    assert low <= wait <= high
    low, high = interval(gave_up)
    assert low <= give_up <= high


def test_everybody_has_one_outcome_and_the_same_seed_gives_the_same() -> None:
    given = model(pool(5), 80.0, 400, patience_s=60.0)
    first, again, other = (Run(given, seed, OPEN).run() for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len({(each.kind, each.arrived) for each in first}) == len(first) > 300
    assert {each.answered for each in first} == {True, False}


def _who(outcome: Outcome) -> tuple[int, Span]:
    return outcome.kind, outcome.arrived


def two_skills(late_behind: Span) -> Model:
    policy = order_town([late_behind] * 4)
    contacts = tuple(
        Contacts(queue, "en", (18.0,), TALK_S, talk_spread=0.7) for queue in policy.queues
    )
    shifts = tuple(Shift(agent, 0, 20 * HOUR) for agent in policy.agents)
    return Model(policy=policy, contacts=contacts, shifts=shifts, length=20 * HOUR)


def test_two_policies_meet_the_same_contacts_and_the_balanced_one_answers_more_in_time() -> None:
    def in_time(outcomes: Sequence[Outcome]) -> int:
        return sum(each.waited <= 30 * SECOND for each in outcomes)

    by_arrival, balanced = (Run(two_skills(behind), 5, OPEN) for behind in (0, L))
    first, second = by_arrival.run(), balanced.run()
    assert sorted(map(_who, first)) == sorted(map(_who, second))
    assert sum(by_arrival.busy.values()) == sum(balanced.busy.values())
    assert in_time(second) > in_time(first) + 20


def test_arrivals_follow_the_rate_of_their_period_and_agents_their_shifts() -> None:
    policy = pool(2)
    given = Model(
        policy=policy,
        contacts=(Contacts(QueueId("roads"), "en", (0.0, 60.0, 0.0, 240.0), 30.0),),
        shifts=(Shift(AgentId("a00"), 0, 3 * HOUR), Shift(AgentId("a01"), 3 * HOUR, 4 * HOUR)),
        length=4 * HOUR,
    )
    run = Run(given, 3, OPEN)
    counts = [0, 0, 0, 0]
    for each in run.run():
        counts[each.arrived // HOUR] += 1
    assert counts[0] == counts[2] == 0
    assert 40 < counts[1] < 80
    assert 200 < counts[3] < 280
    assert set(run.busy) == {AgentId("a00"), AgentId("a01")}


def test_a_step_of_the_queue_lets_somebody_else_take_who_has_waited() -> None:
    policy = order_town([0, 0, 0, 0], staff=[("tax",)])
    roads = policy.queues[QueueId("roads")]
    step = Step(after=MINUTE, requires="tax", place=roads.place)
    given = Model(
        policy=replace(policy, queues={**policy.queues, roads.id: replace(roads, steps=(step,))}),
        contacts=(Contacts(roads.id, "en", (5.0,), 10.0),),
        shifts=(Shift(AgentId("a00"), 0, 10 * HOUR),),
        length=10 * HOUR,
    )
    outcomes = Run(given, 1, OPEN).run()
    assert len(outcomes) > 20
    assert all(each.answered for each in outcomes)
