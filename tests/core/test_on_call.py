"""People on call: told in turn, round after round, until one of them accepts; every try is kept."""

from __future__ import annotations

from msgspec.structs import replace

from router.core import commands as c
from router.core import policy as p
from router.core.flows.presentation import caller_script, on_call_script
from router.core.flows.script import Accept, Dial, End, Join
from router.core.model import HOUR, MINUTE, ItemId, ItemState, LegResult
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from tests.core.test_explain import story_of
from tests.core.town import NIGHT, Desk, both, rule, town

NUMBERS = {"+19055550150": "security", "+19055550151": "officer", "+19055550152": "deputy"}


def on_call_town(rounds: int = 2, **changes: object) -> p.Policy:
    policy = town(call_outs={"road_hazard": both("Ask where")}, **changes)
    urgent = rule(
        "urgent",
        "transfer",
        when_subject=frozenset({"road_hazard"}),
        targets=("security", "on_call"),
        accept=both("Press 1"),
        rounds=rounds,
    )
    night = p.Fallback(id="night", rules=(urgent, *policy.fallbacks["night"].rules[1:]))
    return replace(policy, fallbacks={**policy.fallbacks, "night": night})


def dialled(desk: Desk, item: ItemId) -> tuple[str, int] | None:
    """Return who is rung now and at which step; None when nobody is."""
    then = caller_script(desk.state, item).then
    return (NUMBERS[then.number], then.step) if isinstance(then, Dial) else None


def told(desk: Desk, item: ItemId) -> list[tuple[str, int, LegResult | None]]:
    attempts = desk.state.on_call[item].attempts
    return [(each.contact, each.round, each.result) for each in attempts]


def press(desk: Desk, item: ItemId, step: int) -> None:
    answered = LegResult.ANSWERED
    desk.do(c.ReportLeg(item_id=item, leg="outside", call_id="CAx", result=answered, key=str(step)))


def hang_up(desk: Desk, item: ItemId, step: int, result: LegResult = LegResult.ENDED) -> None:
    desk.do(c.AdvanceFlow(item_id=item, step=step, result=result))


def test_who_picks_up_hears_what_it_is_about_and_has_it_only_after_pressing_the_key() -> None:
    desk = Desk(on_call_town(), now=NIGHT)
    item = desk.call("i1", "1", "9")
    assert dialled(desk, item) == ("security", 4)
    script = on_call_script(desk.state, item, 4)
    assert [each.text for each in script.spoken] == ["Ask where", "Press 1"]
    assert script.then == Accept(step=4, key="1")
    assert desk.state.items[item].state is ItemState.IN_FLOW
    press(desk, item, 4)
    assert desk.state.items[item].state is ItemState.DIVERTED
    assert on_call_script(desk.state, item, 4).then == Join()
    assert told(desk, item) == [("security", 1, LegResult.ANSWERED)]


def test_a_machine_that_picks_up_is_not_a_person_and_the_walk_goes_on_in_rounds() -> None:
    desk = Desk(on_call_town(rounds=2), now=NIGHT)
    item = desk.call("i1", "1", "9")
    while (now := dialled(desk, item)) is not None:
        hang_up(desk, item, now[1])
    once = ["security", "deputy", "officer"]
    refused = LegResult.NOT_ACCEPTED
    assert told(desk, item) == [(name, turn, refused) for turn in (1, 2) for name in once]
    assert desk.state.items[item].state is ItemState.DEFERRED  # the rule after it


def test_a_key_pressed_too_late_connects_nobody() -> None:
    desk = Desk(on_call_town(), now=NIGHT)
    item = desk.call("i1", "1", "9")
    hang_up(desk, item, 4, LegResult.NO_ANSWER)
    press(desk, item, 4)
    assert desk.state.items[item].state is ItemState.IN_FLOW
    assert on_call_script(desk.state, item, 4).then == End()
    assert on_call_script(desk.state, item, 5).then == Accept(step=5, key="1")


