"""Whose turn it is: own queues, proportions of what waits and of what is begun, and the limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.matching import MOST_URGENT, next_item
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    Condition,
    Instant,
    ItemId,
    OfferId,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy import Policy, Step
from router.core.policy_offers import OfferTo
from router.core.policy_turns import BEGUN, WAITING, Part, Turn, Turns
from router.core.policy_waiting import AtRisk
from router.core.records import Agent, Item
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.core.turns import ONE, TURN
from tests.core.order_town import (
    SERVICES,
    L,
    OrderDesk,
    T,
    first_by_pencil,
    may_have,
    order_town,
    waiting,
)
from tests.core.test_explain import story_of
from tests.core.test_minimums import Counter as Town
from tests.core.town import PLACE

ROADS, TAX, POOL, NOISE = range(4)
ME: Final = AgentId("a00")
LONG: Final[Span] = HOUR


def turn(of: str, weights: dict[str, int], name: str = "lines") -> Turn:
    """Parts of one queue each, called by its name."""
    parts = [Part(q, frozenset({QueueId(q)}), None, weight) for q, weight in weights.items()]
    return Turn(name, of, tuple(parts), "t.yaml", 1)


def turning(
    *rules: Turn,
    own: Sequence[str] = (),
    overdue_max: Span = LONG,
    behind: Span = 0,
    staff: Sequence[tuple[str, ...]] = (SERVICES,),
) -> Policy:
    policy = order_town([behind] * 4, staff=staff)
    mine = {ME: tuple(map(QueueId, own))} if own else {}
    return replace(policy, turns=Turns(overdue_max, mine, rules))


def lined(policy: Policy, *callers: tuple[str, int], late: Span = 0) -> OrderDesk:
    """The first agent is busy; callers wait, a second apart; then so much time goes by."""
    desk = OrderDesk(policy)
    desk.come(ME)
    desk.caller("busy", NOISE)
    desk.answer(ME)
    for name, service in callers:
        desk.keep_alive(SECOND)
        desk.caller(name, service)
    if late:
        desk.keep_alive(late)
    return desk


def served(desk: OrderDesk, count: int) -> list[e.OfferMade]:
    """Let the first agent serve so many, each in an instant."""
    before = len(desk.story)
    for _ in range(count):
        item = desk.state.agents[ME].holdings[0].item
        desk.do(c.CloseItem(item_id=item, agent_id=ME, code=""))
        desk.answer(ME)
    return [each for each in desk.story[before:] if isinstance(each, e.OfferMade)]


def names(offers: Iterable[e.OfferMade]) -> list[str]:
    return [each.item for each in offers]


# --- own queues ----------------------------------------------------------------------------------


def test_an_agents_own_queue_goes_first() -> None:
    desk = lined(turning(own=["tax"]), ("r1", ROADS), ("t1", TAX), ("r2", ROADS), ("t2", TAX))
    offers = served(desk, 4)
    assert names(offers) == ["t1", "t2", "r1", "r2"]
    assert [each.rule for each in offers] == [f"{TURN}own queue"] * 2 + [MOST_URGENT] * 2


def test_own_queues_go_in_their_order() -> None:
    desk = lined(
        turning(own=["pool", "tax"]), ("r1", ROADS), ("t1", TAX), ("p1", POOL), ("t2", TAX)
    )
    assert names(served(desk, 4)) == ["p1", "t1", "t2", "r1"]


def test_what_is_kept_for_the_agent_goes_by_rank_beside_the_own_queue() -> None:
    desk = lined(turning(own=["tax"]), ("r1", ROADS), ("mine", ROADS), ("t1", TAX))
    keep(desk, "mine")
    offers = served(desk, 3)
    assert names(offers) == ["mine", "t1", "r1"]
    assert offers[0].rule == f"{TURN}own queue"


def keep(desk: OrderDesk, name: str) -> None:
    """Let an item be kept for the first agent."""
    row = desk.state.items[ItemId(name)]
    kept = replace(row, requirement=f"@{ME}", reserved_for=ME, reserved_until=desk.now + LONG)
    desk.state.put_item(row.id, kept)


def test_whoever_has_no_own_queue_goes_by_rank() -> None:
    policy = turning(own=["tax"])
    turns = Turns(LONG, {AgentId("a07"): (QueueId("tax"),)}, ())
    desk = lined(replace(policy, turns=turns), ("r1", ROADS), ("t1", TAX))
    assert names(served(desk, 2)) == ["r1", "t1"]


def test_who_is_overdue_by_more_than_the_limit_goes_before_any_turn() -> None:
    limit = 60 * SECOND
    callers = (("r1", ROADS), ("t1", TAX))
    just = lined(turning(own=["tax"], overdue_max=limit), *callers, late=T + limit - SECOND)
    assert just.now == just.state.items[ItemId("r1")].urgency_at + limit
    assert names(served(just, 1)) == ["t1"]
    beyond = lined(turning(own=["tax"], overdue_max=limit), *callers, late=T + limit)
    (offer,) = served(beyond, 1)
    assert (offer.item, offer.rule) == ("r1", MOST_URGENT)


# --- of what waits -------------------------------------------------------------------------------


def test_the_queue_furthest_above_its_proportion_goes_first() -> None:
    rule = turn(WAITING, {"roads": 1, "tax": 3})  # a quarter of those who wait may be for roads
    desk = lined(turning(rule), *((f"t{n}", TAX) for n in range(5)), ("r1", ROADS), ("r2", ROADS))
    offers = served(desk, 7)
    # 2 of 7 are more than a quarter, 1 of 6 and of 5 are less; of equals the first part goes on
    assert names(offers) == ["r1", "t0", "t1", "r2", "t2", "t3", "t4"]
    assert offers[0].rule == f"{TURN}roads of lines"


def test_what_is_in_no_part_goes_by_rank() -> None:
    rule = turn(WAITING, {"roads": 1, "tax": 100})
    desk = lined(turning(rule), ("p1", POOL), ("t1", TAX), ("r1", ROADS), ("p2", POOL))
    offers = served(desk, 4)
    assert names(offers) == ["p1", "r1", "t1", "p2"]
    assert [each.rule for each in offers][::3] == [MOST_URGENT] * 2


def test_who_is_on_offer_does_not_wait() -> None:
    rule = turn(WAITING, {"roads": 1, "tax": 1})
    policy = turning(rule, staff=(SERVICES, ("roads",)))
    desk = lined(policy, ("t1", TAX), ("r1", ROADS), ("r2", ROADS))
    desk.come("a01")  # is offered the first of the two
    assert desk.state.index.apart.waiting(0) == [1, 1]


# --- of what is begun ----------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [(1, 1), (1, 3), (5, 2), (1, 7)])
def test_while_both_wait_each_gets_its_proportion_of_what_is_begun(
    weights: tuple[int, int],
) -> None:
    rule = turn(BEGUN, dict(zip(("roads", "tax"), weights, strict=True)))
    callers = [(f"{'rt'[n % 2]}{n:02}", (ROADS, TAX)[n % 2]) for n in range(40)]
    desk = lined(turning(rule), *callers)
    begun = Counter[str]()
    for number, each in enumerate(names(served(desk, 20)), start=1):
        begun[each[0]] += 1
        assert abs(begun["r"] - number * weights[0] / sum(weights)) <= 1


def test_a_part_that_had_nobody_waiting_has_one_offer_of_credit_at_most() -> None:
    rule = turn(BEGUN, {"roads": 1, "tax": 1})
    desk = lined(turning(rule), *((f"r{n:02}", ROADS) for n in range(10)))
    served(desk, 8)
    for n in range(4):
        desk.caller(f"t{n}", TAX)
    desk.caller("r10", ROADS)
    assert names(served(desk, 5)) == ["t0", "t1", "r08", "t2", "r09"]


def test_an_offer_that_came_to_nothing_does_not_count() -> None:
    rule = turn(BEGUN, {"roads": 1, "tax": 1})
    desk = lined(turning(rule), ("r1", ROADS), ("t1", TAX))
    item = desk.state.agents[ME].holdings[0].item
    before = dict(desk.state.paces)
    desk.do(c.CloseItem(item_id=item, agent_id=ME, code=""))
    offer = desk.state.agents[ME].offer
    assert offer == "r1.1"
    assert desk.state.paces["lines/roads"].due == ONE
    desk.do(c.DeclineOffer(offer_id=offer, agent_id=ME))
    assert desk.state.paces["lines/roads"].due == 0
    assert "lines/roads" not in before


def test_what_several_are_asked_for_counts_once() -> None:
    two = {Tempo.LIVE: (OfferTo(after=0, agents=2),)}
    policy = turning(turn(BEGUN, {"roads": 1, "tax": 1}), staff=(SERVICES, SERVICES))
    roads = replace(policy.queues[QueueId("roads")], offer_to=two)
    desk = OrderDesk(replace(policy, queues={**policy.queues, roads.id: roads}))
    desk.come("a00")
    desk.come("a01")
    desk.caller("r1", ROADS)
    assert len(desk.state.offers) == 2
    assert desk.state.paces["lines/roads"].due == ONE
    desk.do(c.DeclineOffer(offer_id=OfferId("r1.1"), agent_id=desk.state.offers["r1.1"].agent))
    assert desk.state.paces["lines/roads"].due == ONE  # the other may still take it


def test_how_far_turns_have_come_survives_a_restart() -> None:
    desk = lined(turning(turn(BEGUN, {"roads": 1, "tax": 2})), ("r1", ROADS), ("t1", TAX))
    served(desk, 2)
    thawed = State.thaw(decode_frozen(encode_frozen(desk.state.freeze())), desk.state.policies)
    assert thawed.paces == desk.state.paces != {}
    assert thawed.hash() == desk.state.hash()


def test_who_waits_where_a_condition_may_widen_what_is_asked_counts_too() -> None:
    policy = turning(turn(WAITING, {"roads": 1, "tax": 3}))
    helped = Step(0, "", PLACE, Condition.AT_RISK, is_lasting=False, adds=("pool",))
    queue = policy.queues[QueueId("roads")]
    roads = replace(queue, steps=(helped,), at_risk=AtRisk(enter=HOUR, leave=HOUR))
    policy = replace(policy, queues={**policy.queues, roads.id: roads})
    desk = lined(policy, ("t1", TAX), ("r1", ROADS), ("r2", ROADS))
    assert desk.state.index.lanes.lane_of(desk.state.items[ItemId("r1")]) is not None
    assert desk.state.index.apart.waiting(0) == [2, 1]
    assert names(served(desk, 1)) == ["r1"]


def test_a_policy_with_turns_counts_those_who_wait_already() -> None:
    rule = turn(WAITING, {"roads": 1, "tax": 3})
    desk = lined(order_town([0] * 4, staff=[SERVICES]), ("t1", TAX), ("r1", ROADS), ("t2", TAX))
    desk.adopt(turning(rule))
    assert desk.state.index.apart.waiting(0) == [1, 2]
    assert names(served(desk, 1)) == ["r1"]
    desk.adopt(order_town([0] * 4, staff=[SERVICES]))
    assert names(served(desk, 2)) == ["t1", "t2"]


def test_the_story_says_whose_turn_it_was_and_what_stood_behind_it() -> None:
    rules = (turn(WAITING, {"roads": 1, "tax": 3}), turn(BEGUN, {"tax": 1, "roads": 2}, "begun"))
    desk = lined(turning(*rules, own=["roads", "pool"]), ("t1", TAX), ("r1", ROADS), ("n1", NOISE))
    served(desk, 3)
    told = {name: _offer_of(desk, name) for name in ("r1", "t1", "n1")}
    assert told["r1"][:5] == (
        f"chosen as {TURN}own queue, roads of lines, roads of begun; asks for: roads",
        "queue roads is one of a00's own, which go first: roads, then pool",
        "turn lines: 1 of 2 wait for roads, whose proportion is 1 in 4; 1 for tax (3) (t.yaml:1)",
        "turn begun: roads is to have 2 in 3 of what is begun, and is furthest behind of the parts"
        " that the agent could go on with (t.yaml:1)",
        "who is first in rank and overdue by more than 3600 s would have gone first",
    )
    assert any(line.startswith("turn begun: tax is to have 1 in 3") for line in told["t1"])
    assert f"chosen as {MOST_URGENT}; asks for: noise" in told["n1"]
    assert not any("rules would have" in line for each in told.values() for line in each)


def test_the_story_says_that_somebody_was_overdue_by_too_much() -> None:
    policy = turning(own=["tax"], overdue_max=60 * SECOND)
    desk = lined(policy, ("r1", ROADS), ("t1", TAX), late=T + 60 * SECOND)
    served(desk, 1)
    said = "overdue by 61 s, more than 60 s: goes first whosever turn it is"
    assert said in _offer_of(desk, "r1")


def _offer_of(desk: OrderDesk, name: str) -> tuple[str, ...]:
    return dict(story_of(desk, ItemId(name)))["offered to A00"]


# --- against the pencil --------------------------------------------------------------------------


class Courses:
    """How far each part has come, read from the story in fractions."""

    def __init__(self, rule: Turn) -> None:
        self.weights = {part.id: part.weight for part in rule.parts}
        self.at = dict.fromkeys(self.weights, Fraction(0))
        self.course = Fraction(0)
        self.queue_of: dict[str, str] = {}
        self.read = 0

    def follow(self, desk: OrderDesk) -> None:
        for event in desk.story[self.read :]:
            if isinstance(event, e.ItemQueued):
                self.queue_of[event.item] = event.queue
            elif isinstance(event, e.OfferMade) and self.queue_of[event.item] in self.weights:
                part = self.queue_of[event.item]
                begins = self.begins(part)
                self.at[part] = begins + Fraction(1, self.weights[part])
                self.course = max(self.course, begins)
            elif isinstance(event, e.OfferEnded) and event.ending != "accepted":
                part = self.queue_of[event.offer.rpartition(".")[0]]
                if part in self.weights:
                    self.at[part] -= Fraction(1, self.weights[part])
        self.read = len(desk.story)

    def begins(self, part: str) -> Fraction:
        return max(self.at[part], self.course - Fraction(1, self.weights[part]))


def by_pencil(state: State, now: Instant, agent: Agent, courses: Courses) -> Item | None:
    """Return whom the agent should be offered: own, then of what waits, then of what is begun."""
    turns = state.policy.turns
    assert turns is not None
    mine = [item for item in waiting(state) if may_have(state, now, agent, item)]
    first = chosen = first_by_pencil(state, now, mine)
    if first is None or now - first.urgency_at > turns.overdue_max:
        return first
    for queue in turns.own.get(agent.id, ()):
        own = [item for item in mine if item.queue == queue]
        if own:
            mine, chosen = own, first_by_pencil(state, now, own)
            break
    for rule in turns.rules:
        weights = {part.id: part.weight for part in rule.parts}
        there = Counter(item.queue for item in waiting(state) if item.queue in weights)
        open_ = [part for part in weights if any(item.queue == part for item in mine)]
        if chosen is None or chosen.queue not in weights:
            continue
        behind = {
            part: there[QueueId(part)]
            - Fraction(weights[part] * there.total(), sum(weights.values()))
            if rule.of == WAITING
            else -courses.begins(part)
            for part in open_
        }
        part = max(open_, key=lambda each: behind[each])
        mine = [item for item in mine if item.queue == part]
        chosen = first_by_pencil(state, now, mine)
    return chosen


walks = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 45)),
        st.tuples(st.sampled_from(["come", "leave", "finish"]), st.integers(0, 2)),
        st.tuples(st.just("decline"), st.integers(0, 2)),
    ),
    max_size=50,
)
STAFF: Final = (SERVICES, ("roads", "tax"), ("tax", "pool", "noise"))


def do(desk: OrderDesk, what: str, value: int) -> None:
    name = f"a{value:02}"
    row = desk.state.agents.get(AgentId(name))
    if what == "call":
        desk.caller(f"c{len(desk.state.items):03}", value)
    elif what == "wait":
        desk.keep_alive(value * SECOND)
    elif what == "come":
        desk.come(name)
    elif row is not None and what == "decline" and row.offer is not None:
        desk.do(c.DeclineOffer(offer_id=row.offer, agent_id=row.id))
    elif row is not None and what != "decline":
        desk.leave(name) if what == "leave" else desk.finish(name)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
@given(
    line=st.lists(st.integers(0, 3), max_size=12),
    steps=walks,
    own=st.lists(st.sampled_from(SERVICES), unique=True),
    ratio=st.none() | st.tuples(*[st.integers(1, 5)] * 3),
    shares=st.tuples(*[st.sampled_from([1, 2, 4])] * 2),
    limit=st.sampled_from([0, 40, 3600]),
    behind=st.sampled_from([0, L]),
)
def test_every_decision_is_the_pencils(
    line: list[int],
    steps: list[tuple[str, int]],
    own: list[str],
    ratio: tuple[int, ...] | None,
    shares: tuple[int, int],
    limit: int,
    behind: Span,
) -> None:
    begun = turn(BEGUN, dict(zip(("pool", "tax"), shares, strict=True)), "begun")
    rules = [begun]
    if ratio is not None:
        ahead = dict(zip(("roads", "tax", "pool"), ratio, strict=True))
        rules.insert(0, turn(WAITING, ahead))
    policy = turning(*rules, own=own, overdue_max=limit * SECOND, behind=behind, staff=STAFF)
    desk = lined(policy, *((f"b{n:02}", service) for n, service in enumerate(line)))
    courses = Courses(begun)
    for what, value in steps:
        do(desk, what, value)
        courses.follow(desk)
        for agent in list(desk.state.agents.values()):
            if agent.lease_until is None or agent.status != "available":
                continue
            free = replace(agent, holdings=(), offer=None, then_status=None)
            found = next_item(desk.state, desk.now, free)
            expected = by_pencil(desk.state, desk.now, agent, courses)
            assert (found and found[0]) == expected


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=80)
@given(
    line=st.lists(st.integers(0, 3), max_size=12),
    steps=walks,
    limit=st.integers(0, 120),
    behind=st.sampled_from([0, L]),
)
def test_the_promise_nobody_overdue_by_more_is_held_back_by_a_turn(
    line: list[int], steps: list[tuple[str, int]], limit: int, behind: Span
) -> None:
    """Once somebody is overdue by the limit and what the order sets back, rank alone decides."""
    rules = [turn(WAITING, {"roads": 1, "tax": 9}), turn(BEGUN, {"pool": 9, "tax": 1}, "begun")]
    policy = turning(*rules, own=["noise"], overdue_max=limit * SECOND, behind=behind, staff=STAFF)
    most = limit * SECOND + (max(behind, T) if behind else 0)
    desk = lined(policy, *((f"b{n:02}", service) for n, service in enumerate(line)))
    for what, value in steps:
        do(desk, what, value)
        state, now = desk.state, desk.now
        for agent in list(state.agents.values()):
            free = replace(agent, holdings=(), offer=None, then_status=None)
            chosen = next_item(state, now, free)
            mine = [item for item in waiting(state) if may_have(state, now, agent, item)]
            if chosen and any(now - item.urgency_at > most for item in mine):
                assert chosen[0] == first_by_pencil(state, now, mine)
                assert chosen[1] == MOST_URGENT


def test_channels_take_turns_where_mail_would_wait_for_days() -> None:
    parts = (
        Part("written", frozenset(), Tempo.SLOW_TEXT, 1),
        Part("calls", frozenset(), Tempo.LIVE, 2),
    )
    desk = Town()
    desk.adopt(replace(desk.policy, turns=Turns(LONG, {}, (Turn("doors", BEGUN, parts, "t", 1),))))
    desk.top_up()
    for _ in range(10):
        desk.send()
    for _ in range(18):
        item = desk.answer("chloe")
        desk.keep_alive(5 * MINUTE)
        desk.do(c.CloseItem(item_id=item, agent_id=AgentId("chloe"), code="answered"))
        desk.top_up()
    offers = [each for each in desk.story if isinstance(each, e.OfferMade)][:18]
    assert [each.tempo for each in offers].count(Tempo.SLOW_TEXT) == 6
    assert f"{TURN}written of doors" in {each.rule for each in offers}
