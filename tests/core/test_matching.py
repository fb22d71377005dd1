"""Every answer of matching is that of a scan over all who wait and all who are there."""

from __future__ import annotations

import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core import events as e
from router.core import policy as p
from router.core.apply import apply
from router.core.buckets import NAMED
from router.core.matching import best_agent, next_item
from router.core.model import (
    HOUR,
    SECOND,
    AgentId,
    AgentOrder,
    AgentStatus,
    Channel,
    Condition,
    Form,
    Instant,
    ItemId,
    ItemState,
    OfferId,
    QueueId,
    Tempo,
)
from router.core.policy_offers import Minimum
from router.core.queueing import line_up
from router.core.records import Agent, Holding, Item, PaceRow, QueueRow
from router.core.state import State
from tests.core.matching_scan import agent_by_scan, item_by_scan
from tests.core.town import OPEN, PLACE, Desk, agent, queue, town

SKILLS: Final = ("roads", "tax", "pool", "trees")
ORDERS: Final = tuple(AgentOrder)
TEAMS: Final = ("", "north", "south")
FORMS: Final = {
    Tempo.LIVE: (Form.CALL, Channel.VOICE),
    Tempo.SLOW_TEXT: (Form.SUBMISSION, Channel.WEBFORM),
}


def policy_of(rng: random.Random) -> p.Policy:
    """A town with every rule that matching looks at."""
    queues = {}
    for name in SKILLS:
        others = [skill for skill in SKILLS if skill != name]
        steps = (
            p.Step(
                after=5 * SECOND,
                requires="",
                place=PLACE,
                condition=Condition.AT_RISK,
                is_lasting=False,
                adds=(others[0],) if rng.random() < 0.7 else (),
                head_start=rng.choice([0, 20, 90]) * SECOND,
            ),
            p.Step(after=20 * SECOND, requires=f"{name} >= 2", place=PLACE),
            p.Step(after=60 * SECOND, requires=f"{name} or {others[1]} >= 4", place=PLACE),
        )
        queues[QueueId(name)] = queue(
            name,
            f"{name} >= 4 and $language",
            steps=steps,
            team=rng.choice(TEAMS),
            head_start=rng.choice([0, 0, 30]) * SECOND,
            late_behind=rng.choice([0, 45, 120]) * SECOND,
            agent_order=tuple(rng.sample(ORDERS, rng.randint(0, 3))),
        )
    people = {}
    for n in range(rng.randint(2, 16)):
        skills = {s: rng.randint(1, 6) for s in rng.sample(SKILLS, rng.randint(0, 3))}
        rule = agent(f"a{n:02}", {**skills, rng.choice(["english", "french"]): 5})
        capacity = rng.choice(["standard", "texts", "calls"])
        people[rule.id] = replace(rule, team=rng.choice(TEAMS), capacity=capacity)
    some = rng.sample(list(queues), 2)
    minimums = (
        Minimum("texts", Tempo.SLOW_TEXT, frozenset(), 4, HOUR),
        Minimum("calls", Tempo.LIVE, frozenset(some[: rng.randint(0, 2)]), 9, HOUR),
    )
    base = town()
    standard = base.capacities["standard"]
    capacities = {
        "standard": standard,
        "texts": replace(standard, id="texts", units={Tempo.SLOW_TEXT: 2}),
        "calls": replace(standard, id="calls", units={Tempo.LIVE: 2}, exclusive=frozenset()),
    }
    return town(
        queues=queues,
        agents=people,
        capacities=capacities,
        minimums=minimums[: rng.randint(0, 2)],
        skills={s: p.Skill(id=s, name={"en": s, "fr": s}) for s in (*SKILLS, "english", "french")},
        forms={},
        flows={},
        numbers={},
    )


