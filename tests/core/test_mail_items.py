"""Mail becomes items: threads, rules, answers, waiting, bounces."""

from __future__ import annotations

import pytest

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.model import DAY, HOUR, MINUTE, AgentId, Form, ItemState, MessageKind, QueueId
from router.errors import NotAllowed, NotNow, UnknownTarget
from tests.core.text_town import TextDesk, mail_policy, writing_town
from tests.core.town import NIGHT, OPEN


@pytest.fixture
def desk() -> TextDesk:
    return TextDesk(writing_town())


def held(desk: TextDesk, item: str = "m1", agent: str = "amina") -> None:
    """The agent is signed in and has the mail in hand."""
    desk.sign_in(agent)
    assert desk.answer(agent) == item


def test_a_mail_waits_in_its_mailboxs_queue_and_is_acknowledged(desk: TextDesk) -> None:
    desk.mail("m1")
    item = desk.item("m1")
    assert (item.state, item.form, item.queue) == (ItemState.QUEUED, Form.MAIL, "general")
    assert item.due_at is not None
    assert desk.sent() == ["acknowledgement m1 2"]


def test_a_copy_of_a_mail_is_no_second_item(desk: TextDesk) -> None:
    desk.mail("m1", key="mail:same")
    desk.mail("m2", key="mail:same")
    assert list(desk.state.items) == ["m1"]


