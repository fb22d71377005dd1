"""Measures the core alone: matching, replay, memory, latency of the next offer.

    .venv/bin/python -m benchmarks.core

Each figure stands beside something measured in the same run, so that a slow machine does not
look like slow code.
"""

from __future__ import annotations

import gc
import random
import sys
import time
import tracemalloc
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
from msgspec.structs import replace

from router.core import commands as c
from router.core import events as e
from router.core.apply import apply
from router.core.engine import Engine
from router.core.matching import best_agent, best_item
from router.core.model import (
    SECOND,
    AgentId,
    AgentStatus,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
    LegResult,
    OfferId,
    PolicyHash,
    Tempo,
)
from router.core.policy import AgentRule, Policy, encode, policy_hash
from router.core.queueing import line_up
from router.core.state import State, decode_frozen, encode_frozen
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


def per_second(count: int, seconds: float) -> str:
    return f"{count / seconds:>12,.0f}/s"


def matching(policy: Policy) -> None:
    """Decisions per second: which item for a freed agent, which agent for a new item."""
    print("\nmatching, production code, shipped town's rules")
    print(
        f"{'waiting':>9}{'agents':>8}{'item for agent':>20}{'agent for item':>20}{'naive scan':>16}"
    )
    for waiting, agents in ((1_000, 1_000), (10_000, 1_000), (100_000, 1_000), (3_000, 10_000)):
        rng = random.Random(7)
        engine = started(with_agents(policy, agents))
        sign_in(engine, engine.state.now, 0.5, rng)
        fill(engine, waiting, rng)
        state = engine.state
        now = state.now
        free = [a for a in state.agents.values() if a.status is AgentStatus.AVAILABLE]
        picks = [rng.choice(free) for _ in range(20_000)]
        begin = time.perf_counter()
        for agent in picks:
            best_item(state, now, agent)
        item_rate = len(picks) / (time.perf_counter() - begin)
        items = list(state.items.values())
        chosen = [rng.choice(items) for _ in range(20_000)]
        begin = time.perf_counter()
        for item in chosen:
            best_agent(state, now, item)
        agent_rate = len(chosen) / (time.perf_counter() - begin)
        naive = naive_rate(state, picks[:5])
        print(
            f"{waiting:>9,}{agents:>8,}{item_rate:>18,.0f}/s{agent_rate:>18,.0f}/s{naive:>14,.0f}/s"
        )


def naive_rate(state: State, picks: list[object]) -> float:
    """Return how many items per second a scan over all waiting items finds."""
    from router.core.index import meets

    waiting = [i for i in state.items.values() if i.state is ItemState.QUEUED]
    begin = time.perf_counter()
    for agent in picks:
        skills = state.policy.agents[agent.id].skills  # type: ignore[attr-defined]
        cache: dict[str, bool] = {}
        best = None
        for item in waiting:
            if item.requirement not in cache:
                cache[item.requirement] = meets(item.requirement, skills)
            key = (item.urgency_at, item.id)
            if cache[item.requirement] and (best is None or key < best):
                best = key
    return len(picks) / (time.perf_counter() - begin)


def memory(policy: Policy) -> None:
    """Bytes per waiting item, everything of it in the state counted."""
    engine = started(with_agents(policy, 14))
    rng = random.Random(3)
    fill(engine, 100, rng)
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    count = 20_000
    state = engine.state
    fill_more(state, count, rng)
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    print(f"\nmemory: {used / count:,.0f} bytes per waiting item ({count:,} calls waiting)")


