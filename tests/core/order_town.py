"""A town of four services, and what a reader with a pencil would decide in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.core import commands as c
from router.core import policy as p
from router.core.model import (
    SECOND,
    AgentId,
    AgentOrder,
    AgentStatus,
    FlowId,
    Instant,
    ItemId,
    ItemState,
    QueueId,
    Span,
)
from router.core.records import Agent, Item
from router.core.requirement import matches, parse
from router.core.state import State
from tests.core.town import PLACE, Desk, agent, queue, said, town

SERVICES = ("roads", "tax", "pool", "noise")
T: Span = 30 * SECOND
L: Span = 120 * SECOND
PAIRS = [(a, b) for n, a in enumerate(SERVICES) for b in SERVICES[n + 1 :]]


def order_town(
    late_behind: Sequence[Span] = (L, L, L, L),
    head_starts: Sequence[Span] = (0, 0, 0, 0),
    agent_order: tuple[AgentOrder, ...] = (AgentOrder.COVERAGE,),
    staff: Sequence[tuple[str, ...]] = PAIRS,
) -> p.Policy:
    """Each agent has the skills of one row of `staff`; digit n + 1 leads to the n-th service."""
    queues = {
        QueueId(name): queue(
            name,
            name,
            late_behind=behind,
            head_start=head,
            agent_order=agent_order,
            fates={},
            wrap_up=0,
            callback=None,
        )
        for name, behind, head in zip(SERVICES, late_behind, head_starts, strict=True)
    }
    menu = p.Node(
        id="menu",
        kind="menu",
        place=PLACE,
        prompt=said("1 to 4"),
        choices={
            str(n + 1): p.Choice(next=name, values=p.Values()) for n, name in enumerate(SERVICES)
        },
        otherwise="roads",
        timeout=6 * SECOND,
        tries=2,
    )
    nodes = [menu, *(p.Node(id=q, kind="queue", place=PLACE, queue=QueueId(q)) for q in SERVICES)]
    flow = p.Flow(
        id=FlowId("main"),
        start="menu",
        safety_node="menu",
        nodes={node.id: node for node in nodes},
        place=PLACE,
    )
    people = [
        agent(f"a{n:02}", {**dict.fromkeys(skills, 5), "english": 5})
        for n, skills in enumerate(staff)
    ]
    return town(
        queues=queues,
        flows={flow.id: flow},
        agents={each.id: each for each in people},
        skills={s: p.Skill(id=s, name={"en": s, "fr": s}) for s in (*SERVICES, "english")},
        languages=(p.Language(id="en", skill="english", locale="en-CA", voice="", name="English"),),
        forms={},
    )


class OrderDesk(Desk):
    """Callers come and agents take what they are offered; every decision is in the story."""

    def caller(self, name: str, service: int) -> ItemId:
        return self.call(name, str(service + 1), caller=name)

    def come(self, name: str) -> None:
        """Sign in, available; only those who are there at all take part."""
        self.sign_in(name)

    def leave(self, name: str) -> None:
        self.do(c.SetStatus(agent_id=AgentId(name), status=AgentStatus.AWAY, reason="break"))

    def finish(self, name: str) -> None:
        """Take the open offer and be done with it at once, or do nothing."""
        row = self.state.agents.get(AgentId(name))
        if row is None or row.offer is None:
            return
        item = self.answer(name)
        self.do(c.CloseItem(item_id=item, agent_id=AgentId(name), code=""))


# --- the pencil ----------------------------------------------------------------------------------


def waiting(state: State) -> Iterator[Item]:
    return (item for item in state.items.values() if item.state is ItemState.QUEUED)


def is_fresh(item: Item, now: Instant) -> bool:
    return item.fresh_until is not None and now <= item.fresh_until


def rank(item: Item, now: Instant) -> tuple[Instant, ItemId]:
    """Return where the item stands: its urgency, or so much later once it missed its target."""
    missed = item.fresh_until is not None and now > item.fresh_until
    return item.urgency_at + (item.late_behind if missed else 0), item.id


def can_do(state: State, agent_id: AgentId, item: Item) -> bool:
    return matches(parse(item.requirement), state.policy.agents[agent_id].skills)


def people(state: State, item: Item) -> int:
    """Return how many are at work who could take the item, busy or not."""
    return sum(
        row.lease_until is not None
        and row.status is AgentStatus.AVAILABLE
        and can_do(state, row.id, item)
        for row in state.agents.values()
    )


def item_by_pencil(state: State, now: Instant, agent: Agent) -> ItemId | None:
    """Return the item that the agent should be offered."""
    mine = [item for item in waiting(state) if may_have(state, now, agent, item)]
    first = first_by_pencil(state, now, mine)
    return None if first is None else first.id


def may_have(state: State, now: Instant, agent: Agent, item: Item) -> bool:
    """Say whether the agent has the skill and was not passed over."""
    passed_over = any(who == agent.id and until > now for who, until in item.passed_over)
    return can_do(state, agent.id, item) and not passed_over


def first_by_pencil(state: State, now: Instant, mine: Sequence[Item]) -> Item | None:
    """Return who of these goes first by rank."""
    late = [rank(item, now) for item in mine if not is_fresh(item, now)]
    first = min(late, default=None)
    ahead = [
        (people(state, item), rank(item, now))
        for item in mine
        if is_fresh(item, now) and (first is None or rank(item, now) < first)
    ]
    best = min(ahead)[1] if ahead else first
    return None if best is None else state.items[ItemId(best[1])]


def agent_by_pencil(state: State, item: Item) -> AgentId | None:
    """Return who should be offered the item; the shipped order: coverage, then longest idle."""
    free = [a for a in state.agents.values() if _is_free(a)]
    has = {a.id: set(state.policy.agents[a.id].skills) for a in free}

    def covered(agent: Agent) -> int:
        others = has[agent.id] - {item.requirement}  # which is the name of a skill here
        return min(sum(skill in skills for skills in has.values()) for skill in others)

    able = [a for a in free if can_do(state, a.id, item)]
    best = min(able, key=lambda a: (-covered(a), a.idle_since, a.id), default=None)
    return None if best is None else best.id


def _is_free(agent: Agent) -> bool:
    return (
        agent.lease_until is not None
        and agent.status is AgentStatus.AVAILABLE
        and agent.offer is None
        and not agent.holdings
    )
