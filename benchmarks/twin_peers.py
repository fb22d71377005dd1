"""Others who simulate the same centres: SimPy, Ciw, and a bare heap with two-ended queues.

Each function runs a centre for so many contacts and returns the share of those who waited, so that
it can be seen that all of them simulate the same thing. None of them has rules: SimPy's store and
the bare loop look for an agent with the skill, and know no order but arrival and longest idle.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Generator
from typing import Any, NamedTuple

import ciw
import simpy


class Shape(NamedTuple):
    """A centre: rates a second, skills of each agent; every type comes equally often."""

    kinds: int
    agents: tuple[tuple[int, ...], ...]
    per_s: float
    talk_s: float
    patience_s: float | None = None


def by_heap(shape: Shape, contacts: int, seed: int) -> float:
    """Return the share that waits: the least that a loop in Python can do."""
    rng = random.Random(seed)
    draw = rng.expovariate
    queues: list[deque[list[Any]]] = [deque() for _ in range(shape.kinds)]
    idle: dict[int, None] = dict.fromkeys(range(len(shape.agents)))
    events: list[tuple[float, int, int, list[Any]]] = []
    turn = came = waited = 0
    caller: list[Any]
    heapq.heappush(events, (draw(shape.per_s), 0, -1, []))
    while events:
        now, _, agent, caller = heapq.heappop(events)
        if agent == -1:
            came += 1
            kind = rng.randrange(shape.kinds) if shape.kinds > 1 else 0
            turn += 1
            if came < contacts:
                heapq.heappush(events, (now + draw(shape.per_s), turn, -1, []))
            taker = next((n for n in idle if kind in shape.agents[n]), None)
            if taker is not None:
                del idle[taker]
                turn += 1
                heapq.heappush(events, (now + draw(1 / shape.talk_s), turn, taker, []))
                continue
            waited += 1
            caller = [now, True]
            queues[kind].append(caller)
            if shape.patience_s is not None:
                turn += 1
                heapq.heappush(events, (now + draw(1 / shape.patience_s), turn, -2, caller))
        elif agent == -2:
            caller[1] = False
        else:
            best = None
            for kind in shape.agents[agent]:
                queue = queues[kind]
                while queue and not queue[0][1]:
                    queue.popleft()
                if queue and (best is None or queue[0][0] < best[0][0]):
                    best = queue
            if best is None:
                idle[agent] = None
            else:
                best.popleft()[1] = False
                turn += 1
                heapq.heappush(events, (now + draw(1 / shape.talk_s), turn, agent, []))
    return waited / contacts


def by_simpy(shape: Shape, contacts: int, seed: int) -> float:
    """Return the share that waits: a process a contact, a resource or a store of agents."""
    rng = random.Random(seed)
    env = simpy.Environment()
    waited = 0

    def pooled() -> Generator[simpy.Event, Any, Any]:
        nonlocal waited
        came = env.now
        with desk.request() as asked:
            if shape.patience_s is None:
                yield asked
            else:
                yield asked | env.timeout(rng.expovariate(1 / shape.patience_s))
            waited += env.now > came
            if asked.triggered:
                yield env.timeout(rng.expovariate(1 / shape.talk_s))

    def skilled(kind: int) -> Generator[simpy.Event, Any, Any]:
        nonlocal waited
        came = env.now
        agent = yield store.get(lambda each: kind in each)
        waited += env.now > came
        yield env.timeout(rng.expovariate(1 / shape.talk_s))
        yield store.put(agent)

    def source() -> Generator[simpy.Event, Any, Any]:
        for _ in range(contacts):
            yield env.timeout(rng.expovariate(shape.per_s))
            env.process(pooled() if shape.kinds == 1 else skilled(rng.randrange(shape.kinds)))

    desk = simpy.Resource(env, len(shape.agents))
    store = simpy.FilterStore(env)
    store.items.extend(shape.agents)
    env.process(source())
    env.run()
    return waited / contacts


def by_ciw(shape: Shape, contacts: int, seed: int) -> float | None:
    """Return the share that waits; None where its model has no skills of agents."""
    if shape.kinds > 1:
        return None
    patience = {}
    if shape.patience_s is not None:
        patience["reneging_time_distributions"] = [ciw.dists.Exponential(1 / shape.patience_s)]
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(shape.per_s)],
        service_distributions=[ciw.dists.Exponential(1 / shape.talk_s)],
        number_of_servers=[len(shape.agents)],
        **patience,
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(contacts, method="Arrive")
    records = simulation.get_all_records()
    waited = sum(each.waiting_time > 1e-9 for each in records)
    return float(waited / len(records))
