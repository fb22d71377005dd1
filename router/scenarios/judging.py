"""Which scenarios notice which mutations of the policy, and which mutations nobody notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from router.core.policy import Policy
from router.scenarios.acting import act, met_by
from router.scenarios.mutations import Mutation, mutations
from router.scenarios.reading import Scenario


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of mutating."""

    mutations: tuple[Mutation, ...]
    caught: dict[str, list[Mutation]]  # scenario -> mutations under which it fails
    survivors: tuple[Mutation, ...]  # that nobody catches

    @property
    def blind(self) -> tuple[str, ...]:
        """Return the scenarios that catch nothing."""
        return tuple(name for name, caught in self.caught.items() if not caught)


def judge(policy: Policy, scenarios: Sequence[Scenario]) -> Judgement:
    """Act every scenario, all of which hold, under every mutation that could matter to it."""
    met = {each.name: met_by(each, policy) for each in scenarios}
    every = tuple(mutations(policy))
    caught: dict[str, list[Mutation]] = {each.name: [] for each in scenarios}
    survivors: list[Mutation] = []
    for mutation in every:
        noticed = [
            each.name
            for each in scenarios
            if (not mutation.about or mutation.about in met[each.name])
            and act(each, mutation.policy)
        ]
        for name in noticed:
            caught[name].append(mutation)
        if not noticed:
            survivors.append(mutation)
    return Judgement(every, caught, tuple(survivors))
