"""Skills for today: other levels until an instant, and routing as if the policy had them."""

from __future__ import annotations

from collections.abc import Iterator
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from msgspec.structs import replace

from router.core import commands as c
from router.core import commands_lead as lead
from router.core import events as e
from router.core import policy as p
from router.core.apply import apply
from router.core.engine import HANDLERS
from router.core.explain import why_not
from router.core.machine import adopt_policy
from router.core.model import DAY, HOUR, MINUTE, SECOND, AgentId, ItemState, PolicyHash
from router.core.state import State
from router.core.state_frozen import decode_frozen, encode_frozen
from router.errors import CommandRefused, NotAllowed, NotNow, UnknownAgent, UnknownTarget
from tests.core.test_invariants import AGENTS, TownWalk, index_of
from tests.core.town import OPEN, Desk, town
from tests.core.town_variants import TOWNS

AMINA, BORIS, CHLOE = AGENTS
MIDNIGHT = OPEN + 14 * HOUR  # it is ten in the town


def given(desk: Desk, who: AgentId, until: int | None = None, **levels: int) -> list[e.AnyEvent]:
    return desk.do(lead.SetSkills(who, levels, "fair at the arena", "sam", until))


def skills_of(desk: Desk, who: AgentId) -> dict[str, int]:
    policy: p.Policy = desk.state.policy
    return policy.agents[who].skills


def trained(policy: p.Policy, who: AgentId, **levels: int) -> p.Policy:
    rule_ = policy.agents[who]
    return replace(policy, agents={**policy.agents, who: replace(rule_, skills=levels)})


# --- examples ------------------------------------------------------------------------------------


def test_who_has_learned_something_today_is_offered_what_waits() -> None:
    desk = Desk(trained(town(), BORIS, english=9))
    desk.sign_in("boris")
    item = desk.call("g", "1", "2")
    assert desk.state.items[item].state is ItemState.QUEUED
    events = given(desk, BORIS, general=1)
    assert [x.agent for x in events if isinstance(x, e.OfferMade)] == [BORIS]
    assert skills_of(desk, BORIS) == {"english": 9, "general": 1}
    assert desk.state.policies[desk.state.policy_hash].agents[BORIS].skills == {"english": 9}


def test_who_has_a_skill_taken_away_is_offered_nothing_that_asks_for_it() -> None:
    desk = Desk()
    desk.sign_in("boris")
    given(desk, BORIS, general=0)
    item = desk.call("g", "1", "2")
    assert desk.state.items[item].state is ItemState.QUEUED
    reason = why_not(desk.state, desk.now, desk.state.items[item], BORIS)
    assert reason is not None
    assert "general" in reason
    assert "for today" in reason
    desk.do(lead.RestoreSkills(BORIS, "sam"))
    assert desk.state.items[item].state is ItemState.OFFERED


def test_what_is_on_offer_stays_on_offer() -> None:
    desk = Desk()
    desk.sign_in("boris")
    item = desk.call("g", "1", "2")
    given(desk, BORIS, general=0)
    assert desk.state.items[item].state is ItemState.OFFERED


def test_it_ends_with_the_towns_day_unless_somebody_says_otherwise() -> None:
    desk = Desk()
    given(desk, BORIS, roads=6)
    assert desk.state.skills[BORIS].until == MIDNIGHT
    desk.wait(MIDNIGHT - desk.now - 1)
    assert "roads" in skills_of(desk, BORIS)
    (event,) = (x for x in desk.wait(1) if isinstance(x, e.SkillsRestored))
    assert (event.agent, event.by) == (BORIS, "its end was set")
    assert "roads" not in skills_of(desk, BORIS)
    assert not desk.state.skills


def test_when_it_ends_whoever_waits_is_looked_at_again() -> None:
    desk = Desk()
    desk.sign_in("boris")
    given(desk, BORIS, until=desk.now + 20 * SECOND, general=0)
    item = desk.call("g", "1", "2")
    desk.keep_alive(19 * SECOND)
    assert desk.state.items[item].state is ItemState.QUEUED
    desk.wait(SECOND)
    assert desk.state.items[item].state is ItemState.OFFERED


