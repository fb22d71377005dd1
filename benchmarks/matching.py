"""The core alone: matching, memory of a waiting item, a freed agent's next offer.

    .venv/bin/python -m benchmarks.matching

Matching stands beside a scan over all that wait, in the same run: the shipped town's rules,
items of all queues, languages and steps, every tenth of which passes over one agent. CPU time and
not the clock is counted, and the best of the rounds. A decision is one call of `next_item` or
`best_agent`: bucket, profile and minimums are looked up anew each time, and no answer is kept.
"""

from __future__ import annotations

import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from msgspec.structs import replace

from benchmarks.towns import code, fill, shipped, sign_in, started, with_agents
from router.core import commands as c
from router.core.apply import apply
from router.core.engine import Engine
from router.core.matching import best_agent, next_item
from router.core.model import SECOND, AgentStatus, Form, ItemId, ItemState, OfferId
from router.core.policy import Policy
from router.core.queueing import line_up
from router.core.records import Agent
from router.core.requirement import matches, parse
from router.core.state import State

T = TypeVar("T")

DECISIONS: Final = 20_000
ROUNDS: Final = 3


def rate(
    decide: Callable[[State, int, T], object], state: State, now: int, cases: Sequence[T]
) -> float:
    """Return how many decisions a second of CPU allows."""
    spent = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for case in cases:
            decide(state, now, case)
        spent.append(time.process_time() - begin)
    return len(cases) / min(spent)


def matching(policy: Policy) -> None:
    """Decisions per second: which item for a freed agent, which agent for a new item."""
    print("\nmatching, production code, shipped town's rules")
    print(
        f"{'waiting':>9}{'agents':>8}{'item for agent':>20}{'agent for item':>20}{'naive scan':>16}"
    )
    for waiting, agents in (
        (1_000, 1_000),
        (10_000, 1_000),
        (100_000, 1_000),
        (3_000, 10_000),
        (1_000, 10_000),
        (100_000, 10_000),
    ):
        rng = random.Random(7)
        engine = started(with_agents(policy, agents))
        sign_in(engine, engine.state.now, 0.5, rng)
        fill(engine, waiting, rng)
        state = engine.state
        now = state.now
        pass_over(state, now, rng)
        free = [a for a in state.agents.values() if a.status is AgentStatus.AVAILABLE]
        picks = [rng.choice(free) for _ in range(DECISIONS)]
        for agent in free:  # who has missed the target is put behind once in its life: not counted
            next_item(state, now, agent)
        item_rate = rate(next_item, state, now, picks)
        items = list(state.items.values())
        chosen = [rng.choice(items) for _ in range(DECISIONS)]
        agent_rate = rate(best_agent, state, now, chosen)
        naive = naive_rate(state, picks[:5])
        print(
            f"{waiting:>9,}{agents:>8,}{item_rate:>18,.0f}/s{agent_rate:>18,.0f}/s{naive:>14,.0f}/s"
        )


def pass_over(state: State, now: int, rng: random.Random) -> None:
    """Let every tenth item pass over one agent for a while."""
    agents = list(state.agents)
    for item in list(state.items.values())[::10]:
        left_out = ((rng.choice(agents), now + 60 * SECOND),)
        state.put_item(item.id, replace(item, passed_over=left_out))


def naive_rate(state: State, picks: Sequence[Agent]) -> float:
    """Return how many items per second a scan over all waiting items finds."""
    waiting = [i for i in state.items.values() if i.state is ItemState.QUEUED]
    begin = time.process_time()
    for agent in picks:
        skills = state.policy.agents[agent.id].skills
        cache: dict[str, bool] = {}
        best = None
        for item in waiting:
            if item.requirement not in cache:
                cache[item.requirement] = matches(parse(item.requirement), skills)
            key = (item.urgency_at, item.id)
            if cache[item.requirement] and (best is None or key < best):
                best = key
    return len(picks) / (time.process_time() - begin)


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
    matching(policy)
    latency(policy)
    memory(policy)


if __name__ == "__main__":
    main()
