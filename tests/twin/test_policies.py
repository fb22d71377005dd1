"""Laws that hold for the order of service whatever the policy, and bounds for the choice of agents.

Work conservation: as long as everybody can take everything and the n-th talk that begins is as long
whoever has it, who goes first changes neither how many wait nor how long all of them wait together.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import networkx
import pytest
from msgspec.structs import replace

from router.core.model import HOUR, SECOND, AgentId, AgentOrder, Instant, ItemId, QueueId, Span
from router.core.policy import Policy
from router.core.policy_turns import BEGUN, WAITING, Part, Turn, Turns
from router.twin.centre import LANGUAGE
from router.twin.line import Answered, Line
from tests.twin.exact import priority_waits
from tests.twin.pools import BEGIN, T_95_OF_18, TALK_S, centre, interval

AGENTS: Final = 50
LOAD: Final = 0.95 * AGENTS
SHARES: Final = {"a": 0.3, "b": 0.3, "c": 0.4}
RATIO: Final = (1, 3, 6)  # of those who wait, in tenths
FOR_EVER: Final[Span] = 1000 * HOUR


class Waits(NamedTuple):
    """What a run comes to."""

    waited: int  # contacts
    together: Span
    of: dict[str, tuple[int, Span]]  # queue -> contacts, their waits together


def three_classes(
    late_behind: Span = 0,
    head_starts: Mapping[str, Span] = {},
    agent_order: tuple[AgentOrder, ...] = (),
    turns: Turns | None = None,
) -> Policy:
    """Return a policy of which every agent can take every class."""
    types = {name: {"groups": ["all"], "arrivals_per_min": [1]} for name in SHARES}
    policy = centre(types, {"all": AGENTS}).policy
    queues = {
        id_: replace(
            queue,
            late_behind=late_behind,
            head_start=head_starts.get(id_, 0),
            agent_order=agent_order,
        )
        for id_, queue in policy.queues.items()
    }
    return replace(policy, queues=queues, turns=turns)


def taking_turns(of: str, weights: Sequence[int], overdue_max: Span = FOR_EVER) -> Turns:
    """Return the three classes as the parts of one turn."""
    parts = [
        Part(name, frozenset({QueueId(name)}), None, weight)
        for name, weight in zip(SHARES, weights, strict=True)
    ]
    return Turns(overdue_max, {}, (Turn("classes", of, tuple(parts), "", 0),))


def own_first(overdue_max: Span = FOR_EVER) -> Turns:
    """Return that a third of the agents each take one class before the others."""
    own = [(QueueId(name),) for name in SHARES]
    agents = three_classes().agents
    return Turns(overdue_max, {each: own[n % len(own)] for n, each in enumerate(agents)}, ())


def run(policy: Policy, contacts: int, seed: int) -> Waits:
    """Let contacts come and be answered; a talk's length is drawn when it begins."""
    coming, talks = random.Random(f"{seed}/coming"), random.Random(f"{seed}/talks")
    line = Line(policy, BEGIN)
    for agent in policy.agents:
        line.come(agent, BEGIN)
    now, arrives, count = BEGIN, BEGIN, 0
    arrived: dict[ItemId, tuple[str, Instant]] = {}
    ends: list[tuple[Instant, ItemId]] = []
    waited, of = 0, {name: (0, 0) for name in SHARES}

    def note(answered: Sequence[Answered]) -> None:
        nonlocal waited
        for item, _ in answered:
            name, since = arrived.pop(item)
            heapq.heappush(ends, (now + round(talks.expovariate(1 / TALK_S) * SECOND), item))
            waited += now > since
            of[name] = (of[name][0] + 1, of[name][1] + now - since)

    while count < contacts or ends:
        if count < contacts and (not ends or arrives < ends[0][0]):
            now, count = arrives, count + 1
            item = ItemId(f"{count:07}")
            name = coming.choices(list(SHARES), list(SHARES.values()))[0]
            arrived[item] = (name, now)
            arrives += round(coming.expovariate(LOAD / TALK_S) * SECOND)
            note(line.arrive(item, QueueId(name), now, LANGUAGE))
        else:
            now, item = heapq.heappop(ends)
            note(line.finish(item, now))
    return Waits(waited, sum(span for _, span in of.values()), of)


