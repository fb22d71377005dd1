"""The expected wait: who is shared is shared; what was said is compared with what came true."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.estimate import HANDLE_ASSUMED, wait_of, wait_of_newcomer
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    LegResult,
    QueueId,
    Span,
)
from router.core.state import State
from router.core.told_waits import in_minutes
from tests.core.order_town import OrderDesk, order_town

ROADS = QueueId("roads")


def busy_desk(staff: list[tuple[str, ...]]) -> OrderDesk:
    """Everybody of the staff is there, and talks with somebody about their first service."""
    desk = OrderDesk(order_town(staff=staff))
    services = ("roads", "tax", "pool", "noise")
    for n, skills in enumerate(staff):
        desk.come(f"a{n:02}")
        desk.caller(f"first{n}", services.index(skills[0]))
        desk.answer(f"a{n:02}")
    return desk


def middle(desk: OrderDesk, item: ItemId) -> Span:
    low, high = wait_of(desk.state, desk.now, desk.state.items[item])
    assert low is not None
    assert high is not None
    assert 0 <= low < high
    return (low + high) // 2


def ask(desk: OrderDesk, item: ItemId) -> e.EstimateSpoken:
    turn = desk.state.items[item].spoken_turn + 1
    (said,) = desk.do(c.AskWait(item_id=item, turn=turn))
    assert isinstance(said, e.EstimateSpoken)
    return said


def test_people_of_ones_own_are_counted_in_full() -> None:
    desk = busy_desk([("roads",), ("roads",)])
    item = desk.caller("one", 0)
    assert abs(middle(desk, item) - HANDLE_ASSUMED // 2) < HANDLE_ASSUMED // 5


def test_who_is_shared_with_a_long_line_helps_little_and_with_an_empty_one_in_full() -> None:
    desk = busy_desk([("roads", "tax"), ("roads", "tax")])
    for n in range(6):
        desk.caller(f"tax{n}", 1)
    desk.keep_alive(SECOND)
    late = desk.caller("one", 0)
    alone = busy_desk([("roads", "tax"), ("roads", "tax")])
    assert middle(desk, late) > 5 * middle(alone, alone.caller("one", 0))


def test_a_line_of_which_nobody_here_is_part_is_no_matter() -> None:
    desk = busy_desk([("roads",), ("tax",)])
    before = middle(desk, desk.caller("one", 0))
    for n in range(6):
        desk.caller(f"tax{n}", 1)
    assert middle(desk, ItemId("one")) == before


@given(
    lines=st.lists(st.integers(0, 5), min_size=4, max_size=4),
    staff=st.lists(
        st.sets(st.sampled_from(["roads", "tax", "pool", "noise"]), min_size=1).map(sorted),
        min_size=1,
        max_size=5,
    ),
)
def test_the_wait_is_a_range_that_grows_with_the_line_or_honestly_unknown(
    lines: list[int], staff: list[list[str]]
) -> None:
    desk = busy_desk([tuple(skills) for skills in staff])
    for service, count in enumerate(lines):
        for n in range(count):
            desk.caller(f"s{service}n{n}", service)
    for service, name in enumerate(("roads", "tax", "pool", "noise")):
        somebody = any(name in skills for skills in staff)
        low, high = wait_of_newcomer(desk.state, desk.now, desk.state.policy.queues[QueueId(name)])
        assert (high is not None) == (low is not None) == somebody
        waits = [
            middle(desk, item.id)
            for n in range(lines[service])
            if (item := desk.state.items[ItemId(f"s{service}n{n}")]).state == "queued" and somebody
        ]
        for first, second in pairwise(waits):  # a vaguer range has its middle a little higher
            assert second > 0.98 * first


def test_the_first_promise_is_compared_with_the_wait_when_a_person_answers() -> None:
    desk = busy_desk([("roads",)])
    item = desk.caller("one", 0)
    desk.keep_alive(10 * SECOND)
    said = ask(desk, item)
    assert said.counts
    desk.keep_alive(2 * MINUTE)
    assert not ask(desk, item).counts
    assert State.thaw(desk.state.freeze(), desk.state.policies).hash() == desk.state.hash()
    desk.do(c.CloseItem(item_id=ItemId("first0"), agent_id=AgentId("a00"), code=""))
    desk.do(c.AcceptOffer(offer_id=desk.state.items[item].offers[0], agent_id=AgentId("a00")))
    desk.keep_alive(5 * SECOND)
    assert not [x for x in desk.story if isinstance(x, e.EstimateMet)]  # it rings
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.ANSWERED))
    (met,) = [x for x in desk.story if isinstance(x, e.EstimateMet)]
    assert said.low is not None
    assert said.high is not None
    low, high = in_minutes(said.low, said.high)
    assert low * MINUTE <= said.low < said.high <= high * MINUTE
    assert (met.low, met.high, met.waited) == (low * MINUTE, high * MINUTE, 125 * SECOND)
    row = desk.state.promises_met[ROADS]
    assert (row.count, row.inside, row.longer) == (1, met.low <= met.waited <= met.high, 0)
    assert row.error_sum == (met.low + met.high) // 2 - met.waited
    assert desk.state.promises == {}


def test_who_was_told_from_0_minutes_on_and_was_answered_at_once_waited_as_was_said() -> None:
    desk = busy_desk([("roads",)])
    item = desk.caller("one", 0)
    said = ask(desk, item)
    assert said.low is not None
    assert 8 * SECOND < said.low < MINUTE  # heard as 0 minutes
    desk.keep_alive(8 * SECOND)
    desk.do(c.CloseItem(item_id=ItemId("first0"), agent_id=AgentId("a00"), code=""))
    desk.do(c.AcceptOffer(offer_id=desk.state.items[item].offers[0], agent_id=AgentId("a00")))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.ANSWERED))
    row = desk.state.promises_met[ROADS]
    assert (row.count, row.inside, row.longer) == (1, 1, 0)


def test_who_gives_up_leaves_no_promise_behind() -> None:
    desk = busy_desk([("roads",)])
    item = desk.caller("one", 0)
    ask(desk, item)
    desk.do(c.EndCall(item_id=item, call_id="CAone", reason="completed"))
    desk.keep_alive(50 * HOUR)
    assert item not in desk.state.items
    assert desk.state.promises == {}
    assert desk.state.promises_met == {}


def test_that_it_takes_longer_than_was_said_is_said_once_after_that_time() -> None:
    desk = busy_desk([("roads",)])
    item = desk.caller("one", 0)
    first = ask(desk, item)
    assert first.high is not None
    desk.keep_alive(first.high + 1 * SECOND)
    again = ask(desk, item)
    assert again.high == first.high  # no greater number, and yet more than was said
    assert again.risen
    assert not ask(desk, item).risen


def test_a_wait_that_has_grown_while_it_was_unknown_is_not_told_silently() -> None:
    desk = busy_desk([("roads",), ("roads",)])
    item = desk.caller("one", 0)
    ask(desk, item)
    desk.leave("a00")
    desk.leave("a01")
    assert ask(desk, item).high is None
    desk.do(c.SetStatus(agent_id=AgentId("a00"), status=AgentStatus.AVAILABLE))
    assert ask(desk, item).risen


def test_the_notes_after_a_talk_count_for_those_who_wait() -> None:
    policy = order_town(staff=[("roads",)])
    roads = replace(policy.queues[ROADS], wrap_up=2 * MINUTE)
    desk = OrderDesk(replace(policy, queues={**policy.queues, ROADS: roads}))
    desk.come("a00")
    item = desk.caller("one", 0)
    desk.answer("a00")
    desk.keep_alive(MINUTE)
    desk.do(c.FinishHandling(item_id=item, agent_id=AgentId("a00")))
    desk.keep_alive(MINUTE)
    desk.do(c.CloseItem(item_id=item, agent_id=AgentId("a00"), code=""))
    row = desk.state.queues[ROADS]
    assert (row.handle_mean, row.work_mean) == (MINUTE, 2 * MINUTE)
    desk.caller("two", 0)
    desk.answer("a00")
    assert abs(middle(desk, desk.caller("three", 0)) - 2 * MINUTE) < 30 * SECOND
