"""A supervisor in an agent's talk: they come and go, and the talk is what it was."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_calls as k
from router.core import effects as f
from router.core import events as e
from router.core.commands_listening import ListenTo, StopListening
from router.core.flows.inside import listener_script
from router.core.flows.presentation import caller_script
from router.core.flows.script import Confirm, End, Room
from router.core.model import AgentId, ItemId, ItemState, LegResult, ListenMode
from router.core.policy_listening import ListeningRule
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.core.story import describe
from router.errors import NotAllowed, NotNow
from tests.core.test_warm_transfers import ended, talking, third, three
from tests.core.town import Desk

AMINA, BORIS, CHLOE = AgentId("amina"), AgentId("boris"), AgentId("chloe")
LISTEN, WHISPER, BARGE = ListenMode


def wish(item: ItemId, mode: ListenMode = LISTEN, agent: AgentId = CHLOE) -> ListenTo:
    return ListenTo(item_id=item, agent_id=agent, mode=mode, by=f"{agent}.s")


def heard(desk: Desk, item: ItemId, result: LegResult, call: str = "S") -> None:
    key = desk.state.listeners[item].key if item in desk.state.listeners else ""
    desk.do(c.ReportLeg(item_id=item, leg="listener", call_id=call, result=result, key=key))


def listening(desk: Desk, mode: ListenMode = LISTEN) -> ItemId:
    """Chloe is in the talk of Amina with a caller."""
    item = talking(desk)
    desk.do(wish(item, mode))
    heard(desk, item, LegResult.ANSWERED)
    assert desk.state.listeners[item].connected
    return item


def wanted(desk: Desk, kind: type[f.Effect]) -> list[f.Effect]:
    found = [x.effect for x in desk.story if isinstance(x, e.EffectWanted)]
    return [x for x in found if isinstance(x, kind)]


def adopt(desk: Desk, rule: ListeningRule | None) -> None:
    desk.adopt(replace(desk.state.policy, listening=rule))


# --- coming and going ----------------------------------------------------------------------------


def test_the_supervisors_telephone_rings_and_asks_for_a_key_before_anything_is_heard() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item))
    (effect,) = wanted(desk, f.DialListener)
    assert isinstance(effect, f.DialListener)
    assert effect.leg == "client:chloe"
    state = desk.state
    assert listener_script(state, item, effect.key, pressed=False).then == Confirm(
        key="1", leg="listener"
    )
    room = listener_script(state, item, effect.key, pressed=True).then
    assert room == Room(room=item, resident=False, listener=LISTEN)
    assert listener_script(state, item, "older", pressed=True).then == End()


def test_who_whispers_joins_for_the_agents_leg_alone() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item, WHISPER))
    key = desk.state.listeners[item].key
    room = listener_script(desk.state, item, key, pressed=True).then
    assert room == Room(room=item, resident=False, listener=WHISPER, coached="leg-amina")


def test_they_change_between_the_three_ways_and_every_change_reaches_the_carrier() -> None:
    desk = Desk()
    item = listening(desk)
    for mode in (WHISPER, BARGE, LISTEN):
        desk.do(wish(item, mode))
        assert desk.state.listeners[item].mode is mode
    assert wanted(desk, f.SetListener) == [
        f.SetListener(key=each.key, item_id=item, call_id="S", room_id="CF1")
        for each in wanted(desk, f.SetListener)
    ]
    assert len(wanted(desk, f.SetListener)) == 3
    assert desk.do(wish(item)) == []  # as it is


def test_while_their_telephone_rings_a_change_needs_no_carrier() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item))
    desk.do(wish(item, BARGE))
    assert wanted(desk, f.SetListener) == []
    assert desk.state.listeners[item].mode is BARGE


def test_who_listens_is_no_part_of_anybodys_load_and_changes_nothing_of_the_item() -> None:
    desk = Desk()
    item = talking(desk)
    desk.sign_in("chloe")
    before, agents = desk.state.items[item], dict(desk.state.agents)
    desk.do(wish(item, BARGE))
    heard(desk, item, LegResult.ANSWERED)
    desk.do(StopListening(item_id=item, by="chloe.s"))
    after = desk.state.items[item]
    assert replace(after, effect_count=before.effect_count) == before
    assert desk.state.agents == agents


@pytest.mark.parametrize("mode", ListenMode)
def test_the_talk_goes_on_when_they_stop_or_hang_up(mode: ListenMode) -> None:
    desk = Desk()
    item = listening(desk, mode)
    desk.do(StopListening(item_id=item, by="chloe.s"))
    assert ended(desk) == ["S"]
    heard(desk, item, LegResult.ENDED)  # the leg that we ended
    desk.do(wish(item, mode))
    heard(desk, item, LegResult.ANSWERED, "S2")
    heard(desk, item, LegResult.ENDED, "S2")
    assert item not in desk.state.listeners
    assert ended(desk) == ["S"]  # nobody else's leg
    assert desk.state.items[item].state is ItemState.HANDLING


@pytest.mark.parametrize("result", [r for r in LegResult if r is not LegResult.ANSWERED])
def test_a_telephone_that_nobody_answers_ends_it(result: LegResult) -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item))
    heard(desk, item, result)
    assert item not in desk.state.listeners
    assert desk.state.items[item].state is ItemState.HANDLING


def test_a_leg_of_which_nothing_is_heard_is_given_up_by_time() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item))
    (effect,) = wanted(desk, f.DialListener)
    desk.do(c.ReportEffect(key=effect.key, done=True, call_id="S"))
    assert desk.state.listeners[item].call_id == "S"
    due = desk.state.listeners[item].due
    assert due is not None
    desk.wait(due - desk.now)
    assert item not in desk.state.listeners
    assert ended(desk) == ["S"]


def test_a_carrier_that_does_not_ring_them_ends_it() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item))
    (effect,) = wanted(desk, f.DialListener)
    desk.do(c.ReportEffect(key=effect.key, done=False, final=True, reason="refused"))
    assert item not in desk.state.listeners


def test_who_may_be_heard_unawares_because_the_carrier_did_not_change_it_must_leave() -> None:
    desk = Desk()
    item = listening(desk, BARGE)
    desk.do(wish(item, LISTEN))
    (effect,) = wanted(desk, f.SetListener)
    desk.do(c.ReportEffect(key=effect.key, done=False, final=True, reason="failed"))
    assert item not in desk.state.listeners
    assert ended(desk) == ["S"]


def test_a_leg_that_comes_too_late_or_twice_is_hung_up() -> None:
    desk = Desk()
    item = listening(desk)
    heard(desk, item, LegResult.ANSWERED, "second")
    assert ended(desk) == ["second"]
    desk.do(StopListening(item_id=item, by="chloe.s"))
    heard(desk, item, LegResult.ANSWERED, "late")
    assert ended(desk) == ["second", "S", "late"]


# --- the end of the talk -------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ListenMode)
@pytest.mark.parametrize("how", ["resident", "finish", "close", "transfer", "return", "agent"])
def test_they_leave_when_the_talk_with_this_agent_is_over(how: str, mode: ListenMode) -> None:
    desk = Desk()
    item = listening(desk, mode)
    commands: dict[str, c.Command] = {
        "resident": c.EndCall(item_id=item, call_id="CAi1", reason="completed"),
        "finish": c.FinishHandling(item_id=item, agent_id=AMINA),
        "close": c.CloseItem(item_id=item, agent_id=AMINA),
        "transfer": c.TransferItem(item_id=item, agent_id=AMINA, to_contact="officer"),
        "return": c.ReturnItem(item_id=item, agent_id=AMINA),
        "agent": c.ReportLeg(
            item_id=item, leg="agent", call_id="leg-amina", result=LegResult.ENDED
        ),
    }
    desk.do(commands[how])
    assert item not in desk.state.listeners
    assert ended(desk).count("S") == 1


def test_they_stay_beside_a_third_party_and_leave_when_the_agent_does() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = three(desk, to_agent=BORIS)
    desk.do(wish(item, WHISPER))
    heard(desk, item, LegResult.ANSWERED)
    assert item in desk.state.listeners
    desk.do(k.CompleteTransfer(item_id=item, agent_id=AMINA))
    assert item not in desk.state.listeners  # Boris was told nothing of them
    assert ended(desk) == ["leg-amina", "S"]
    assert desk.state.items[item].agent == BORIS
    desk.do(wish(item))
    assert desk.state.listeners[item].of == BORIS


def test_hold_is_part_of_the_talk() -> None:
    desk = Desk()
    item = listening(desk)
    desk.do(c.HoldItem(item_id=item, agent_id=AMINA))
    assert item in desk.state.listeners


def test_a_third_party_who_leaves_changes_nothing_for_them() -> None:
    desk = Desk()
    item = three(desk)
    desk.do(wish(item))
    heard(desk, item, LegResult.ANSWERED)
    desk.do(third(item, LegResult.ENDED))
    assert item in desk.state.listeners


# --- what is refused -----------------------------------------------------------------------------


def test_nobody_listens_to_what_is_no_talk_yet() -> None:
    desk = Desk()
    item = desk.call("i1", "1", "2", caller="i1")
    with pytest.raises(NotNow, match="not on the line"):
        desk.do(wish(item))


def test_one_supervisor_at_a_time_and_one_talk_for_each() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = listening(desk)
    with pytest.raises(NotNow, match=r"chloe\.s listens already"):
        desk.do(wish(item, agent=BORIS))
    other = desk.call("i2", "1", "2", caller="i2")
    assert desk.answer("boris") == other
    desk.do(c.NoteRoom(item_id=other, room_id="CF2"))
    with pytest.raises(NotNow, match="stop that first"):
        desk.do(wish(other))


def test_not_to_themselves_and_not_without_a_free_telephone() -> None:
    desk = Desk()
    desk.sign_in("amina", "boris")
    item = talking(desk)
    with pytest.raises(NotAllowed, match="own hands"):
        desk.do(wish(item, agent=AMINA))
    with pytest.raises(NotAllowed, match="no telephone"):
        desk.do(wish(item, agent=AgentId("nobody")))
    desk.call("i2", "1", "2", caller="i2")
    desk.answer("boris")
    with pytest.raises(NotNow, match="telephone is taken"):
        desk.do(wish(item, agent=BORIS))


def test_stopping_what_is_not_there_is_refused() -> None:
    desk = Desk()
    item = talking(desk)
    with pytest.raises(NotNow, match="nobody listens"):
        desk.do(StopListening(item_id=item, by="chloe.s"))


# --- what the town wants -------------------------------------------------------------------------


def test_a_town_that_says_nothing_lets_nobody_listen_and_one_that_changes_its_mind_ends_it() -> (
    None
):
    desk = Desk()
    item = listening(desk, BARGE)
    adopt(desk, ListeningRule((LISTEN,)))
    assert item not in desk.state.listeners
    with pytest.raises(NotAllowed, match="nobody to barge"):
        desk.do(wish(item, BARGE))
    desk.do(wish(item, LISTEN))
    adopt(desk, None)
    assert item not in desk.state.listeners
    with pytest.raises(NotAllowed, match="nobody to listen"):
        desk.do(wish(item))


def test_callers_are_told_first_and_who_was_not_told_is_not_listened_to() -> None:
    desk = Desk()
    told = {"en": "may be monitored", "fr": "peut"}
    before = talking(desk, "i1")
    adopt(desk, ListeningRule(tuple(ListenMode), text=told))
    with pytest.raises(NotAllowed, match="before callers were told"):
        desk.do(wish(before))
    desk.sign_in("boris")
    after = desk.call("i2", caller="i2")
    assert "may be monitored" in [x.text for x in caller_script(desk.state, after).spoken]
    for key in "12":
        desk.do(c.AdvanceFlow(item_id=after, step=desk.state.items[after].flow.step, digits=key))
    assert desk.answer("boris") == after
    desk.do(c.NoteRoom(item_id=after, room_id="CF2"))
    desk.do(wish(after))
    assert after in desk.state.listeners


@pytest.mark.parametrize(
    ("rule", "stays"),
    [
        (ListeningRule(tuple(ListenMode)), True),
        (ListeningRule(tuple(ListenMode), is_shown=True), False),
        (ListeningRule(tuple(ListenMode), is_shown=False, text={"en": "may be monitored"}), False),
    ],
    ids=["as it was", "to be shown", "to be said first"],
)
def test_what_agents_and_callers_shall_know_from_now_on_ends_what_they_do_not(
    rule: ListeningRule, stays: bool
) -> None:
    desk = Desk()
    adopt(desk, ListeningRule(tuple(ListenMode), is_shown=stays))
    item = listening(desk)
    adopt(desk, rule)
    assert (item in desk.state.listeners) is stays
    assert len(wanted(desk, f.EndLeg)) == (not stays)


def test_a_policy_without_their_telephone_lets_them_go() -> None:
    desk = Desk()
    item = listening(desk)
    agents = {name: rule for name, rule in desk.state.policy.agents.items() if name != CHLOE}
    desk.adopt(replace(desk.state.policy, agents=agents))
    assert item not in desk.state.listeners


def test_the_story_keeps_from_the_agent_what_the_town_does_not_show() -> None:
    for is_shown in (True, False):
        desk = Desk()
        item = talking(desk)
        adopt(desk, ListeningRule(tuple(ListenMode), is_shown=is_shown))
        desk.do(wish(item))
        begun = next(x for x in desk.story if isinstance(x, e.ListeningBegun))
        leg = e.LegChanged(at=desk.now, item=item, leg="listener", call_id="S", connected=True)
        changed = e.ListeningChanged(at=desk.now, item=item, mode=BARGE, by="chloe.s")
        over = e.ListeningEnded(at=desk.now, item=item, result=LegResult.ENDED, reason="hung up")
        told = [describe(desk.state, x, None) for x in (begun, leg, changed, over)]
        assert [bool(x) for x in told] == [is_shown] * 4


# --- kept ----------------------------------------------------------------------------------------


def test_who_listens_is_in_the_snapshot_and_their_timer_with_them() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item, WHISPER))
    frozen = decode_frozen(encode_frozen(desk.state.freeze()))
    thawed = State.thaw(frozen, desk.state.policies)
    assert thawed.listeners == desk.state.listeners
    assert thawed.hash() == desk.state.hash()
    assert thawed.next_wakeup() == desk.state.next_wakeup()


def test_a_refused_decision_leaves_who_listens_and_the_timer_as_they_were() -> None:
    desk = Desk()
    item = talking(desk)
    desk.do(wish(item))
    state, due = desk.state, desk.state.next_wakeup()
    state.keep_undo()
    mark, before = state.mark(), state.hash()
    desk.do(StopListening(item_id=item, by="chloe.s"))
    state.back_to(mark)
    state.drop_undo()
    assert (state.hash(), state.next_wakeup()) == (before, due)
