"""The story names the rule, the agents not chosen and why, and what happens next."""

from __future__ import annotations

from msgspec.structs import replace

from router.core import commands as c
from router.core.apply import apply
from router.core.engine import Engine
from router.core.events import AnyEvent, Event
from router.core.explain import lines_of, why_waiting
from router.core.model import SECOND, AgentId, AgentStatus, ItemId
from router.core.story import TELLERS
from tests.core.order_town import SERVICES, OrderDesk, order_town
from tests.core.town import NIGHT, Desk, agent, town


def story_of(desk: Desk, item_id: ItemId) -> list[tuple[str, tuple[str, ...]]]:
    twin = Engine()
    twin.state.policies = dict(desk.engine.state.policies)
    found = []
    for event in desk.story:
        found += [(line.text, line.details) for line in lines_of(twin.state, event, item_id)]
        apply(twin.state, event)
    found += [(line.text, line.details) for line in why_waiting(twin.state, desk.now, item_id)]
    return found


def test_an_offer_names_everyone_who_was_not_chosen_and_why() -> None:
    desk = Desk()
    desk.sign_in("boris", "amina")
    item = desk.call("i1", "2", "2")
    offered = dict(story_of(desk, item))["offered to Amina"]
    assert "Boris: needs french" in "; ".join(offered)
    assert any(line.startswith("Chloe: ") and "not signed in" in line for line in offered)


def test_changing_one_agents_skill_changes_the_stated_reason() -> None:
    policy = town()
    taught = {**policy.agents, AgentId("boris"): agent("boris", {"general": 5, "french": 2})}
    desk = Desk(replace(policy, agents=taught))
    desk.sign_in("amina", "boris")
    offered = dict(story_of(desk, desk.call("i1", "2", "2")))["offered to Amina"]
    assert "Boris: free too, but idle for less long" in offered


def test_a_waiting_item_says_who_cannot_take_it() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.do(c.SetStatus(agent_id=AgentId("amina"), status=AgentStatus.AWAY, reason="break"))
    desk.call("i0", "1", "2", caller="z")
    item = desk.call("i1", "1", "2")
    texts = dict(story_of(desk, item))
    assert "Amina: away (break)" in texts["still waits in queue general, number 2 of 2"]


def test_a_fallback_names_every_rule_tried() -> None:
    desk = Desk(now=NIGHT)
    item = desk.call("i1", "1", "2")
    walked = dict(story_of(desk, item))["closed: followed chain night, took defer"]
    assert walked == (
        "rule night/urgent (t.yaml:1): not taken, subject is tax, the rule is for others",
        "rule night/others (t.yaml:1): taken",
    )


def test_where_todays_code_would_decide_otherwise_both_are_shown() -> None:
    desk = Desk()
    desk.sign_in("amina")
    desk.wait(SECOND)
    desk.sign_in("boris")
    item = desk.call("i1", "1", "2")
    forged: list[AnyEvent] = []
    for event in desk.story:
        made = getattr(event, "agent", "") == "amina" and hasattr(event, "idle_since")
        forged.append(replace(event, agent=AgentId("boris")) if made else event)
    desk.story = forged
    offered = dict(story_of(desk, item))["offered to Boris"]
    assert "today's rules would have offered it to Amina" in offered


def test_it_says_why_somebody_who_came_earlier_was_left_waiting() -> None:
    desk = OrderDesk(order_town(staff=[SERVICES]))
    desk.come("a00")
    busy = desk.caller("busy", 0)
    desk.answer("a00")
    desk.caller("old", 1)
    desk.keep_alive(20 * SECOND)
    desk.caller("new", 0)
    desk.keep_alive(20 * SECOND)
    desk.do(c.CloseItem(item_id=busy, agent_id=AgentId("a00"), code=""))
    assert dict(story_of(desk, ItemId("new")))["offered to A00"] == (
        "chosen as most urgent item; asks for: roads",
        "can still be answered within its target, for 10 s more",
        "item old ranks 20 s earlier, but has missed its target and ranks 2:00 min later",
        "nobody is overtaken by who came more than 2:00 min later",
    )


def test_it_says_for_which_skill_a_free_agent_is_kept() -> None:
    desk = OrderDesk(order_town(staff=[("roads", "noise"), ("roads", "tax"), ("tax",)]))
    for name in ("a00", "a01", "a02"):
        desk.come(name)
        desk.wait(SECOND)
    offered = dict(story_of(desk, desk.caller("caller", 0)))["offered to A01"]
    assert offered[0] == "chosen as coverage, then longest idle; asks for: roads"
    assert "A00: free too, but is kept for noise, which only 1 of those free have" in offered


def test_every_event_about_an_item_has_a_sentence_or_a_reason_to_have_none() -> None:
    silent = {"RoomNoted", "EffectWanted", "EffectDone", "KeyKept", "ConversationJoined"}
    about_items = {
        cls.__name__
        for cls in Event.__subclasses__()
        if {"item", "offer", "effect", "key"} & set(cls.__struct_fields__)
    }
    told = {cls.__name__ for cls in TELLERS}
    assert about_items - told - silent == {"KeyDropped"}
