"""What must not go wrong between mail, chat, agents and the clock: the cases that bite."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.effects import SendMail
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    Form,
    ItemId,
    ItemState,
    QueueId,
    Tempo,
)
from router.errors import NotAllowed, NotNow
from tests.core.text_hands import AMINA, forward, held, merge
from tests.core.text_town import TextDesk, mail_policy, writing_town
from tests.core.text_variants import fated_writing_town, small_writing_town
from tests.core.town import OPEN

# --- clocks --------------------------------------------------------------------------------------


def test_asking_the_resident_before_any_answer_stops_the_clock_for_business_time_alone() -> None:
    desk = TextDesk(fated_writing_town())  # 4 business hours
    desk.mail("m1")
    due = desk.item("m1").due_at
    held(desk, "m1")
    desk.do(t.WaitForResident(item_id=ItemId("m1"), agent_id=AMINA))
    desk.wait(HOUR)
    desk.mail("m2", threads=("v-m1",))
    assert due is not None
    assert due == OPEN + 4 * HOUR
    assert desk.item("m1").due_at == due + HOUR


def test_a_night_that_a_mail_waits_for_the_resident_moves_nothing_but_its_open_hours() -> None:
    desk = TextDesk(fated_writing_town(), now=OPEN + 7 * HOUR)  # an hour before closing
    desk.mail("m1")
    held(desk, "m1")
    desk.do(t.WaitForResident(item_id=ItemId("m1"), agent_id=AMINA))
    desk.wait(16 * HOUR)  # 9 in the morning: an hour after opening
    desk.mail("m2", threads=("v-m1",))
    opening = OPEN + 22 * HOUR
    assert desk.item("m1").due_at == opening + 3 * HOUR + 2 * HOUR


def test_asking_a_department_stops_no_clock(desk: TextDesk) -> None:
    desk.mail("m1")
    due = desk.item("m1").due_at
    first = desk.item("m1").first_queued_at
    held(desk, "m1")
    forward(desk, "m1")
    desk.keep_alive(HOUR)
    desk.mail("a1", sender="officer", contact="officer", threads=("v-m1",))
    why = [ev.why for ev in desk.story if isinstance(ev, e.ItemWoken)]
    assert why == ["officer answered"]
    assert (desk.item("m1").due_at, desk.item("m1").first_queued_at) == (due, first)


def test_after_an_answer_each_turn_of_the_resident_has_a_promise_of_its_own() -> None:
    desk = TextDesk(fated_writing_town())
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="wait")
    desk.wait(HOUR)
    desk.mail("m2", threads=("v-m1",))
    assert desk.item("m1").due_at == desk.now + 4 * HOUR


def test_snoozing_what_the_resident_asked_does_not_begin_the_promise_anew() -> None:
    desk = TextDesk(fated_writing_town())
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina")
    asked = desk.now
    desk.mail("m2", threads=("v-m1",))
    desk.do(t.SnoozeItem(item_id=ItemId("m1"), agent_id=AMINA, until=desk.now + 2 * HOUR))
    desk.wait(2 * HOUR)
    assert [ev.why for ev in desk.story if isinstance(ev, e.ItemWoken)] == ["its time has come"]
    assert desk.item("m1").due_at == asked + 4 * HOUR


def test_the_first_answer_says_when_it_was_due_so_that_it_can_be_counted(desk: TextDesk) -> None:
    desk.mail("m1")
    due = desk.item("m1").due_at
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina")
    desk.reply(ItemId("m1"), "amina", key="r2")
    said = [ev.promised for ev in desk.story if isinstance(ev, e.MessageAdded)]
    assert said[-2:] == [due, None]
    text = desk.item("m1").text
    assert text is not None
    assert text.responded_at == desk.now


def test_what_is_owed_counts_from_the_first_word_and_answers_from_the_first_answer(
    desk: TextDesk,
) -> None:
    desk.mail("m1")
    desk.wait(HOUR)
    desk.mail("m2", threads=("v-m1",))
    held(desk, "m1")
    text = desk.item("m1").text
    assert text is not None
    assert text.unanswered_since == OPEN
    answered = desk.now
    desk.reply(ItemId("m1"), "amina", then="wait")
    desk.wait(HOUR)
    desk.mail("m3", threads=("v-m1",))
    assert desk.item("m1").due_at is not None
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", key="r2")
    text = desk.item("m1").text
    assert text is not None
    assert text.responded_at == answered
    said = [ev.promised for ev in desk.story if isinstance(ev, e.MessageAdded)]
    assert said[-1] is None


def test_what_is_opened_again_waits_for_nothing(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="wait")
    desk.wait(10 * DAY)
    desk.mail("m2", threads=("v-m1",))
    text = desk.item("m1").text
    assert text is not None
    assert (text.waiting_for, text.parked_at) == ("", None)


def test_who_waits_in_a_chat_is_due_at_once_not_in_days(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.chat("c1")
    assert desk.item("c1").due_at is None
    assert desk.item("c1").urgency_at < desk.item("m1").urgency_at


# --- merging and splitting -----------------------------------------------------------------------


def test_what_was_merged_stays_as_long_as_what_it_went_into(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    held(desk, "m1")
    merge(desk, "m2", "m1")
    desk.keep_alive(MINUTE)
    desk.do(t.SnoozeItem(item_id=ItemId("m1"), agent_id=AMINA, until=desk.now + 9 * DAY))
    desk.wait(10 * DAY)
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="close")
    assert len(desk.sent("reply")) == 2
    for key in list(desk.state.pending):
        desk.do(c.ReportEffect(key=key, done=True))
    desk.wait(3 * DAY)
    assert desk.state.items == {}
    assert desk.state.conversations == {}


def test_an_answer_reaches_whoever_was_merged_however_often(desk: TextDesk) -> None:
    for n, sender in enumerate(("sam", "bo", "kim"), start=1):
        desk.mail(f"m{n}", sender=sender)
    merge(desk, "m3", "m2")
    merge(desk, "m2", "m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina")
    sent = {x.contact_ref for x in desk.state.pending.values() if isinstance(x, SendMail)}
    assert len(desk.sent("reply")) == 3
    assert sent == {"c-sam", "c-bo", "c-kim"}


def test_merging_into_what_sleeps_wakes_it_and_takes_over_the_older_place(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="wait")
    desk.mail("m2", sender="bo")
    merge(desk, "m2", "m1")
    row = desk.item("m1")
    assert row.state in (ItemState.QUEUED, ItemState.OFFERED)
    assert row.text is not None
    assert row.text.unanswered_since is not None
    desk.mail("late", sender="kim")
    desk.wait(HOUR)
    desk.mail("urgent", sender="zoe", rule="stop_sign")
    before = desk.item("urgent").urgency_at
    merge(desk, "urgent", "late")
    assert desk.item("late").urgency_at == before


def test_only_open_written_work_is_merged(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    held(desk, "m1")
    desk.do(c.FinishHandling(item_id=ItemId("m1"), agent_id=AMINA))
    for item, into in (("m2", "m1"), ("m1", "m2"), ("m2", "m2")):
        with pytest.raises(NotNow):
            merge(desk, item, into)
    desk.chat("c1")
    merge(desk, "c1", "m2")
    with pytest.raises(NotNow, match="part of 'm2'"):
        merge(desk, "c1", "m2")


def test_a_merged_item_is_not_reopened_but_taken_back(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    merge(desk, "m2", "m1")
    with pytest.raises(NotNow, match="take the merge back"):
        desk.do(c.ReopenItem(item_id=ItemId("m2"), by="amina"))
    desk.do(t.UnmergeItem(item_id=ItemId("m2"), by=AMINA))
    assert desk.item("m2").state is ItemState.QUEUED


def test_a_split_goes_to_the_same_queue_and_a_chat_is_answered_by_mail_there(
    desk: TextDesk,
) -> None:
    desk.mail("m1", rule="stop_sign")
    desk.mail("m2", threads=("v-m1",))
    desk.do(t.SplitItem(ItemId("m1"), ItemId("s1"), "v-s1", 3, AMINA))
    assert desk.item("s1").queue == "roads"
    desk.chat("c1")
    desk.do(t.AskCallback("v", ItemId("x"), "c-tel", "tel", "site", "en"))
    desk.do(t.SplitItem(ItemId("c1"), ItemId("s2"), "v-s2", 1, AMINA))
    assert (desk.item("s2").form, desk.item("s2").tempo) == (Form.MESSAGE, Tempo.SLOW_TEXT)


def test_nobody_merges_what_somebody_else_has_in_hand(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    held(desk, "m2", agent="boris")
    with pytest.raises(NotAllowed, match="boris"):
        merge(desk, "m2", "m1")


def test_a_merge_is_not_taken_back_when_the_conversation_went_on() -> None:
    desk = TextDesk(writing_town(mail=mail_policy(reopen_within=HOUR)))
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    merge(desk, "m2", "m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="close")
    desk.wait(2 * HOUR)
    desk.mail("m3", sender="bo", threads=("v-m2",))
    with pytest.raises(NotNow, match="goes on in 'm3'"):
        desk.do(t.UnmergeItem(item_id=ItemId("m2"), by=AMINA))


def test_a_conversation_stays_while_any_item_of_it_does() -> None:
    desk = TextDesk(writing_town(mail=mail_policy(reopen_within=HOUR)))
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    merge(desk, "m2", "m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="close")
    desk.wait(2 * HOUR)
    desk.mail("m3", threads=("v-m1",))
    desk.mail("a1", sender="officer", contact="officer", threads=("v-m2",))
    assert desk.item("m1").state is ItemState.QUEUED
    held(desk, "m3", "m1")
    desk.reply(ItemId("m3"), "amina", key="r3", then="close")
    desk.do(t.SnoozeItem(item_id=ItemId("m1"), agent_id=AMINA, until=desk.now + 9 * DAY))
    for key in list(desk.state.pending):
        desk.do(c.ReportEffect(key=key, done=True))
    desk.wait(4 * DAY)
    assert "m3" not in desk.state.items
    assert desk.state.conversations["v-m1"].item == "m1"


# --- coming back ---------------------------------------------------------------------------------


def test_a_reply_to_a_refusal_opens_work_in_the_mailboxs_queue() -> None:
    policy = writing_town()
    box = replace(mail_policy().mailboxes["info"], queue=QueueId("roads"))
    desk = TextDesk(replace(policy, mail=mail_policy(mailboxes={"info": box})))
    desk.mail("m1", rule="parking")
    desk.mail("m2", threads=("v-m1",))
    assert (desk.item("m1").state, desk.item("m1").queue) == (ItemState.QUEUED, "roads")


def test_what_comes_back_when_its_queue_is_gone_goes_where_its_door_leads(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="close")
    desk.adopt(small_writing_town())
    desk.mail("m2", mailbox="other", threads=("v-m1",))
    assert desk.item("m1").queue == "roads"


def test_writing_again_during_wrap_up_brings_it_back(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.do(c.FinishHandling(item_id=ItemId("m1"), agent_id=AMINA))
    desk.mail("m2", threads=("v-m1",))
    assert desk.item("m1").state in (ItemState.QUEUED, ItemState.OFFERED)
    assert desk.state.agents[AMINA].offer is not None


def test_an_ended_item_whose_conversation_goes_on_elsewhere_is_not_reopened() -> None:
    desk = TextDesk(writing_town(mail=mail_policy(reopen_within=HOUR)))
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="close")
    desk.wait(2 * HOUR)
    desk.mail("m2", threads=("v-m1",))
    with pytest.raises(NotNow, match="goes on in 'm2'"):
        desk.do(c.ReopenItem(item_id=ItemId("m1"), by="amina"))
    held(desk, "m2")
    desk.reply(ItemId("m2"), "amina", key="r2", then="close")
    desk.do(c.ReopenItem(item_id=ItemId("m1"), by="amina"))
    assert desk.state.conversations["v-m1"].item == "m1"
    desk.mail("m3", threads=("v-m1",))
    assert "m3" not in desk.state.items


def test_what_answers_a_past_that_is_open_again_joins_it(desk: TextDesk) -> None:
    desk.mail("m1")
    past = t.PastThread("v-m1", ItemId("m1"), None, None, "sam", 9, OPEN)
    desk.mail("m2", past=past)
    assert list(desk.state.items) == ["m1"]


def test_what_was_set_aside_gets_the_next_words_too(desk: TextDesk) -> None:
    desk.mail("m1", rule="spam")
    desk.mail("m2", threads=("v-m1",))
    assert desk.item("m1").state is ItemState.SHUNTED
    assert [by for by, _ in desk.written("v-m1")] == ["resident", "resident"]
    held(desk, "m1")


def test_what_an_owner_leaves_behind_is_for_anyone() -> None:
    desk = TextDesk(writing_town())
    desk.mail("m1")
    held(desk, "m1", agent="boris")
    desk.reply(ItemId("m1"), "boris", then="wait")
    desk.adopt(small_writing_town())
    desk.mail("m2", mailbox="other", threads=("v-m1",))
    assert desk.item("m1").reserved_for is None
    assert desk.item("m1").state is ItemState.QUEUED


def test_a_town_that_keeps_nothing_for_owners_gives_it_to_anyone() -> None:
    desk = TextDesk(writing_town(mail=mail_policy(to_owner_for=0)))
    desk.mail("m1")
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina", then="wait")
    desk.mail("m2", threads=("v-m1",))
    assert desk.item("m1").reserved_for is None
    kept = TextDesk(writing_town(mail=mail_policy(to_owner_for=HOUR)))
    kept.mail("m1")
    held(kept, "m1")
    kept.reply(ItemId("m1"), "amina", then="wait")
    kept.mail("m2", threads=("v-m1",))
    assert kept.item("m1").reserved_until == kept.now + HOUR
