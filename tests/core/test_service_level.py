"""As what an entry into a queue counts: calls and chats, however they end."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core import policy as p
from router.core.flows.presentation import caller_script
from router.core.flows.script import Ask
from router.core.formulas import CURRENT
from router.core.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Condition,
    ItemId,
    ItemState,
    QueueId,
)
from router.core.policy_service_level import Promise
from router.core.tallies import INTERVAL, interval_of
from tests.core.text_town import TextDesk, writing_town
from tests.core.town import OPEN, Desk, rule

GENERAL = QueueId("general")
AMINA, BORIS = AgentId("amina"), AgentId("boris")
TOWNLINE = CURRENT["townline"].id


def promising(
    policy: p.Policy | None = None, calls_s: int = 30, chats_s: int = 60, short_s: int = 5
) -> p.Policy:
    policy = policy or writing_town()
    promises = {
        Channel.VOICE: Promise(0.7, calls_s * SECOND, TOWNLINE, short_s * SECOND),
        Channel.CHAT: Promise(0.8, chats_s * SECOND, TOWNLINE, short_s * SECOND),
    }
    queues = {
        name: replace(queue, promises=promises, target_span=calls_s * SECOND)
        for name, queue in policy.queues.items()
    }
    return replace(policy, queues=queues)


@pytest.fixture
def desk() -> TextDesk:
    return TextDesk(promising())


def counted(desk: TextDesk, item: str) -> list[str]:
    return [x.result for x in desk.story if isinstance(x, e.ServiceLevelCounted) and x.item == item]


def hang_up(desk: TextDesk, item: ItemId, reason: str = "completed") -> None:
    desk.do(c.EndCall(item_id=item, call_id=f"CA{item}", reason=reason))


# --- calls ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("waited", "reason", "expected"),
    [
        (4, "completed", ["abandoned-short"]),
        (5, "completed", ["abandoned"]),
        (29, "canceled", ["abandoned"]),
        (30, "completed", ["threshold", "abandoned-late"]),
        (4, "failed", ["lost"]),
        (40, "failed", ["threshold", "lost-late"]),
    ],
)
def test_giving_up_is_short_in_time_or_late_and_a_lost_call_is_none(
    desk: TextDesk, waited: int, reason: str, expected: list[str]
) -> None:
    item = desk.call("i1", "1", "2")
    desk.wait(waited * SECOND)
    hang_up(desk, item, reason)
    assert counted(desk, item) == expected


def test_who_answers_at_the_very_instant_is_late_even_if_the_timer_comes_afterwards(
    desk: TextDesk,
) -> None:
    item = desk.call("i1", "1", "2")
    desk.now += 30 * SECOND  # nobody has let time pass
    hang_up(desk, item)
    assert counted(desk, item) == ["threshold", "abandoned-late"]


def test_the_longest_wait_is_a_timeout_and_other_fates_are_diversions() -> None:
    chains = {"home": p.Fallback(id="home", rules=(rule("end", "end"),))}
    base = promising()
    general = replace(
        base.queues[GENERAL],
        wait_max=MINUTE,
        fates={Condition.LATE: "home", Condition.CLOSING: "home"},
    )
    policy = replace(
        base, queues={**base.queues, GENERAL: general}, fallbacks={**base.fallbacks, **chains}
    )
    desk = TextDesk(policy)
    desk.call("i1", "1", "2")
    desk.wait(2 * MINUTE)
    assert counted(desk, "i1") == ["threshold", "timeout-late"]
    desk = TextDesk(policy, now=OPEN + 8 * HOUR - 10 * SECOND)
    desk.call("i1", "1", "2")
    desk.wait(MINUTE)
    assert counted(desk, "i1") == ["diverted"]


def test_a_call_passed_on_before_anybody_spoke_is_transferred_and_begins_anew(
    desk: TextDesk,
) -> None:
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    offer = desk.state.agents[AMINA].offer
    desk.do(c.AcceptOffer(offer_id=offer, agent_id=AMINA))
    desk.do(c.TransferItem(item_id=item, agent_id=AMINA, to_queue=QueueId("roads")))
    assert counted(desk, item) == ["transferred"]
    hang_up(desk, item)
    assert counted(desk, item) == ["transferred", "abandoned-short"]
    assert {(key[0], row.counts) for key, row in desk.state.tallies.items()} == {
        ("general", (("transferred", 1),)),
        ("roads", (("abandoned-short", 1),)),
    }


def test_an_agents_telephone_that_is_not_answered_ends_nothing(desk: TextDesk) -> None:
    desk.sign_in("amina")
    item = desk.call("i1", "1", "2")
    desk.do(c.AcceptOffer(offer_id=desk.state.agents[AMINA].offer, agent_id=AMINA))
    desk.keep_alive(10 * SECOND)
    desk.do(c.ReturnItem(item_id=item, agent_id=AMINA))
    assert counted(desk, item) == []
    desk.keep_alive(25 * SECOND)
    assert counted(desk, item) == ["threshold"]


def test_a_queue_that_is_removed_ends_the_entry_and_another_begins(desk: TextDesk) -> None:
    item = desk.call("i1", "1", "1")
    assert desk.item(item).queue == "roads"
    desk.wait(10 * SECOND)
    fewer = promising()
    desk.adopt(replace(fewer, queues={GENERAL: fewer.queues[GENERAL]}))
    desk.wait(20 * SECOND)
    hang_up(desk, item)
    assert counted(desk, item) == ["other", "abandoned"]
    assert [key[0] for key in sorted(desk.state.tallies)] == ["general", "roads"]


# --- chats ---------------------------------------------------------------------------------------


def taken_chat(desk: TextDesk, name: str = "c1") -> ItemId:
    item = desk.chat(name)
    desk.sign_in("amina")
    desk.do(c.AcceptOffer(offer_id=desk.state.agents[AMINA].offer, agent_id=AMINA))
    return item


def test_a_time_that_passes_in_a_menu_is_counted_when_the_caller_is_back_in_line() -> None:
    desk = Desk()
    desk.sign_in("chloe")
    item = desk.call("i1", "1", "2")
    desk.keep_alive(20 * SECOND)
    desk.do(c.AskWait(item_id=item, turn=1))
    desk.do(c.ChooseWhileWaiting(item_id=item, digits="1"))  # asked for a number meanwhile
    desk.wait(20 * SECOND)
    then = caller_script(desk.state, item).then
    assert isinstance(then, Ask)
    events = desk.do(c.AdvanceFlow(item_id=item, step=then.step, digits="*"))
    counted = [x for x in events if isinstance(x, e.ServiceLevelCounted)]
    assert [(x.result, x.waited) for x in counted] == [("threshold", 40 * SECOND)]
    assert desk.state.items[item].state is ItemState.OFFERED
    wakeup = desk.engine.next_wakeup()
    assert wakeup is None or wakeup >= desk.now


def test_a_chat_is_answered_by_the_first_word_of_a_person_not_by_accepting_it(
    desk: TextDesk,
) -> None:
    item = taken_chat(desk)
    desk.keep_alive(59 * SECOND)
    assert counted(desk, item) == []
    desk.reply(item, "amina")
    desk.reply(item, "amina", key="r2")
    assert counted(desk, item) == ["answered"]
    ((key, row),) = desk.state.tallies.items()
    assert key == ("general", "chat", interval_of(OPEN))
    assert row.counts == (("answered", 1),)


def test_a_chat_has_its_own_promise(desk: TextDesk) -> None:
    item = taken_chat(desk)
    desk.keep_alive(60 * SECOND)
    desk.reply(item, "amina")
    assert counted(desk, item) == ["threshold", "answered-late"]


def test_a_chat_whose_resident_leaves_is_abandoned(desk: TextDesk) -> None:
    item = desk.chat("c1")
    desk.wait(20 * SECOND)
    desk.do(t.LeaveChat(conversation="v"))
    assert counted(desk, item) == ["abandoned"]


def test_who_leaves_before_the_agent_who_took_the_chat_has_written_gave_up(
    desk: TextDesk,
) -> None:
    item = taken_chat(desk)
    desk.keep_alive(20 * SECOND)
    desk.do(t.LeaveChat(conversation="v"))
    assert counted(desk, item) == ["abandoned"]


def test_a_chat_that_an_agent_ends_without_a_word_left_otherwise_before_the_notes(
    desk: TextDesk,
) -> None:
    item = taken_chat(desk)
    desk.do(c.FinishHandling(item_id=item, agent_id=AMINA))
    assert desk.item(item).state is ItemState.WRAP_UP
    assert counted(desk, item) == ["other"]


def test_a_chat_whose_resident_would_rather_be_rung_took_a_callback(desk: TextDesk) -> None:
    item = desk.chat("c1")
    desk.do(
        t.AskCallback(
            item_id=ItemId("x"),
            conversation="v",
            door="site",
            address_key="k",
            contact_ref="c",
            language="en",
        )
    )
    assert counted(desk, item) == ["callback"]


def test_a_chat_closed_without_a_word_left_otherwise(desk: TextDesk) -> None:
    item = taken_chat(desk)
    desk.do(c.CloseItem(item_id=item, agent_id=AMINA, code="answered"))
    assert counted(desk, item) == ["other"]


# --- when it counts ------------------------------------------------------------------------------


def test_an_entry_counts_in_the_quarter_of_an_hour_in_which_it_began(desk: TextDesk) -> None:
    desk.wait(14 * MINUTE + 50 * SECOND)
    item = desk.call("i1", "1", "2")
    desk.wait(20 * SECOND)
    hang_up(desk, item)
    ((_, _, interval),) = desk.state.tallies
    assert interval == OPEN
    assert desk.now > OPEN + INTERVAL


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Eucla", "America/St_Johns"])
def test_every_zone_begins_its_hours_with_an_interval(zone: str) -> None:
    local = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    begins = round(local.timestamp()) * SECOND
    assert interval_of(begins) == begins


def test_the_state_holds_one_day_and_at_most_a_row_for_each_quarter_of_an_hour() -> None:
    desk = TextDesk(promising())
    for number in range(60):
        hang_up(desk, desk.call(f"a{number}", "1", "2", caller=f"x{number}"))
        desk.wait(7 * MINUTE)
    assert len(desk.state.tallies) == 28
    desk.wait(DAY - 420 * MINUTE)
    hang_up(desk, desk.call("b", "1", "2"))
    assert [row.day for row in desk.state.tallies.values()] == ["2026-11-24"]


def test_what_is_undone_is_undone_in_the_tallies_as_well(desk: TextDesk) -> None:
    hang_up(desk, desk.call("i1", "1", "2"))
    before = desk.state.hash()
    desk.state.keep_undo()
    mark = desk.state.mark()
    desk.now += DAY
    desk.do(c.PassTime())
    hang_up(desk, desk.call("i2", "1", "2", caller="z"))
    assert [row.day for row in desk.state.tallies.values()] == ["2026-11-24"]
    desk.state.back_to(mark)
    assert desk.state.hash() == before


def test_who_is_away_is_no_ending(desk: TextDesk) -> None:
    desk.sign_in("amina")
    item = taken_chat(desk)
    desk.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break", after_item=True))
    assert counted(desk, item) == []
