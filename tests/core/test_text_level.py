"""The service level of mail and forms: first responses, each result on its own day."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.formulas import OF_TEXTS, figure
from router.core.model import DAY, HOUR, MINUTE, Channel, Instant, ItemId, ItemState, QueueId
from router.core.policy_service_level import FirstResponse
from router.core.state import State
from router.core.tallies import interval_of, summed
from tests.core.text_hands import AMINA, forward, held, merge
from tests.core.text_town import TextDesk, writing_town
from tests.core.town import NIGHT, OPEN

GENERAL = QueueId("general")


@pytest.fixture
def desk() -> TextDesk:
    return TextDesk(writing_town())


def results(desk: TextDesk, item: str) -> list[tuple[str, str]]:
    """Return what was counted of the item, with the day on which it counts."""
    counted = [x for x in desk.story if isinstance(x, e.ServiceLevelCounted) and x.item == item]
    return [(x.result, x.day) for x in counted]


def due(desk: TextDesk, item: str) -> Instant:
    at = desk.item(item).due_at
    assert at is not None
    return at


def until(desk: TextDesk, at: Instant) -> None:
    desk.wait(at - desk.now)


def test_the_first_answer_of_a_person_before_it_is_due_is_in_time(desk: TextDesk) -> None:
    desk.wait(20 * MINUTE)
    desk.mail("m1")
    assert desk.item("m1").threshold_at == due(desk, "m1")
    desk.wait(HOUR)
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina")
    assert results(desk, "m1") == [("answered", "2026-11-23")]
    ((queue, channel, interval),) = desk.state.tallies
    assert (queue, channel, interval) == (GENERAL, Channel.MAIL, interval_of(OPEN + 20 * MINUTE))
    desk.reply(ItemId("m1"), "amina", key="again")
    assert len(results(desk, "m1")) == 1  # the first one counts


def test_it_counts_as_overdue_at_once_and_as_answered_late_on_the_day_of_the_answer(
    desk: TextDesk,
) -> None:
    desk.mail("m1")
    at = due(desk, "m1")
    assert desk.engine.next_wakeup() is not None
    until(desk, at - 1)
    assert results(desk, "m1") == []
    until(desk, at)
    assert results(desk, "m1") == [("threshold", "2026-11-25")]
    desk.wait(DAY)
    held(desk, "m1")
    desk.reply(ItemId("m1"), "amina")
    assert results(desk, "m1") == [("threshold", "2026-11-25"), ("answered-late", "2026-11-26")]
    (row,) = desk.state.tallies.values()
    assert (row.day, dict(row.counts)) == ("2026-11-26", {"answered-late": 1})
    first, last = (x for x in desk.story if isinstance(x, e.ServiceLevelCounted))
    assert (first.interval, last.interval) == (OPEN, OPEN)  # of its being received
    assert (first.waited, first.within) == (at - OPEN, at - OPEN)


def test_passing_it_on_keeps_its_entry_and_the_queue_that_has_it_counts_it(desk: TextDesk) -> None:
    desk.mail("m1")
    at = due(desk, "m1")
    held(desk, "m1")
    desk.do(c.TransferItem(item_id=ItemId("m1"), agent_id=AMINA, to_queue=QueueId("roads")))
    assert results(desk, "m1") == []
    assert desk.item("m1").threshold_at == at
    until(desk, at)
    assert [key[0] for key in desk.state.tallies] == ["roads"]


def test_closed_without_an_answer_is_told_apart(desk: TextDesk) -> None:
    for name in ("m1", "m2"):
        desk.mail(name, sender=name)
    held(desk, "m1")
    desk.do(c.CloseItem(item_id=ItemId("m1"), agent_id=AMINA, code="answered"))
    assert results(desk, "m1") == [("closed", "2026-11-23")]
    until(desk, due(desk, "m2"))
    held(desk, "m2")
    desk.do(c.CloseItem(item_id=ItemId("m2"), agent_id=AMINA, code="answered"))
    assert [x for x, _ in results(desk, "m2")] == ["threshold", "closed-late"]


def test_the_clock_stands_while_the_resident_was_asked_and_runs_while_a_department_is(
    desk: TextDesk,
) -> None:
    desk.mail("m1")
    at = due(desk, "m1")
    held(desk, "m1")
    forward(desk, "m1")
    assert desk.item("m1").state is ItemState.DEFERRED
    until(desk, at)
    assert [x for x, _ in results(desk, "m1")] == ["threshold"]
    desk.mail("m2", sender="other")
    held(desk, "m2")
    desk.do(t.WaitForResident(item_id=ItemId("m2"), agent_id=AMINA))
    assert desk.item("m2").threshold_at is None
    desk.wait(3 * DAY)
    assert results(desk, "m2") == []
    held(desk, "m2")
    assert desk.item("m2").threshold_at == due(desk, "m2") > desk.now


def test_what_is_merged_is_not_counted_unless_the_merge_is_taken_back(desk: TextDesk) -> None:
    desk.mail("m1")
    desk.wait(HOUR)
    desk.mail("m2", conversation="v-m2")
    before = desk.item("m1")
    merge(desk, "m1", "m2")
    desk.wait(MINUTE)
    desk.do(t.UnmergeItem(item_id=ItemId("m1"), by=AMINA))
    assert desk.item("m1").threshold_at == before.threshold_at
    merge(desk, "m1", "m2")
    held(desk, "m2")
    desk.reply(ItemId("m2"), "amina")
    assert (results(desk, "m1"), len(results(desk, "m2"))) == ([], 1)


def test_what_came_at_night_may_come_to_be_overdue_before_the_town_opens() -> None:
    policy = writing_town()
    soon = FirstResponse(written="1 h", span=HOUR, days=0, business=False)
    general = replace(policy.queues[GENERAL], first_response_by={Channel.MAIL: soon})
    desk = TextDesk(replace(policy, queues={**policy.queues, GENERAL: general}), now=NIGHT)
    desk.mail("m1")
    assert desk.item("m1").state is ItemState.DEFERRED
    desk.wait(HOUR)
    assert [x for x, _ in results(desk, "m1")] == ["threshold"]


def test_messages_of_callers_are_no_texts(desk: TextDesk) -> None:
    desk.mail("m1", sender="sam")
    assert {row.channel for row in desk.state.items.values()} == {Channel.MAIL}
    desk.form("f1")
    assert desk.item("f1").threshold_at == due(desk, "f1")


def test_a_snapshot_keeps_when_it_comes_to_be_overdue(desk: TextDesk) -> None:
    desk.mail("m1")
    again = State.thaw(desk.state.freeze(), desk.state.policies)
    assert again.next_wakeup() == desk.state.next_wakeup() is not None
    assert again.items == desk.state.items


@pytest.mark.parametrize(
    ("name", "met", "looked_at"),
    [
        ("first-response", 1, 2),
        ("first-response-or-closed", 2, 3),
        ("uccx-only-handled", 1, 2),  # hides what nobody has answered
        ("ucce-ignore-abandon", 1, 2),
    ],
)
def test_what_each_formula_makes_of_a_day(
    desk: TextDesk, name: str, met: int, looked_at: int
) -> None:
    for number in range(3):
        desk.mail(f"m{number}", sender=f"s{number}")
    until(desk, due(desk, "m0") - MINUTE)
    held(desk, "m1", "m2")
    desk.reply(ItemId("m1"), "amina")
    desk.do(c.CloseItem(item_id=ItemId("m2"), agent_id=AMINA, code="answered"))
    desk.wait(2 * MINUTE)
    held(desk, "m0")
    desk.reply(ItemId("m0"), "amina", key="r2")
    counts = summed(desk.state.tallies.values())
    assert counts == {"answered": 1, "closed": 1, "threshold": 1, "answered-late": 1}
    assert figure(OF_TEXTS[name], counts) == (met, looked_at)


def test_answers_to_mail_tell_nothing_of_how_long_telephones_ring(desk: TextDesk) -> None:
    desk.mail("m1")
    held(desk, "m1")
    desk.wait(HOUR)
    desk.reply(ItemId("m1"), "amina")
    assert all(row.rung == 0 for row in desk.state.queues.values())
