"""Rules, pages and chats: what must not go wrong while somebody waits there and then."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    AgentId,
    Condition,
    Form,
    ItemId,
    ItemState,
    MessageKind,
    QueueId,
    Tempo,
)
from router.errors import NotNow, UnknownTarget
from tests.core.text_hands import AMINA, BORIS, forward, held, merge, told
from tests.core.text_town import TextDesk, chat_policy, writing_town
from tests.core.text_variants import fated_writing_town
from tests.core.town import NIGHT, OPEN, rule

# --- rules and pages -----------------------------------------------------------------------------


def test_undoing_an_urgent_rule_at_night_keeps_it_like_routine_mail_and_tells_nobody_more() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("routine")
    desk.mail("m1", sender="bo", rule="stop_sign")
    desk.do(t.UndoRule(item_id=ItemId("m1"), by=AMINA, reason="a joke"))
    row, routine = desk.item("m1"), desk.item("routine")
    assert (row.state, row.queue, row.subject) == (ItemState.DEFERRED, "general", "")
    assert (row.deferred_until, row.head_start) == (routine.deferred_until, 0)
    desk.wait(HOUR)
    assert told(desk) == ["deputy"]
    desk.wait(2 * DAY)
    assert desk.item("m1").urgency_at >= desk.item("routine").urgency_at


def test_a_later_mail_that_is_urgent_tells_somebody_at_night() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1")
    desk.mail("m2", threads=("v-m1",), rule="stop_sign")
    assert told(desk) == ["deputy"]
    desk.mail("m3", threads=("v-m1",), rule="stop_sign")
    assert told(desk) == ["deputy"]
    text = desk.item("m1").text
    assert text is not None
    assert (text.rule, text.urgent) == ("stop_sign", True)


def test_a_later_mail_that_is_urgent_jumps_the_line_but_is_not_refused(desk: TextDesk) -> None:
    desk.mail("routine", sender="bo")
    desk.mail("m1")
    desk.mail("m2", threads=("v-m1",), rule="parking")
    assert not any(isinstance(ev, e.RuleApplied) for ev in desk.story)
    desk.mail("m3", threads=("v-m1",), rule="stop_sign")
    assert desk.item("m1").urgency_at < desk.item("routine").urgency_at
    desk.sign_in("amina")
    assert desk.answer("amina") == "m1"


@pytest.mark.parametrize("how", ["take", "close"])
def test_nobody_else_is_told_once_somebody_has_it(how: str) -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1", rule="stop_sign")
    held(desk, "m1")
    if how == "close":
        desk.reply(ItemId("m1"), "amina", then="close")
        desk.mail("m2", threads=("v-m1",))
    desk.wait(HOUR)
    assert told(desk) == ["deputy"]


def test_a_page_answered_late_is_noted(desk: TextDesk) -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1", rule="stop_sign")
    desk.wait(3 * HOUR)
    assert told(desk) == ["deputy", "officer"]
    desk.mail("a0", sender="security", contact="security", threads=("v-m1",))
    text = desk.item("m1").text
    assert text is not None
    assert text.page_answered_by == ""  # was told nothing
    desk.mail("a1", sender="deputy", contact="deputy", threads=("v-m1",))
    desk.mail("a2", sender="deputy", contact="deputy", threads=("v-m1",))
    text = desk.item("m1").text
    assert text is not None
    assert text.page_answered_by == "deputy"
    answers = [ev.contact for ev in desk.story if isinstance(ev, e.PageAnswered)]
    assert answers == ["", "deputy"]


def test_at_midnight_those_of_the_new_day_are_told_from_the_first_on() -> None:
    desk = TextDesk(writing_town(), now=NIGHT + 4 * HOUR + 18 * MINUTE)  # 23:58
    desk.mail("m1", rule="stop_sign")
    desk.wait(HOUR)
    assert told(desk) == ["deputy", "officer"]  # Sunday's list: the officer alone


def test_a_page_ends_when_the_town_sends_no_mail_any_more() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1", rule="stop_sign")
    desk.adopt(writing_town(mail=None))
    desk.wait(HOUR)
    assert told(desk) == ["deputy"]


def test_a_departments_word_is_not_overlooked_while_the_resident_is_asked(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    forward(desk, "m1")
    desk.do(t.TakeItem(item_id=ItemId("m1"), agent_id=AMINA))
    desk.reply(ItemId("m1"), "amina", then="wait")
    desk.mail("a1", sender="officer", contact="officer", threads=("v-m1",))
    assert desk.item("m1").state in (ItemState.QUEUED, ItemState.OFFERED)


# --- chats ---------------------------------------------------------------------------------------


def test_leaving_a_chat_that_was_merged_ends_nobody_elses_work(desk: TextDesk) -> None:
    desk.chat("c1", conversation="v1")
    desk.chat("c2", conversation="v2")
    merge(desk, "c2", "c1")
    assert desk.do(t.LeaveChat(conversation="v2")) == []
    desk.do(t.LeaveChat(conversation="v1"))
    assert desk.item("c1").state is ItemState.QUEUED
    with pytest.raises(NotNow):
        desk.do(t.AskCallback("v2", ItemId("x"), "c-tel", "tel", "site", "en"))


def test_leaving_while_a_department_is_asked_loses_nothing(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    forward(desk, "c1")
    desk.do(t.LeaveChat(conversation="v"))
    assert desk.item("c1").state is ItemState.DEFERRED
    assert desk.do(t.LeaveChat(conversation="v")) == []


def test_who_left_a_chat_can_be_answered_only_where_there_is_an_address(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    desk.do(t.LeaveChat(conversation="v"))
    with pytest.raises(NotNow, match="where to write"):
        desk.reply(ItemId("c1"), "amina")
    desk.do(t.GiveContact(conversation="v", contact_ref="c-sam", address_key="sam"))
    desk.reply(ItemId("c1"), "amina", then="close", code="answered")
    desk.do(t.MailUnread(conversation="v", number=1))
    assert desk.sent() == ["unread c1 2"]
    assert desk.item("c1").state is ItemState.CLOSED


def test_wrap_up_of_a_mail_is_no_time_for_answers(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.do(c.FinishHandling(item_id=ItemId("m1"), agent_id=AMINA))
    with pytest.raises(NotNow):
        desk.reply(ItemId("m1"), "amina")


def test_a_mail_without_a_sender_cannot_be_answered(desk: TextDesk) -> None:
    desk.do(t.SetMailAside(ItemId("a1"), "mail:a1", "info", "w", "not readable"))
    held(desk, "a1")
    with pytest.raises(NotNow, match="where to write"):
        desk.reply(ItemId("a1"), "amina")


def test_a_note_is_nothing_that_the_resident_has_not_read(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    desk.do(t.GiveContact(conversation="v", contact_ref="c-sam", address_key="sam"))
    desk.do(t.AddNote(item_id=ItemId("c1"), by=AMINA, key="n1", words_ref="w-n"))
    assert desk.do(t.MailUnread(conversation="v", number=1)) == []


def test_a_chat_handed_on_does_not_fall_asleep_in_the_new_hands(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    desk.reply(ItemId("c1"), "amina")
    desk.sign_in("boris")
    desk.do(c.TransferItem(item_id=ItemId("c1"), agent_id=AMINA, to_agent=BORIS))
    assert desk.answer("boris") == "c1"
    desk.keep_alive(10 * MINUTE)
    assert desk.item("c1").agent == "boris"


def test_a_sleeping_chat_may_become_a_call_that_stays_alive(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    desk.reply(ItemId("c1"), "amina")
    desk.keep_alive(6 * MINUTE)
    desk.do(c.SignOut(agent_id=AMINA))
    desk.do(t.AskCallback("v", ItemId("x"), "c-tel", "tel", "site", "en"))
    row = desk.item("c1")
    assert row.text is not None
    assert (row.form, row.text.waiting_for) == (Form.CALLBACK, "")


def test_a_call_back_to_who_chatted_is_not_put_away_while_it_rings(desk: TextDesk) -> None:
    desk.chat("c1")
    desk.do(t.AskCallback("v", ItemId("x"), "c-tel", "tel", "site", "en"))
    desk.sign_in("amina")
    desk.answer("amina")
    with pytest.raises(NotNow, match="end the call first"):
        desk.do(t.WaitForResident(item_id=ItemId("c1"), agent_id=AMINA))


def test_mail_wakes_a_sleeping_chat_as_something_to_read_the_chat_itself_as_a_chat() -> None:
    desk = TextDesk(writing_town())
    desk.chat("c1")
    held(desk, "c1")
    desk.do(t.GiveContact(conversation="v", contact_ref="c-sam", address_key="sam"))
    desk.reply(ItemId("c1"), "amina")
    desk.keep_alive(6 * MINUTE)
    desk.mail("m1", threads=("v",))
    assert desk.item("c1").form is Form.MESSAGE


def test_who_comes_back_to_a_chat_at_night_is_not_left_waiting_in_it() -> None:
    desk = TextDesk(writing_town(chat=chat_policy(dormant_max=20 * HOUR)))
    desk.chat("c1")
    held(desk, "c1")
    desk.reply(ItemId("c1"), "amina")
    desk.keep_alive(6 * MINUTE)
    desk.wait(12 * HOUR)
    desk.chat("x", text="2")
    assert (desk.item("c1").state, desk.item("c1").form) == (ItemState.DEFERRED, Form.MESSAGE)


def test_chats_still_waiting_at_closing_follow_the_fate_of_the_queue() -> None:
    desk = TextDesk(fated_writing_town(), now=OPEN + 7 * HOUR)
    desk.sign_in("amina")
    for n in range(1, 4):
        desk.chat(f"c{n}", conversation=f"v{n}")
        if n < 3:
            desk.answer("amina")
    assert desk.item("c3").state is ItemState.QUEUED
    desk.keep_alive(61 * MINUTE)
    assert desk.item("c3").state is ItemState.DEFERRED
    assert desk.item("c3").form is Form.MESSAGE
    assert desk.item("c1").state is ItemState.HANDLING


def test_chats_follow_their_fate_when_everybody_leaves_and_a_full_line_sends_them_on() -> None:
    desk = TextDesk(fated_writing_town())
    desk.sign_in("amina")
    held(desk)
    for n in range(1, 6):
        desk.chat(f"c{n}", conversation=f"v{n}")
        if n < 3:
            desk.answer("amina")
    assert [desk.item(f"c{n}").queue for n in (3, 4, 5)] == ["general", "general", "roads"]
    desk.do(c.SignOut(agent_id=AMINA))
    assert desk.item("c3").form is Form.MESSAGE


def test_a_silent_chat_sleeps_even_when_the_town_has_no_chat_any_more(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    desk.reply(ItemId("c1"), "amina")
    desk.adopt(writing_town(chat=None))
    desk.keep_alive(6 * MINUTE)
    text = desk.item("c1").text
    assert text is not None
    assert text.waiting_for == "dormant"
    desk.wait(2 * HOUR)
    assert desk.item("c1").state is ItemState.CLOSED


def test_without_mail_a_chat_can_still_wait_for_its_resident() -> None:
    desk = TextDesk(writing_town(mail=None))
    desk.chat("c1")
    held(desk, "c1")
    desk.reply(ItemId("c1"), "amina", then="wait")
    assert desk.item("c1").deferred_until == desk.now + 2 * HOUR
    with pytest.raises(UnknownTarget):
        desk.do(t.AskTranscript(conversation="v", key="k", contact_ref="c"))


def test_who_writes_again_while_the_agent_wraps_up_gets_a_new_item(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    desk.do(t.LeaveChat(conversation="v"))
    desk.chat("c2", text="2")
    text = desk.item("c2").text
    assert text is not None
    assert (text.linked_to, text.owner) == ("c1", "amina")
    assert desk.item("c2").reserved_for == "amina"


def test_who_left_and_comes_back_is_there_again(desk: TextDesk) -> None:
    desk.chat("c1")
    held(desk, "c1")
    forward(desk, "c1")
    desk.do(t.LeaveChat(conversation="v"))
    desk.chat("x", text="2")
    held(desk, "c1")
    desk.reply(ItemId("c1"), "amina")
    assert desk.written("v")[-1] == ("agent:amina", MessageKind.TEXT)


def test_chats_stay_in_line_while_somebody_is_there_who_answers_no_calls() -> None:
    policy = fated_writing_town()
    standard = policy.capacities["standard"]
    chats = replace(standard, id="chats", units={Tempo.FAST_TEXT: 1}, exclusive=frozenset())
    chloe = replace(policy.agents[AgentId("chloe")], capacity="chats")
    policy = replace(
        policy,
        capacities={**policy.capacities, "chats": chats},
        agents={**policy.agents, chloe.id: chloe},
    )
    desk = TextDesk(policy)
    desk.sign_in("amina", "chloe")
    for n in range(1, 4):
        desk.chat(f"c{n}", conversation=f"v{n}")
        offers = [a.id for a in desk.state.agents.values() if a.offer is not None]
        for agent in offers:
            desk.answer(agent)
    desk.chat("c4", conversation="v4")
    desk.do(c.SignOut(agent_id=AMINA))
    assert (desk.item("c4").state, desk.item("c4").form) == (ItemState.QUEUED, Form.CHAT)


# --- taking --------------------------------------------------------------------------------------


def test_what_is_offered_to_one_may_be_taken_by_another_without_blame(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.sign_in("amina")
    assert desk.state.agents[AMINA].offer is not None
    desk.sign_in("boris")
    desk.do(t.TakeItem(item_id=ItemId("m1"), agent_id=BORIS))
    row = desk.state.agents[AMINA]
    assert (row.offer, row.holdings, row.missed) == (None, (), 0)
    desk.do(t.TakeItem(item_id=ItemId("m1"), agent_id=BORIS))
    assert [h.item for h in desk.state.agents[BORIS].holdings] == ["m1"]


def test_nobody_takes_more_than_they_can_hold_nor_what_is_to_be_rung(desk: TextDesk) -> None:
    for n in (1, 2, 3):
        desk.mail(f"m{n}")
    held(desk, "m1", "m2")
    with pytest.raises(NotNow, match="no room"):
        desk.do(t.TakeItem(item_id=ItemId("m3"), agent_id=AMINA))
    desk.chat("c1")
    desk.do(t.AskCallback("v", ItemId("x"), "c-tel", "tel", "site", "en"))
    desk.sign_in("boris")
    with pytest.raises(NotNow, match="offered, not taken"):
        desk.do(t.TakeItem(item_id=ItemId("c1"), agent_id=BORIS))


def test_notes_and_replies_are_repeated_without_effect(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    note = t.AddNote(item_id=ItemId("m1"), by=AMINA, key="n1", words_ref="w-n")
    desk.do(note)
    assert desk.do(note) == []
    forward(desk, "m1")
    assert desk.written("v-m1")[-1] == ("agent:amina", MessageKind.FORWARD)
    assert desk.do(t.ForwardItem(ItemId("m1"), AMINA, "f-m1", "officer", "w-f")) == []


# --- queues that send on -------------------------------------------------------------------------


def test_a_queue_sent_on_to_has_fates_of_its_own_but_nobody_goes_round_in_circles() -> None:
    policy = fated_writing_town()
    back = {"back": (rule("b", "queue", queue=QueueId("general")),)}
    roads = replace(policy.queues[QueueId("roads")], fates={Condition.UNSTAFFED: "later"})
    policy = replace(policy, queues={**policy.queues, roads.id: roads})
    general = policy.queues[QueueId("general")]
    sends = replace(general, fates={**general.fates, Condition.UNSTAFFED: "other"})
    policy = replace(policy, queues={**policy.queues, sends.id: sends})
    desk = TextDesk(policy)
    desk.chat("c1")
    row = desk.item("c1")
    assert (row.queue, row.form) == ("roads", Form.MESSAGE)
    assert row.head_start == HOUR  # the first queue said urgent
    fallbacks = dict(policy.fallbacks)
    fallbacks["later"] = replace(fallbacks["later"], rules=back["back"])
    desk = TextDesk(replace(policy, fallbacks=fallbacks))
    desk.chat("c1")
    assert (desk.item("c1").queue, desk.item("c1").form) == ("general", Form.CHAT)


def test_a_reply_never_sent_comes_back_from_what_was_merged_too(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    held(desk, "m1", "m2")
    desk.reply(ItemId("m2"), "amina")
    merge(desk, "m2", "m1")
    desk.do(c.CloseItem(item_id=ItemId("m1"), agent_id=AMINA, code="answered"))
    desk.wait(2 * DAY)
    assert desk.item("m1").reopened == 1


def test_a_mail_that_cannot_be_sent_for_an_item_long_gone_is_given_up(desk: TextDesk) -> None:
    desk.mail("m1", rule="parking")
    key = next(iter(desk.state.pending))
    desk.wait(3 * DAY)
    assert desk.state.items == {}
    if key in desk.state.pending:
        desk.do(c.ReportEffect(key=key, done=False, reason="550"))
    assert key not in desk.state.pending
