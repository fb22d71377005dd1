"""Which item, which agent: examples, and every possible decision held against the pencil."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core.matching import best_agent, next_item
from router.core.model import SECOND, AgentId, AgentOrder, ItemId, QueueId, Span
from router.core.records import Agent, Item
from tests.core.order_town import (
    PAIRS,
    SERVICES,
    L,
    OrderDesk,
    T,
    agent_by_pencil,
    can_do,
    item_by_pencil,
    order_town,
    waiting,
)

ROADS, TAX, POOL, NOISE = range(4)
GENERALIST: Final = SERVICES
ME: Final = AgentId("a00")


def busy(*others: tuple[str, ...], late_behind: Span = L) -> OrderDesk:
    """One agent who can do everything is busy; more of them may be, who have the skills named."""
    desk = OrderDesk(order_town([late_behind] * 4, staff=[GENERALIST, *others]))
    for n in range(len(others) + 1):
        name = f"a{n:02}"
        desk.come(name)
        desk.caller(f"busy{n}", SERVICES.index((GENERALIST, *others)[n][0]))
        desk.answer(name)
    return desk


def arrive(desk: OrderDesk, *callers: tuple[int, str, int]) -> None:
    """Let callers come, each so many seconds after now."""
    begin = desk.now
    for at, name, service in callers:
        desk.keep_alive(begin + at * SECOND - desk.now)
        desk.caller(name, service)


def taken(desk: OrderDesk) -> list[str]:
    """Return whom the first agent would take, were each talk over in an instant."""
    order: list[str] = []
    while holdings := desk.state.agents[ME].holdings:
        desk.do(c.CloseItem(item_id=holdings[0].item, agent_id=ME, code=""))
        if desk.state.agents[ME].offer is not None:
            order.append(desk.answer(ME))
    return order


def best_id(desk: OrderDesk) -> str | None:
    found = next_item(desk.state, desk.now, if_free(desk.state.agents[ME]))
    return None if found is None else found[0].id


def test_who_can_still_be_answered_in_time_goes_before_who_has_missed_it() -> None:
    desk = busy()
    arrive(desk, (0, "old", ROADS), (20, "new", ROADS))
    desk.keep_alive(20 * SECOND)
    assert taken(desk) == ["new", "old"]


def test_until_the_target_is_missed_callers_go_by_arrival() -> None:
    desk = busy()
    arrive(desk, (0, "old", ROADS), (20, "new", ROADS))
    desk.keep_alive(10 * SECOND)  # thirty seconds to the instant: still in time
    assert taken(desk) == ["old", "new"]


def test_among_those_who_missed_it_callers_go_by_arrival() -> None:
    desk = busy()
    arrive(desk, (0, "c", ROADS), (5, "a", TAX), (10, "b", ROADS))
    desk.keep_alive(60 * SECOND)
    assert taken(desk) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("later", "first"), [(119, ["new", "old"]), (120, ["new", "old"]), (121, ["old", "new"])]
)
def test_nobody_is_overtaken_by_who_came_more_than_two_minutes_later(
    later: int, first: list[str]
) -> None:
    desk = busy()
    arrive(desk, (0, "old", ROADS), (later, "new", ROADS))
    if later == 120:  # both rank at the same instant: the name decides
        first = sorted(first)
    assert taken(desk) == first


def test_in_order_of_arrival_nobody_is_overtaken() -> None:
    desk = busy(("tax", "pool"), late_behind=0)
    arrive(desk, (0, "z", TAX), (20, "y", ROADS), (31, "x", TAX))
    desk.keep_alive(5 * SECOND)
    assert taken(desk) == ["z", "y", "x"]


def test_of_those_in_time_the_service_with_the_fewest_people_goes_first() -> None:
    desk = busy(("tax", "pool"), ("tax", "noise"))
    arrive(desk, (0, "z", TAX), (2, "y", POOL), (4, "x", ROADS))
    assert taken(desk) == ["x", "y", "z"]  # one, two and three people


def test_the_scarce_service_does_not_overtake_who_ranks_before_it_for_good() -> None:
    desk = busy(("tax", "pool"))
    arrive(desk, (0, "old", TAX), (121, "scarce", ROADS))
    assert taken(desk) == ["old", "scarce"]


def test_a_head_start_counts_before_and_after_the_target_is_missed() -> None:
    desk = OrderDesk(order_town(head_starts=(60 * SECOND, 0, 0, 0), staff=[GENERALIST]))
    desk.come(ME)
    desk.caller("busy", TAX)
    desk.answer(ME)
    arrive(desk, (0, "plain", TAX), (50, "ahead", ROADS))
    assert best_id(desk) == "ahead"  # in time, as if come ten seconds before the other
    arrive(desk, (35, "fresh", TAX))
    desk.keep_alive(15 * SECOND)
    assert taken(desk) == ["fresh", "ahead", "plain"]  # late, and ten seconds before the other


def test_time_for_which_telephones_ring_is_taken_off_the_target() -> None:
    desk = OrderDesk(order_town(staff=[GENERALIST]))
    desk.come(ME)
    desk.caller("first", ROADS)
    desk.keep_alive(8 * SECOND)
    desk.answer(ME)
    assert desk.state.queues[QueueId("roads")].ring_mean == 8 * SECOND
    item = desk.caller("second", ROADS)
    assert desk.state.items[item].fresh_until == desk.now + T - 8 * SECOND
    other = desk.caller("third", TAX)
    assert desk.state.items[other].fresh_until == desk.now + T


def test_ringing_takes_no_more_than_half_the_target() -> None:
    desk = busy()
    row = desk.state.queues[QueueId("tax")]
    desk.state.put_queue(replace(row, ring_mean=50 * SECOND, rung=1))
    item = desk.caller("caller", TAX)
    assert desk.state.items[item].fresh_until == desk.now + T // 2


def test_who_is_given_back_keeps_rank_and_target() -> None:
    desk = OrderDesk(order_town(staff=[GENERALIST]))
    desk.come(ME)
    item = desk.caller("caller", ROADS)
    until = desk.state.items[item].fresh_until
    offer = desk.state.agents[ME].offer
    assert offer is not None
    desk.do(c.DeclineOffer(offer_id=offer, agent_id=ME, reason="busy"))
    assert desk.state.items[item].fresh_until == until


# --- agents --------------------------------------------------------------------------------------


def idle_town(order: tuple[AgentOrder, ...], *staff: tuple[str, ...]) -> OrderDesk:
    desk = OrderDesk(order_town(agent_order=order, staff=staff))
    for n in range(len(staff)):
        desk.come(f"a{n:02}")
        desk.wait(SECOND)
    return desk


def offered_to(desk: OrderDesk, service: int) -> str:
    item = desk.state.items[desk.caller("caller", service)]
    (offer,) = item.offers
    return str(desk.state.offers[offer].agent)


STAFF: Final = (("roads", "noise"), ("roads", "tax"), ("tax",), ("roads", "tax", "pool"))


@pytest.mark.parametrize(
    ("order", "service", "expected"),
    [
        ((), ROADS, "a00"),
        ((AgentOrder.COVERAGE,), ROADS, "a01"),  # two more have tax; noise and pool are rare
        ((AgentOrder.COVERAGE,), TAX, "a02"),  # english alone, which all have
        ((AgentOrder.LEAST_FLEXIBLE,), ROADS, "a00"),
        ((AgentOrder.LEAST_FLEXIBLE,), TAX, "a02"),
        ((AgentOrder.LEAST_FLEXIBLE, AgentOrder.COVERAGE), ROADS, "a01"),
    ],
)
def test_who_of_the_idle_gets_it(
    order: tuple[AgentOrder, ...], service: int, expected: str
) -> None:
    assert offered_to(idle_town(order, *STAFF), service) == expected


def test_the_best_level_goes_before_the_longest_idle() -> None:
    policy = order_town(agent_order=(AgentOrder.BEST_LEVEL,), staff=[("roads",), ("roads",)])
    best = replace(policy.agents[AgentId("a01")], skills={"roads": 9, "english": 1})
    desk = OrderDesk(replace(policy, agents={**policy.agents, best.id: best}))
    desk.come("a00")
    desk.wait(SECOND)
    desk.come("a01")
    assert offered_to(desk, ROADS) == "a01"


# --- against the pencil --------------------------------------------------------------------------

names = st.integers(0, len(PAIRS) - 1).map(lambda n: f"a{n:02}")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 45)),
        st.tuples(st.just("come"), names),
        st.tuples(st.just("leave"), names),
        st.tuples(st.just("finish"), names),
        st.tuples(st.just("hang_up"), st.integers(0, 5)),
    ),
    max_size=40,
)


def do(desk: OrderDesk, what: str, value: int | str) -> None:
    if what == "call":
        desk.caller(f"c{len(desk.state.items):03}", int(value))
    elif what == "wait":
        desk.keep_alive(int(value) * SECOND)
    elif what == "hang_up":
        line = sorted(item.id for item in waiting(desk.state))
        if line:
            item = desk.state.items[line[int(value) % len(line)]]
            desk.do(c.EndCall(item_id=item.id, call_id=item.call_id, reason="hang-up"))
    elif what == "come":
        desk.come(str(value))
    elif AgentId(str(value)) in desk.state.agents:
        desk.leave(str(value)) if what == "leave" else desk.finish(str(value))


def if_free(agent: Agent) -> Agent:
    return replace(agent, holdings=(), offer=None, then_status=None)


def check(desk: OrderDesk) -> None:
    """Hold every decision that could be next against the pencil."""
    state, now = desk.state, desk.now
    for agent in list(state.agents.values()):
        expected = item_by_pencil(state, now, agent)
        found = next_item(state, now, if_free(agent))
        if not state.index.profile_of(agent.id) or found is None:
            assert expected is None or agent.lease_until is None or agent.status != "available"
        else:
            assert found[0].id == expected
    for service in SERVICES:
        item: Item | None = next(iter(state.items.values()), None)
        if item is None:
            return
        asked = replace(item, requirement=service, queue=QueueId(service), passed_over=())
        agent_found = best_agent(state, now, asked)
        assert (agent_found.id if agent_found else None) == agent_by_pencil(state, asked)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=120)
@given(
    steps=steps,
    behind=st.lists(st.sampled_from([0, 60, 120]), min_size=4, max_size=4),
    ahead=st.lists(st.sampled_from([0, 0, 20, 90]), min_size=4, max_size=4),
)
def test_every_decision_is_the_pencils(
    steps: list[tuple[str, int | str]], behind: list[int], ahead: list[int]
) -> None:
    town = order_town([n * SECOND for n in behind], [n * SECOND for n in ahead])
    desk = OrderDesk(town)
    for what, value in steps:
        do(desk, what, value)
        check(desk)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80)
@given(steps=steps, behind=st.sampled_from([0, 45, 120, 300]))
def test_the_promise_nobody_is_overtaken_by_who_came_much_later(
    steps: list[tuple[str, int | str]], behind: int
) -> None:
    most = max(behind * SECOND, T if behind else 0)
    desk = OrderDesk(order_town([behind * SECOND] * 4))
    for what, value in steps:
        do(desk, what, value)
        for agent in list(desk.state.agents.values()):
            chosen = next_item(desk.state, desk.now, if_free(agent))
            if chosen is None:
                continue
            item = chosen[0]
            for other in waiting(desk.state):
                passed_over = any(who == agent.id for who, _ in other.passed_over)
                if can_do(desk.state, agent.id, other) and not passed_over:
                    assert (item.first_queued_at or 0) - (other.first_queued_at or 0) <= most


def test_the_walks_see_late_callers_and_scarce_services() -> None:
    """The pencil is no mirror: by it and by arrival alone the same line goes differently."""
    desk = busy(("tax", "pool"))
    arrive(desk, (0, "old", TAX), (20, "plain", TAX), (25, "scarce", ROADS))
    desk.keep_alive(20 * SECOND)
    assert item_by_pencil(desk.state, desk.now, desk.state.agents[ME]) == ItemId("scarce")
    assert taken(desk) == ["scarce", "plain", "old"]
