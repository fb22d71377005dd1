"""How many people, and which skill next: the formulas guess, the twin judges."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from router.core.model import HOUR, AgentId, Channel, QueueId
from router.core.policy import Policy
from router.twin.advice import Training, advise, candidates
from router.twin.demand import Demand, Duty, Kind, Piece, Times
from router.twin.figures import Figures, Tally, Where
from router.twin.loads import Quarter, apart, people_for, pooled, quarters
from router.twin.replications import run_one
from router.twin.staffing import plan_day, spread, with_people
from tests.core.order_town import order_town
from tests.core.town import OPEN

HOURS = 2


def town(staff: Sequence[tuple[str, ...]]) -> Policy:
    policy = order_town([0, 0, 0, 0], agent_order=(), staff=staff)
    return replace(
        policy,
        queues={
            id_: replace(each, length_max=0, wait_max=0, fates={})
            for id_, each in policy.queues.items()
        },
    )


def calls(queue: str, per_hour: float) -> Kind:
    piece = Piece(OPEN, OPEN + HOURS * HOUR, per_hour * HOURS)
    times, patience = Times(240.0, deviation=0.0), Times(180.0, deviation=0.0)
    return Kind(
        queue, QueueId(queue), Channel.VOICE, (("en", 1.0),), (piece,), times, patience, 1.0
    )


def demand(policy: Policy, *kinds: Kind) -> Demand:
    end = OPEN + HOURS * HOUR
    duties = tuple(Duty(agent, "", ((OPEN, end),)) for agent in policy.agents)
    return Demand(OPEN, end, 1, kinds, duties, 0.0)


def runner(policy: Policy, day: Demand) -> list[Figures]:
    return [run_one(policy, day, seed) for seed in range(6)]


def test_one_pool_needs_what_erlang_a_says_and_queues_apart_need_more() -> None:
    policy = town([("roads", "tax")])
    slots = quarters(demand(policy, calls("roads", 40.0), calls("tax", 60.0)), policy)
    assert len(slots) == 4 * HOURS
    assert {pooled(slot, may_give_up=False) for slot in slots} == {9}
    assert {pooled(slot, may_give_up=True) for slot in slots} == {8}
    assert {apart(slot, may_give_up=True) for slot in slots} == {9}
    assert sum(slot.erlangs for slot in slots) / len(slots) == pytest.approx(100 / 15)


def test_the_plan_keeps_the_promise_in_every_quarter_and_skills_cost_people() -> None:
    needed: dict[str, int] = {}
    for name, staff in (("all", [("roads", "tax")]), ("one", [("roads",), ("tax",)])):
        policy = town(staff)
        day = demand(policy, calls("roads", 30.0), calls("tax", 30.0))
        slots = quarters(day, policy)
        plan = plan_day(policy, day, slots, runner)
        assert min(plan.levels) >= 0.7
        assert all(
            count >= pooled(slot, may_give_up=True)
            for count, slot in zip(plan.needed, slots, strict=True)
        )
        needed[name] = sum(plan.needed)
    assert needed["one"] > needed["all"]


def test_those_come_first_who_can_do_most_of_what_comes() -> None:
    policy = town([("noise",), ("roads",), ("roads", "tax"), ("tax",), ("roads", "tax")])
    slots = quarters(demand(policy, calls("roads", 50.0), calls("tax", 20.0)), policy)
    assert [each.id for each in spread(policy, slots)][:2] == ["a02", "a04"]
    assert spread(policy, slots)[-1].id == "a00"
    one_each = town([("roads",), ("roads",), ("tax",)])
    assert [each.id for each in spread(one_each, slots)] == ["a00", "a02", "a01"]
    people = with_people(policy, spread(policy, slots), 12).agents
    assert len(people) == 12
    assert people[AgentId("005_a02")].skills == policy.agents[AgentId("a02")].skills


def test_hours_become_people_as_in_the_council_report() -> None:
    assert people_for(9219.0, 1750.0) == pytest.approx(5.268)
    assert round(people_for(9219.0, 1750.0)) == 5
    assert people_for(1225.0, 1750.0, 0.3) == pytest.approx(1.0)


def test_the_idle_one_is_told_to_learn_what_is_missed_most() -> None:
    policy = town([("roads",), ("roads",), ("tax",), ("pool",)])
    source = demand(policy, calls("roads", 10.0), calls("tax", 30.0))

    def run(policies: Sequence[Policy], seeds: Sequence[int]) -> list[list[Figures]]:
        return [[run_one(each, source, seed) for seed in seeds] for each in policies]

    found = advise(policy, range(8), run)
    assert (found[0].training.skill, found[0].training.queue) == ("tax", "tax")
    assert found[0].training.agent in {"a00", "a01", "a03"}
    assert found[0].gain.is_apart
    assert found[0].gain.mean > 0.05
    assert found[0].in_queue.mean > found[0].gain.mean
    assert [each.gain.mean for each in found] == sorted((e.gain.mean for e in found), reverse=True)


def test_the_best_of_those_tried_stands_first() -> None:
    policy = town([("roads",), ("pool",), ("tax",)])

    def run(policies: Sequence[Policy], seeds: Sequence[int]) -> list[list[Figures]]:
        """The later in the alphabet somebody learns tax, the more it helps."""
        gains = [
            sum(
                n
                for n, agent in enumerate(("a00", "a01"), 1)
                if "tax" in each.agents[AgentId(agent)].skills
            )
            for each in policies
        ]
        return [[figures(50 + 10 * gain) for _ in seeds] for gain in gains]

    found = advise(policy, range(8), run)
    assert [each.training.agent for each in found] == ["a01", "a00"]


def figures(in_time: int) -> Figures:
    where = Where(QueueId("tax"), Channel.VOICE, 40)
    there = {AgentId(f"a{n:02}"): HOUR for n in range(3)}
    return Figures({where: Tally(offered=100, in_time=in_time)}, {}, there)


def test_only_what_is_lacking_is_taught_at_the_level_that_is_asked_for() -> None:
    policy = town([("roads",), ("tax",)])
    tax = policy.queues[QueueId("tax")]
    policy = replace(policy, queues={**policy.queues, tax.id: replace(tax, requires="tax >= 6")})
    base = [run_one(policy, demand(policy, calls("tax", 40.0)), 1)]
    assert list(candidates(policy, base)) == [
        Training(AgentId("a00"), "tax", 6, tax.id), Training(AgentId("a01"), "tax", 6, tax.id),
    ]  # fmt: skip
    capable = replace(policy, queues={tax.id: replace(tax, requires="english")})
    assert list(candidates(capable, base)) == []


def test_a_quarter_in_which_nobody_comes_is_not_planned() -> None:
    policy = town([("roads",)])
    assert quarters(demand(policy), policy) == []
    assert Quarter(OPEN, ()).erlangs == 0
