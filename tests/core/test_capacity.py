"""Who may hold how much, and who is next: one ledger counted from the offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.apply import apply
from router.core.capacity import beside, is_over, may_be_offered, whole_of
from router.core.model import (
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    LegResult,
    OfferId,
    QueueId,
    Tempo,
)
from router.core.records import Agent, Holding
from router.errors import NotNow, StaleOffer
from tests.core.town import OPEN, Desk, agent, town

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")
LIVE, FAST, SLOW = Tempo.LIVE, Tempo.FAST_TEXT, Tempo.SLOW_TEXT


def holder(*tempos: Tempo) -> Agent:
    held = tuple(
        Holding(item=ItemId(f"h{n}"), tempo=t, state="handling") for n, t in enumerate(tempos)
    )
    return Agent(
        id=AMINA,
        status=AgentStatus.AVAILABLE,
        reason="",
        desk="d",
        lease_until=OPEN,
        since=OPEN,
        idle_since=OPEN,
        holdings=held,
    )


def capacity(exclusive: set[Tempo], **blocked: set[Tempo]) -> p.Capacity:
    return p.Capacity(
        id="x",
        units={LIVE: 1, FAST: 2, SLOW: 3},
        exclusive=frozenset(exclusive),
        blocked_by={Tempo(k): frozenset(v) for k, v in blocked.items()},
    )


def test_units_are_counted_per_kind_and_an_exclusive_kind_stands_alone() -> None:
    rule = capacity({LIVE})
    assert whole_of(rule) == {LIVE, FAST, SLOW}
    assert beside(holder(LIVE), rule) == set()
    assert beside(holder(FAST), rule) == {FAST, SLOW}
    assert beside(holder(FAST, FAST), rule) == {SLOW}
    assert beside(holder(FAST, FAST, SLOW, SLOW, SLOW), rule) == set()


def test_one_kind_may_block_another_without_being_exclusive() -> None:
    rule = capacity(set(), slow_text={LIVE})
    assert beside(holder(LIVE), rule) == {FAST}
    assert beside(holder(SLOW), rule) == {LIVE, FAST, SLOW}


def test_a_call_may_interrupt_texts_and_texts_never_a_call() -> None:
    """Who may interrupt whom: what is named in `blocked_by` may not, everything else may."""
    rule = capacity(set(), slow_text={LIVE, FAST}, fast_text={LIVE})
    assert beside(holder(SLOW), rule) == {LIVE, FAST, SLOW}
    assert beside(holder(FAST), rule) == {LIVE, FAST}
    assert beside(holder(LIVE), rule) == set()
    assert beside(holder(SLOW, LIVE), rule) == set()
    desk = Desk(replace(town(), capacities={"standard": replace(rule, id="standard")}))
    desk.sign_in("chloe")
    desk.form("f1")
    desk.answer("chloe")
    desk.call("c1", "1", "1")
    assert desk.answer("chloe") == "c1"
    desk.form("f2")
    assert desk.state.agents[CHLOE].offer is None


def test_over_capacity_is_more_than_units_or_something_beside_what_excludes() -> None:
    rule = capacity({LIVE})
    assert not is_over(holder(LIVE), rule)
    assert is_over(holder(LIVE, SLOW), rule)
    assert is_over(holder(FAST, FAST, FAST), rule)


@given(held=st.lists(st.sampled_from(list(Tempo)), max_size=6))
def test_what_may_be_offered_beside_never_makes_too_much(held: list[Tempo]) -> None:
    rule = capacity({LIVE}, fast_text={SLOW})
    if not is_over(holder(*held), rule):
        for tempo in beside(holder(*held), rule):
            assert not is_over(holder(*held, tempo), rule)


def test_away_leaving_without_a_desk_or_with_an_open_offer_nothing_is_offered() -> None:
    free = holder()
    assert may_be_offered(free)
    assert not may_be_offered(replace(free, lease_until=None))
    assert not may_be_offered(replace(free, status=AgentStatus.AWAY))
    assert not may_be_offered(replace(free, then_status=AgentStatus.AWAY))
    assert not may_be_offered(replace(free, offer=OfferId("o")))


def test_an_offer_counts_at_once_and_only_one_is_open() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    first, second = desk.form("f1"), desk.form("f2")
    assert desk.state.items[first].state is ItemState.OFFERED
    assert desk.state.items[second].state is ItemState.QUEUED
    assert [h.state for h in desk.state.agents[CHLOE].holdings] == ["offered"]
    desk.answer("chloe")
    assert desk.state.items[second].state is ItemState.OFFERED
    desk.answer("chloe")
    third = desk.form("f3")  # two forms are held: full
    assert desk.state.items[third].state is ItemState.QUEUED


def test_who_works_on_a_form_is_not_rung_and_who_wraps_up_gets_nothing() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    form = desk.form("f1")
    desk.answer("chloe")
    call = desk.call("i1", "1", "1")
    assert desk.state.items[call].state is ItemState.QUEUED
    desk.do(c.CloseItem(item_id=form, agent_id=CHLOE))
    desk.answer("chloe")
    desk.do(c.FinishHandling(item_id=call, agent_id=CHLOE))
    other = desk.form("f2")
    assert desk.state.items[other].state is ItemState.QUEUED


# --- several offers of one item ------------------------------------------------------------------


def offered_twice() -> Desk:
    """A call on offer to Amina and Boris at once."""
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    second = e.OfferMade(
        at=desk.now,
        offer=OfferId("i1.2"),
        item=item,
        agent=BORIS,
        tempo=LIVE,
        expires_at=desk.now + 20 * SECOND,
        idle_since=desk.now,
        rule="both",
    )
    apply(desk.state, second)
    return desk


def test_an_item_is_back_in_line_when_all_its_offers_have_ended() -> None:
    desk = offered_twice()
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    assert desk.state.items[ItemId("i1")].state is ItemState.OFFERED
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.2"), agent_id=BORIS))
    assert desk.state.items[ItemId("i1")].state is ItemState.QUEUED


def test_who_accepts_first_has_it_and_the_others_are_let_go_without_blame() -> None:
    desk = offered_twice()
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=BORIS))
    assert desk.state.items[ItemId("i1")].agent == BORIS
    amina = desk.state.agents[AMINA]
    assert (amina.holdings, amina.offer, amina.missed) == ((), None, 0)
    with pytest.raises(StaleOffer):
        desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))


# --- a decline taken back ------------------------------------------------------------------------


def test_a_decline_is_taken_back_only_by_who_could_take_the_item_now() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    back = c.TakeBackDecline(offer_id=OfferId("i1.1"), agent_id=AMINA)
    with pytest.raises(StaleOffer):
        desk.do(c.TakeBackDecline(offer_id=OfferId("i1.7"), agent_id=AMINA))
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    with pytest.raises(NotNow):
        desk.do(back)
    desk.adopt(town(agents={AMINA: agent("amina", {"roads": 1})}))
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    with pytest.raises(NotNow):
        desk.do(back)
    assert desk.state.items[item].state is ItemState.QUEUED


# --- longest idle --------------------------------------------------------------------------------


def test_only_handled_work_changes_who_is_longest_idle() -> None:
    desk = Desk()
    desk.sign_in("amina")
    idle = desk.state.agents[AMINA].idle_since
    desk.wait(SECOND)
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    item = desk.call("i1", "1", "2")
    desk.do(c.DeclineOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.wait(5 * SECOND)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=AMINA))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L", result=LegResult.NO_ANSWER))
    desk.do(c.SignOut(agent_id=AMINA))
    desk.sign_in("amina")
    assert desk.state.agents[AMINA].idle_since == idle
    desk.wait(5 * SECOND)
    desk.answer("amina")
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA))
    assert desk.state.agents[AMINA].idle_since == desk.now


def test_a_form_that_was_worked_on_counts_as_work_even_if_it_is_given_back() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.form("f1")
    desk.answer("chloe")
    desk.wait(10 * SECOND)
    desk.do(c.ReturnItem(item_id=item, agent_id=CHLOE))
    assert desk.state.agents[CHLOE].idle_since == desk.now


def test_the_longest_idle_of_all_who_could_is_chosen_whatever_else_they_can() -> None:
    desk = Desk()
    desk.sign_in("boris")
    desk.wait(SECOND)
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    assert desk.state.agents[BORIS].offer == "i1.1"


def test_equal_instants_are_settled_by_name_whatever_the_order_of_arrival() -> None:
    for order in (("amina", "boris"), ("boris", "amina")):
        desk = Desk()
        desk.sign_in(*order)
        desk.call("i1", "1", "2")
        assert desk.state.agents[AMINA].offer == "i1.1"
    desk = Desk()
    for name in ("i2", "i1"):
        desk.call(name, "1", "2", caller=name)
    desk.sign_in("amina")
    assert desk.state.agents[AMINA].offer == "i1.1"


# --- not answering -------------------------------------------------------------------------------


def test_who_accepts_and_never_picks_up_is_away_after_as_many_misses() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    for turn in (1, 2):
        desk.do(c.AcceptOffer(offer_id=OfferId(f"i1.{turn}"), agent_id=AMINA))
        desk.do(c.ReportLeg(item_id=item, leg="agent", call_id=f"L{turn}", result=LegResult.BUSY))
        desk.wait(5 * SECOND)
    assert desk.state.agents[AMINA].reason == "not_answering"
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    assert desk.state.agents[AMINA].missed == 0


def test_a_connection_forgets_earlier_misses_and_the_carriers_failure_is_none() -> None:
    desk = Desk()
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.1"), agent_id=AMINA))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L1", result=LegResult.BUSY))
    desk.wait(5 * SECOND)
    desk.do(c.AcceptOffer(offer_id=OfferId("i1.2"), agent_id=AMINA))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L2", result=LegResult.FAILED))
    assert desk.state.agents[AMINA].missed == 1
    desk.wait(5 * SECOND)
    desk.answer("amina")
    assert desk.state.agents[AMINA].missed == 0


# --- kept for one agent --------------------------------------------------------------------------


def to_boris(desk: Desk) -> ItemId:
    item = desk.call("i1", "1", "2")
    desk.answer("amina")
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_agent=BORIS))
    return item


def test_what_is_kept_for_an_agent_who_is_away_is_for_anyone_after_a_minute() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    item = to_boris(desk)
    desk.keep_alive(59 * SECOND)
    assert desk.state.items[item].reserved_for == BORIS
    desk.keep_alive(SECOND)
    row = desk.state.items[item]
    assert (row.reserved_for, row.requirement) == (None, "english and general")
    assert desk.state.agents[AMINA].offer == "i1.2"


def test_what_is_kept_for_an_agent_who_leaves_is_for_anyone_at_once() -> None:
    for leave in ("sign out", "vanish", "policy"):
        desk = Desk()
        desk.sign_in("amina", "boris")
        desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
        item = to_boris(desk)
        if leave == "sign out":
            desk.do(c.SignOut(agent_id=BORIS))
        elif leave == "policy":
            desk.adopt(town(agents={AMINA: town().agents[AMINA]}))
        else:
            desk.wait(31 * SECOND)
        assert desk.state.items[item].reserved_for is None
        assert desk.state.items[item].requirement == "english and general"


def test_a_busy_agent_gets_what_is_kept_for_them_once_they_are_free() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    busy = desk.call("i0", "1", "2", caller="z")
    desk.answer("amina")
    item = desk.call("i1", "1", "2")
    desk.answer("boris")
    desk.do(c.TransferItem(item_id=item, agent_id=BORIS, to_agent=AMINA))
    assert desk.state.items[item].state is ItemState.QUEUED
    desk.do(c.CloseItem(item_id=busy, agent_id=AMINA))
    assert desk.state.agents[AMINA].offer == "i1.2"


def test_what_the_named_agent_gives_back_is_for_anyone() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = to_boris(desk)
    desk.answer("boris")
    desk.do(c.ReturnItem(item_id=item, agent_id=BORIS))
    assert desk.state.items[item].requirement == "english and general"
    desk.keep_alive(MINUTE)
    assert desk.state.items[item].offers


def test_a_form_is_kept_for_a_colleague_for_hours() -> None:
    desk = Desk()
    desk.sign_in("chloe", "amina")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    item = desk.form("f1")
    desk.answer("chloe")
    desk.do(c.TransferItem(item_id=item, agent_id=CHLOE, to_agent=AMINA))
    desk.keep_alive(10 * MINUTE)
    assert desk.state.items[item].reserved_for == AMINA
    assert desk.state.items[item].queue == QueueId("roads")


@pytest.mark.parametrize(
    ("result", "seconds"),
    [(LegResult.BUSY, 45), (LegResult.NO_ANSWER, 60), (LegResult.FAILED, 15)],
)
def test_how_long_an_agent_is_passed_over_follows_what_their_telephone_did(
    result: LegResult, seconds: int
) -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = desk.call("i1", "1", "2")
    offer = desk.state.agents[AMINA].offer
    assert offer is not None
    desk.do(c.AcceptOffer(offer_id=offer, agent_id=AMINA))
    desk.do(c.ReportLeg(item_id=item, leg="agent", call_id="L1", result=result))
    passed_over = dict(desk.state.items[item].passed_over)
    assert passed_over == {AMINA: desk.now + seconds * SECOND}