def fill_more(state: State, count: int, rng: random.Random) -> None:
    engine = Engine(state)
    for n in range(count):
        now = state.now
        engine.run(
            c.StartCall(
                item_id=ItemId(f"m{n:09}"),
                key=f"call:CA{rng.getrandbits(128):032x}",
                call_id=f"CA{rng.getrandbits(128):032x}",
                called="+19055550100",
                address_key=f"{rng.getrandbits(128):032x}",
                contact_ref=f"w_{rng.getrandbits(96):024x}",
            ),
            now,
        )
        item = state.items[ItemId(f"m{n:09}")]
        for event in line_up(
            state,
            now,
            item,
            rng.choice(list(state.policy.queues.values())),
            form=Form.CALL,
            first_queued_at=now,
            rule="main/general",
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
                    do(c.CloseItem(item_id=holding.item, agent_id=agent.id, code=code(policy)))
        for key in list(state.pending):
            do(c.ReportEffect(key=key, done=True))
        row = state.items[item_id]
        if row.call_id and rng.random() < 0.5:
            do(c.EndCall(item_id=item_id, call_id=row.call_id, reason="completed"))
    return engine, story


def code(policy: Policy) -> str:
    return next(iter(policy.wrap_up_codes))


def replay(policy: Policy, wanted: int) -> None:
    """Replay beside a plain decode of the same bytes; start from a snapshot."""
    engine, story = varied(policy, wanted)
    batches = [msgspec.msgpack.encode(story[i : i + 20]) for i in range(0, len(story), 20)]
    story_len = len(story)
    del story
    gc.collect()
    decoder = msgspec.msgpack.Decoder(list[e.AnyEvent])
    begin = time.perf_counter()
    for batch in batches:
        decoder.decode(batch)
    decode_s = time.perf_counter() - begin
    twin = Engine()
    twin.state.policies = dict(engine.state.policies)
    digest = engine.state.policy_hash
    apply(twin.state, e.PolicyAdopted(at=MONDAY, policy=digest))
    for event in started_events(policy):
        apply(twin.state, event)
    begin = time.perf_counter()
    for batch in batches:
        for event in decoder.decode(batch):
            apply(twin.state, event)
    replay_s = time.perf_counter() - begin
    same = twin.state.hash() == engine.state.hash()
    size = sum(map(len, batches))
    print(f"\nreplay of {story_len:,} varied events ({size / story_len:.0f} bytes each)")
    print(
        f"  plain decode {decode_s:.2f} s, replay {replay_s:.2f} s: {replay_s / decode_s:.1f} times"
    )
    print(f"  equal state hash: {same}")
    body = encode_frozen(engine.state.freeze())
    begin = time.perf_counter()
    State.thaw(decode_frozen(body), engine.state.policies)
    thaw_s = time.perf_counter() - begin
    print(f"  start from a snapshot of {len(body) / 1e6:.1f} MB: {thaw_s:.2f} s")


def started_events(policy: Policy) -> Iterator[e.AnyEvent]:
    """Yield what adopting the policy said after `PolicyAdopted`."""
    engine = Engine()
    digest = PolicyHash(policy_hash(encode(policy)))
    engine.state.policies[digest] = policy
    yield from engine.run(c.AdoptPolicy(policy_hash=digest), MONDAY)[1:]


def latency(policy: Policy) -> None:
    """A freed agent's next offer with 3,000 waiting: the whole decision, applied."""
    engine = started(with_agents(policy, 100))
    rng = random.Random(5)
    sign_in(engine, engine.state.now, 1.0, rng)
    fill(engine, 3_000, rng, share_text=0)
    state = engine.state
    spans = []
    agents = list(state.agents)
    for n in range(2_000):
        agent_id = agents[n % len(agents)]
        now = state.now + SECOND // 1000
        offer = state.agents[agent_id].offer
        if offer is not None:
            engine.run(c.AcceptOffer(offer_id=OfferId(offer), agent_id=agent_id), now)
            item = state.agents[agent_id].holdings[0].item
            begin = time.perf_counter()
            engine.run(c.CloseItem(item_id=item, agent_id=agent_id, code=code(policy)), now)
        else:
            begin = time.perf_counter()
            engine.run(c.SetStatus(agent_id=agent_id, status=AgentStatus.AVAILABLE), now)
        spans.append(time.perf_counter() - begin)
    spans.sort()
    p50, p99 = spans[len(spans) // 2] * 1e3, spans[int(len(spans) * 0.99)] * 1e3
    print(f"\nfreed agent to next offer, 3,000 waiting: p50 {p50:.3f} ms, p99 {p99:.3f} ms")


def main() -> None:
    policy = shipped()
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    matching(policy)
    latency(policy)
    memory(policy)
    replay(policy, wanted)


if __name__ == "__main__":
    main()
