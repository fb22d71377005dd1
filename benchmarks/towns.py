"""Towns to measure with: the shipped policy, many agents, full lines, the story of a busy time."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.apply import apply
from router.core.engine import Engine
from router.core.model import (
    SECOND,
    AgentId,
    AgentOrder,
    AgentStatus,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegResult,
    PolicyHash,
    QueueId,
    Tempo,
)
from router.core.policy import AgentRule, Policy, encode, policy_hash
from router.core.queueing import line_up
from router.core.state import State
from router.policy.load import load

ROOT = Path(__file__).parents[1]
MONDAY: Instant = 1_795_446_000 * SECOND  # 2026-11-23 10:00 in Toronto


def shipped() -> Policy:
    """Return the shipped town."""
    policy = load(ROOT, today=date(2026, 11, 22)).policy
    if policy is None:
        sys.exit("the shipped town does not check")
    return policy


def with_agents(policy: Policy, count: int) -> Policy:
    """Return the town with `count` agents who have the shipped agents' skills."""
    models = list(policy.agents.values())
    agents: dict[AgentId, AgentRule] = {}
    for n in range(count):
        model = models[n % len(models)]
        agents[AgentId(f"a{n:05}")] = replace(model, id=AgentId(f"a{n:05}"))
    return replace(policy, agents=agents)


def town_of(
    classes: int, staff: Sequence[Sequence[int]], late_behind_s: int, order: tuple[AgentOrder, ...]
) -> Policy:
    """Return a town of so many classes, each a queue and a skill, and agents with these skills."""
    town = shipped()
    some = town.queues[QueueId("general")]
    queues = {
        QueueId(f"q{n}"): replace(
            some,
            id=QueueId(f"q{n}"),
            requires=f"s{n}",
            steps=(),
            head_start=0,
            late_behind=late_behind_s * SECOND,
            agent_order=order,
        )
        for n in range(classes)
    }
    agents = {
        AgentId(f"a{n:02}"): AgentRule(
            id=AgentId(f"a{n:02}"),
            name="",
            skills={f"s{skill}": 5 for skill in skills},
            capacity=next(iter(town.capacities)),
            leg="",
            team="",
        )
        for n, skills in enumerate(staff)
    }
    return replace(town, queues=queues, agents=agents)


def started(policy: Policy) -> Engine:
    """Return an engine that has adopted the policy."""
    engine = Engine()
    digest = PolicyHash(policy_hash(encode(policy)))
    engine.state.policies[digest] = policy
    engine.run(c.AdoptPolicy(policy_hash=digest), MONDAY)
    return engine


def sign_in(engine: Engine, now: Instant, busy_share: float, rng: random.Random) -> None:
    """Sign every agent in; `busy_share` of them stay away."""
    for agent_id in engine.state.policy.agents:
        state = engine.state
        apply(state, e.AgentSignedIn(at=now, agent=agent_id, desk="d", lease_until=now + 10**15))
        away = rng.random() < busy_share
        status = AgentStatus.AWAY if away else AgentStatus.AVAILABLE
        apply(
            state,
            e.AgentStatusSet(at=now, agent=agent_id, status=status, reason="", after_item=False),
        )


def fill(engine: Engine, count: int, rng: random.Random, share_text: float = 0.2) -> None:
    """Put items in line, all queues, languages and steps mixed, without matching anybody."""
    state = engine.state
    queues = list(state.policy.queues.values())
    languages = [language.id for language in state.policy.languages]
    for n in range(count):
        now = state.now + SECOND // 100
        item_id = ItemId(f"i{n:09}")
        text = rng.random() < share_text
        apply(
            state,
            e.ItemReceived(
                at=now,
                item=item_id,
                channel=Channel.WEBFORM if text else Channel.VOICE,
                tempo=Tempo.SLOW_TEXT if text else Tempo.LIVE,
                form=Form.SUBMISSION if text else Form.CALL,
                called="report" if text else "+19055550100",
                address_key=f"{rng.getrandbits(128):032x}",
                contact_ref=f"w_{rng.getrandbits(96):024x}",
                words_ref=f"w_{rng.getrandbits(96):024x}" if text else "",
                call_id="" if text else f"CA{rng.getrandbits(128):032x}",
                language=rng.choices(languages, weights=[85, 15])[0],
                subject=rng.choice(list(state.policy.subjects)),
            ),
        )
        queue = rng.choice(queues)
        first = now - rng.randrange(0, 180) * SECOND
        item = state.items[item_id]
        form = Form.SUBMISSION if text else Form.CALL
        for event in line_up(
            state, now, item, queue, form=form, first_queued_at=first, rule="benchmark"
        ):
            apply(state, event)


