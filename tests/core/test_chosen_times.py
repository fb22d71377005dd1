"""Callbacks at chosen times, however they are asked for: one ledger of places, one for a number."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import policy as p
from router.core.flows.presentation import caller_script
from router.core.flows.script import Ask
from router.core.model import ENDED, HOUR, MINUTE, Form, Instant, ItemId, ItemState, QueueId
from router.core.policy_calls import CallbackWindows
from router.core.windows import WRITTEN_MAX, offered, taken
from router.errors import NotAllowed, NotNow
from tests.core.test_callback_choices import calling
from tests.core.text_town import writing_town
from tests.core.town import NIGHT, Desk, rule

GENERAL = QueueId("general")


def evening(most: int = 2) -> p.Policy:
    """A town that is closed: the first rule of its chain books callbacks at chosen times."""
    policy = writing_town()
    windows = CallbackWindows(length=HOUR, most=most, days=2)
    queues = {
        name: replace(each, callback=replace(each.callback, windows=windows))
        for name, each in policy.queues.items()
        if each.callback is not None
    }
    book = rule("book", "callback", choose_time=True, when_channel=frozenset({"voice"}))
    last = rule("keep", "defer")
    night = p.Fallback(id="night", rules=(book, last))
    assert policy.chat is not None
    doors = {name: replace(each, queue=GENERAL) for name, each in policy.chat.doors.items()}
    return replace(
        policy,
        queues=queues,
        fallbacks={**policy.fallbacks, "night": night},
        chat=replace(policy.chat, doors=doors),
        forms={name: replace(each, queue=GENERAL) for name, each in policy.forms.items()},
    )


def ring(desk: Desk, name: str, number: str) -> ItemId:
    item = ItemId(name)
    desk.do(
        c.StartCall(
            item_id=item,
            key=f"call:{name}",
            call_id=f"CA{name}",
            called="+19055550100",
            address_key=number,
            contact_ref=f"contact-{number}",
        )
    )
    for digits in ("1", "2"):
        press(desk, item, digits)
    return item


def press(desk: Desk, item: ItemId, digits: str) -> None:
    position = desk.state.items[item].flow
    assert position is not None
    desk.do(c.AdvanceFlow(item_id=item, step=position.step, digits=digits))


def chat(desk: Desk, name: str, number: str, starts: Instant | None) -> ItemId:
    door = desk.policy.chat.first.id if desk.policy.chat is not None else ""
    desk.do(
        t.AskCallback(
            conversation=f"talk-{name}",
            item_id=ItemId(name),
            contact_ref=f"contact-{number}",
            address_key=number,
            door=door,
            language="en",
            starts=starts,
        )
    )
    return ItemId(name)


def form(desk: Desk, name: str, number: str, starts: Instant | None) -> ItemId:
    desk.do(
        c.SubmitForm(
            item_id=ItemId(name),
            key=f"form:{name}",
            form=next(iter(desk.policy.forms)),
            subject="",
            address_key=number,
            contact_ref=f"contact-{number}",
            words_ref=f"words-{name}",
            language="en",
            callback=True,
            callback_starts=starts,
        )
    )
    return ItemId(name)


def times(desk: Desk, queue: QueueId = GENERAL) -> tuple[Instant, ...]:
    return offered(desk.state, desk.now, desk.policy.queues[queue], WRITTEN_MAX)


def test_a_rule_of_a_chain_asks_when_and_goes_on_where_nothing_is_chosen() -> None:
    desk = Desk(evening(), now=NIGHT)
    item = ring(desk, "i1", "n1")
    first = times(desk)[0]
    assert isinstance(caller_script(desk.state, item).then, Ask)
    press(desk, item, "2")
    press(desk, item, "1")
    row = desk.state.items[item]
    assert (row.form, row.state, row.deferred_until) == (
        Form.CALLBACK,
        ItemState.DEFERRED,
        first,
    )
    silent = ring(desk, "i2", "n2")
    press(desk, silent, "")
    press(desk, silent, "")
    assert desk.state.items[silent].form is not Form.CALLBACK
    assert desk.state.items[silent].state is ItemState.DEFERRED  # the rule after it


def test_as_soon_as_possible_takes_no_place_of_a_window() -> None:
    desk = Desk(evening(), now=NIGHT)
    item = ring(desk, "i1", "n1")
    press(desk, item, "1")
    press(desk, item, "1")
    assert desk.state.items[item].form is Form.CALLBACK
    assert all(taken(desk.state, GENERAL, each) == 0 for each in times(desk))


def test_the_last_place_goes_to_who_has_said_their_number_and_the_other_chooses_again() -> None:
    desk = Desk(evening(most=1), now=NIGHT)
    one, two = ring(desk, "i1", "n1"), ring(desk, "i2", "n2")
    before = times(desk)
    for item in (one, two):
        press(desk, item, "2")
    press(desk, one, "1")
    press(desk, two, "1")
    assert desk.state.items[one].deferred_until == before[0]
    assert desk.state.items[two].state is ItemState.IN_FLOW
    press(desk, two, "2")
    press(desk, two, "1")
    assert desk.state.items[two].deferred_until == before[1]


@pytest.mark.parametrize("ask", [chat, form])
def test_a_time_that_is_full_or_never_was_is_refused_in_writing(ask: object) -> None:
    desk = Desk(evening(most=1), now=NIGHT)
    first = times(desk)[0]
    form(desk, "i1", "n1", first)
    for starts in (first, first + MINUTE, NIGHT - HOUR):
        with pytest.raises(NotNow):
            ask(desk, f"i-{starts}", "n2", starts)  # type: ignore[operator]
    assert len(desk.state.items) == 1


def test_a_form_of_a_queue_that_does_not_call_back_is_refused() -> None:
    policy = evening()
    queues = {name: replace(each, callback=None) for name, each in policy.queues.items()}
    desk = Desk(replace(policy, queues=queues), now=NIGHT)
    with pytest.raises(NotAllowed):
        form(desk, "i1", "n1", None)


def test_what_was_written_stays_with_the_callback() -> None:
    desk = Desk(evening(), now=NIGHT)
    item = form(desk, "i1", "n1", times(desk)[0])
    row = desk.state.items[item]
    assert (row.words_ref, row.contact_ref, row.form) == (
        "words-i1",
        "contact-n1",
        Form.CALLBACK,
    )


def test_no_time_is_asked_for_where_none_is_left() -> None:
    policy = calling(windows=None)
    book = rule("book", "callback", choose_time=True)
    night = p.Fallback(id="night", rules=(book, rule("keep", "defer")))
    desk = Desk(replace(policy, fallbacks={**policy.fallbacks, "night": night}), now=NIGHT)
    item = ring(desk, "i1", "n1")
    press(desk, item, "1")
    assert desk.state.items[item].form is Form.CALLBACK


WAYS = st.tuples(st.sampled_from(["call", "chat", "form"]), st.integers(0, 4), st.integers(0, 3))


@given(asked=st.lists(WAYS, max_size=14), most=st.integers(1, 3))
def test_no_window_takes_more_than_it_has_and_no_number_has_two_callbacks(
    asked: list[tuple[str, int, int]], most: int
) -> None:
    desk = Desk(evening(most), now=NIGHT)
    for turn, (way, number, choice) in enumerate(asked):
        name, who, left = f"i{turn}", f"n{number}", times(desk)
        if way == "call":
            item = ring(desk, name, who)
            press(desk, item, str(choice + 1))
            if desk.state.items[item].state is ItemState.IN_FLOW:
                press(desk, item, "1")
        elif left:
            starts = left[choice % len(left)]
            chat(desk, name, who, starts) if way == "chat" else form(desk, name, who, starts)
        desk.now += MINUTE
    callbacks = [
        each
        for each in desk.state.items.values()
        if each.form is Form.CALLBACK and each.state not in ENDED
    ]
    by_number = Counter((each.address_key, each.queue) for each in callbacks)
    assert max(by_number.values(), default=0) <= 1
    starts_of = Counter(
        (each.queue, row.starts)
        for each in callbacks
        if (row := desk.state.recalls.get(each.id)) is not None and row.starts is not None
    )
    assert max(starts_of.values(), default=0) <= most