def test_an_answer_joins_by_token_only_from_the_same_sender(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", threads=("v-m1",))
    assert list(desk.state.items) == ["m1"]
    desk.mail("m3", sender="somebody_else", threads=("v-m1",))
    other = desk.item("m3")
    assert other.text is not None
    assert other.text.linked_to == "m1"
    assert other.text.conversation == "v-m3"


def test_an_answer_joins_by_what_it_refers_to(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", known=("mail:unknown", "mail:m1"))
    assert desk.written("v-m1")[-1] == ("resident", MessageKind.TEXT)
    assert list(desk.state.items) == ["m1"]


def test_a_refused_mail_is_answered_and_opens_no_work_until_somebody_undoes_it(
    desk: TextDesk,
) -> None:
    desk.mail("m1", rule="parking")
    assert (desk.item("m1").state, desk.item("m1").outcome) == (ItemState.CLOSED, "refused")
    assert desk.sent() == ["refusal m1 2"]
    desk.do(t.UndoRule(item_id=desk.item("m1").id, by=AgentId("amina"), reason="has a photo"))
    assert desk.item("m1").state is ItemState.QUEUED


def test_automatic_answers_end_with_the_budget_of_the_day(desk: TextDesk) -> None:
    for n in range(1, 5):
        desk.mail(f"m{n}", rule="parking")
    assert len(desk.sent("refusal")) == 2
    desk.mail("other", sender="bo", rule="parking")
    assert len(desk.sent("refusal")) == 3
    desk.wait(DAY)
    desk.mail("next_day", rule="parking")
    assert len(desk.sent("refusal")) == 4


def test_what_a_rule_sets_aside_or_floods_waits_for_a_person(desk: TextDesk) -> None:
    desk.mail("m1", rule="spam")
    desk.mail("m2", spent=True)
    assert {desk.item(i).state for i in ("m1", "m2")} == {ItemState.SHUNTED}
    assert desk.sent() == []


def test_an_urgent_mail_passes_older_routine_mail_by_day(desk: TextDesk) -> None:
    desk.mail("routine")
    desk.wait(2 * HOUR)
    desk.mail("urgent", sender="bo", rule="stop_sign")
    assert desk.item("urgent").subject == "road_hazard"
    held(desk, "urgent")


def test_undoing_urgency_puts_the_mail_where_it_belongs(desk: TextDesk) -> None:
    desk.mail("routine")
    desk.mail("urgent", sender="bo", rule="stop_sign")
    desk.do(t.UndoRule(item_id=desk.item("urgent").id, by=AgentId("amina"), reason="a joke"))
    assert desk.item("urgent").queue == "general"
    held(desk, "routine")


def test_an_urgent_mail_at_night_pages_one_after_the_other_until_somebody_answers() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1", rule="stop_sign")
    assert desk.item("m1").state is ItemState.DEFERRED
    told = [ev.contact for ev in desk.story if isinstance(ev, e.PageSent)]
    assert told == ["deputy"]
    desk.wait(5 * MINUTE)
    desk.mail("answer", sender="x", contact="officer", threads=("v-m1",))
    desk.wait(HOUR)
    told = [ev.contact for ev in desk.story if isinstance(ev, e.PageSent)]
    assert told == ["deputy", "officer"]
    text = desk.item("m1").text
    assert text is not None
    assert text.page_answered_by == "officer"
    assert all(by == "town" for by, kind in desk.written("v-m1") if kind is MessageKind.NOTE)


def test_when_nobody_on_call_answers_the_item_is_there_in_the_morning() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1", rule="stop_sign")
    desk.wait(2 * HOUR)
    assert any(isinstance(ev, e.PageAnswered) and not ev.contact for ev in desk.story)
    desk.wait(2 * DAY)
    assert desk.item("m1").state is ItemState.QUEUED


def test_only_who_has_a_mail_answers_it_and_only_once(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.sign_in("boris")
    with pytest.raises(NotAllowed):
        desk.reply(desk.item("m1").id, "boris")
    desk.reply(desk.item("m1").id, "amina")
    desk.reply(desk.item("m1").id, "amina")
    assert desk.sent("reply") == ["reply m1 3"]


def test_a_mail_waits_for_the_resident_and_comes_back_to_its_owner(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.sign_in("boris")
    desk.reply(desk.item("m1").id, "amina", then="wait")
    assert desk.item("m1").state is ItemState.DEFERRED
    desk.mail("m2", threads=("v-m1",))
    assert desk.item("m1").reserved_for == "amina"
    assert desk.answer("amina") == "m1"


def test_a_resident_who_never_answers_ends_it(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="wait")
    desk.wait(10 * DAY)
    assert desk.item("m1").outcome == "the resident did not answer"


def test_a_closed_mail_is_opened_again_by_an_answer(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="close")
    assert desk.item("m1").state is ItemState.CLOSED
    desk.mail("m2", threads=("v-m1",))
    assert desk.item("m1").reopened == 1
    assert desk.answer("amina") == "m1"


def test_an_answer_long_after_is_a_new_item_in_the_old_conversation() -> None:
    desk = TextDesk(writing_town(mail=mail_policy(reopen_within=HOUR)))
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="close")
    desk.keep_alive(2 * HOUR)
    desk.mail("m2", threads=("v-m1",))
    text = desk.item("m2").text
    assert text is not None
    assert (text.conversation, text.linked_to, text.owner) == ("v-m1", "m1", "amina")


def test_a_conversation_that_the_core_let_go_is_brought_back_by_its_past(desk: TextDesk) -> None:
    past = t.PastThread(
        conversation="old",
        item=desk_item("before"),
        queue=QueueId("general"),
        owner=None,
        address_key="sam",
        count=4,
        closed_at=OPEN - 40 * DAY,
    )
    desk.mail("m1", past=past)
    conversation = desk.state.conversations["old"]
    assert (conversation.count, conversation.messages[0].number) == (6, 5)


def desk_item(name: str) -> object:
    return name


def test_a_bounce_of_a_persons_reply_goes_back_to_that_person(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="close")
    bounce = t.KeepMail(
        item_id=desk.item("m1").id,
        key="mail:bounce",
        mailbox="info",
        kind="bounce",
        why="part message/delivery-status",
        words_ref="w-bounce",
        threads=("v-m1",),
        number=3,
        failed=True,
    )
    desk.do(bounce)
    assert desk.item("m1").state in (ItemState.QUEUED, ItemState.OFFERED)
    assert desk.answer("amina") == "m1"
    assert desk.do(bounce) == []


def test_a_bounce_of_an_acknowledgement_wakes_nobody(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.do(
        t.KeepMail(
            item_id=desk.item("m1").id,
            key="mail:bounce",
            mailbox="info",
            kind="bounce",
            why="x",
            words_ref="w",
            threads=("v-m1",),
            number=2,
            failed=True,
        )
    )
    assert desk.item("m1").reopened == 0
    assert desk.item("m1").state is ItemState.QUEUED


def test_a_reply_that_cannot_be_sent_comes_back(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="wait")
    key = next(k for k, effect in desk.state.pending.items() if effect.number == 3)
    desk.do(c.ReportEffect(key=key, done=False, reason="550 no such user"))
    assert desk.item("m1").state in (ItemState.QUEUED, ItemState.OFFERED)


def test_an_agent_takes_from_the_list_and_nobody_else_can(desk: TextDesk) -> None:
    desk.sign_in("amina", "boris")
    desk.mail("m1")
    desk.do(t.TakeItem(item_id=desk.item("m1").id, agent_id=AgentId("boris")))
    assert desk.item("m1").agent == "boris"
    with pytest.raises(NotAllowed):
        desk.do(t.TakeItem(item_id=desk.item("m1").id, agent_id=AgentId("amina")))
    desk.do(t.TakeItem(item_id=desk.item("m1").id, agent_id=AgentId("amina"), force=True))
    assert desk.item("m1").agent == "amina"


def test_the_work_of_an_agent_who_vanished_can_be_taken_over(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.wait(HOUR)  # no sign of life
    desk.sign_in("boris")
    desk.do(t.TakeItem(item_id=desk.item("m1").id, agent_id=AgentId("boris")))
    assert desk.item("m1").agent == "boris"


def test_a_snoozed_mail_comes_back_to_its_owner_in_time(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    due = desk.item("m1").due_at
    desk.do(
        t.SnoozeItem(item_id=desk.item("m1").id, agent_id=AgentId("amina"), until=desk.now + HOUR)
    )
    with pytest.raises(NotAllowed):
        desk.reply(desk.item("m1").id, "amina")
    desk.keep_alive(HOUR)
    assert desk.answer("amina") == "m1"
    assert desk.item("m1").due_at == due


def test_a_departments_answer_comes_back_to_who_asked(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.do(
        t.ForwardItem(
            item_id=desk.item("m1").id,
            agent_id=AgentId("amina"),
            key="f1",
            contact="officer",
            words_ref="w-f",
        )
    )
    assert desk.sent("forward") == ["forward m1 3"]
    desk.mail("a1", sender="officer", contact="officer", threads=("v-m1",))
    assert desk.answer("amina") == "m1"
    assert desk.written("v-m1")[-1] == ("contact:officer", MessageKind.FORWARD)


def test_a_merge_answers_everybody_and_can_be_taken_back(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", sender="bo")
    held(desk)
    desk.do(t.MergeItems(item_id=desk.item("m2").id, into=desk.item("m1").id, by=AgentId("amina")))
    desk.mail("m3", sender="bo", threads=("v-m2",))
    assert "m3" not in desk.state.items
    desk.reply(desk.item("m1").id, "amina")
    assert len(desk.sent("reply")) == 2
    desk.do(t.UnmergeItem(item_id=desk.item("m2").id, by=AgentId("amina")))
    assert desk.item("m2").state in (ItemState.QUEUED, ItemState.OFFERED)
    assert desk.item("m1").text.merged == ()  # type: ignore[union-attr]


def test_a_split_makes_an_item_of_the_rest(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.mail("m2", threads=("v-m1",))
    desk.do(
        t.SplitItem(
            item_id=desk.item("m1").id,
            new_id=desk_item("s1"),  # type: ignore[arg-type]
            conversation="v-s1",
            number=3,
            by=AgentId("amina"),
        )
    )
    assert [m.ref for m in desk.state.conversations["v-s1"].messages] == ["w-m2"]
    assert desk.item("s1").state is ItemState.QUEUED


def test_a_form_is_answered_by_mail(desk: TextDesk) -> None:
    desk.form("f1")
    held(desk, "f1")
    with pytest.raises(NotNow):
        desk.reply(desk.item("f1").id, "amina")
    desk.reply(desk.item("f1").id, "amina", address_key="sam")
    assert desk.sent() == ["reply f1 1"]
    desk.mail("m1", threads=("f1-mail",))
    assert "m1" not in desk.state.items


def test_what_cannot_be_understood_is_set_aside(desk: TextDesk) -> None:
    desk.do(
        t.SetMailAside(
            item_id=desk_item("a1"),  # type: ignore[arg-type]
            key="mail:a1",
            mailbox="gone",
            words_ref="w",
            reason="not readable",
        )
    )
    assert desk.item("a1").state is ItemState.SHUNTED


def test_a_town_without_mail_says_so() -> None:
    desk = TextDesk(writing_town(mail=None))
    with pytest.raises(UnknownTarget, match=r"config/mail\.yaml"):
        desk.mail("m1")