def test_when_the_caller_hangs_up_who_was_asked_hears_that_it_is_over() -> None:
    desk = Desk(on_call_town(), now=NIGHT)
    item = desk.call("i1", "1", "9")
    desk.do(c.EndCall(item_id=item, call_id="CAi1", reason="completed"))
    press(desk, item, 4)
    assert desk.state.items[item].state is ItemState.ABANDONED
    assert on_call_script(desk.state, item, 4).then == End()


def test_another_list_at_midnight_is_walked_from_its_beginning_and_the_log_names_who_was_rung() -> (
    None
):
    desk = Desk(on_call_town(rounds=1), now=NIGHT)
    item = desk.call("i1", "1", "9")
    hang_up(desk, item, 4, LegResult.NO_ANSWER)
    assert dialled(desk, item) == ("deputy", 5)
    desk.wait(HOUR)
    assert dialled(desk, item) == ("deputy", 5)
    while desk.now < NIGHT + 6 * HOUR:
        desk.now += MINUTE  # past midnight, without an item's deadline
    hang_up(desk, item, 5, LegResult.BUSY)
    assert told(desk, item)[:2] == [
        ("security", 1, LegResult.NO_ANSWER),
        ("deputy", 1, LegResult.BUSY),
    ]
    assert dialled(desk, item) == ("security", 6)


def test_without_a_key_asked_for_picking_up_is_enough() -> None:
    policy = on_call_town()
    urgent = replace(policy.fallbacks["night"].rules[0], accept={})
    night = p.Fallback(id="night", rules=(urgent, *policy.fallbacks["night"].rules[1:]))
    desk = Desk(replace(policy, fallbacks={"night": night}), now=NIGHT)
    item = desk.call("i1", "1", "9")
    hang_up(desk, item, 4)
    assert desk.state.items[item].state is ItemState.DIVERTED


def test_the_story_tells_every_attempt_and_a_snapshot_keeps_the_log_until_all_is_forgotten() -> (
    None
):
    desk = Desk(on_call_town(), now=NIGHT)
    item = desk.call("i1", "1", "9")
    hang_up(desk, item, 4)
    press(desk, item, 5)
    texts = [text for text, _ in story_of(desk, item)]
    assert [each for each in texts if each.startswith(("rang", "rings", "handed"))] == [
        "rings security",
        "rang security: not_accepted",
        "rings deputy",
        "rang deputy: answered",
        "handed over outside to deputy (main/!night/urgent)",
    ]
    kept = decode_frozen(encode_frozen(desk.state.freeze()))
    assert State.thaw(kept, dict(desk.state.policies)).hash() == desk.state.hash()
    desk.wait(72 * HOUR)
    assert desk.state.on_call == {}


def test_who_may_not_be_rung_any_more_today_is_in_the_log_and_passed() -> None:
    desk = Desk(on_call_town(rounds=9), now=NIGHT)
    item = desk.call("i1", "1", "9")
    while (now := dialled(desk, item)) is not None:
        hang_up(desk, item, now[1], LegResult.BUSY)
    found = told(desk, item)
    assert [result for _, _, result in found] == [LegResult.BUSY] * 15 + [LegResult.FAILED] * 12
    assert desk.state.items[item].state is ItemState.DEFERRED


def test_a_transfer_node_of_a_flow_asks_and_goes_round_alike() -> None:
    policy = on_call_town()
    main = next(iter(policy.flows.values()))
    node = p.Node(
        id="roads",
        kind="transfer",
        place=p.Place(file="t.yaml", line=1),
        targets=("officer",),
        accept=both("Press 1"),
        rounds=2,
        next="general",
    )
    flow = replace(main, nodes={**main.nodes, "roads": node})
    desk = Desk(replace(policy, flows={main.id: flow}))
    item = desk.call("i1", "1", "1")
    while (now := dialled(desk, item)) is not None:
        hang_up(desk, item, now[1])
    refused = LegResult.NOT_ACCEPTED
    assert told(desk, item) == [("officer", 1, refused), ("officer", 2, refused)]
    assert desk.state.items[item].queue == "general"
