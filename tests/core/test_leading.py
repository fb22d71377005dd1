"""What supervisors decide for single items: another rank or queue, and who shall have it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_lead as lead
from router.core import effects as f
from router.core import events as e
from router.core.capacity import is_over
from router.core.model import (
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    ItemId,
    ItemState,
    LegResult,
    OfferEnding,
    QueueId,
    Tempo,
)
from router.core.policy import Policy
from router.core.story import describe
from router.errors import NotAllowed, NotNow, UnknownTarget
from tests.core.test_invariants import AGENTS, TownWalk
from tests.core.town import Desk, town

AMINA, BORIS, CHLOE = (AgentId(name) for name in ("amina", "boris", "chloe"))
GENERAL, ROADS = QueueId("general"), QueueId("roads")


def in_line(desk: Desk) -> list[str]:
    """Return who waits in the general queue, in the order of the line."""
    return [item for _, item in desk.state.index.line(GENERAL, Tempo.LIVE)]


def waiting(*names: str) -> Desk:
    """Callers who came a second after each other; amina is there and away."""
    desk = Desk()
    desk.sign_in("amina")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    for name in names:
        desk.call(name, "1", "2", caller=name)
        desk.now += SECOND
    return desk


# --- rank ----------------------------------------------------------------------------------------


def test_a_head_start_counts_at_once_and_says_who_gave_it_and_why() -> None:
    desk = waiting("a", "b", "c")
    asked = lead.PrioritiseItem(ItemId("c"), 30 * SECOND, "rings from a lift", "sam")
    (event,) = desk.do(asked)
    assert in_line(desk) == ["c", "a", "b"]
    said = describe(desk.state, event, desk.state.items[ItemId("c")])
    assert said == "head start set to 30 s (sam: rings from a lift)"
    desk.sign_in("amina")
    assert desk.state.agents[AMINA].offer == "c.1"


def test_a_second_head_start_replaces_the_first_and_repeats_change_nothing() -> None:
    desk = waiting("a", "b")
    place = desk.state.items[ItemId("b")].urgency_at
    for head_start in (60, 60, 5):
        desk.do(lead.PrioritiseItem(ItemId("b"), head_start * SECOND, "", "sam"))
    assert desk.state.items[ItemId("b")].urgency_at == place - 5 * SECOND
    assert len([x for x in desk.story if isinstance(x, e.ItemPrioritised)]) == 2
    desk.do(lead.PrioritiseItem(ItemId("b"), 0, "", "sam"))
    assert desk.state.items[ItemId("b")].urgency_at == place


def test_less_than_nothing_ranks_it_later_and_a_transfer_keeps_it() -> None:
    desk = waiting("a", "b")
    desk.do(lead.PrioritiseItem(ItemId("a"), -MINUTE, "rang five times today", "sam"))
    assert in_line(desk) == ["b", "a"]
    assert desk.state.items[ItemId("a")].head_start == -MINUTE


def test_only_what_waits_has_a_rank_and_a_month_is_the_most() -> None:
    desk = waiting("a")
    with pytest.raises(NotNow, match="31 days"):
        desk.do(lead.PrioritiseItem(ItemId("a"), 32 * 24 * 60 * MINUTE, "", "sam"))
    desk.sign_in("amina")
    desk.answer("amina")
    with pytest.raises(NotNow, match="only what waits"):
        desk.do(lead.PrioritiseItem(ItemId("a"), SECOND, "", "sam"))


def with_head_start(seconds: int) -> Policy:
    policy = town()
    roads = replace(policy.queues[ROADS], head_start=seconds * SECOND)
    return replace(policy, queues={**policy.queues, ROADS: roads})


def test_a_changed_head_start_of_a_queue_reaches_those_who_wait_in_it() -> None:
    desk = Desk(with_head_start(0))
    desk.sign_in("boris")
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    for name, subject in (("g", "2"), ("r", "1")):
        desk.call(name, "1", subject, caller=name)
        desk.now += SECOND
    place = desk.state.items[ItemId("r")].urgency_at
    desk.do(lead.PrioritiseItem(ItemId("r"), 2 * SECOND, "", "sam"))
    desk.adopt(with_head_start(45))
    assert desk.state.items[ItemId("r")].urgency_at == place - 47 * SECOND
    assert desk.state.items[ItemId("r")].head_start == 2 * SECOND
    (moved,) = [x for x in desk.story if isinstance(x, e.ItemPrioritised)][1:]
    assert moved.rule == "the policy changed: head_start_s of queue roads from 0 to 45 s"
    desk.adopt(with_head_start(0))
    assert desk.state.items[ItemId("r")].urgency_at == place - 2 * SECOND


def test_a_changed_head_start_is_there_when_a_call_in_hand_is_given_back() -> None:
    desk = Desk(with_head_start(0))
    desk.sign_in("chloe")
    item = desk.call("r", "1", "1")
    place = desk.state.items[item].urgency_at
    desk.answer("chloe")
    desk.adopt(with_head_start(45))
    desk.do(c.ReturnItem(item_id=item, agent_id=CHLOE))
    assert desk.state.items[item].urgency_at == place - 45 * SECOND


# --- who shall have it ---------------------------------------------------------------------------


def forms(count: int) -> Desk:
    """Chloe has as many forms as she may hold, two; the rest waits."""
    desk = Desk()
    desk.sign_in("chloe")
    for number in range(count):
        desk.form(f"f{number}")
        if desk.state.agents[CHLOE].offer is not None:
            desk.answer("chloe")
    return desk


def test_a_form_is_assigned_beyond_the_limit_and_the_event_says_so() -> None:
    desk = forms(3)
    events = desk.do(lead.AssignItem(ItemId("f2"), CHLOE, "knows the street", "sam"))
    (assigned,) = [x for x in events if isinstance(x, e.ItemAssigned)]
    assert assigned.over
    assert [x.rule for x in events if isinstance(x, e.OfferMade)] == ["assigned by sam"]
    said = describe(desk.state, assigned, None)
    assert said == "sam assigned it to Chloe, beyond what they may hold: knows the street"
    row = desk.state.items[ItemId("f2")]
    assert (row.state, row.agent) == (ItemState.HANDLING, CHLOE)
    capacity = desk.state.policy.capacities["standard"]
    assert is_over(desk.state.agents[CHLOE], capacity)
    desk.form("f3")
    desk.do(c.CloseItem(item_id=ItemId("f2"), agent_id=CHLOE))
    assert not is_over(desk.state.agents[CHLOE], capacity)
    assert desk.state.agents[CHLOE].offer is None  # still full: two of two


def test_what_has_room_is_assigned_without_the_flag_whatever_the_skills() -> None:
    desk = Desk()
    desk.sign_in("chloe", "boris")
    desk.form("f0")
    events = desk.do(lead.AssignItem(ItemId("f0"), BORIS, "", "sam"))
    assert [x.over for x in events if isinstance(x, e.ItemAssigned)] == [False]
    assert desk.state.agents[CHLOE].offer is None
    assert desk.state.items[ItemId("f0")].agent == BORIS


def test_a_caller_is_offered_to_the_one_named_who_may_still_decline() -> None:
    desk = forms(2)
    desk.sign_in("boris")
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    item = desk.call("i1", "1", "2")
    events = desk.do(lead.AssignItem(item, CHLOE, "", "sam"))
    assert [x.over for x in events if isinstance(x, e.ItemAssigned)] == [True]
    assert desk.state.agents[CHLOE].offer == "i1.1"
    assert desk.do(lead.AssignItem(item, CHLOE, "", "sam")) == []  # a repeated click
    desk.do(c.DeclineOffer(offer_id=desk.state.items[item].offers[0], agent_id=CHLOE))
    assert desk.state.items[item].state is ItemState.QUEUED


def test_a_caller_is_not_assigned_to_whom_they_would_wait_for_in_vain() -> None:
    policy = town()
    mute = replace(policy.agents[BORIS], leg="")
    desk = Desk(replace(policy, agents={**policy.agents, BORIS: mute}))
    desk.sign_in("boris", "amina")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AWAY, reason="break"))
    item = desk.call("i1", "1", "2")
    with pytest.raises(NotNow, match="away"):
        desk.do(lead.AssignItem(item, AMINA, "", "sam"))
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    other = desk.call("i2", "1", "2", caller="other")
    with pytest.raises(NotNow, match="another item"):
        desk.do(lead.AssignItem(other, AMINA, "", "sam"))
    desk.do(c.DeclineOffer(offer_id=desk.state.items[item].offers[0], agent_id=AMINA))
    desk.do(c.SetStatus(agent_id=BORIS, status=AgentStatus.AVAILABLE))
    if desk.state.agents[BORIS].offer is not None:
        desk.do(c.DeclineOffer(offer_id=desk.state.agents[BORIS].offer, agent_id=BORIS))
    with pytest.raises((NotAllowed, NotNow)):
        desk.do(lead.AssignItem(item, BORIS, "", "sam"))


def test_what_a_colleague_handles_is_not_assigned_away() -> None:
    desk = forms(1)
    desk.sign_in("boris")
    with pytest.raises(NotAllowed, match="is with chloe"):
        desk.do(lead.AssignItem(ItemId("f0"), BORIS, "", "sam"))


# --- another queue, and out of a hand ------------------------------------------------------------


def test_a_caller_is_moved_with_their_age_and_hears_the_other_queue() -> None:
    desk = waiting("a", "b")
    before = desk.state.items[ItemId("b")]
    events = desk.do(lead.MoveItem(ItemId("b"), ROADS, "it is a pothole", "sam"))
    row = desk.state.items[ItemId("b")]
    assert (row.queue, row.state) == (ROADS, ItemState.QUEUED)
    assert row.first_queued_at == before.first_queued_at
    assert in_line(desk) == ["a"]
    assert [x.rule for x in events if isinstance(x, e.ItemQueued)] == [
        "moved by sam: it is a pothole"
    ]
    moved = [x.effect for x in events if isinstance(x, e.EffectWanted)]
    assert [(type(x), x.item_id) for x in moved] == [(f.MoveCall, "b")]
    counted = [x for x in events if isinstance(x, e.ServiceLevelCounted)]
    assert [(x.queue, x.result) for x in counted] == [(GENERAL, "other")]
    assert desk.do(lead.MoveItem(ItemId("b"), ROADS, "", "sam")) == []  # a repeated click


def test_an_open_offer_of_what_is_moved_is_withdrawn_without_blame() -> None:
    desk = waiting("a")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    assert desk.state.agents[AMINA].offer == "a.1"
    events = desk.do(lead.MoveItem(ItemId("a"), ROADS, "", "sam"))
    (ended,) = [x for x in events if isinstance(x, e.OfferEnded)]
    assert (ended.ending, ended.reason) == (OfferEnding.WITHDRAWN, "moved to queue roads")
    assert desk.state.items[ItemId("a")].queue == ROADS


def test_nobody_is_moved_to_where_they_would_wait_in_vain() -> None:
    desk = waiting("a")
    with pytest.raises(UnknownTarget, match="queues are"):
        desk.do(lead.MoveItem(ItemId("a"), QueueId("none"), "", "sam"))
    desk.state.put_queue(replace(desk.state.queues[ROADS], is_open=False))
    with pytest.raises(NotNow, match="'roads' is closed"):
        desk.do(lead.MoveItem(ItemId("a"), ROADS, "", "sam"))
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    desk.answer("amina")
    with pytest.raises(NotNow, match="only what waits"):
        desk.do(lead.MoveItem(ItemId("a"), ROADS, "", "sam"))


def test_what_is_pulled_back_waits_at_its_old_place_and_says_why() -> None:
    desk = forms(1)
    place = desk.state.items[ItemId("f0")].urgency_at
    desk.do(lead.PullBackItem(ItemId("f0"), "on sick leave", "sam"))
    row = desk.state.items[ItemId("f0")]
    assert (row.state, row.agent, row.urgency_at) == (ItemState.QUEUED, None, place)
    assert desk.state.agents[CHLOE].holdings == ()
    assert "pulled back by sam: on sick leave" in [
        x.reason for x in desk.story if isinstance(x, e.ItemReturned)
    ]
    with pytest.raises(NotNow, match="nobody has it in hand"):
        desk.do(lead.PullBackItem(ItemId("f0"), "", "sam"))


def test_nobody_is_torn_out_of_a_talk() -> None:
    desk = waiting("a")
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))
    desk.answer("amina")
    desk.do(c.ReportLeg(ItemId("a"), leg="agent", call_id="leg", result=LegResult.ANSWERED))
    desk.do(c.NoteRoom(ItemId("a"), "room"))
    with pytest.raises(NotNow, match="on the line with each other"):
        desk.do(lead.PullBackItem(ItemId("a"), "", "sam"))


# --- in any order of doings ----------------------------------------------------------------------


class LeadWalk(TownWalk):
    """The same morning with a supervisor who ranks and assigns."""

    @rule(data=st.data(), seconds=st.integers(-600, 600))
    def prioritise(self, data: st.DataObject, seconds: int) -> None:
        found = self.items()
        if found:
            item = data.draw(st.sampled_from(found))
            self.attempt(lead.PrioritiseItem(item, seconds * SECOND, "why", "sam"))

    @rule(data=st.data(), agent=st.sampled_from(AGENTS))
    def assign(self, data: st.DataObject, agent: AgentId) -> None:
        found = self.items()
        if found:
            self.attempt(lead.AssignItem(data.draw(st.sampled_from(found)), agent, "", "sam"))

    @rule(data=st.data(), queue=st.sampled_from((GENERAL, ROADS)))
    def move(self, data: st.DataObject, queue: QueueId) -> None:
        found = self.items()
        if found:
            item = data.draw(st.sampled_from(found))
            self.attempt(lead.MoveItem(item, queue, "why", "sam"))

    @rule(data=st.data())
    def pull_back(self, data: st.DataObject) -> None:
        found = self.items()
        if found:
            self.attempt(lead.PullBackItem(data.draw(st.sampled_from(found)), "why", "sam"))

    @invariant()
    def no_agent_is_over_capacity(self) -> None:
        """But for what somebody assigned to them."""
        assigned = {(x.agent, x.item) for x in self.desk.story if isinstance(x, e.ItemAssigned)}
        for agent in self.state.agents.values():
            profile = self.state.index.profile_of(agent.id)
            kept = tuple(h for h in agent.holdings if (agent.id, h.item) not in assigned)
            if profile is not None:
                assert not is_over(replace(agent, holdings=kept), profile.capacity), agent


TestLeadWalk = LeadWalk.TestCase
TestLeadWalk.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
