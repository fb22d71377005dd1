"""Chats become items: waiting, several per agent, sleeping, coming back, leaving."""

from __future__ import annotations

import pytest

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.capacity import is_over
from router.core.model import HOUR, MINUTE, AgentId, Form, ItemId, ItemState, MessageKind, Tempo
from tests.core.text_town import TextDesk, writing_town
from tests.core.town import NIGHT


@pytest.fixture
def desk() -> TextDesk:
    desk = TextDesk(writing_town())
    desk.sign_in("amina")
    return desk


def test_a_chat_is_offered_and_answered_in_its_conversation(desk: TextDesk) -> None:
    desk.chat("c1")
    assert desk.answer("amina") == "c1"
    desk.chat("x", text="2")
    desk.reply(ItemId("c1"), "amina")
    assert [by for by, _ in desk.written("v")] == ["resident", "resident", "agent:amina"]
    assert desk.sent() == []
    assert desk.item("c1").form is Form.CHAT


def test_the_same_activity_twice_is_one_message(desk: TextDesk) -> None:
    desk.chat("c1")
    before = desk.state.version
    desk.chat("c2")
    assert desk.state.version == before


def test_an_agent_holds_several_chats_up_to_capacity(desk: TextDesk) -> None:
    for n in range(1, 4):
        desk.chat(f"c{n}", conversation=f"v{n}")
        if n < 3:
            desk.answer("amina")
    assert desk.item("c3").state is ItemState.QUEUED


def test_a_silent_chat_sleeps_frees_its_agent_and_returns_to_them(desk: TextDesk) -> None:
    desk.chat("c1")
    desk.answer("amina")
    desk.keep_alive(20 * MINUTE)
    assert desk.item("c1").state is ItemState.HANDLING  # the agent owes the answer
    desk.reply(ItemId("c1"), "amina")
    desk.keep_alive(5 * MINUTE)
    assert desk.item("c1").text.waiting_for == "dormant"  # type: ignore[union-attr]
    assert desk.state.agents[AgentId("amina")].holdings == ()
    desk.chat("x", text="2")
    assert desk.item("c1").reserved_for == "amina"
    assert desk.item("c1").tempo is Tempo.FAST_TEXT


def test_a_chat_that_sleeps_too_long_ends_and_goes_on_as_a_linked_item(desk: TextDesk) -> None:
    desk.chat("c1")
    desk.answer("amina")
    desk.reply(ItemId("c1"), "amina")
    desk.keep_alive(3 * HOUR)
    assert desk.item("c1").state is ItemState.CLOSED
    desk.chat("c2", text="2")
    assert desk.item("c2").text.linked_to == "c1"  # type: ignore[union-attr]
    assert desk.state.conversations["v"].item == "c2"


def test_leaving_in_line_is_an_abandon_and_in_hand_the_end_of_the_talk(desk: TextDesk) -> None:
    desk.chat("c1")
    desk.answer("amina")
    desk.do(t.LeaveChat(conversation="v"))
    assert desk.item("c1").state is ItemState.WRAP_UP
    night = TextDesk(writing_town())
    night.chat("c2")
    night.do(t.LeaveChat(conversation="v"))
    night.do(t.LeaveChat(conversation="v"))
    assert night.item("c2").state is ItemState.ABANDONED


def test_a_chat_at_night_becomes_a_message_for_the_morning() -> None:
    desk = TextDesk(writing_town(), now=NIGHT)
    desk.chat("c1")
    item = desk.item("c1")
    assert (item.state, item.form) == (ItemState.DEFERRED, Form.MESSAGE)


def test_whoever_waits_in_a_chat_may_be_rung_instead_and_keeps_the_place() -> None:
    desk = TextDesk(writing_town())
    desk.chat("c1")
    first = desk.item("c1").first_queued_at
    desk.wait(MINUTE)
    ask = t.AskCallback(
        conversation="v",
        item_id=ItemId("x"),
        contact_ref="c",
        address_key="k",
        door="site",
        language="en",
    )
    desk.do(ask)
    item = desk.item("c1")
    assert (item.form, item.first_queued_at) == (Form.CALLBACK, first)
    assert desk.do(ask) == []


def test_unread_answers_go_by_mail_once_and_the_mail_comes_back_into_the_chat(
    desk: TextDesk,
) -> None:
    desk.chat("c1")
    desk.do(t.GiveContact(conversation="v", contact_ref="c-sam", address_key="sam"))
    desk.answer("amina")
    desk.reply(ItemId("c1"), "amina")
    for _ in range(2):
        desk.do(t.MailUnread(conversation="v", number=1))
    assert desk.sent() == ["unread c1 2"]
    desk.mail("m1", threads=("v",))
    assert "m1" not in desk.state.items
    assert desk.written("v")[-1] == ("resident", MessageKind.TEXT)


def test_a_chat_is_transferred_with_its_history(desk: TextDesk) -> None:
    from router.core import commands as c

    desk.chat("c1")
    desk.answer("amina")
    desk.sign_in("boris")
    desk.do(
        c.TransferItem(item_id=ItemId("c1"), agent_id=AgentId("amina"), to_agent=AgentId("boris"))
    )
    assert desk.answer("boris") == "c1"
    assert desk.written("v")[0][0] == "resident"


def test_the_survey_and_the_transcript(desk: TextDesk) -> None:
    desk.chat("c1")
    desk.do(t.RateChat(conversation="v", score=4))
    desk.do(t.AskTranscript(conversation="v", key="t1", contact_ref="c"))
    assert desk.state.conversations["v"].score == 4
    assert desk.sent() == ["transcript c1 1"]


def test_a_conversation_leaves_with_its_last_item(desk: TextDesk) -> None:
    desk.chat("c1")
    desk.answer("amina")
    desk.reply(ItemId("c1"), "amina", then="close")
    desk.wait(72 * HOUR)
    assert desk.state.conversations == {}
    assert any(isinstance(ev, e.ItemForgotten) for ev in desk.story)


def test_a_chat_that_wakes_never_goes_beyond_what_its_agent_may_hold(desk: TextDesk) -> None:
    """It waits for the one who had it, and goes to them once they have room."""
    desk.chat("c1", "v1")
    desk.answer("amina")
    desk.reply(ItemId("c1"), "amina")
    desk.keep_alive(6 * MINUTE)
    assert desk.item(ItemId("c1")).state is ItemState.DEFERRED
    for number in (2, 3):  # her two places are taken meanwhile
        desk.chat(f"c{number}", f"v{number}")
        assert desk.answer("amina") == f"c{number}"
    desk.chat("c1", "v1", "2")
    capacity = desk.state.policy.capacities["standard"]
    woken = desk.item(ItemId("c1"))
    assert (woken.state, woken.reserved_for) == (ItemState.QUEUED, "amina")
    assert not is_over(desk.state.agents[AgentId("amina")], capacity)
    desk.sign_in("boris")
    assert desk.state.agents[AgentId("boris")].offer is None
    desk.do(c.CloseItem(item_id=ItemId("c2"), agent_id=AgentId("amina"), code="answered"))
    offer = desk.state.agents[AgentId("amina")].offer
    assert offer is not None
    assert desk.state.offers[offer].item == "c1"