PRIORITY: Final = {"a": 2000 * HOUR, "b": 1000 * HOUR}
POLICIES: Final = {
    "arrival": three_classes(),
    "balanced": three_classes(late_behind=120 * SECOND),
    "target first": three_classes(late_behind=300 * SECOND),
    "head start": three_classes(head_starts={"c": 45 * SECOND}),
    "priority": three_classes(head_starts=PRIORITY),
    "balanced with head start": three_classes(120 * SECOND, {"b": 45 * SECOND}),
    "fixed ratio of the lines": three_classes(turns=taking_turns(WAITING, RATIO)),
    "proportions of what is begun": three_classes(turns=taking_turns(BEGUN, (5, 1, 1))),
    "fixed ratio, balanced, nobody long overdue": three_classes(
        120 * SECOND, turns=taking_turns(WAITING, RATIO, 60 * SECOND)
    ),
    "own queue first": three_classes(turns=own_first()),
    "own queue first, nobody long overdue": three_classes(turns=own_first(60 * SECOND)),
    **{order.value: three_classes(120 * SECOND, agent_order=(order,)) for order in AgentOrder},
}


def test_who_goes_first_changes_neither_how_many_wait_nor_how_long_together() -> None:
    found = {name: run(policy, 8_000, seed=1) for name, policy in POLICIES.items()}
    assert {(each.waited, each.together) for each in found.values()} == {
        (found["arrival"].waited, found["arrival"].together)
    }
    assert found["arrival"].waited > 2_000
    assert found["priority"].of["a"][1] < found["arrival"].of["a"][1] / 3  # it did reorder


@pytest.mark.full
def test_waits_by_priority_are_the_exact_ones() -> None:
    """A head start longer than anybody waits is a priority that breaks off no talk."""
    exact = priority_waits(AGENTS, TALK_S, [share * LOAD for share in SHARES.values()])
    runs = [run(POLICIES["priority"], 30_000, seed) for seed in range(20)]
    for name, wait_s in zip(SHARES, exact, strict=True):
        means = [each.of[name][1] / each.of[name][0] / SECOND for each in runs]
        low, high = interval(means, T_95_OF_18)
        assert low <= wait_s <= high, name


# Of those who wait, by a reference simulation of a fixed ratio of .1, .3 and .6. How ties go shows
# in the third digit: .0994 where the first class wins them, as here, and .1108 where the last does.
IN_LINE: Final = {"a": 0.1016, "b": 0.3047, "c": 0.5938}


def in_line(found: Waits) -> dict[str, float]:
    """Return each class's share of the line: by Little's law that of all waits together."""
    return {name: span / found.together for name, (_, span) in found.of.items()}


def by_pencil(jumps: int, seed: int) -> dict[str, float]:
    """Return the same from the chain of lengths alone: no agents, no contacts, no instants."""
    rng, busy, line = random.Random(seed), 0, dict.fromkeys(SHARES, 0)
    held, weight = dict.fromkeys(SHARES, 0.0), dict(zip(SHARES, RATIO, strict=True))
    for _ in range(jumps):
        rate, together = LOAD + busy, sum(line.values())
        for name, length in line.items():
            held[name] += length / rate
        comes = rng.random() * rate < LOAD
        if comes and busy == AGENTS:
            line[rng.choices(list(SHARES), list(SHARES.values()))[0]] += 1
        elif comes or not together:
            busy += 1 if comes else -1
        else:
            there = [name for name in line if line[name]]
            line[max(there, key=lambda each: 10 * line[each] - weight[each] * together)] -= 1
    return {name: length / sum(held.values()) for name, length in held.items()}


