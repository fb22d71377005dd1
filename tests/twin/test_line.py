"""The twin's line beside the line by events: the same contacts go to the same agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core.model import (
    HOUR,
    SECOND,
    AgentId,
    AgentOrder,
    Channel,
    Instant,
    ItemId,
    ItemState,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy import Capacity, Policy, Step
from router.core.policy_offers import Minimum
from router.core.policy_turns import BEGUN, WAITING, Part, Turn, Turns
from router.core.state import State
from router.twin.line import Line
from tests.core.order_town import SERVICES, L, order_town
from tests.core.town import OPEN, PLACE
from tests.twin.line_of_events import LineOfEvents

CAPACITIES: Final = {
    "one": Capacity("one", {Tempo.LIVE: 1}, frozenset({Tempo.LIVE}), {}),
    "two": Capacity("two", {Tempo.LIVE: 2}, frozenset(), {}),
    "mixed": Capacity("mixed", {Tempo.LIVE: 1, Tempo.SLOW_TEXT: 2}, frozenset({Tempo.LIVE}), {}),
    "beside": Capacity(
        "beside",
        {Tempo.LIVE: 1, Tempo.FAST_TEXT: 2, Tempo.SLOW_TEXT: 2},
        frozenset(),
        {Tempo.SLOW_TEXT: frozenset({Tempo.LIVE})},
    ),
}
AFTER: Final[Span] = 40 * SECOND
CHANNELS: Final = (*[Channel.VOICE] * 4, Channel.CHAT, Channel.MAIL)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    staff = draw(
        st.lists(
            st.sets(st.sampled_from(SERVICES), min_size=1).map(lambda s: tuple(sorted(s))),
            min_size=1,
            max_size=4,
        )
    )
    behind = draw(st.lists(st.sampled_from([0, L]), min_size=4, max_size=4))
    heads = draw(st.lists(st.sampled_from([0, 25 * SECOND]), min_size=4, max_size=4))
    order = draw(st.sampled_from([(), *((each,) for each in AgentOrder)]))
    policy = order_town(behind, heads, order, staff)
    relaxed = draw(st.sets(st.sampled_from(SERVICES)))
    timeouts = dict.fromkeys(Tempo, 20 * SECOND)
    queues = {
        id_: replace(
            queue,
            steps=(Step(AFTER, "english", PLACE),) if id_ in relaxed else (),
            offer_timeout=timeouts,
        )
        for id_, queue in policy.queues.items()
    }
    agents = {
        id_: replace(
            agent,
            capacity=draw(st.sampled_from(list(CAPACITIES))),
            skills={**agent.skills, "roads": draw(st.integers(1, 10))}
            if "roads" in agent.skills
            else agent.skills,
        )
        for id_, agent in policy.agents.items()
    }
    minimum = Minimum(
        "calls",
        Tempo.LIVE,
        frozenset(map(QueueId, draw(st.sets(st.sampled_from(SERVICES), max_size=2)))),
        draw(st.integers(1, 4)),
        draw(st.sampled_from([20, 60, 200])) * SECOND,
    )
    first, second = (frozenset({QueueId(each)}) for each in SERVICES[:2])
    parts = (Part("first", first, None, 1), Part("second", second, None, draw(st.integers(1, 5))))
    turns = Turns(
        overdue_max=draw(st.sampled_from([20, 200])) * SECOND,
        own=dict.fromkeys(agents, draw(st.sampled_from([(), (*second, *first)]))),
        rules=(Turn("line", draw(st.sampled_from([WAITING, BEGUN])), parts, "", 0),),
    )
    return replace(
        policy,
        turns=turns if draw(st.booleans()) else None,
        queues=queues,
        agents=agents,
        capacities={**policy.capacities, **CAPACITIES},
        minimums=(minimum,) if draw(st.booleans()) else (),
    )


ACTIONS: Final = st.lists(
    st.tuples(
        st.sampled_from(
            ["arrive"] * 4 + ["finish"] * 3 + ["come", "come", "go", "hang_up", "relax"]
        ),
        st.integers(0, 9),
        st.integers(0, 25),
    ),
    max_size=60,
)


class Pair:
    """Both lines under the same actions."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.lines: tuple[Line, LineOfEvents] = (Line(policy, OPEN), LineOfEvents(policy, OPEN))
        self.talking: dict[ItemId, AgentId] = {}
        self.count = 0
        self.channel = Channel.VOICE

    def do(self, what: str, pick: int, now: Instant) -> None:
        given_ = self._arguments(what, pick)
        if given_ is None:
            return
        more: Sequence[Any] = ("en", self.channel) if what == "arrive" else ()
        first, second = (getattr(line, what)(*given_, now, *more) for line in self.lines)
        assert list(first or ()) == list(second or ()), (what, given_)
        self.talking.update(first or ())
        assert waiting(self.lines[0].state) == waiting(self.lines[1].state)
        assert self.lines[0].state.paces == self.lines[1].state.paces  # what minimums are owed

    def _arguments(self, what: str, pick: int) -> tuple[Any, ...] | None:
        if what == "arrive":
            self.count += 1
            self.channel = CHANNELS[pick % len(CHANNELS)]
            return ItemId(f"{self.count:04}"), SERVICES[pick % len(SERVICES)]
        if what in ("come", "go"):
            agent = list(self.policy.agents)[pick % len(self.policy.agents)]
            there = self.lines[0].state.agents.get(agent)
            return (agent,) if what == "come" or there is not None else None
        names = list(self.talking) if what == "finish" else list(waiting(self.lines[0].state))
        if not names:
            return None
        item = ItemId(names[pick % len(names)])
        if what == "finish":
            del self.talking[item]
        elif what == "relax" and self.lines[0].state.items[item].step_due is None:
            return None
        return (item,)