def test_once_more_replaces_what_was_set_and_keeps_since_when() -> None:
    desk = Desk()
    given(desk, BORIS, roads=6, french=2)
    desk.now += MINUTE
    given(desk, BORIS, until=desk.now + HOUR, french=4)
    row = desk.state.skills[BORIS]
    assert (row.levels, row.since, row.until) == ((("french", 4),), OPEN, desk.now + HOUR)
    assert "roads" not in skills_of(desk, BORIS)
    desk.wait(MIDNIGHT - desk.now)  # the timer of before means nothing
    assert [x.at for x in desk.story if isinstance(x, e.SkillsRestored)] == [row.until]


@pytest.mark.parametrize(
    ("who", "levels", "until", "refused"),
    [
        ("dora", {"roads": 1}, None, UnknownAgent),
        ("boris", {"plumbing": 1}, None, UnknownTarget),
        ("boris", {"roads": 11}, None, NotAllowed),
        ("boris", {"roads": -1}, None, NotAllowed),
        ("boris", {}, None, NotAllowed),
        ("boris", {"roads": 1}, OPEN, NotNow),
        ("boris", {"roads": 1}, OPEN + 7 * DAY + 1, NotAllowed),
    ],
)
def test_what_cannot_be_is_refused(
    who: str, levels: dict[str, int], until: int | None, refused: type[CommandRefused]
) -> None:
    desk = Desk()
    before = desk.state.hash()
    with pytest.raises(refused):
        desk.do(lead.SetSkills(AgentId(who), levels, "", "sam", until))
    assert desk.state.hash() == before


def test_to_take_back_what_was_never_set_does_nothing() -> None:
    assert Desk().do(lead.RestoreSkills(BORIS, "sam")) == []


# --- another policy ------------------------------------------------------------------------------


def test_another_policy_keeps_the_levels_of_today_and_has_its_own_otherwise() -> None:
    desk = Desk()
    given(desk, BORIS, roads=6)
    desk.adopt(trained(town(), BORIS, roads=2, general=9))
    assert skills_of(desk, BORIS) == {"roads": 6, "general": 9}
    desk.do(lead.RestoreSkills(BORIS, "sam"))
    assert skills_of(desk, BORIS) == {"roads": 2, "general": 9}


def test_a_skill_that_is_gone_ends_and_the_others_stay() -> None:
    desk = Desk()
    given(desk, BORIS, roads=6, french=2)
    given(desk, CHLOE, french=0)
    without = town()
    skills = {name: skill for name, skill in without.skills.items() if name != "french"}
    desk.adopt(replace(without, skills=skills))
    assert desk.state.skills[BORIS].levels == (("roads", 6),)
    assert desk.state.skills[BORIS].by == "sam"
    ended = [(x.agent, x.by) for x in desk.story if isinstance(x, e.SkillsRestored)]
    assert ended == [(CHLOE, "the policy no longer has skill french")]


def test_of_an_agent_who_is_gone_nothing_stays() -> None:
    desk = Desk()
    given(desk, BORIS, roads=6)
    agents = {name: rule_ for name, rule_ in town().agents.items() if name != BORIS}
    desk.adopt(town(agents=agents))
    ended = [(x.agent, x.by) for x in desk.story if isinstance(x, e.SkillsRestored)]
    assert ended == [(BORIS, "the policy no longer has agent boris")]
    desk.adopt(town())
    assert "roads" not in skills_of(desk, BORIS)


# --- snapshots, replay, undo ---------------------------------------------------------------------


def test_a_snapshot_and_a_replay_have_the_same_levels() -> None:
    desk = Desk()
    desk.sign_in("boris")
    given(desk, BORIS, roads=6)
    body = encode_frozen(desk.state.freeze())
    thawed = State.thaw(decode_frozen(body), dict(desk.state.policies))
    replayed = State()
    replayed.policies = dict(desk.state.policies)
    for event in desk.story:
        apply(replayed, event)
    for other in (thawed, replayed):
        assert other.hash() == desk.state.hash()
        assert other.policy == desk.state.policy
        assert index_of(other) == index_of(desk.state)
        assert other.next_wakeup() == desk.state.next_wakeup()


