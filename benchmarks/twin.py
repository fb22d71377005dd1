"""The twin beside other simulators, and a day of a town.

    .venv/bin/python -m benchmarks.twin [CONTACTS] [ROUNDS]

Contacts a second of CPU time, the best of the rounds: the line that the core decides, SimPy,
Ciw and a bare heap, one after the other in each round on the same centres; and a municipal day of
10,000 calls with the shipped town's queues, languages, steps and skills.
"""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable
from itertools import combinations
from typing import Final

from msgspec.structs import replace

from benchmarks.servers import OPENING
from benchmarks.towns import shipped, with_agents
from benchmarks.twin_peers import Shape, by_ciw, by_heap, by_simpy
from router.core.model import HOUR, Instant, QueueId
from router.policy.models_centre import CentreFile
from router.runtime.practice import instant_of
from router.twin.centre import LANGUAGE, centre_of
from router.twin.traffic import Contacts, Model, Run, Shift

TALK_S: Final = 240.0
PAIRS: Final = (*combinations(range(6), 2), (0, 1), (2, 3), (4, 5), (0, 3), (1, 4))
# Calls an hour at which one pool answers 70 % in 30 seconds.
TWENTY, TWO_HUNDRED = 258.7596 / 3600, 2924.0 / 3600


def pool(agents: int, per_s: float, patience_s: float | None = None) -> Shape:
    return Shape(1, ((0,),) * agents, per_s, TALK_S, patience_s)


SHAPES: Final = {
    "M/M/20": pool(20, TWENTY),
    "M/M/20+M": pool(20, 300 / 3600, 180.0),
    "six types, 2 skills, 20 agents": Shape(6, PAIRS, TWENTY, TALK_S),
    "M/M/200": pool(200, TWO_HUNDRED),
    "M/M/200+M": pool(200, 3000 / 3600, 180.0),
    "six types, 2 skills, 200 agents": Shape(6, PAIRS * 10, TWO_HUNDRED, TALK_S),
}
DAY_CALLS: Final = 10_000
DAY_HOURS: Final = 8


def by_twin(shape: Shape, contacts: int, seed: int) -> float:
    """Return the share that waits, decided by the core."""
    run = Run(_model(shape, contacts), seed, _BEGIN)
    return sum(each.waited > 0 for each in run.run()) / len(run.outcomes)


_BEGIN: Final[Instant] = instant_of(OPENING, "America/Toronto")


def _model(shape: Shape, contacts: int) -> Model:
    """Return the centre as a file would give it: a group for each set of skills."""
    groups: dict[tuple[int, ...], int] = {}
    for skills in shape.agents:
        groups[skills] = groups.get(skills, 0) + 1
    names = {skills: "g" + "".join(map(str, skills)) for skills in groups}
    kinds = {
        f"t{kind}": {
            "groups": [names[skills] for skills in groups if kind in skills],
            "arrivals_per_min": [shape.per_s * 60 / shape.kinds],
        }
        for kind in range(shape.kinds)
    }
    file = {
        "name": "benchmark",
        "days": 1,
        "period_min": 60,
        "in_time_s": 30,
        "types": kinds,
        "groups": {names[skills]: {"agents": [count]} for skills, count in groups.items()},
        "service_per_min": [60 / TALK_S],
    }
    policy = centre_of(CentreFile.model_validate(file)).policy
    queues = {id_: replace(queue, agent_order=()) for id_, queue in policy.queues.items()}
    policy = replace(policy, queues=queues)  # the longest idle of all who can
    length = round(contacts / shape.per_s) * HOUR // 3600
    return Model(
        policy=policy,
        contacts=tuple(
            Contacts(
                QueueId(name),
                LANGUAGE,
                (shape.per_s * 3600 / shape.kinds,),
                TALK_S,
                patience_s=math.inf if shape.patience_s is None else shape.patience_s,
            )
            for name in kinds
        ),
        shifts=tuple(Shift(agent, 0, length) for agent in policy.agents),
        length=length,
    )


WAYS: Final[dict[str, Callable[[Shape, int, int], float | None]]] = {
    "twin": by_twin,
    "SimPy": by_simpy,
    "Ciw": by_ciw,
    "heap": by_heap,
}


def compare(contacts: int, rounds: int) -> None:
    """Print contacts a second of each way and the share that waits in each."""
    print(f"contacts a second of CPU, best of {rounds} x {contacts:,}; share that waits")
    print(f"{'':<34}" + "".join(f"{way:>18}" for way in WAYS))
    for name, shape in SHAPES.items():
        best = dict.fromkeys(WAYS, 0.0)
        shares: dict[str, float | None] = {}
        for seed in range(rounds):
            for way, simulate in WAYS.items():
                gc.collect()
                began = time.process_time()
                shares[way] = simulate(shape, contacts, seed)
                best[way] = max(best[way], contacts / (time.process_time() - began))
        cells = (
            f"{'-':>18}" if share is None else f"{best[way]:>9,.0f} ({100 * share:4.1f} %)"
            for way, share in shares.items()
        )
        print(f"{name:<34}" + "".join(cells), flush=True)


def municipal_day(rounds: int) -> None:
    """Print the seconds of a day of 10,000 calls with the shipped town's rules."""
    town = with_agents(shipped(), 112)
    total = len(town.queues) * len(town.languages)
    contacts = tuple(
        Contacts(
            queue,
            language.id,
            (DAY_CALLS / DAY_HOURS / total,),
            TALK_S,
            talk_spread=0.9,
            patience_s=300.0,
        )
        for queue in town.queues
        for language in town.languages
    )
    shifts = tuple(Shift(agent, 0, DAY_HOURS * HOUR) for agent in town.agents)
    model = Model(town, contacts, shifts, DAY_HOURS * HOUR)
    best = math.inf
    for seed in range(rounds):
        gc.collect()
        began = time.process_time()
        run = Run(model, seed, _BEGIN)
        run.run()
        best = min(best, time.process_time() - began)
    answered = sum(each.answered for each in run.outcomes)
    print(
        f"\na day of {len(run.outcomes):,} calls, {len(town.agents)} agents, {len(town.queues)}"
        f" queues of the shipped town: {best:.2f} s of CPU ({answered:,} answered)"
    )


def main() -> None:
    contacts = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    compare(contacts, rounds)
    municipal_day(rounds)


if __name__ == "__main__":
    main()
