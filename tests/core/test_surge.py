"""Surge and spoken notices: one switch, heard by the next call, over by itself."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core import commands_hours as h
from router.core import events as e
from router.core import policy as p
from router.core.flows.presentation import caller_script
from router.core.flows.script import Ask
from router.core.model import HOUR, MINUTE, Condition, ItemState, QueueId
from router.core.policy_surge import SurgeRule
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.errors import NotAllowed, NotNow, UnknownTarget
from tests.core.test_staffing import walked, with_fates
from tests.core.town import OPEN, Desk, both, rule, town

CHAIN = {"storm": (rule("call_back", "callback"), rule("wait", "queue"))}


def surge_town(**changes: object) -> p.Policy:
    surge = SurgeRule(
        text=both("storm"), first=(QueueId("roads"),), head_start=HOUR, lasts_max=24 * HOUR
    )
    policy = with_fates({Condition.SURGE: "storm"}, CHAIN)
    roads = policy.queues[QueueId("roads")]
    fated = replace(roads, fates={**roads.fates, Condition.SURGE: "storm"})
    queues = {**policy.queues, roads.id: fated}
    return replace(policy, queues=queues, surge=replace(surge, **changes))


def begin(desk: Desk, span: int = 2 * HOUR) -> None:
    desk.do(h.BeginSurge(until=desk.now + span, reason="ice", by="sam"))


def first_words(desk: Desk, name: str, called: str = "+19055550100") -> str:
    item = desk.call(name, caller=name)
    return caller_script(desk.state, item).spoken[0].text


def test_the_switch_speaks_deflects_and_lets_the_emergency_queue_go_first() -> None:
    desk = Desk(surge_town())
    waits = desk.call("r0", "1", "1", caller="a")
    before = desk.state.items[waits].urgency_at
    begin(desk)
    assert desk.state.items[waits].urgency_at == before - HOUR
    assert first_words(desk, "x") == "storm"
    general = desk.call("g1", "1", "2", caller="b")
    assert walked(desk) == [(Condition.SURGE, "callback")]
    assert isinstance(caller_script(desk.state, general).then, Ask)
    roads = desk.call("r1", "1", "1", caller="c")
    row = desk.state.items[roads]
    assert (row.state, row.urgency_at) == (
        ItemState.QUEUED,
        desk.now
        + desk.state.policy.queues[QueueId("roads")].target_span
        - HOUR
        - desk.state.policy.queues[QueueId("roads")].head_start,
    )


def test_it_ends_by_hand_or_by_itself_and_then_the_day_is_ordinary() -> None:
    for by_hand in (True, False):
        desk = Desk(surge_town())
        begin(desk)
        if by_hand:
            desk.do(h.EndSurge(by="sam"))
        else:
            desk.wait(2 * HOUR)
        assert [x.by for x in desk.story if isinstance(x, e.SurgeEnded)] == [
            "sam" if by_hand else "its end was set"
        ]
        assert first_words(desk, "x") != "storm"
        item = desk.call("g1", "1", "2", caller="b")
        assert desk.state.items[item].state is ItemState.QUEUED
        assert walked(desk) == []


def test_it_can_be_made_longer_and_survives_a_snapshot() -> None:
    desk = Desk(surge_town())
    begin(desk)
    desk.wait(HOUR)
    begin(desk, 3 * HOUR)
    kept = decode_frozen(encode_frozen(desk.state.freeze()))
    twin = State.thaw(kept, dict(desk.state.policies))
    assert twin.hash() == desk.state.hash()
    assert twin.surges["surge"].since == OPEN
    assert twin.next_wakeup() is not None
    desk.wait(2 * HOUR)
    assert desk.state.surges
    desk.wait(HOUR)
    assert not desk.state.surges


def test_switching_it_on_again_gives_nobody_a_second_head_start() -> None:
    desk = Desk(surge_town())
    item = desk.call("r0", "1", "1")
    begin(desk)
    once = desk.state.items[item].urgency_at
    begin(desk, 3 * HOUR)
    assert desk.state.items[item].urgency_at == once


def test_what_was_switched_comes_back_with_its_end_when_a_batch_is_not_stored() -> None:
    desk = Desk(surge_town())
    begin(desk)
    announce(desk, until=desk.now + MINUTE)
    desk.state.keep_undo()
    mark, wakeup = desk.state.mark(), desk.state.next_wakeup()
    desk.do(h.WithdrawMessage(id="snow", by="adele"))
    assert desk.state.next_wakeup() != wakeup
    desk.state.back_to(mark)
    assert desk.state.next_wakeup() == wakeup == desk.now + MINUTE
    desk.do(h.WithdrawMessage(id="snow", by="adele"))
    mark = desk.state.mark()
    desk.do(h.EndSurge(by="sam"))
    assert desk.state.next_wakeup() != desk.now + 2 * HOUR
    desk.state.back_to(mark)
    assert desk.state.next_wakeup() == desk.now + 2 * HOUR


def test_who_switches_is_told_what_is_wrong() -> None:
    desk = Desk(surge_town())
    with pytest.raises(NotNow, match="must lie ahead"):
        begin(desk, 0)
    with pytest.raises(NotAllowed, match="24 h at most"):
        begin(desk, 25 * HOUR)
    with pytest.raises(NotAllowed, match=r"config/fallback.yaml"):
        begin(Desk())
    desk.do(h.EndSurge(by="sam"))  # there is none: nothing happens
    assert not desk.state.surges


def test_it_begins_by_itself_when_so_many_wait_and_says_so() -> None:
    desk = Desk(surge_town(begins_at=3, lasts=HOUR))
    for index in range(2):
        desk.call(f"i{index}", "1", "2", caller=str(index))
    assert not desk.state.surges
    desk.call("i2", "1", "1", caller="2")
    assert (desk.state.surges["surge"].reason, desk.state.surges["surge"].until) == (
        "3 wait",
        desk.now + HOUR,
    )


# --- messages ------------------------------------------------------------------------------------


def announce(desk: Desk, **changes: object) -> None:
    fields: dict[str, object] = {
        "id": "snow",
        "text": both("Plows are out"),
        "until": desk.now + HOUR,
        "by": "adele",
    }
    desk.do(h.AnnounceMessage(**{**fields, **changes}))  # type: ignore[arg-type]


def test_the_next_call_hears_it_until_it_expires_is_replaced_or_taken_back() -> None:
    desk = Desk()
    announce(desk)
    assert first_words(desk, "a") == "Plows are out"
    announce(desk, text={"en": "All clear"})
    assert first_words(desk, "b") == "All clear"
    desk.do(h.WithdrawMessage(id="snow", by="adele"))
    assert first_words(desk, "c") == "In danger? Dial 911"
    announce(desk)
    desk.wait(HOUR)
    assert first_words(desk, "d") == "In danger? Dial 911"
    assert desk.state.notices == {}


def test_it_can_wait_for_its_beginning_and_be_for_one_number() -> None:
    desk = Desk()
    announce(desk, since=desk.now + MINUTE)
    assert first_words(desk, "a") != "Plows are out"
    desk.wait(MINUTE)
    assert first_words(desk, "b") == "Plows are out"
    other = Desk(
        replace(town(), numbers={**town().numbers, "+19055550101": next(iter(town().flows))})
    )
    announce(other, numbers=("+19055550101",))
    assert first_words(other, "c") != "Plows are out"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"until": OPEN}, NotNow),
        ({"since": OPEN + 2 * HOUR}, NotNow),
        ({"until": OPEN + 32 * 24 * HOUR}, NotAllowed),
        ({"text": {"en": "  "}}, NotAllowed),
        ({"text": {"de": "Schnee"}}, UnknownTarget),
        ({"numbers": ("+19055550177",)}, UnknownTarget),
    ],
)
def test_a_message_nobody_could_hear_or_end_is_refused(
    changes: dict[str, object], error: type[Exception]
) -> None:
    desk = Desk()
    with pytest.raises(error):
        announce(desk, **changes)
    with pytest.raises(UnknownTarget):
        desk.do(h.WithdrawMessage(id="snow", by="adele"))
    for index in range(5):
        announce(desk, id=f"m{index}")
    with pytest.raises(NotAllowed):
        announce(desk, id="m5")