def test_what_is_undone_has_never_held() -> None:
    desk = Desk()
    desk.sign_in("boris")
    desk.call("r", "1", "1")
    given(desk, BORIS, french=3)
    desk.state.keep_undo()
    mark, before, index = desk.state.mark(), desk.state.hash(), index_of(desk.state)
    wakeup, policy = desk.state.next_wakeup(), desk.state.policy
    given(desk, BORIS, until=desk.now + MINUTE, roads=6)
    desk.do(lead.RestoreSkills(BORIS, "sam"))
    desk.state.back_to(mark)
    assert (desk.state.hash(), index_of(desk.state)) == (before, index)
    assert (desk.state.next_wakeup(), desk.state.policy) == (wakeup, policy)


# --- always --------------------------------------------------------------------------------------

LEVELS = st.dictionaries(
    st.sampled_from(["general", "roads", "english", "french"]),
    st.integers(0, 10),
    min_size=1,
)
OF_SKILLS = (e.PolicyAdopted, e.SkillsSet, e.SkillsRestored)


class Mirrored(Desk):
    """Beside it a town that adopts policies in which the levels of today are written."""

    def __init__(self, policy: p.Policy, now: int) -> None:
        self.beside: Desk | None = None
        super().__init__(policy, now)
        self.beside = Desk(policy, now)

    def do(self, command: c.Command) -> list[e.AnyEvent]:
        events = super().do(command)
        if self.beside is not None:
            there = self._follow(self.beside, command)
            assert _routed(events) == there
        return events

    def _follow(self, beside: Desk, command: c.Command) -> list[e.Event]:
        """Do there what was done here; return what came of it, but for the policies."""
        first, beside.now = len(beside.story), self.now
        if self.state.policy != beside.state.policy:
            handler = adopt_policy if isinstance(command, c.AdoptPolicy) else _adopted
            with patch.dict(HANDLERS, {c.AdoptPolicy: handler}):
                beside.adopt(self.state.policy)
        if not isinstance(command, (lead.SetSkills, lead.RestoreSkills, c.AdoptPolicy)):
            beside.do(command)
        return _routed(beside.story[first:])


def _adopted(s: State, now: int, c_: c.AdoptPolicy) -> Iterator[e.Event]:
    """The policy alone: nothing but agents' skills is another there."""
    yield e.PolicyAdopted(at=now, policy=c_.policy_hash)


def _routed(events: list[e.AnyEvent]) -> list[e.Event]:
    """Return what is the same wherever the levels are written."""
    return [
        replace(x, policy=PolicyHash("")) if isinstance(x, e.FlowMoved) else x
        for x in events
        if not isinstance(x, OF_SKILLS)
    ]


class SkillsWalk(TownWalk):
    """What all the other walks do, and beside it the town whose policy says what was switched."""

    @initialize(hour=st.integers(0, 60), fated=st.sampled_from((0, 1, 3)))
    def begin(self, hour: int, fated: int) -> None:
        self.desk = Mirrored(TOWNS[fated], OPEN + hour * HOUR)

    @rule(agent=st.sampled_from(AGENTS), levels=LEVELS, minutes=st.integers(-1, 90))
    def set_skills(self, agent: AgentId, levels: dict[str, int], minutes: int) -> None:
        self.count += 1  # an end of its own: what ends at once beside it would end in another order
        until = self.desk.now + minutes * MINUTE + self.count
        self.attempt(lead.SetSkills(agent, levels, "fair", "sam", until))

    @rule(agent=st.sampled_from(AGENTS))
    def restore_skills(self, agent: AgentId) -> None:
        self.attempt(lead.RestoreSkills(agent, "sam"))

    def outage(self, gap: int) -> None:
        """Left out: much ends at once then."""

    @invariant()
    def the_levels_end_by_themselves(self) -> None:
        ends = [row.until for row in self.state.skills.values()]
        assert all(end > self.desk.now for end in ends)
        wakeup = self.desk.engine.next_wakeup()
        assert not ends or (wakeup is not None and wakeup <= min(ends))


TestSkillsWalk = SkillsWalk.TestCase
SkillsWalk.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
