"""Neither mail behind calls nor calls behind mail: what is declared is begun in time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.matching import MOST_URGENT, OWED, could_take
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    ItemId,
    ItemState,
    OfferId,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy_offers import Minimum, OfferTo
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from tests.core.town import Desk, town

CHLOE = AgentId("chloe")
ROADS = QueueId("roads")
LIVE, SLOW = Tempo.LIVE, Tempo.SLOW_TEXT


def least(at_least: int, tempo: Tempo = SLOW, *queues: str) -> Minimum:
    return Minimum("some", tempo, frozenset(map(QueueId, queues)), at_least, HOUR)


def promising(*minimums: Minimum) -> p.Policy:
    """The town in which everybody takes everything of roads, one at a time."""
    policy = town()
    single = replace(
        policy.capacities["standard"], units={LIVE: 1, SLOW: 1}, exclusive=frozenset({LIVE, SLOW})
    )
    roads = replace(policy.queues[ROADS], requires="general", steps=(), wrap_up=0)
    return replace(
        policy,
        minimums=minimums,
        capacities={"standard": single},
        queues={**policy.queues, ROADS: roads},
    )


class Counter(Desk):
    """Chloe alone; calls wait all the time, unless `calls` is off."""

    def __init__(self, *minimums: Minimum, calls: int = 2) -> None:
        super().__init__(promising(*minimums))
        self.called = self.sent = 0
        self.calls = calls
        self.sign_in("chloe")

    def waiting(self, tempo: Tempo) -> int:
        return len(self.state.index.line(ROADS, tempo))

    def send(self) -> ItemId:
        self.sent += 1
        return self.form(f"f{self.sent}")

    def top_up(self) -> None:
        while self.waiting(LIVE) < self.calls:
            self.called += 1
            self.call(f"c{self.called}", "1", "1", caller=f"k{self.called}")

    def serve(self, span: Span) -> e.OfferMade:
        """Let chloe take what she is offered, work on it, and be done."""
        made = next(x for x in reversed(self.story) if isinstance(x, e.OfferMade))
        item = self.answer("chloe")
        self.keep_alive(span)
        self.do(c.CloseItem(item_id=item, agent_id=CHLOE, code="answered"))
        rank_decides(self)
        self.top_up()
        return made


def test_without_a_minimum_calls_go_before_mail_that_is_due_in_days() -> None:
    desk = Counter()
    desk.top_up()
    desk.send()
    assert {desk.serve(5 * MINUTE).tempo for _ in range(30)} == {LIVE}


def test_a_mail_is_begun_in_its_time_though_calls_wait() -> None:
    desk = Counter(least(4))
    desk.top_up()
    for _ in range(20):
        desk.send()
    offers = [desk.serve(5 * MINUTE) for _ in range(24)]  # two hours
    mails = [x for x in offers if x.tempo is SLOW]
    assert len(mails) >= 8
    assert {x.rule for x in mails} == {f"{OWED} some"}
    assert {x.rule for x in offers if x.tempo is LIVE} <= {MOST_URGENT, "longest idle"}


def test_the_pace_runs_from_when_the_first_began_to_wait() -> None:
    desk = Counter(least(5))  # one in ten minutes
    desk.top_up()
    for _ in range(12):
        desk.serve(5 * MINUTE)
    desk.send()
    assert desk.state.paces["some"].due == desk.now + 10 * MINUTE
    assert desk.serve(5 * MINUTE).tempo is LIVE
    assert desk.serve(5 * MINUTE).tempo is LIVE
    assert desk.serve(5 * MINUTE).tempo is SLOW


def test_an_offer_that_came_to_nothing_does_not_count() -> None:
    desk = Counter(least(5))
    desk.top_up()
    desk.send()
    desk.serve(5 * MINUTE)
    desk.serve(6 * MINUTE)
    offer = desk.state.agents[CHLOE].offer
    assert offer == "f1.1"
    assert desk.state.paces["some"].due > desk.now
    desk.do(c.DeclineOffer(offer_id=offer, agent_id=CHLOE))
    assert desk.state.paces["some"].due == desk.now


def test_a_mail_that_several_are_asked_for_counts_once() -> None:
    policy = promising(least(5))
    asks_two = {SLOW: (OfferTo(after=0, agents=2),)}
    roads = replace(policy.queues[ROADS], offer_to=asks_two)
    desk = Desk(replace(policy, queues={**policy.queues, ROADS: roads}))
    desk.sign_in("amina", "boris")
    desk.form("f1")
    assert len(desk.state.offers) == 2
    assert desk.state.paces["some"].due == desk.now + 10 * MINUTE
    desk.keep_alive(MINUTE)
    desk.do(c.DeclineOffer(offer_id=OfferId("f1.1"), agent_id=desk.state.offers["f1.1"].agent))
    assert desk.state.paces["some"].due > desk.now  # the other may still take it


def test_calls_have_a_minimum_too_where_overdue_mail_would_go_first() -> None:
    desk = Counter(least(5, LIVE), calls=0)
    for _ in range(30):
        desk.send()
    desk.serve(MINUTE)
    desk.now += 5 * 24 * HOUR  # all of them are overdue
    desk.sign_in("chloe")
    desk.calls = 2
    offers = [desk.serve(5 * MINUTE) for _ in range(15)]
    assert len([x for x in offers if x.tempo is LIVE]) >= 5


def test_only_what_waits_in_the_named_queues_is_owed() -> None:
    desk = Counter(least(5, SLOW, "general"))
    desk.top_up()
    desk.send()
    assert {desk.serve(5 * MINUTE).tempo for _ in range(20)} == {LIVE}


def test_the_pace_survives_a_restart() -> None:
    desk = Counter(least(4))
    desk.top_up()
    desk.send()
    desk.serve(5 * MINUTE)
    thawed = State.thaw(decode_frozen(encode_frozen(desk.state.freeze())), desk.state.policies)
    assert thawed.paces == desk.state.paces != {}
    assert thawed.hash() == desk.state.hash()


@settings(max_examples=25, deadline=None)
@given(
    at_least=st.integers(1, 6),
    spans=st.lists(st.integers(10, 480), min_size=20, max_size=60),
    mails=st.lists(st.booleans(), min_size=60, max_size=60),
    keyed=st.lists(st.integers(0, 3), min_size=60, max_size=60),
)
def test_the_minimum_is_reached_in_every_window_and_otherwise_rank_decides(
    at_least: int, spans: list[int], mails: list[bool], keyed: list[int]
) -> None:
    """With any traffic and handling no longer than the pace: one free agent is enough."""
    desk = Counter(least(at_least))
    every = least(at_least).every
    desk.top_up()
    desk.send()
    began = desk.now
    offered: list[int] = []
    for seconds, more, calls in zip(spans, mails, keyed, strict=False):
        desk.calls = calls
        if more or desk.waiting(SLOW) < 2:
            desk.send()
        if desk.state.agents[CHLOE].offer is None:
            desk.keep_alive(30 * SECOND)
            desk.top_up()
            continue
        before = len(desk.story)
        desk.serve(min(seconds * SECOND, every - SECOND))
        made = [x for x in desk.story[before:] if isinstance(x, e.OfferMade)]
        offered += [x.at for x in made if x.tempo is SLOW]
    window = HOUR
    for start in [began, *offered]:
        if start + window <= desk.now:
            inside = [at for at in offered if start <= at < start + window]
            assert len(inside) >= at_least, (start, offered)


def rank_decides(desk: Counter) -> None:
    """What chloe was offered just now is the most urgent she could take: of all, or of the owed."""
    offer_id = desk.state.agents[CHLOE].offer
    if offer_id is None:
        return
    offer = desk.state.offers[offer_id]
    chosen = desk.state.items[offer.item]
    free = replace(desk.state.agents[CHLOE], offer=None, holdings=())
    could = [
        item
        for item in desk.state.items.values()
        if (item.state is ItemState.QUEUED and could_take(desk.state, item, free)) or item is chosen
    ]
    if offer.rule.startswith(OWED):
        could = [item for item in could if item.tempo is desk.policy.minimums[0].tempo]
    best = min(could, key=lambda item: (item.urgency_at, item.id))
    assert best.id == chosen.id
