"""Many runs of the same model, in parallel processes, each with its own seed.

Replication n of two policies meets the same contacts: cases come from seed and number alone.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

from router.core.policy import Policy
from router.twin.contacts import Case
from router.twin.demand import Demand, case_of
from router.twin.figures import Figures, figures_of
from router.twin.simulation import Simulation

Source = Demand | Case  # a model from which cases are drawn, or one case as it was
Told = Callable[[], None]  # called whenever one more replication is done

ONE_BY_ONE: Final = 1  # so few are not worth starting processes for


def run_one(policy: Policy, source: Source, seed: int) -> Figures:
    """Run one replication and count it."""
    case = case_of(source, seed) if isinstance(source, Demand) else source
    simulation = Simulation(policy, case)
    results = simulation.run()
    return figures_of(results, simulation.hands, case.presences, policy.time_zone)


def run_all(
    policies: Sequence[Policy], source: Source, seeds: Sequence[int], told: Told = lambda: None
) -> list[list[Figures]]:
    """Return the figures of each policy, in order of the seeds."""
    jobs = len(policies) * len(seeds)
    if jobs <= ONE_BY_ONE:
        found = [[run_one(policy, source, seed) for seed in seeds] for policy in policies]
        told()
        return found
    fresh = multiprocessing.get_context("spawn")  # who shows the progress has threads
    with ProcessPoolExecutor(min(jobs, os.cpu_count() or 1), mp_context=fresh) as pool:
        futures = [
            [pool.submit(run_one, policy, source, seed) for seed in seeds] for policy in policies
        ]
        for _ in as_completed([each for row in futures for each in row]):
            told()
        return [[each.result() for each in row] for row in futures]