def waiting(state: State) -> dict[ItemId, tuple[Any, ...]]:
    return {
        id_: (row.queue, row.urgency_at, row.requirement, row.step, row.step_due, row.fresh_until)
        for id_, row in state.items.items()
        if row.state is ItemState.QUEUED
    }


@settings(max_examples=150, deadline=None)
@given(policies(), ACTIONS)
def test_the_same_contacts_go_to_the_same_agents(
    policy: Policy, actions: list[tuple[str, int, int]]
) -> None:
    pair, now = Pair(policy), OPEN
    for agent in policy.agents:
        pair.do("come", list(policy.agents).index(agent), now)
    for what, pick, later in actions:
        now += later * SECOND
        pair.do(what, pick, now)
    for number in range(len(pair.talking)):
        pair.do("finish", 0, now + number)
    first, second = (line.state.agents for line in pair.lines)
    assert {a: (r.idle_since, r.status) for a, r in first.items()} == {
        a: (r.idle_since, r.status) for a, r in second.items()
    }


def test_an_agent_with_room_for_two_takes_the_second_who_waits_at_once() -> None:
    policy = order_town([0] * 4, staff=[("roads",)])
    a00 = AgentId("a00")
    agents = {a00: replace(policy.agents[a00], capacity="two")}
    pair = Pair(replace(policy, agents=agents, capacities={**policy.capacities, **CAPACITIES}))
    for _ in range(3):
        pair.do("arrive", 0, OPEN)
    pair.do("come", 0, OPEN + SECOND)
    assert list(pair.talking) == ["0001", "0002"]
    assert list(waiting(pair.lines[0].state)) == ["0003"]


def test_what_is_due_by_the_hours_of_the_day_is_looked_up_for_each() -> None:
    pair, mails = Pair(order_town([0] * 4)), CHANNELS.index(Channel.MAIL)
    for hour in (0, 9, 60, 130):  # at noon, at night, before and after the Saturday's closing
        pair.do("arrive", mails, OPEN + hour * HOUR)
    pair.do("come", 0, OPEN + 131 * HOUR)


def test_who_is_answered_at_once_counts_for_a_minimum_while_others_wait() -> None:
    policy = order_town([0] * 4, staff=[("roads",)])
    minimum = Minimum("calls", Tempo.LIVE, frozenset(), at_least=2, within=60 * SECOND)
    pair = Pair(replace(policy, minimums=(minimum,)))
    pair.do("come", 0, OPEN)
    pair.do("arrive", SERVICES.index("tax"), OPEN)
    pair.do("arrive", SERVICES.index("roads"), OPEN + 5 * SECOND)
    assert pair.lines[0].state.paces["calls"].due == OPEN + 25 * SECOND


@pytest.mark.parametrize("what", ["hang_up", "finish"])
def test_nothing_is_left_of_who_has_gone(what: str) -> None:
    line = Line(order_town([0] * 4, staff=[("roads",)]), OPEN)
    if what == "finish":
        line.come(AgentId("a00"), OPEN)
    line.arrive(ItemId("1"), QueueId("roads"), OPEN, "en")
    getattr(line, what)(ItemId("1"), OPEN + SECOND)
    assert not line.state.items
    assert all(not agent.holdings for agent in line.state.agents.values())
