"""One matter that comes by several doors: calls, forms and mails merged, answered once, parted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core.apply_text import DUPLICATES
from router.core.duplicates import possible_duplicates
from router.core.effects import SendMail
from router.core.explain import lines_of
from router.core.model import DAY, HOUR, MINUTE, Form, ItemId, ItemState, QueueId
from router.core.records import Item
from router.core.relations import has_conversation
from router.core.service_level import local_day
from router.core.state import State
from router.errors import NotAllowed, NotNow
from tests.core.text_hands import AMINA, held, merge, told
from tests.core.text_town import TextDesk, mail_policy, mail_rule, writing_town
from tests.core.text_variants import strained_writing_town
from tests.core.town import NIGHT

I = ItemId  # noqa: E741


def unmerge(desk: TextDesk, item: str) -> None:
    desk.do(t.UnmergeItem(item_id=I(item), by=AMINA))


def called(desk: TextDesk, name: str = "i1", caller: str = "sam-tel") -> Item:
    """A resident has called, was talked to, and the agent has closed the call."""
    desk.sign_in("amina")
    desk.call(name, "1", "2", caller=caller)
    assert desk.answer("amina") == name
    desk.do(c.FinishHandling(item_id=I(name), agent_id=AMINA))
    if desk.item(name).state is ItemState.WRAP_UP:
        desk.do(c.CloseItem(item_id=I(name), agent_id=AMINA, code="answered"))
    assert desk.item(name).state is ItemState.CLOSED
    return desk.item(name)


def figure(desk: TextDesk) -> int:
    row = desk.state.dials.get(DUPLICATES)
    return row.count if row is not None and row.day == local_day(desk.state, desk.now) else 0


def told_to(desk: TextDesk) -> list[str]:
    """Return to whom answers go by mail."""
    sent = [x for x in desk.state.pending.values() if isinstance(x, SendMail)]
    return [x.contact_ref for x in sent if x.what == "reply"]


# --- the scenario --------------------------------------------------------------------------------


def test_a_call_a_form_and_a_mail_become_one_matter_with_one_answer(desk: TextDesk) -> None:
    call = called(desk)
    desk.form("f1")
    desk.mail("m1", sender="sam")
    alone = {name: desk.item(name) for name in ("f1", "m1", "i1")}
    merge(desk, "i1", "m1")
    merge(desk, "f1", "m1")
    assert figure(desk) == 2
    assert desk.item("m1").text is not None
    assert desk.item("m1").text.merged == ("i1", "f1")  # type: ignore[union-attr]
    assert (desk.item("i1").outcome, desk.item("f1").outcome) == (call.outcome, "merged")
    held(desk, "m1")
    desk.reply(I("m1"), "amina", address_keys={I("f1"): "sam"})
    assert told_to(desk) == ["c-sam"], "one resident, one mail: in the thread they wrote in"
    assert desk.item("m1").due_at is None
    for name in ("i1", "f1"):
        unmerge(desk, name)
    assert figure(desk) == 0
    assert desk.item("i1") == alone["i1"], "the call is what it was"
    form = desk.item("f1")
    assert form.state in (ItemState.QUEUED, ItemState.OFFERED)
    assert (form.form, form.queue) == (Form.SUBMISSION, alone["f1"].queue)
    assert form.first_queued_at == alone["f1"].first_queued_at
    assert form.reopened == 0
    assert desk.item("m1").agent == AMINA


@pytest.mark.parametrize(("item", "into"), [("f1", "m1"), ("m1", "f1"), ("f1", "f2")])
def test_a_form_goes_either_way_and_comes_back_as_it_was(
    desk: TextDesk, item: str, into: str
) -> None:
    desk.form("f1")
    desk.wait(HOUR)
    desk.form("f2")
    desk.wait(DAY)
    desk.mail("m1")
    before = desk.item(item), desk.item(into)
    merge(desk, item, into)
    assert desk.item(into).due_at == min(row.due_at or 0 for row in before)
    desk.wait(MINUTE)
    unmerge(desk, item)
    assert (desk.item(item), desk.item(into)) == before


def test_everybody_with_an_address_is_told_once_and_who_has_none_by_telephone(
    desk: TextDesk,
) -> None:
    desk.form("f1")
    desk.form("f2")
    desk.form("f3")
    merge(desk, "f2", "f1")
    merge(desk, "f3", "f1")
    held(desk, "f1")
    with pytest.raises(NotNow, match="no mail address"):
        desk.reply(I("f1"), "amina", key="nobody")
    desk.reply(I("f1"), "amina", address_keys={I("f1"): "sam", I("f2"): "bo"})
    assert sorted(told_to(desk)) == ["c-f1", "c-f2"]
    assert not has_conversation(desk.item("f3"))
    desk.mail("again", sender="bo", threads=("f2M",))
    assert "again" not in desk.state.items, "what they write goes to the one matter"
    assert desk.state.conversations["f2M"].messages[-1].item == "f1"
    unmerge(desk, "f2")
    text = desk.item("f2").text
    assert text is not None
    assert text.responded_at is not None
    assert text.unanswered_since is not None, "they wrote again"


def test_a_waiting_callback_goes_into_a_form_and_comes_back_with_its_promise() -> None:
    desk = TextDesk(writing_town())
    desk.call("i1", "1", "2")
    desk.do(c.AskWait(item_id=I("i1"), turn=1))
    row = desk.item("i1")
    if not row.callback_offered:
        desk.wait(3 * MINUTE)
        desk.do(c.AskWait(item_id=I("i1"), turn=2))
    desk.do(c.ChooseWhileWaiting(item_id=I("i1"), digits="1"))
    position = desk.item("i1").flow
    assert position is not None
    desk.do(c.AdvanceFlow(item_id=I("i1"), step=position.step, digits="1"))
    desk.do(c.EndCall(item_id=I("i1"), call_id="CAi1", reason="completed"))
    before = desk.item("i1")
    assert before.form is Form.CALLBACK
    assert before.callback is not None
    desk.form("f1")
    merge(desk, "i1", "f1")
    assert desk.item("f1").urgency_at == before.urgency_at, "nobody waits longer by a merge"
    unmerge(desk, "i1")
    assert desk.item("i1").callback == before.callback
    assert (desk.item("i1").form, desk.item("i1").state) == (before.form, before.state)
    assert desk.item("f1").urgency_at > before.urgency_at


def test_a_call_with_somebody_on_the_line_is_not_merged(desk: TextDesk) -> None:
    desk.form("f1")
    desk.call("i1", "1", "2")
    for item, into in (("i1", "f1"), ("f1", "i1")):
        with pytest.raises(NotNow, match="somebody on the line: end the call first"):
            merge(desk, item, into)
    desk.sign_in("amina")
    assert desk.answer("amina") == "i1"
    with pytest.raises(NotNow, match="end the call first"):
        merge(desk, "i1", "f1")
    desk.do(c.FinishHandling(item_id=I("i1"), agent_id=AMINA))
    with pytest.raises(NotNow, match="in wrap-up: close it with its code first"):
        merge(desk, "i1", "f1")
    desk.do(c.CloseItem(item_id=I("i1"), agent_id=AMINA, code="answered"))
    with pytest.raises(NotNow, match="reopen it first"):
        merge(desk, "f1", "i1")
    held(desk, "f1", agent="boris")
    with pytest.raises(NotAllowed, match="boris"):
        merge(desk, "f1", desk.mail("m1"))
    merge(desk, "i1", "f1")
    with pytest.raises(NotNow, match="part of 'f1'"):
        merge(desk, "i1", "f1")


def test_what_slept_sleeps_on_when_what_woke_it_is_taken_out(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(I("m1"), "amina", then="wait")
    until = desk.item("m1").deferred_until
    desk.form("f1")
    merge(desk, "f1", "m1")
    assert desk.item("m1").state is not ItemState.DEFERRED
    unmerge(desk, "f1")
    text = desk.item("m1").text
    assert text is not None
    assert (desk.item("m1").state, text.waiting_for) == (ItemState.DEFERRED, "resident")
    assert desk.item("m1").deferred_until == until


@pytest.mark.parametrize("leaving", [("f1", "f2"), ("f2", "f1")])
def test_what_slept_sleeps_on_whichever_leaves_first(
    desk: TextDesk, leaving: tuple[str, str]
) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(I("m1"), "amina", then="wait")
    until = desk.item("m1").deferred_until
    for form in ("f1", "f2"):
        desk.form(form)
        merge(desk, form, "m1")
    unmerge(desk, leaving[0])
    assert desk.item("m1").state is not ItemState.DEFERRED, "the other form is owed an answer"
    unmerge(desk, leaving[1])
    assert desk.item("m1").state is ItemState.DEFERRED
    assert desk.item("m1").deferred_until == until


def test_a_promise_that_was_over_is_noted_as_missed_at_once() -> None:
    desk = TextDesk(strained_writing_town())
    desk.form("f1")
    desk.wait(10 * DAY)
    desk.mail("m1")
    merge(desk, "f1", "m1")
    due, late_at = desk.item("m1").due_at, desk.item("m1").late_at
    assert due is not None
    assert due < desk.now == late_at == desk.engine.next_wakeup(), "and not before now"
    desk.do(c.PassTime())
    assert (desk.item("m1").due_at, desk.item("m1").late_at) == (due, None)


def test_merges_of_yesterday_are_yesterdays(desk: TextDesk) -> None:
    desk.form("f1")
    desk.form("f2")
    desk.form("f3")
    merge(desk, "f2", "f1")
    desk.wait(DAY)
    assert figure(desk) == 0
    merge(desk, "f3", "f1")
    unmerge(desk, "f2")
    assert figure(desk) == 1


def test_the_story_of_both_says_what_was_merged_and_taken_back(desk: TextDesk) -> None:
    desk.form("f1")
    desk.mail("m1")
    begin, state = len(desk.story), desk.state
    merge(desk, "f1", "m1")
    unmerge(desk, "f1")
    told = {
        name: [line.text for ev in desk.story[begin:] for line in lines_of(state, ev, I(name))]
        for name in ("f1", "m1")
    }
    assert "Amina merged it into m1: one matter, one answer" in told["f1"]
    assert "Amina took the merge into m1 back: each for itself again" in told["f1"]
    assert told["m1"][0] == "Amina merged submission f1 into it"
    assert "Amina took submission f1 out again" in told["m1"]


# --- what may be the same ------------------------------------------------------------------------


def proposed(state: State, item: Item) -> list[tuple[str, str]]:
    return [(each.item, each.why) for each in possible_duplicates(state, item)]


def test_the_same_sender_and_the_same_subject_are_proposed() -> None:
    rules = (mail_rule("potholes", queue=QueueId("roads"), subject="pothole"),)
    desk = TextDesk(writing_town(mail=mail_policy(rules=rules)))
    desk.form("f1")
    desk.mail("m1", sender="sam")
    desk.wait(MINUTE)
    desk.mail("m2", sender="bo", rule="potholes")
    desk.mail("m3", sender="sam", rule="potholes")
    assert proposed(desk.state, desk.item("m3")) == [
        ("m1", "same sender"),
        ("m2", "same subject"),
        ("f1", "same subject"),
    ]
    assert proposed(desk.state, desk.item("m1")) == [("m3", "same sender")]
    merge(desk, "m3", "m1")
    assert proposed(desk.state, desk.item("m1")) == []
    assert proposed(desk.state, desk.item("m3")) == []
    desk.wait(8 * DAY)
    desk.mail("m4", sender="kim", rule="potholes")
    assert proposed(desk.state, desk.item("m4")) == [], "a pothole of last week is another one"


def test_a_call_that_is_over_is_proposed_for_a_while_and_one_in_talk_is_not(
    desk: TextDesk,
) -> None:
    called(desk, caller="k-f1")
    desk.form("f1")
    assert proposed(desk.state, desk.item("f1")) == [("i1", "same sender")]
    desk.call("i2", "1", "2", caller="k-f1")
    assert ("i2", "same sender") not in proposed(desk.state, desk.item("f1"))


def test_a_subject_that_a_mailbox_gives_to_everything_says_nothing() -> None:
    box = replace(mail_policy().mailboxes["info"], subject="noise")
    desk = TextDesk(writing_town(mail=mail_policy(mailboxes={"info": box})))
    desk.mail("m1", sender="sam")
    desk.mail("m2", sender="bo")
    assert desk.item("m1").subject == "noise"
    assert proposed(desk.state, desk.item("m2")) == []


@pytest.mark.parametrize("order", ["f1 f2", "f2 f1"])
def test_the_older_place_and_promise_go_along_and_back_whichever_leaves_first(
    desk: TextDesk, order: str
) -> None:
    for name in ("f1", "f2", "f3"):
        desk.form(name)
        desk.wait(DAY)
    own = {name: desk.item(name) for name in ("f1", "f2", "f3")}
    merge(desk, "f2", "f3")
    merge(desk, "f1", "f3")
    both = desk.item("f3")
    assert (both.urgency_at, both.due_at) == (own["f1"].urgency_at, own["f1"].due_at)
    first, second = order.split()
    unmerge(desk, first)
    left = desk.item("f3")
    assert (left.urgency_at, left.due_at) == (own[second].urgency_at, own[second].due_at)
    unmerge(desk, second)
    assert {name: desk.item(name) for name in own} == own


def test_what_is_owed_to_who_is_part_of_it_stays_owed_when_the_whole_comes_and_goes(
    desk: TextDesk,
) -> None:
    for name in ("f1", "f2", "f3"):
        desk.form(name)
        desk.wait(HOUR)
    merge(desk, "f1", "f2")
    whole = desk.item("f2")
    merge(desk, "f2", "f3")
    unmerge(desk, "f2")
    assert desk.item("f2") == whole


def test_what_was_kept_for_the_opening_is_kept_again() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.form("f1")
    desk.form("f2")
    before = desk.item("f1"), desk.item("f2")
    assert before[0].state is ItemState.DEFERRED
    merge(desk, "f1", "f2")
    unmerge(desk, "f1")
    assert (desk.item("f1"), desk.item("f2")) == before


def test_an_answer_to_both_was_an_answer_to_each(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    merge(desk, "m2", "m1")
    held(desk, "m1")
    desk.reply(I("m1"), "amina")
    unmerge(desk, "m2")
    text = desk.item("m2").text
    assert text is not None
    assert text.unanswered_since is None
    assert text.responded_at == desk.now


def test_an_urgent_mail_at_night_pages_also_when_its_matter_is_a_form() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.form("f1")
    desk.mail("m1", sender="sam")
    merge(desk, "m1", "f1")
    desk.mail("m2", sender="sam", threads=("v-m1",), rule="stop_sign")
    assert told(desk) == ["deputy"]
    desk.mail("a1", sender="deputy", contact="deputy", threads=("v-m1",))
    assert desk.item("f1").text is not None
    assert desk.item("f1").text.page_answered_by == "deputy"  # type: ignore[union-attr]
