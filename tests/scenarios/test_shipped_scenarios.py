"""The shipped town does what its scenarios say, and each of them would notice a mistake."""

from __future__ import annotations

import re

from router.core.policy import Policy, encode
from router.policy.differences import changes, told
from router.scenarios.acting import act, met_by
from router.scenarios.mutations import Mutation, mutations
from router.scenarios.reading import Scenario

LEAST = 40
_WORDS = re.compile(r"[a-z_0-9/]+")


def test_every_scenario_holds(policy: Policy, scenarios: dict[str, Scenario]) -> None:
    assert len(scenarios) >= LEAST
    failures = [failure for each in scenarios.values() for failure in act(each, policy)]
    assert not failures, "\n" + "\n".join(map(str, failures))


def test_every_way_in_has_scenarios(policy: Policy, scenarios: dict[str, Scenario]) -> None:
    ways = [met for each in scenarios.values() for met in met_by(each, policy)]
    for channel in ("voice", "mail", "webform", "chat"):
        assert ways.count(f"channel:{channel}") >= 4, channel


def test_acting_twice_comes_out_the_same(policy: Policy, scenarios: dict[str, Scenario]) -> None:
    some = scenarios["a_stop_sign_by_mail_at_night"]
    before = encode(policy)
    assert act(some, policy) == act(some, policy) == []
    assert encode(policy) == before


def test_every_scenario_would_notice_a_mistake(
    policy: Policy, scenarios: dict[str, Scenario]
) -> None:
    every = list(mutations(policy))
    blind = [
        name for name, each in scenarios.items() if _first_noticed(policy, each, every) is None
    ]
    assert not blind, f"these fail under no mutation: {', '.join(blind)}"


def _first_noticed(policy: Policy, scenario: Scenario, every: list[Mutation]) -> Mutation | None:
    """Return a mutation under which the scenario fails; the likeliest are tried first."""
    met = met_by(scenario, policy)
    said = set(_WORDS.findall(str(scenario.shape)))
    likely = [each for each in every if not each.about or each.about in met]
    likely.sort(key=lambda each: -len(said & set(_WORDS.findall(str(each)))))
    return next((each for each in likely if act(scenario, each.policy)), None)


def test_the_difference_of_every_mutation_is_told_in_few_lines(policy: Policy) -> None:
    assert changes(policy, policy) == []
    for mutation in mutations(policy):
        lines = list(told(changes(policy, mutation.policy)))
        assert lines, mutation
        assert all("{'" not in line for line in lines), (mutation, lines)
        if not mutation.family.startswith("holiday"):  # these are one line for each date
            assert len(lines) <= 6, (mutation, lines)


def test_every_mutation_is_another_policy_and_has_a_name_of_its_own(policy: Policy) -> None:
    every = list(mutations(policy))
    families = {each.family.partition(" ")[0] for each in every}
    assert {"hours", "queue", "levels", "keys", "fallback", "target", "text"} <= families
    before = encode(policy)
    assert not [str(each) for each in every if encode(each.policy) == before]
    names = [str(each) for each in every]
    assert len(set(names)) == len(names)
