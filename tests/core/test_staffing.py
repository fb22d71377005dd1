"""Closed, nobody there, everybody away, full, late, closing: each has its own declared fate."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import effects as f
from router.core import events as e
from router.core import policy as p
from router.core.flows.presentation import caller_script
from router.core.flows.script import Dial, End, Record, Wait
from router.core.hours import Hours, Range
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Condition,
    Form,
    Instant,
    ItemState,
    LegResult,
    QueueId,
)
from router.errors import NotNow, UnknownTarget
from router.runtime.snapshot import policies_of
from tests.core.town import NIGHT, OPEN, Desk, queue, rule, town

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")
CLOSES = OPEN + 8 * HOUR


def with_fates(
    fates: dict[Condition, str], chains: Mapping[str, tuple[p.FallbackRule, ...]], **changes: object
) -> p.Policy:
    policy = town()
    general = queue("general", "general and $language", fates=fates, **changes)
    fallbacks = {name: p.Fallback(id=name, rules=rules) for name, rules in chains.items()}
    return replace(
        policy,
        queues={**policy.queues, general.id: general},
        fallbacks={**policy.fallbacks, **fallbacks},
    )


LEAVE = {"leave": (rule("message", "voicemail"),)}


def walked(desk: Desk) -> list[tuple[Condition, str]]:
    return [(x.condition, x.action) for x in desk.story if isinstance(x, e.FallbackWalked)]


# --- at entry ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "now"),
    [
        (Condition.UNSTAFFED, OPEN),
        (Condition.ALL_AWAY, OPEN),
        (Condition.FULL, OPEN),
        (Condition.CLOSED, NIGHT),
        (Condition.EMERGENCY, OPEN),
    ],
)
def test_each_condition_at_entry_leads_to_its_own_chain(condition: Condition, now: Instant) -> None:
    desk = Desk(with_fates({condition: "leave"}, LEAVE, length_max=1), now=now)
    if condition is Condition.EMERGENCY:
        desk.do(c.SetEmergency(hours="office", closed=True, until=None, reason="x", by="b"))
    if condition in (Condition.ALL_AWAY, Condition.FULL):
        desk.sign_in("amina")
    if condition is Condition.ALL_AWAY:
        desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))
    if condition is Condition.FULL:
        desk.call("i0", "1", "2", caller="z")
    item = desk.call("i1", "1", "2")
    assert isinstance(caller_script(desk.state, item).then, Record)
    assert walked(desk) == [(condition, "voicemail")]
    assert desk.state.items[item].condition is condition


def test_the_weightiest_condition_that_has_a_fate_decides() -> None:
    both = {Condition.UNSTAFFED: "leave", Condition.FULL: "send"}
    chains = {**LEAVE, "send": (rule("others", "queue", queue=QueueId("roads")),)}
    desk = Desk(with_fates(both, chains, length_max=1))
    desk.call("i1", "1", "2")
    assert walked(desk) == [(Condition.UNSTAFFED, "voicemail")]
    full = Desk(with_fates({Condition.FULL: "send"}, chains, length_max=1))
    full.call("i1", "1", "2", caller="a")  # unstaffed has no fate: it waits
    item = full.call("i2", "1", "2", caller="b")
    assert full.state.items[item].queue == "roads"


def test_an_emergency_without_a_fate_of_its_own_is_a_closing() -> None:
    desk = Desk(with_fates({Condition.CLOSED: "leave"}, LEAVE))
    desk.do(c.SetEmergency(hours="office", closed=True, until=None, reason="x", by="b"))
    desk.call("i1", "1", "2")
    assert walked(desk) == [(Condition.CLOSED, "voicemail")]


def test_staffed_means_a_live_desk_not_a_flag() -> None:
    desk = Desk(with_fates({Condition.UNSTAFFED: "leave"}, LEAVE))
    desk.sign_in("amina")
    desk.wait(31 * SECOND)
    desk.call("i1", "1", "2")
    assert walked(desk) == [(Condition.UNSTAFFED, "voicemail")]


# --- while waiting -------------------------------------------------------------------------------


def test_when_the_last_agent_goes_those_who_wait_follow_the_fate_and_are_moved() -> None:
    for status, condition in (
        (AgentStatus.AWAY, Condition.ALL_AWAY),
        (AgentStatus.OFFLINE, Condition.UNSTAFFED),
    ):
        desk = Desk(with_fates({condition: "leave"}, LEAVE))
        desk.sign_in("amina")
        item = desk.call("i1", "1", "2")
        desk.do(c.SetStatus(agent_id=AMINA, status=status, reason="break"))
        assert walked(desk) == [(condition, "voicemail")]
        assert isinstance(caller_script(desk.state, item).then, Record)
        moves = [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]
        assert [type(x) for x in moves] == [f.MoveCall]


def test_an_agent_who_comes_does_not_drive_away_those_who_wait() -> None:
    desk = Desk(with_fates({Condition.ALL_AWAY: "leave"}, LEAVE))
    item = desk.call("i1", "1", "2")
    desk.sign_in("amina")  # away for a moment, then available
    assert desk.state.items[item].state is ItemState.OFFERED


def test_conditions_are_entered_and_left_once() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris", "chloe")
    found = [
        (type(x).__name__, x.condition)
        for x in desk.story
        if isinstance(x, e.ConditionEntered | e.ConditionLeft) and x.queue == "general"
    ]
    assert found == [
        ("ConditionEntered", Condition.UNSTAFFED),
        ("ConditionLeft", Condition.UNSTAFFED),
        ("ConditionEntered", Condition.ALL_AWAY),
        ("ConditionLeft", Condition.ALL_AWAY),
    ]
    assert desk.state.queues[QueueId("general")].conditions == ()


def test_at_closing_those_who_wait_follow_the_closing_fate() -> None:
    desk = Desk(with_fates({Condition.CLOSING: "leave"}, LEAVE), now=CLOSES - MINUTE)
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    talking = desk.answer("amina")
    waiting = desk.call("i2", "1", "2", caller="z")
    desk.keep_alive(MINUTE)
    assert item == talking
    assert desk.state.items[item].state is ItemState.HANDLING  # a talk goes on
    assert walked(desk) == [(Condition.CLOSING, "voicemail")]
    assert desk.state.items[waiting].state is ItemState.IN_FLOW


def test_an_emergency_without_a_fate_of_its_own_closes_on_those_who_wait() -> None:
    desk = Desk(with_fates({Condition.CLOSING: "leave"}, LEAVE))
    desk.call("i1", "1", "2")
    desk.do(c.SetEmergency(hours="office", closed=True, until=None, reason="x", by="b"))
    assert walked(desk) == [(Condition.CLOSING, "voicemail")]


def test_an_emergency_that_ends_by_itself_opens_again_and_takes_callers() -> None:
    desk = Desk(with_fates({Condition.EMERGENCY: "leave"}, LEAVE))
    desk.sign_in("amina")
    desk.call("i0", "1", "2", caller="y")
    waiting = desk.call("i1", "1", "2")
    until = desk.now + 20 * SECOND
    desk.do(c.SetEmergency(hours="office", closed=True, until=until, reason="x", by="b"))
    assert desk.state.items[waiting].state is ItemState.IN_FLOW
    desk.keep_alive(20 * SECOND)
    assert desk.state.emergencies == {}
    later = desk.call("i2", "1", "2", caller="z")
    assert desk.state.items[later].state in (ItemState.QUEUED, ItemState.OFFERED)


def test_an_emergency_that_would_be_over_already_and_hours_nobody_knows_are_refused() -> None:
    desk = Desk()
    with pytest.raises(NotNow):
        desk.do(c.SetEmergency(hours="office", closed=True, until=OPEN, reason="x", by="b"))
    with pytest.raises(UnknownTarget):
        desk.do(c.SetEmergency(hours="pool", closed=True, until=None, reason="x", by="b"))


def test_a_forced_opening_takes_callers_at_night() -> None:
    desk = Desk(now=NIGHT)
    desk.do(c.SetEmergency(hours="office", closed=False, until=None, reason="storm", by="b"))
    item = desk.call("i1", "1", "2")
    assert desk.state.items[item].state is ItemState.QUEUED


def test_who_waited_too_long_follows_the_fate_of_being_late() -> None:
    desk = Desk(with_fates({Condition.LATE: "leave"}, LEAVE, wait_max=2 * MINUTE))
    item = desk.call("i1", "1", "2")
    desk.wait(2 * MINUTE - 1)
    assert desk.state.items[item].state is ItemState.QUEUED
    desk.wait(1)
    assert walked(desk) == [(Condition.LATE, "voicemail")]


def test_asking_for_a_callback_and_thinking_better_does_not_lengthen_the_wait() -> None:
    desk = Desk(with_fates({Condition.LATE: "leave"}, LEAVE, wait_max=2 * MINUTE))
    item = desk.call("i1", "1", "2")
    desk.wait(MINUTE)
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))
    position = desk.state.items[item].flow
    assert position is not None
    desk.do(c.AdvanceFlow(item_id=item, step=position.step, digits="*"))
    desk.wait(MINUTE)
    assert walked(desk) == [(Condition.LATE, "voicemail")]


def test_a_chain_that_has_nothing_better_leaves_the_caller_in_line_and_counts_nothing() -> None:
    for stay in ((), (rule("stay", "queue"),)):
        policy = with_fates({Condition.LATE: "stay"}, {"stay": stay}, wait_max=MINUTE)
        desk = Desk(policy)
        item = desk.call("i1", "1", "2")
        before = desk.state.items[item]
        desk.wait(10 * MINUTE)
        row = desk.state.items[item]
        assert walked(desk) == [(Condition.LATE, "queue")]
        assert (row.urgency_at, row.offers) == (before.urgency_at, before.offers)
        counted = [x.result for x in desk.story if isinstance(x, e.ServiceLevelCounted)]
        assert counted == ["threshold"]


def test_a_caller_sent_home_while_waiting_hears_it_at_once() -> None:
    chains = {"home": (rule("tomorrow", "defer"),)}
    desk = Desk(with_fates({Condition.CLOSING: "home"}, chains), now=CLOSES - MINUTE)
    item = desk.call("i1", "1", "2")
    desk.wait(MINUTE)
    assert desk.state.items[item].state is ItemState.DEFERRED
    moved = [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]
    assert [x.call_id for x in moved if isinstance(x, f.MoveCall)] == ["CAi1"]
    assert caller_script(desk.state, item).then == End()


# --- what chains do ------------------------------------------------------------------------------


def test_nothing_recorded_goes_on_in_the_chain_under_the_same_condition() -> None:
    chain = (
        rule("message", "voicemail"),
        rule("closed", "end", when_condition=frozenset({Condition.CLOSED})),
        rule("late", "queue", when_condition=frozenset({Condition.LATE}), queue=QueueId("roads")),
    )
    desk = Desk(with_fates({Condition.LATE: "slow"}, {"slow": chain}, wait_max=MINUTE))
    item = desk.call("i1", "1", "2")
    desk.wait(MINUTE)
    then = caller_script(desk.state, item).then
    assert isinstance(then, Record)
    desk.do(c.AdvanceFlow(item_id=item, step=then.step))
    row = desk.state.items[item]
    assert (row.queue, row.form, row.state) == ("roads", Form.CALL, ItemState.QUEUED)
    assert isinstance(caller_script(desk.state, item).then, Wait)


def test_a_form_is_never_ended_by_a_rule_that_only_informs() -> None:
    policy = town(fallbacks={"night": p.Fallback(id="night", rules=(rule("bye", "end"),))})
    desk = Desk(policy, now=NIGHT)
    item = desk.form("f1")
    assert desk.state.items[item].state is ItemState.QUEUED
    caller = desk.call("i1", "1", "2")
    assert desk.state.items[caller].outcome == "informed"


def test_a_contact_that_may_not_be_rung_is_passed_and_the_caps_count_every_ringing() -> None:
    policy = town()
    closed = policy.dialling
    desk = Desk(replace(policy, dialling=replace(closed, refused=("+19055550150",))), now=NIGHT)
    item = desk.call("i1", "1", "9")
    then = caller_script(desk.state, item).then
    assert isinstance(then, Dial)
    assert then.number == "+19055550152"
    tried = [(x.contact, x.result) for x in desk.story if isinstance(x, e.OutsideTried)]
    assert tried == [("security", LegResult.FAILED)]
    assert desk.state.dials["deputy"].count == 1


def test_when_every_contact_is_at_its_cap_the_next_rule_follows() -> None:
    policy = town()
    desk = Desk(replace(policy, dialling=replace(policy.dialling, per_day_max=1)), now=NIGHT)
    desk.call("i1", "1", "9", caller="a")
    item = desk.call("i2", "1", "9", caller="b")
    assert desk.state.items[item].state is ItemState.DEFERRED
    why = [x for x in desk.story if isinstance(x, e.FallbackWalked)][-1].tried[0].why
    assert "the cap is 1" in why


def test_a_rule_for_other_subjects_channels_or_hours_is_a_recorded_miss() -> None:
    chain = (
        rule("tax", "end", when_subject=frozenset({"tax"})),
        rule("forms", "end", when_channel=frozenset({Channel.WEBFORM})),
        rule("late", "end", when_condition=frozenset({Condition.LATE})),
        rule("in_hours", "end", when_hours="office"),
        rule("nobody", "transfer", targets=()),
        rule("last", "defer"),
    )
    policy = town(fallbacks={"night": p.Fallback(id="night", rules=chain)})
    desk = Desk(policy, now=NIGHT)
    desk.call("i1", "1", "1")
    tried = next(x for x in desk.story if isinstance(x, e.FallbackWalked)).tried
    assert [(t.rule, t.hit) for t in tried] == [
        *((f"night/{name}", False) for name in ("tax", "forms", "late", "in_hours", "nobody")),
        ("night/last", True),
    ]
    assert all(t.why for t in tried[:-1])


def test_an_urgent_message_comes_before_those_that_are_not() -> None:
    chain = (rule("u", "defer", when_subject=frozenset({"road_hazard"}), urgent=True),)
    night = p.Fallback(id="night", rules=(*chain, rule("others", "defer")))
    desk = Desk(town(fallbacks={"night": night}), now=NIGHT)
    plain = desk.call("i1", "1", "1", caller="a")
    urgent = desk.call("i2", "1", "9", caller="b")
    desk.wait(40 * HOUR)
    rows = desk.state.items
    assert {rows[plain].state, rows[urgent].state} == {ItemState.QUEUED}
    assert rows[urgent].urgency_at == rows[plain].urgency_at - HOUR


def test_a_chain_of_chains_speaks_in_order_and_a_circle_ends_in_the_line() -> None:
    chains = {
        "a": (rule("hello", "say"), rule("on", "chain", chain="b")),
        "b": (rule("back", "chain", chain="a"),),
    }
    desk = Desk(with_fates({Condition.CLOSED: "a"}, chains), now=NIGHT)
    item = desk.call("i1", "1", "2")
    assert desk.state.items[item].state is ItemState.QUEUED


# --- policy changes ------------------------------------------------------------------------------


def test_chains_changed_while_a_caller_is_in_the_flow_are_those_that_are_followed() -> None:
    desk = Desk(now=NIGHT)
    item = desk.call("i1", "1")
    chain = p.Fallback(id="night", rules=(rule("new_message", "voicemail"),))
    desk.adopt(town(fallbacks={"night": chain}))
    position = desk.state.items[item].flow
    assert position is not None
    desk.do(c.AdvanceFlow(item_id=item, step=position.step, digits="2"))
    then = caller_script(desk.state, item).then
    assert isinstance(then, Record)
    desk.do(c.AdvanceFlow(item_id=item, step=then.step, recording_ref="w"))
    assert desk.state.items[item].form is Form.MESSAGE


def test_a_caller_finishes_on_the_version_of_the_flow_they_began_with() -> None:
    desk = Desk()
    item = desk.call("i1", "1")
    policy = town()
    flow = next(iter(policy.flows.values()))
    gone = replace(flow, nodes={n: node for n, node in flow.nodes.items() if n != "general"})
    desk.adopt(replace(policy, flows={flow.id: gone}))
    position = desk.state.items[item].flow
    assert position is not None
    desk.do(c.AdvanceFlow(item_id=item, step=position.step, digits="2"))
    assert desk.state.items[item].queue == "general"
    assert len(policies_of(desk.state.freeze())) == 2


def test_a_queue_that_goes_gives_its_items_away_waiting_offered_deferred_or_in_hand() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    held = desk.call("i1", "1", "2", caller="a")
    desk.answer("amina")
    offered = desk.call("i2", "1", "2", caller="b")
    waiting = desk.call("i3", "1", "2", caller="c")
    policy = town()
    only = replace(policy.queues[QueueId("roads")], requires="general", steps=())
    flows = {k: replace(v, nodes={}) for k, v in policy.flows.items()}
    desk.adopt(replace(policy, queues={QueueId("roads"): only}, flows=flows))
    rows = desk.state.items
    assert rows[held].state is ItemState.HANDLING
    assert rows[offered].queue == rows[waiting].queue == "roads"
    assert desk.state.agents[BORIS].offer is not None
    desk.do(c.ReturnItem(item_id=held, agent_id=AMINA))
    assert desk.state.items[held].queue == "roads"


def test_an_agent_who_is_taken_out_keeps_the_talk_and_gives_back_the_rest() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    form = desk.form("f1")
    desk.answer("chloe")
    desk.sign_in("amina")
    call = desk.call("i1", "1", "2")
    desk.answer("amina")
    ringing = desk.call("i2", "1", "2", caller="z")
    desk.sign_in("boris")
    offer = desk.state.agents[BORIS].offer
    assert offer is not None
    desk.do(c.AcceptOffer(offer_id=offer, agent_id=BORIS))
    taken = desk.state.items[ringing]
    assert taken.agent == BORIS
    desk.adopt(town(agents={}))
    rows = desk.state.items
    assert rows[form].state is ItemState.QUEUED
    assert rows[ringing].state is ItemState.QUEUED
    assert rows[call].state is ItemState.HANDLING
    assert all(a.lease_until is None for a in desk.state.agents.values())
    desk.do(c.EndCall(item_id=call, call_id="CAi1", reason="completed"))
    assert desk.state.items[call].state is ItemState.WRAP_UP


def test_a_changed_requirement_counts_for_those_who_wait_at_once() -> None:
    desk = Desk()
    desk.sign_in("boris")
    item = desk.call("i1", "2", "2")  # French: nobody
    assert desk.state.items[item].state is ItemState.QUEUED
    policy = town()
    general = replace(policy.queues[QueueId("general")], requires="general")
    desk.adopt(replace(policy, queues={**policy.queues, general.id: general}))
    assert desk.state.agents[BORIS].offer == "i1.1"


def test_hours_changed_while_something_waits_for_the_opening_bring_it_back() -> None:
    desk = Desk(now=NIGHT)
    item = desk.form("f1")
    assert desk.state.items[item].state is ItemState.DEFERRED
    always = Hours(id="office", time_zone="America/Toronto", weekly=((Range(0, 1440),),) * 7)
    desk.adopt(town(hours={"office": always}))
    assert desk.state.items[item].state is ItemState.QUEUED
