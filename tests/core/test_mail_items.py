"""Mail becomes items: threads, rules, answers, waiting, bounces."""

from __future__ import annotations

import msgspec
import pytest

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    AgentId,
    AgentStatus,
    Form,
    ItemId,
    ItemState,
    MessageKind,
    QueueId,
    Tempo,
)
from router.core.policy import Fallback, Step
from router.core.ringing import next_to_ring
from router.core.story import describe
from router.errors import NotAllowed, NotNow, UnknownTarget
from tests.core.text_hands import held as in_hand
from tests.core.text_town import TextDesk, mail_policy, writing_town
from tests.core.town import NIGHT, OPEN, PLACE, queue, rule


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
    desk.mail("m1", message_key="mid:m1")
    desk.mail("m2", known=("mid:unknown", "mid:m1"))
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


def test_where_steps_fall_due_together_the_urgent_mail_is_matched_first() -> None:
    patient = Step(after=MINUTE, requires="english", place=PLACE)
    queues = {
        QueueId(name): queue(
            name,
            "french >= 9",
            steps=(patient,),
            offer_timeout={Tempo.SLOW_TEXT: 10 * MINUTE},
        )
        for name in ("general", "roads")
    }
    desk = TextDesk(writing_town(queues=queues))
    desk.sign_in("amina", "chloe")
    away = AgentStatus.AWAY
    desk.do(c.SetStatus(agent_id=AgentId("chloe"), status=away, reason="break"))
    desk.mail("routine", sender="al")
    desk.mail("urgent", sender="bo", rule="stop_sign")
    desk.now += 2 * MINUTE  # the daemon was held up, so both steps are taken at once
    alive = tuple((AgentId(name), f"desk-{name}") for name in ("amina", "chloe"))
    desk.do(c.RenewLeases(desks=alive))
    desk.do(c.PassTime())
    first = next(ev for ev in desk.story if isinstance(ev, e.OfferMade))
    assert first.item == "urgent"


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


def desk_item(name: str) -> ItemId:
    return ItemId(name)


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


def test_a_rule_closes_at_once_and_it_counts_in_its_queue(desk: TextDesk) -> None:
    desk.mail("m1", rule="done")
    row = desk.item("m1")
    assert (row.state, row.outcome, row.code) == (ItemState.CLOSED, "mail rule done", "answered")
    assert (row.queue, row.subject) == ("roads", "noise")
    assert desk.sent() == [], "who has dealt with it needs no acknowledgement"
    desk.sign_in("amina")
    assert desk.state.agents[AgentId("amina")].offer is None
    told = [describe(desk.state, ev, row) for ev in desk.story]
    assert "mail rule done (mail.yaml:7): close" in told
    assert "closed: mail rule done, code answered" in told


def test_what_a_rule_closed_is_undone_in_one_step_or_reopened(desk: TextDesk) -> None:
    for name in ("m1", "m2", "m3"):
        desk.mail(name, sender=name, rule="done")
    desk.do(t.UndoRule(item_id=desk.item("m1").id, by=AgentId("amina"), reason="not yet"))
    row = desk.item("m1")
    assert (row.state, row.queue, row.subject, row.outcome) == (
        ItemState.QUEUED,
        "general",
        "",
        "",
    )
    desk.do(c.ReopenItem(item_id=desk.item("m2").id, by="amina"))
    assert (desk.item("m2").state, desk.item("m2").queue) == (ItemState.QUEUED, "roads")
    desk.mail("again", sender="m3", threads=("v-m3",))
    assert desk.item("m3").state is ItemState.QUEUED, "they wrote again"
    in_hand(desk, "m2")
    desk.do(c.CloseItem(item_id=ItemId("m2"), agent_id=AgentId("amina"), code="answered"))
    desk.do(t.UndoRule(item_id=ItemId("m2"), by=AgentId("amina")))
    assert desk.item("m2").outcome == "done", "an agent's own closing stands"


def test_what_is_closed_at_once_is_never_too_much_and_a_quiet_rule_answers_nothing(
    desk: TextDesk,
) -> None:
    desk.mail("m1", rule="done", spent=True)
    assert desk.item("m1").outcome == "mail rule done"
    desk.mail("m2", rule="quiet")
    assert desk.item("m2").state is ItemState.QUEUED
    assert desk.sent() == []


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
            new_id=desk_item("s1"),
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
    desk.reply(desk.item("f1").id, "amina", address_keys={desk.item("f1").id: "sam"})
    assert desk.sent() == ["reply f1 1"]
    desk.mail("m1", threads=("f1M",))
    assert "m1" not in desk.state.items


