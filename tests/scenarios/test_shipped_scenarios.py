"""The shipped town does what its scenarios say, and each of them would notice a mistake."""

from __future__ import annotations

import re
from typing import Final

import pytest

from router.core.policy import Policy, encode
from router.policy.differences import changes, told
from router.scenarios.acting import act, met_by
from router.scenarios.mutations import Mutation, mutations
from router.scenarios.reading import Scenario
from tests.policy.conftest import ROOT

HAS_ADDRESS = "everybody on call has an address, so that the rule before is taken"
BY_MAIL_RULE = "mail rules that set these subjects make the mail urgent themselves"
UNNOTICED: Final[dict[str, str]] = {  # mutations that no scenario notices, and why
    "urgent removed: after_hours/urgent_mail": BY_MAIL_RULE,
    "channel forgotten: after_hours/urgent_mail": "rules before it take calls and forms with these"
    " subjects",
    "fallback rule dropped: after_hours/urgent_next_opening": HAS_ADDRESS,
    "urgent removed: after_hours/urgent_next_opening": HAS_ADDRESS,
    "subject found_animal dropped: after_hours/urgent_next_opening": HAS_ADDRESS,
    "subject hazard dropped: after_hours/urgent_next_opening": HAS_ADDRESS,
    "subject road_hazard dropped: after_hours/urgent_next_opening": HAS_ADDRESS,
    "subject stop_sign_down dropped: after_hours/urgent_next_opening": HAS_ADDRESS,
    "channel forgotten: after_hours/urgent_next_opening": HAS_ADDRESS,
    "subject of key 2 removed: recreation/subjects": "the node that follows sets the same subject",
    "attributes forgotten: recreation/problem": "for agents' screens, where no scenario looks",
}
_WORDS = re.compile(r"[a-z_0-9/]+")


def test_every_scenario_holds(policy: Policy, scenarios: dict[str, Scenario]) -> None:
    failures = [failure for each in scenarios.values() for failure in act(each, policy)]
    assert not failures, "\n" + "\n".join(map(str, failures))


def test_the_readme_counts_them(scenarios: dict[str, Scenario]) -> None:
    counted = re.search(r"\*\* More than (\d+) scenarios", (ROOT / "README.md").read_text())
    assert counted
    assert int(counted[1]) < len(scenarios) <= int(counted[1]) + 20


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


def test_what_nobody_notices_is_a_mutation_still(policy: Policy) -> None:
    named = {f"{each.family}: {each.what}" for each in mutations(policy)}
    assert not UNNOTICED.keys() - named


@pytest.mark.full
def test_nobody_notices_only_what_cannot_be_seen(
    policy: Policy, scenarios: dict[str, Scenario]
) -> None:
    """Each mutation is noticed by a scenario, or stands in the list with a reason."""
    met = {name: met_by(each, policy) for name, each in scenarios.items()}
    survivors = {
        f"{mutation.family}: {mutation.what}"
        for mutation in mutations(policy)
        if not any(
            act(each, mutation.policy)
            for name, each in scenarios.items()
            if not mutation.about or mutation.about in met[name]
        )
    }
    assert survivors == UNNOTICED.keys()