def varied(policy: Policy, wanted: int) -> tuple[Engine, list[e.AnyEvent]]:
    """Return an engine and the events of a busy time: calls, forms, offers, legs, wrap-up."""
    engine = started(policy)
    rng = random.Random(11)
    story: list[e.AnyEvent] = []
    now = MONDAY

    def do(command: c.Command) -> None:
        story.extend(engine.run(command, now))

    for agent_id in policy.agents:
        do(c.SignIn(agent_id=agent_id, desk=f"desk-{agent_id}"))
        do(c.SetStatus(agent_id=agent_id, status=AgentStatus.AVAILABLE))
    state = engine.state
    n = 0
    while len(story) < wanted:
        n += 1
        now += SECOND // 2
        if now - MONDAY > 7 * 3600 * SECOND:  # the next morning
            now = MONDAY + ((now - MONDAY) // (86400 * SECOND) + 1) * 86400 * SECOND
        do(c.PassTime())
        if n % 10 == 0:
            do(c.RenewLeases(desks=tuple((a.id, a.desk) for a in state.agents.values() if a.desk)))
            for agent in list(state.agents.values()):
                if agent.status is not AgentStatus.AVAILABLE:
                    do(c.SignIn(agent_id=agent.id, desk=f"desk-{agent.id}"))
                    do(c.SetStatus(agent_id=agent.id, status=AgentStatus.AVAILABLE))
        item_id = ItemId(f"{rng.getrandbits(50):010x}")
        do(
            c.StartCall(
                item_id=item_id,
                key=f"call:CA{rng.getrandbits(128):032x}",
                call_id=f"CA{rng.getrandbits(128):032x}",
                called="+19055550100",
                address_key=f"{rng.getrandbits(128):032x}",
                contact_ref=f"w_{rng.getrandbits(96):024x}",
            )
        )
        for _ in range(4):
            row = state.items[item_id]
            if row.state is not ItemState.IN_FLOW or row.flow is None:
                break
            digits = rng.choice("123")
            do(c.AdvanceFlow(item_id=item_id, step=row.flow.step, digits=digits))
        agents_work(state, do, rng, code(policy))
        for key in list(state.pending):
            do(c.ReportEffect(key=key, done=True))
        row = state.items[item_id]
        if row.call_id and rng.random() < 0.5:
            do(c.EndCall(item_id=item_id, call_id=row.call_id, reason="completed"))
    return engine, story


def code(policy: Policy) -> str:
    return next(iter(policy.wrap_up_codes))


def started_events(policy: Policy) -> Iterator[e.AnyEvent]:
    """Yield the events of adopting the policy, as `started` does."""
    engine = Engine()
    digest = PolicyHash(policy_hash(encode(policy)))
    engine.state.policies[digest] = policy
    yield from engine.run(c.AdoptPolicy(policy_hash=digest), MONDAY)


def agents_work(
    state: State, do: Callable[[c.Command], None], rng: random.Random, wrap_up: str
) -> None:
    """Let every agent accept what is offered; some close what they hold."""
    for agent in list(state.agents.values()):
        if agent.offer is not None:
            offered = state.offers[agent.offer].item
            do(c.SeeOffer(offer_id=agent.offer, agent_id=agent.id))
            do(c.AcceptOffer(offer_id=agent.offer, agent_id=agent.id))
            do(
                c.ReportLeg(
                    item_id=offered,
                    leg="agent",
                    call_id=f"CA{rng.getrandbits(128):032x}",
                    result=LegResult.ANSWERED,
                )
            )
        for holding in agent.holdings:
            if holding.state != "offered" and rng.random() < 0.3:
                do(c.CloseItem(item_id=holding.item, agent_id=agent.id, code=wrap_up))