def test_what_cannot_be_understood_is_set_aside(desk: TextDesk) -> None:
    desk.do(
        t.SetMailAside(
            item_id=desk_item("a1"),
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


def notice(desk: TextDesk, number: int, key: str = "mail:bounce") -> None:
    """A mail server says that a message of ours did not arrive; 0: it does not say which."""
    desk.do(
        t.KeepMail(
            item_id=desk.item("m1").id,
            key=key,
            mailbox="info",
            kind="bounce",
            why="part message/delivery-status",
            words_ref=f"w-{key}",
            threads=("v-m1",),
            number=number,
            failed=True,
        )
    )


def test_a_bounce_that_does_not_say_of_what_is_of_what_a_person_wrote_last(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="close")
    notice(desk, 0)
    assert desk.answer("amina") == "m1"
    failed = [ev.number for ev in desk.story if isinstance(ev, e.DeliveryFailed)]
    assert failed == [3]


def test_a_bounce_that_does_not_say_of_what_wakes_nobody_where_no_person_wrote(
    desk: TextDesk,
) -> None:
    desk.mail("m1")
    desk.do(t.AddNote(desk.item("m1").id, AgentId("amina"), "n1", "w-n1"))
    notice(desk, 0)
    assert desk.item("m1").state is ItemState.QUEUED


def test_when_a_page_does_not_arrive_the_next_one_is_told_at_once() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.mail("m1", rule="stop_sign")
    page = next(n for n, m in enumerate(desk.state.conversations["v-m1"].messages, 1) if m.note)
    notice(desk, page)
    told = [ev.contact for ev in desk.story if isinstance(ev, e.PageSent)]
    assert told == ["deputy", "officer"]
    notice(desk, page, key="mail:again")
    text = desk.item("m1").text
    assert text is not None
    assert text.page_due is not None, "the second one may still answer"


def test_what_a_fallback_rule_says_goes_with_the_acknowledgement() -> None:
    chain = Fallback(
        id="night",
        rules=(
            rule("closed", "say"),
            rule("for_others", "say", when_subject=frozenset({"tax"})),
            rule("silent", "say", text={}),
            rule("keep", "defer"),
            rule("never_reached", "say"),
        ),
    )
    town = writing_town()
    desk = TextDesk(writing_town(fallbacks=town.fallbacks | {"night": chain}), now=NIGHT)
    desk.mail("m1")
    [wish] = desk.state.pending.values()
    assert (wish.what, wish.rule) == ("acknowledgement", "night/closed,night/keep")
    note = desk.state.conversations["v-m1"].messages[-1].note
    assert note == "acknowledgement:night/closed,night/keep"


def test_by_day_the_acknowledgement_says_nothing_more(desk: TextDesk) -> None:
    desk.mail("m1")
    [wish] = desk.state.pending.values()
    assert (wish.what, wish.rule) == ("acknowledgement", "")


def test_a_mail_that_a_rule_does_not_believe_joins_nothing(desk: TextDesk) -> None:
    desk.mail("m1")
    for name, contact in (("m2", ""), ("m3", "officer")):
        desk.mail(name, threads=("v-m1",), rule="spam", contact=contact)
        text = desk.item(name).text
        assert text is not None
        assert (desk.item(name).state, text.linked_to) == (ItemState.SHUNTED, "m1")
    assert [by for by, _ in desk.written("v-m1")] == ["resident", "town"]


def test_who_works_for_a_department_may_be_a_resident_too(desk: TextDesk) -> None:
    desk.mail("m1", sender="officer", contact="officer")
    desk.mail("m2", sender="officer", contact="officer", threads=("v-m1",))
    assert desk.written("v-m1")[-1] == ("resident", MessageKind.TEXT)


def test_a_call_does_not_go_to_a_contact_without_a_telephone() -> None:
    """Refused with a reason that says what to add; a chain goes on to the next one."""
    contacts = writing_town().contacts
    by_mail = {"officer": msgspec.structs.replace(contacts["officer"], number="")}
    desk = TextDesk(writing_town(contacts=contacts | by_mail))
    desk.sign_in("amina")
    desk.call("i1", "1", "2")
    assert desk.answer("amina") == "i1"
    with pytest.raises(NotAllowed, match=r"officer.*no telephone number.*add number:"):
        desk.do(c.TransferItem(desk.item("i1").id, AgentId("amina"), to_contact="officer"))
    index, refused = next_to_ring(desk.state, desk.now, ("officer", "deputy"))
    assert (index, [who for who, _ in refused]) == (1, ["officer"])


def test_a_closed_mail_whose_answer_never_left_comes_back_before_it_is_let_go(
    desk: TextDesk,
) -> None:
    desk.mail("m1")
    held(desk)
    desk.reply(desk.item("m1").id, "amina", then="close")
    assert {x.number for x in desk.state.pending.values()} == {2, 3}
    desk.keep_alive(desk.policy.retention.closed_in_core)
    assert desk.state.pending == {}
    assert desk.answer("amina") == "m1"


def test_a_closed_mail_is_let_go_although_its_acknowledgement_never_left() -> None:
    desk = TextDesk(writing_town())
    desk.mail("m1", rule="parking")
    assert desk.state.pending
    desk.wait(desk.policy.retention.closed_in_core)
    assert (desk.state.items, desk.state.conversations, desk.state.pending) == ({}, {}, {})