class Picture:
    """Some state of the line and of the people, however it may have come about."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        desk = Desk(policy_of(rng))
        self.state: State = desk.state
        self.now: Instant = OPEN + rng.randint(100, 130) * SECOND
        for agent_id in self.state.policy.agents:
            self.state.put_agent(agent_id, self.some_agent(agent_id))
        for name in SKILLS:
            self.strain(QueueId(name))
        for n in range(rng.randint(0, 40)):
            self.come(ItemId(f"i{n:02}"))
        for minimum in self.state.policy.minimums:
            if rng.random() < 0.8:
                due = self.now + rng.randint(-2, 2) * SECOND
                self.state.put_pace(PaceRow(minimum.id, due))

    def strain(self, name: QueueId) -> None:
        """Let the promise of the queue be at risk, or not."""
        conditions = (Condition.AT_RISK,) if self.rng.random() < 0.5 else ()
        row = self.state.queues.get(name) or QueueRow(name)
        self.state.put_queue(replace(row, conditions=conditions))

    def some_agent(self, agent_id: AgentId) -> Agent:
        rng = self.rng
        holdings = tuple(
            Holding(item=ItemId(f"h{agent_id}{n}"), tempo=rng.choice(list(Tempo)), state="handling")
            for n in range(rng.choice([0, 0, 0, 1, 2]))
        )
        return Agent(
            id=agent_id,
            status=AgentStatus.AWAY if rng.random() < 0.3 else AgentStatus.AVAILABLE,
            reason="",
            desk="d",
            lease_until=None if rng.random() < 0.1 else OPEN + 10 * HOUR,
            since=OPEN,
            idle_since=OPEN + rng.randint(0, 3) * SECOND,
            holdings=holdings,
            offer=OfferId("x.1") if rng.random() < 0.05 else None,
        )

    def come(self, item_id: ItemId) -> None:
        """Let somebody be in line, having come a while ago."""
        rng, state = self.rng, self.state
        form, channel = FORMS[rng.choice([Tempo.LIVE, Tempo.LIVE, Tempo.SLOW_TEXT])]
        received = e.ItemReceived(
            at=OPEN,
            item=item_id,
            channel=channel,
            tempo=Tempo.LIVE if form is Form.CALL else Tempo.SLOW_TEXT,
            form=form,
            called="",
            address_key="",
            contact_ref="",
            words_ref="",
            call_id="",
            language=rng.choice(["en", "en", "fr"]),
            subject="tax",
        )
        apply(state, received)
        named = rng.random() < 0.1
        entered = OPEN + rng.randint(60, 100) * SECOND
        events = line_up(
            state,
            entered,
            state.items[item_id],
            state.policy.queues[QueueId(rng.choice(SKILLS))],
            form=form,
            first_queued_at=entered - rng.randint(0, 90) * SECOND,
            rule="",
            named=NAMED + rng.choice(list(state.policy.agents)) if named else "",
        )
        for event in events:
            apply(state, event)
        if rng.random() < 0.4:
            self.pass_over(item_id)

    def pass_over(self, item_id: ItemId) -> None:
        names = self.rng.sample(list(self.state.policy.agents), 2)
        over = tuple((name, self.now + self.rng.randint(-1, 1)) for name in names)
        self.state.put_item(item_id, replace(self.state.items[item_id], passed_over=over))

    def check(self) -> None:
        """Hold every decision that could be next against the scan."""
        state, now = self.state, self.now
        for agent_row in list(state.agents.values()):
            found = next_item(state, now, agent_row)
            expected = item_by_scan(state, now, agent_row)
            assert (found and (found[0].id, found[1])) == expected, agent_row
        for item in waiting(state):
            chosen = best_agent(state, now, item)
            assert (chosen and chosen.id) == agent_by_scan(state, now, item), item

    def change(self) -> None:
        """Let something happen to the line or to the people; no time passes."""
        rng, state = self.rng, self.state
        line = waiting(state)
        what = rng.randrange(4)
        if what == 0 and line:
            state.put_item(rng.choice(line).id, None)
        elif what == 1 and line:
            self.pass_over(rng.choice(line).id)
        elif what == 2:
            name = rng.choice(list(state.policy.agents))
            state.put_agent(name, self.some_agent(name))
        else:
            self.strain(QueueId(rng.choice(SKILLS)))


def waiting(state: State) -> list[Item]:
    return [item for item in state.items.values() if item.state is ItemState.QUEUED]


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 1 << 32))
def test_every_decision_is_that_of_a_scan(seed: int) -> None:
    picture = Picture(seed)
    picture.check()
    for _ in range(8):
        picture.change()
        picture.now += picture.rng.choice([0, 0, 1, 15 * SECOND])
        picture.check()


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1 << 32))
def test_what_is_undone_is_decided_as_before(seed: int) -> None:
    picture = Picture(seed)
    state, then = picture.state, picture.now
    before = [next_item(state, then, row) for row in state.agents.values()]
    state.keep_undo()
    for _ in range(12):
        picture.change()
        picture.check()
    state.back_to(0)
    assert [next_item(state, then, row) for row in state.agents.values()] == before


@pytest.mark.parametrize("seed", range(3))
def test_the_pictures_hold_what_matching_looks_at(seed: int) -> None:
    """They are no empty rooms: lifted lists, late and timely items, minimums, who is kept."""
    seen = dict.fromkeys(["lift", "fresh", "steady", "named", "owed", "urgent", "over"], 0)
    for number in range(40):
        picture = Picture(seed * 40 + number)
        state = picture.state
        for bucket in state.index.every_bucket():
            seen["lift"] += bool(bucket.lift and len(bucket))
            seen["fresh"] += bool(bucket.fresh)
            seen["steady"] += bool(bucket.steady)
            seen["named"] += bool(bucket.named and len(bucket))
        for row in state.agents.values():
            found = next_item(state, picture.now, row)
            seen["urgent" if found and "urgent" in found[1] else "owed"] += bool(found)
            seen["over"] += any(row.id == who for i in waiting(state) for who, _ in i.passed_over)
    assert all(count >= 20 for count in seen.values()), seen
