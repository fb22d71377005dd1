"""Which item next, which agent: the policies beside each other on the same contacts.

    .venv/bin/python -m benchmarks.order [REPLICATIONS] [CONTACTS] [SCENARIO ...]

Centres of twenty and of six agents with two skills each, at a load at which a single pool would
answer 70 % in 30 seconds; each policy meets the same contacts. Service level: answered within 30 s
of all but those who gave up within 5 s. The first twentieth of each run is left out. After the
figures stand 95 % intervals (t over replications); `diff` is paired with order of arrival.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import combinations
from typing import Final, NamedTuple

from msgspec.structs import replace

from benchmarks.servers import OPENING
from benchmarks.towns import town_of
from router.core.model import HOUR, SECOND, AgentId, AgentOrder, QueueId
from router.core.policy import Policy
from router.core.policy_turns import WAITING, Part, Turn, Turns
from router.runtime.practice import instant_of
from router.twin.intervals import estimate
from router.twin.traffic import Contacts, Model, Outcome, Run, Shift

T_S: Final = 30
# Calls an hour at which one pool answers 70 % in 30 s, by Erlang C.
LOAD: Final = {20: 258.7596, 6: 64.8513}
PAIRS: Final = [*combinations(range(6), 2), (0, 1), (2, 3), (4, 5), (0, 3), (1, 4)]
ASYM: Final = [
    *((0, 1), (0, 1), (0, 2), (0, 2), (0, 3), (0, 4), (0, 5), (1, 0), (1, 0), (1, 3)),
    *((2, 0), (2, 0), (2, 4), (3, 0), (3, 1), (4, 0), (4, 2), (5, 0), range(6), range(6)),
]
SMALL: Final = [(0, 1), (1, 2), (2, 0), (1, 0), (2, 1), (0, 2)]


class Scenario(NamedTuple):
    """Shares of the classes, skills of the agents, calls an hour."""

    shares: tuple[float, ...]
    staff: Sequence[Sequence[int]]
    per_hour: float
    patience_s: float = float("inf")


EQUAL: Final = (1 / 6,) * 6
UNEQUAL: Final = (0.40, 0.20, 0.15, 0.10, 0.10, 0.05)
SCENARIOS: Final = {
    "spread": Scenario(EQUAL, PAIRS, LOAD[20]),
    "asym": Scenario(UNEQUAL, ASYM, LOAD[20]),
    "spread_pat300": Scenario(EQUAL, PAIRS, 300, 180),
    "asym_pat300": Scenario(UNEQUAL, ASYM, 300, 180),
    "spread_over": Scenario(EQUAL, PAIRS, 315, 180),
    "small": Scenario((1 / 3,) * 3, SMALL, LOAD[6]),
}


class Rules(NamedTuple):
    """Who missed the target ranks so much later; who gets it; whose turn it is."""

    late_behind_s: int
    agents: tuple[AgentOrder, ...] = ()
    turn: str = ""  # ratio: of the lines, by the shares of the classes; own: the first skill first


COVERAGE: Final = (AgentOrder.COVERAGE,)
POLICIES: Final = {
    "arrival, longest idle": Rules(0),
    "arrival, coverage": Rules(0, COVERAGE),
    "balanced, longest idle": Rules(120),
    "balanced, coverage": Rules(120, COVERAGE),
    "target first 180, coverage": Rules(180, COVERAGE),
    "fixed ratio, coverage": Rules(0, COVERAGE, "ratio"),
    "fixed ratio, balanced, coverage": Rules(120, COVERAGE, "ratio"),
    "own first, coverage": Rules(0, COVERAGE, "own"),
    "own first, balanced, coverage": Rules(120, COVERAGE, "own"),
}


class Figures(NamedTuple):
    """Of one replication."""

    level: float  # per cent
    p99_s: float
    worst: float  # service level of the worst class


def replicate(name: str, policy_name: str, seed: int, contacts: int) -> Figures:
    scenario = SCENARIOS[name]
    policy = policy_of(scenario, POLICIES[policy_name])
    length = round(contacts / scenario.per_hour * HOUR)
    model = Model(
        policy=policy,
        contacts=tuple(
            Contacts(
                QueueId(f"q{n}"),
                "en",
                (scenario.per_hour * share,),
                240.0,
                patience_s=scenario.patience_s,
            )
            for n, share in enumerate(scenario.shares)
        ),
        shifts=tuple(Shift(agent, 0, length) for agent in policy.agents),
        length=length,
    )
    outcomes = Run(model, seed, instant_of(OPENING, "America/Toronto")).run()
    return figures([each for each in outcomes if each.arrived >= length // 20])


def policy_of(scenario: Scenario, rules: Rules) -> Policy:
    """Return the town; nobody is held up by turns for more than five minutes beyond the target."""
    policy = town_of(len(scenario.shares), scenario.staff, rules.late_behind_s, rules.agents)
    if not rules.turn:
        return policy
    parts = tuple(
        Part(f"q{n}", frozenset({QueueId(f"q{n}")}), None, round(1000 * share))
        for n, share in enumerate(scenario.shares)
    )
    of_lines = (Turn("lines", WAITING, parts, "", 0),) if rules.turn == "ratio" else ()
    own: dict[AgentId, tuple[QueueId, ...]] = {
        agent: (QueueId(f"q{skills[0]}"),)
        for agent, skills in zip(policy.agents, scenario.staff, strict=True)
        if rules.turn == "own"
    }
    return replace(policy, turns=Turns(300 * SECOND, own, of_lines))


def figures(outcomes: Sequence[Outcome]) -> Figures:
    waits = sorted(each.waited for each in outcomes if each.answered)
    kinds = sorted({each.kind for each in outcomes})
    levels = [level([each for each in outcomes if each.kind == kind]) for kind in kinds]
    return Figures(level(outcomes), waits[int(len(waits) * 0.99)] / SECOND, min(levels))


def level(outcomes: Sequence[Outcome]) -> float:
    counted = [each for each in outcomes if each.answered or each.waited >= 5 * SECOND]
    in_time = sum(each.answered and each.waited <= T_S * SECOND for each in counted)
    return 100 * in_time / len(counted)


def main() -> None:
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    contacts = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    names = sys.argv[3:] or list(SCENARIOS)
    with ProcessPoolExecutor() as pool:
        for name in names:
            began = time.perf_counter()
            jobs = {
                policy: [
                    pool.submit(replicate, name, policy, seed, contacts)
                    for seed in range(replications)
                ]
                for policy in POLICIES
            }
            found = {policy: [job.result() for job in made] for policy, made in jobs.items()}
            base = found["arrival, longest idle"]
            print(f"\n{name}, {replications} x {contacts:,} contacts")
            for policy, rows in found.items():
                at, half = estimate([row.level for row in rows])
                gain, gain_half = estimate(
                    [row.level - first.level for row, first in zip(rows, base, strict=True)]
                )
                p99, _ = estimate([row.p99_s for row in rows])
                worst, _ = estimate([row.worst for row in rows])
                print(
                    f"  {policy:<32}{at:5.1f} ±{half:.1f} (diff {gain:+5.1f} ±{gain_half:.1f}), "
                    f"p99 {p99:4.0f} s, worst class {worst:.1f}",
                    flush=True,
                )
            rate = len(POLICIES) * replications * contacts / (time.perf_counter() - began)
            print(f"  {rate:,.0f} contacts a second")


if __name__ == "__main__":
    main()
