"""A caller who hangs up does not take the report along: people on call are rung on without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import effects as f
from router.core import policy as p
from router.core.flows.lone_script import NUMBER, lone_script
from router.core.flows.presentation import caller_script
from router.core.flows.script import Confirm, Dial, End
from router.core.model import ENDED, MINUTE, Form, ItemId, ItemState, LegResult
from router.core.queueing import URGENT
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from tests.core.test_explain import story_of
from tests.core.test_on_call import hang_up, on_call_town, told
from tests.core.town import NIGHT, Desk, both, rule

LIST = ["security", "deputy", "officer"]


def lone_town(then: str = "close", rounds: int = 1, more: tuple[str, ...] = ()) -> p.Policy:
    policy = on_call_town(rounds=rounds)
    first, *rest = policy.fallbacks["night"].rules
    urgent = replace(first, hung_up=then, urgent=True)
    second = [
        rule("chief", "transfer", targets=(each,), accept=both("Press 1"), hung_up=then)
        for each in more
    ]
    night = p.Fallback(id="night", rules=(urgent, *second, *rest))
    return replace(policy, fallbacks={**policy.fallbacks, "night": night})


def left(desk: Desk, name: str = "i1", number: str = "") -> ItemId:
    """Ring about a hazard by night and hang up while the first telephone rings."""
    item = ItemId(name)
    desk.do(
        c.StartCall(
            item_id=item,
            key=f"call:{name}",
            call_id=f"CA{name}",
            called="+19055550100",
            address_key=number,
            contact_ref=f"contact-{name}" if number else "",
        )
    )
    for digits in ("1", "9"):
        position = desk.state.items[item].flow
        assert position is not None
        desk.do(c.AdvanceFlow(item_id=item, step=position.step, digits=digits))
    return item


def gone(desk: Desk, item: ItemId) -> None:
    desk.do(c.EndCall(item_id=item, call_id=f"CA{item}", reason="completed"))


def wanted(desk: Desk, item: ItemId) -> f.DialOnCall:
    """Return the call of ours that is to be made now."""
    key = desk.state.walks[item].key
    found = desk.state.pending[key]
    assert isinstance(found, f.DialOnCall)
    return found


def answer(desk: Desk, item: ItemId, result: LegResult, key: str = "") -> None:
    key = key or desk.state.walks[item].key
    desk.do(c.ReportLeg(item_id=item, leg="on_call", call_id="CAy", result=result, key=key))


def test_the_report_stays_first_in_line_and_who_was_rung_is_rung_by_us() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    row = desk.state.items[item]
    assert (row.state, row.form, row.call_id) == (ItemState.DEFERRED, Form.MESSAGE, "")
    assert row.head_start >= URGENT
    assert wanted(desk, item).leg == desk.state.policy.contacts["security"].number
    assert told(desk, item) == [("security", 1, None)]


def test_who_picks_up_hears_that_the_caller_is_gone_and_where_to_reach_them_and_presses_1() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    key = wanted(desk, item).key
    script = lone_script(desk.state, item, key, pressed=False)
    assert [each.text for each in script.spoken] == ["Ask where", "on_call_hung_up", "Press 1"]
    assert script.then == Confirm(key="1", leg="on_call")
    answer(desk, item, LegResult.ANSWERED)
    assert desk.state.items[item].state is ItemState.CLOSED
    assert told(desk, item) == [("security", 1, LegResult.ANSWERED)]
    after = lone_script(desk.state, item, key, pressed=True)
    assert [each.text for each in after.spoken] == ["on_call_taken_on", "on_call_hung_up"]
    assert after.then == End()


def test_texts_leave_the_number_to_the_channel_and_say_the_reference_letter_by_letter() -> None:
    policy = lone_town()
    texts = {**policy.texts, "on_call_hung_up": both(f"call {NUMBER}, {{reference}}")}
    desk = Desk(replace(policy, texts=texts), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    spoken = lone_script(desk.state, item, wanted(desk, item).key, pressed=False).spoken
    assert spoken[1].text == f"call {NUMBER}, i 1"


def test_of_a_withheld_number_the_reference_alone_is_told() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk)
    gone(desk, item)
    spoken = lone_script(desk.state, item, wanted(desk, item).key, pressed=False).spoken
    assert spoken[1].text == "on_call_withheld"


def test_the_whole_list_is_walked_in_rounds_and_then_it_is_told_that_nobody_took_it() -> None:
    desk = Desk(lone_town(rounds=2), now=NIGHT)
    item = left(desk, number="n1")
    hang_up(desk, item, 4, LegResult.NO_ANSWER)
    gone(desk, item)
    results = [LegResult.BUSY, LegResult.ENDED, LegResult.NO_ANSWER, LegResult.MACHINE]
    for result in (*results, LegResult.FAILED):
        answer(desk, item, result)
    assert [(name, turn) for name, turn, _ in told(desk, item)] == [
        (name, turn) for turn in (1, 2) for name in LIST
    ]
    assert [result for _, _, result in told(desk, item)] == [
        LegResult.NO_ANSWER,
        LegResult.BUSY,
        LegResult.NOT_ACCEPTED,
        LegResult.NO_ANSWER,
        LegResult.NOT_ACCEPTED,
        LegResult.FAILED,
    ]
    assert desk.state.walks[item].result == "unanswered"
    assert desk.state.items[item].state is ItemState.DEFERRED
    texts = [text for text, _ in story_of(desk, item)]
    assert any(text.startswith("nobody on call has taken it on") for text in texts)


def test_explain_tells_when_the_next_one_is_rung() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    texts = [text for text, _ in story_of(desk, item)]
    assert "the caller has hung up: people on call are rung on" in texts
    assert any(text.endswith("the next one on call is") for text in texts)


def test_after_the_last_of_the_list_the_next_list_of_the_chain_is_walked() -> None:
    desk = Desk(lone_town(more=("officer",)), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    for _ in LIST:
        answer(desk, item, LegResult.NO_ANSWER)
    assert told(desk, item)[-1] == ("officer", 1, None)
    assert desk.state.on_call[item].rule == "!night/chief"
    answer(desk, item, LegResult.ANSWERED)
    assert desk.state.items[item].state is ItemState.CLOSED


@pytest.mark.parametrize(
    ("then", "form", "state"),
    [
        ("close", Form.MESSAGE, ItemState.CLOSED),
        ("message", Form.MESSAGE, ItemState.DEFERRED),
        ("callback", Form.CALLBACK, ItemState.DEFERRED),
    ],
)
def test_what_becomes_of_it_is_declared(then: str, form: Form, state: ItemState) -> None:
    desk = Desk(lone_town(then), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    answer(desk, item, LegResult.ANSWERED)
    row = desk.state.items[item]
    assert (row.form, row.state) == (form, state)
    assert desk.state.walks[item].contact == "security"


def test_of_a_withheld_number_no_callback_is_promised() -> None:
    desk = Desk(lone_town("callback"), now=NIGHT)
    item = left(desk)
    gone(desk, item)
    answer(desk, item, LegResult.ANSWERED)
    assert desk.state.items[item].form is Form.MESSAGE
    assert desk.state.items[item].state is ItemState.DEFERRED


def test_a_key_pressed_twice_or_on_an_older_call_changes_nothing() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    first = wanted(desk, item).key
    answer(desk, item, LegResult.NO_ANSWER)
    answer(desk, item, LegResult.ANSWERED, key=first)
    assert desk.state.items[item].state is ItemState.DEFERRED
    assert lone_script(desk.state, item, first, pressed=False).then == End()
    answer(desk, item, LegResult.ANSWERED)
    before = desk.state.hash()
    answer(desk, item, LegResult.ANSWERED)
    assert desk.state.hash() == before


def test_news_that_never_come_and_calls_that_cannot_be_made_lead_on() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    desk.do(c.ReportEffect(key=wanted(desk, item).key, done=True, call_id="CAz"))
    desk.wait(3 * MINUTE)
    assert told(desk, item)[0] == ("security", 1, LegResult.NO_ANSWER)
    ended = [each for each in desk.state.pending.values() if isinstance(each, f.EndLeg)]
    assert [each.call_id for each in ended] == ["CAz"]
    key = wanted(desk, item).key
    desk.do(c.ReportEffect(key=key, done=False, final=True, reason="refused"))
    assert told(desk, item)[1] in (
        ("deputy", 1, LegResult.FAILED),
        ("deputy", 1, LegResult.NO_ANSWER),
    )


def test_whoever_rings_again_goes_on_with_the_walk_and_nobody_is_rung_twice_about_it() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    answer(desk, item, LegResult.NO_ANSWER)
    again = left(desk, "i2", "n1")
    assert desk.state.items[item].state is ItemState.CLOSED
    assert desk.state.walks[item].result == "joined"
    then = caller_script(desk.state, again).then
    assert isinstance(then, Dial)
    assert then.number == desk.state.policy.contacts["deputy"].number
    late = c.ReportLeg(
        item_id=item, leg="on_call", call_id="CAy", result=LegResult.ANSWERED, key="i1-2"
    )
    desk.do(late)
    assert desk.state.items[again].state is ItemState.IN_FLOW


def test_who_rings_again_before_the_first_call_is_known_to_be_over_is_walked_for_once() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    again = left(desk, "i2", "n1")
    gone(desk, item)
    assert desk.state.items[item].state is ItemState.CLOSED
    assert desk.state.items[again].state is ItemState.IN_FLOW
    assert desk.state.walks[item].key == ""


def test_another_resident_and_a_withheld_number_are_walked_for_on_their_own() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    for name, number in (("i1", "n1"), ("i2", "n2"), ("i3", ""), ("i4", "")):
        gone(desk, left(desk, name, number))
    assert [row.result for row in desk.state.walks.values()] == ["", "", "", ""]


def test_who_hangs_up_after_the_last_round_has_still_reported_it() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    for step in (4, 5, 6):
        hang_up(desk, item, step, LegResult.NO_ANSWER)
    row = desk.state.items[item]
    if row.state is ItemState.IN_FLOW:
        gone(desk, item)
    assert desk.state.items[item].state not in ENDED


def test_without_the_declaration_the_walk_ends_with_the_call() -> None:
    desk = Desk(on_call_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    assert desk.state.items[item].state is ItemState.ABANDONED
    assert desk.state.walks == {}


def test_a_snapshot_keeps_the_walk_and_all_of_it_is_forgotten_with_the_item() -> None:
    desk = Desk(lone_town(), now=NIGHT)
    item = left(desk, number="n1")
    gone(desk, item)
    kept = decode_frozen(encode_frozen(desk.state.freeze()))
    thawed = State.thaw(kept, dict(desk.state.policies))
    assert thawed.hash() == desk.state.hash()
    assert thawed.next_timer() == desk.state.next_timer()
    answer(desk, item, LegResult.ANSWERED)
    desk.wait(72 * 60 * MINUTE)
    assert desk.state.walks == {}


HEARD = st.sampled_from(
    [LegResult.BUSY, LegResult.NO_ANSWER, LegResult.FAILED, LegResult.ENDED, LegResult.MACHINE]
)


@given(before=st.integers(0, 3), heard=st.lists(HEARD, max_size=12), rounds=st.integers(1, 3))
def test_whenever_the_caller_hangs_up_everybody_left_is_rung_once_a_round_and_it_is_never_lost(
    before: int, heard: list[LegResult], rounds: int
) -> None:
    desk = Desk(lone_town(rounds=rounds), now=NIGHT)
    item = left(desk, number="n1")
    for step in range(4, 4 + min(before, 3 * rounds - 1)):
        hang_up(desk, item, step, LegResult.NO_ANSWER)
    gone(desk, item)
    for result in heard:
        if not desk.state.walks[item].result:
            answer(desk, item, result)
    names = [name for name, _, _ in told(desk, item)]
    assert names == (LIST * rounds)[: len(names)]
    if len(names) < 3 * rounds:
        assert desk.state.walks[item].result == ""
    assert desk.state.items[item].state not in ENDED