def test_a_fixed_ratio_keeps_each_class_its_share_of_the_line_in_a_short_run() -> None:
    found = in_line(run(POLICIES["fixed ratio of the lines"], 8_000, seed=1))
    assert found == pytest.approx(IN_LINE, abs=0.01)


@pytest.mark.full
def test_a_fixed_ratio_keeps_each_class_its_share_of_the_line() -> None:
    runs = [in_line(run(POLICIES["fixed ratio of the lines"], 30_000, seed)) for seed in range(20)]
    means = {name: sum(each[name] for each in runs) / len(runs) for name in SHARES}
    assert means == pytest.approx(IN_LINE, abs=0.003)
    assert means == pytest.approx(by_pencil(3_000_000, seed=1), abs=0.001)


def test_the_promise_of_a_ratio_ends_where_somebody_is_long_overdue() -> None:
    """Of a hundred who wait 98 may be of the first class, so that it is served last."""
    ratio = (98, 1, 1)
    free = run(three_classes(turns=taking_turns(WAITING, ratio)), 8_000, seed=1)
    bound = run(three_classes(turns=taking_turns(WAITING, ratio, 60 * SECOND)), 8_000, seed=1)
    assert free.of["a"][1] / free.of["a"][0] > 1.5 * bound.of["a"][1] / bound.of["a"][0]


# --- which agent ---------------------------------------------------------------------------------


SKILLS: Final = 150  # each agent has one to six of them


def batch(items: int, agents: int, order: AgentOrder | None, seed: int) -> tuple[int, int]:
    """Return how many of a batch are answered by who is idle, and how many could be at most."""
    rng = random.Random(seed)
    skills = [f"s{n}" for n in range(SKILLS)]
    has = [rng.sample(skills, rng.randint(1, 6)) for _ in range(agents)]
    policy = centre(
        {skill: {"groups": ["all"], "arrivals_per_min": [1]} for skill in skills}, {"all": agents}
    ).policy
    names = list(policy.agents)
    asked = {str(id_): queue.requires for id_, queue in policy.queues.items()}
    policy = replace(
        policy,
        agents={
            name: replace(policy.agents[name], skills={asked[each]: 5 for each in has[n]})
            for n, name in enumerate(names)
        },
        queues={
            id_: replace(queue, agent_order=() if order is None else (order,))
            for id_, queue in policy.queues.items()
        },
    )
    line = Line(policy, BEGIN)
    for n, name in enumerate(names):
        line.come(AgentId(name), BEGIN + n)
    wants = [rng.choice(skills) for _ in range(items)]
    answered = sum(
        len(line.arrive(ItemId(f"{n:05}"), QueueId(skill), BEGIN + agents + n, LANGUAGE))
        for n, skill in enumerate(wants)
    )
    graph = networkx.Graph()
    graph.add_nodes_from(range(items))
    graph.add_edges_from(
        (n, name)
        for n, skill in enumerate(wants)
        for name, own in zip(names, has, strict=True)
        if skill in own
    )
    most = networkx.bipartite.hopcroft_karp_matching(graph, top_nodes=range(items))
    return answered, len(most) // 2


@pytest.mark.parametrize(("items", "agents"), [(200, 100), (1000, 500)])
def test_least_flexible_first_comes_within_three_per_cent_of_the_most_there_could_be(
    items: int, agents: int
) -> None:
    found = [batch(items, agents, AgentOrder.LEAST_FLEXIBLE, seed) for seed in range(5)]
    assert all(answered <= most for answered, most in found)
    assert sum(answered for answered, _ in found) >= 0.97 * sum(most for _, most in found)
    plain = [batch(items, agents, None, seed) for seed in range(5)]
    assert sum(answered for answered, _ in found) > sum(answered for answered, _ in plain)
