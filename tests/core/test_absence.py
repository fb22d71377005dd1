"""That nobody is there must last before anybody is sent on: who comes back is not too late."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core import policy as p
from router.core.apply import apply
from router.core.explain import lines_of, why_waiting
from router.core.model import (
    HOUR,
    MINUTE,
    SECOND,
    AgentId,
    AgentStatus,
    Condition,
    ItemId,
    ItemState,
    QueueId,
    Tempo,
)
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from tests.core.town import OPEN, Desk, queue, rule, town

AMINA = AgentId("amina")
GENERAL = QueueId("general")
ABSENCE = 60 * SECOND
LEAVES: Mapping[Condition, str] = {
    Condition.UNSTAFFED: "unstaffed",
    Condition.ALL_AWAY: "all_away",
}


def absent_town(fates: Mapping[Condition, str] = LEAVES, absence: int = ABSENCE) -> p.Policy:
    """The town whose general queue sends callers on once nobody has been there for a minute."""
    policy = town()
    general = queue("general", "general and $language", fates=dict(fates), absence=absence)
    chains = {
        name: p.Fallback(id=name, rules=(rule(f"{name}_message", "voicemail"),))
        for name in ("unstaffed", "all_away")
    }
    stay = p.Fallback(id="stay", rules=(rule("stay", "queue"),))
    return replace(
        policy,
        queues={**policy.queues, general.id: general},
        fallbacks={**policy.fallbacks, **chains, "stay": stay},
    )


class Town(Desk):
    """Amina at work, one caller in line behind the one she is talking to."""

    def __init__(self, fates: Mapping[Condition, str] = LEAVES) -> None:
        super().__init__(absent_town(fates))
        self.sign_in("amina")
        self.call("i0", "1", "2", caller="first")
        self.answer("amina")
        self.item = self.call("i1", "1", "2")

    def away(self) -> None:
        self.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AWAY, reason="break"))

    def back(self) -> None:
        self.do(c.SetStatus(agent_id=AMINA, status=AgentStatus.AVAILABLE))

    def go(self) -> None:
        self.do(c.SignOut(agent_id=AMINA))

    def prove(self) -> None:
        self.do(c.RenewLeases(desks=((AMINA, "desk-amina"),)))

    def walked(self) -> list[Condition]:
        return [x.condition for x in self.story if isinstance(x, e.FallbackWalked)]

    def lasted(self) -> list[tuple[Condition, int]]:
        """What came into effect in the general queue, and when, in seconds since the opening."""
        return [
            (x.condition, (x.at - OPEN) // SECOND)
            for x in self.story
            if isinstance(x, e.ConditionLasted) and (x.queue, x.tempo) == (GENERAL, Tempo.LIVE)
        ]


@pytest.mark.parametrize(
    ("how", "condition"), [("away", Condition.ALL_AWAY), ("go", Condition.UNSTAFFED)]
)
def test_who_waits_is_sent_on_when_the_absence_has_lasted_and_not_before(
    how: str, condition: Condition
) -> None:
    desk = Town()
    getattr(desk, how)()
    assert desk.state.queues[GENERAL].conditions == (condition,)  # supervisors see it at once
    desk.keep_alive(ABSENCE - 1)
    assert desk.state.items[desk.item].state is ItemState.QUEUED
    desk.wait(1)
    assert desk.walked() == [condition]
    assert desk.state.items[desk.item].state is ItemState.IN_FLOW


def test_who_reconnects_a_second_later_finds_the_callers_still_there() -> None:
    desk = Desk(absent_town())
    desk.sign_in("amina", "boris")
    first, second = desk.call("i1", "1", "2", caller="a"), desk.call("i2", "1", "2", caller="b")
    third = desk.call("i3", "1", "2", caller="c")
    desk.wait(31 * SECOND)  # both leases are lost
    assert desk.state.queues[GENERAL].conditions == (Condition.UNSTAFFED,)
    assert {desk.state.items[i].state for i in (first, second, third)} == {ItemState.QUEUED}
    desk.sign_in("amina", "boris")
    desk.keep_alive(10 * SECOND)
    states = [desk.state.items[i].state for i in (first, second, third)]
    assert states.count(ItemState.OFFERED) == 2
    assert not [x for x in desk.story if isinstance(x, e.FallbackWalked)]
    assert desk.state.queues[GENERAL].lasts_at is None


def test_a_short_break_costs_nobody_their_place_and_the_next_one_begins_anew() -> None:
    desk = Town()
    for _ in range(3):
        desk.away()
        desk.keep_alive(ABSENCE - SECOND)
        desk.back()
        desk.keep_alive(SECOND)
    assert desk.walked() == []
    assert desk.lasted() == []


def test_who_comes_in_the_meantime_lines_up_and_shares_what_becomes_of_the_others() -> None:
    desk = Town()
    desk.away()
    desk.keep_alive(20 * SECOND)
    later = desk.call("i2", "1", "2", caller="z")
    assert desk.state.items[later].state is ItemState.QUEUED
    desk.keep_alive(40 * SECOND)
    assert {desk.state.items[i].state for i in (desk.item, later)} == {ItemState.IN_FLOW}
    after = desk.call("i3", "1", "2", caller="y")  # now it is in effect at entry, too
    assert desk.state.items[after].state is ItemState.IN_FLOW
    assert desk.walked() == [Condition.ALL_AWAY] * 3


def test_where_nobody_has_ever_been_nobody_is_waited_for() -> None:
    desk = Desk(absent_town())
    item = desk.call("i1", "1", "2")
    assert desk.state.items[item].state is ItemState.IN_FLOW


def test_flapping_between_the_two_conditions_gains_no_time() -> None:
    desk = Town()
    desk.away()
    for _ in range(3):
        desk.wait(10 * SECOND)
        desk.go()
        desk.wait(5 * SECOND)
        desk.do(c.SignIn(agent_id=AMINA, desk="desk-amina"))  # there again, but away
    desk.wait(15 * SECOND)
    assert desk.lasted() == [(Condition.ALL_AWAY, 60)]
    assert desk.walked() == [Condition.ALL_AWAY]


def test_who_is_away_and_vanishes_does_not_make_it_unstaffed_at_once() -> None:
    fates = {Condition.ALL_AWAY: "stay", Condition.UNSTAFFED: "unstaffed"}
    desk = Town(fates)
    desk.away()
    desk.keep_alive(2 * ABSENCE)
    assert desk.walked() == [Condition.ALL_AWAY]
    desk.go()
    desk.wait(ABSENCE // 2)
    newcomer = desk.call("i2", "1", "2", caller="z")  # all away is still in effect
    assert desk.walked() == [Condition.ALL_AWAY] * 2
    desk.do(c.SignIn(agent_id=AMINA, desk="desk-amina"))  # away as before: nothing is said again
    assert desk.walked() == [Condition.ALL_AWAY] * 2
    assert desk.state.queues[GENERAL].lasts_at is None
    desk.go()
    desk.wait(ABSENCE - 1)
    assert {desk.state.items[i].state for i in (desk.item, newcomer)} == {ItemState.QUEUED}
    desk.wait(1)
    assert desk.walked() == [Condition.ALL_AWAY] * 2 + [Condition.UNSTAFFED] * 2


def test_who_comes_after_unstaffed_has_time_to_become_available() -> None:
    desk = Town({Condition.ALL_AWAY: "all_away"})
    desk.go()
    desk.wait(2 * ABSENCE)
    assert desk.state.items[desk.item].state is ItemState.QUEUED  # unstaffed has no fate here
    desk.do(c.SignIn(agent_id=AMINA, desk="desk-amina"))
    desk.keep_alive(ABSENCE - SECOND)
    assert desk.state.items[desk.item].state is ItemState.QUEUED
    desk.keep_alive(SECOND)
    assert desk.walked() == [Condition.ALL_AWAY]


def test_an_outage_does_not_count() -> None:
    desk = Town()
    desk.go()
    desk.wait(40 * SECOND)
    since = desk.now
    desk.now += HOUR
    desk.do(c.ResumeService(since=since))
    assert desk.do(c.PassTime()) == []
    desk.wait(20 * SECOND - 1)
    assert desk.state.items[desk.item].state is ItemState.QUEUED
    desk.wait(1)
    assert desk.walked() == [Condition.UNSTAFFED]


def test_what_must_last_survives_a_restart() -> None:
    desk = Town()
    desk.go()
    desk.wait(40 * SECOND)
    body = encode_frozen(desk.state.freeze())
    desk.engine.state = State.thaw(decode_frozen(body), dict(desk.state.policies))
    assert desk.engine.next_wakeup() == desk.now + 20 * SECOND
    desk.wait(20 * SECOND)
    assert desk.walked() == [Condition.UNSTAFFED]


def test_taking_back_what_was_not_stored_brings_the_instant_back() -> None:
    desk = Town()
    desk.go()
    desk.wait(ABSENCE - 1)
    desk.state.keep_undo()
    mark, due = desk.state.mark(), desk.engine.next_wakeup()
    desk.wait(1)
    assert desk.lasted()
    desk.engine.next_wakeup()  # what is over is dropped here
    desk.state.back_to(mark)
    assert desk.engine.next_wakeup() == due == desk.state.queues[GENERAL].lasts_at


def test_a_queue_that_the_policy_drops_in_the_meantime_sends_nobody_anywhere() -> None:
    desk = Town()
    desk.go()
    policy = absent_town()
    general = replace(policy.queues[GENERAL], id=QueueId("desk"))
    flows = {
        name: replace(
            flow,
            nodes={
                **flow.nodes,
                "general": replace(flow.nodes["general"], queue=general.id),
            },
        )
        for name, flow in policy.flows.items()
    }
    roads = policy.queues[QueueId("roads")]
    desk.adopt(replace(policy, queues={roads.id: roads, general.id: general}, flows=flows))
    desk.wait(2 * MINUTE)
    assert desk.state.queues[GENERAL].lasts_at is None


def test_what_was_stored_without_an_instant_is_in_effect_at_once() -> None:
    desk = Town()
    away = e.AgentStatusSet(
        at=desk.now, agent=AMINA, status=AgentStatus.AWAY, reason="break", after_item=False
    )
    stored = msgspec.msgpack.encode(["condition-entered", desk.now, "general", "all_away"])
    for event in (away, msgspec.msgpack.decode(stored, type=e.AnyEvent)):
        apply(desk.state, event)
    later = desk.call("i2", "1", "2", caller="z")
    assert desk.walked() == [Condition.ALL_AWAY]
    assert desk.state.items[later].state is ItemState.IN_FLOW


# --- why -----------------------------------------------------------------------------------------


def story_of(desk: Desk, item_id: ItemId) -> list[tuple[str, tuple[str, ...]]]:
    state = State()
    state.policies = dict(desk.state.policies)
    found = []
    for event in desk.story:
        found += [(line.text, line.details) for line in lines_of(state, event, item_id)]
        apply(state, event)
    return found + [(x.text, x.details) for x in why_waiting(state, desk.now, item_id)]


def test_the_story_says_until_when_it_must_last_and_what_came_of_it() -> None:
    desk = Town()
    desk.away()
    desk.keep_alive(20 * SECOND)
    texts = [text for text, _ in story_of(desk, desk.item)]
    assert "queue general is all_away: has to last 60 s to count" in texts
    standing = [text for text in texts if not text.startswith("then, ")]
    assert standing[-1] == "queue general is all_away: has to last another 40 s to count"
    later = desk.call("i2", "1", "2", caller="z")
    queued = dict(story_of(desk, later))["joined queue general as call, step 0"]
    assert queued[-1] == "queue general is all_away: has to last another 40 s to count"
    desk.back()
    assert "queue general is no longer all_away" in dict(story_of(desk, later))
    desk.away()
    desk.keep_alive(ABSENCE)
    told = [text for text, _ in story_of(desk, desk.item)]
    lasted = told.index("queue general has been all_away for long enough")
    assert told[lasted + 1] == "counts for general as diverted-late after 80 s"
    assert told[lasted + 2] == "all_away: followed chain all_away, took voicemail"
