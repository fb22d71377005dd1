"""Judging says who notices which mistake, and which nobody notices."""

from __future__ import annotations

from msgspec.structs import replace

from router.core.model import QueueId
from router.core.policy import Policy
from router.scenarios.acting import act, met_by
from router.scenarios.judging import judge
from router.scenarios.reading import Scenario


def test_each_mistake_is_given_to_those_to_whom_it_matters(
    policy: Policy, scenarios: dict[str, Scenario]
) -> None:
    names = ("property_tax_goes_to_finance", "saturday_is_open_until_one")
    found = judge(policy, [scenarios[name] for name in names])
    caught = {name: {str(each) for each in rows} for name, rows in found.caught.items()}
    levels = next(each for each in caught[names[0]] if each.startswith("levels raised: queue tax"))
    assert levels not in caught[names[1]]
    shifted = "hours shifted: town_hall sat opens an hour later (config/hours.yaml)"
    assert shifted in caught[names[1]]
    assert found.blind == ()
    noticed = {str(each) for rows in found.caught.values() for each in rows}
    assert {str(each) for each in found.mutations} == noticed | {str(s) for s in found.survivors}
    assert not noticed & {str(each) for each in found.survivors}


def test_what_could_not_matter_is_left_out_rightly(
    policy: Policy, scenarios: dict[str, Scenario]
) -> None:
    """A queue that no item of the scenario came to may be anything."""
    some = scenarios["property_tax_goes_to_finance"]
    assert "queue:tax" in met_by(some, policy)
    for name in set(policy.queues) - {"tax"}:
        assert f"queue:{name}" not in met_by(some, policy)
        spoilt = replace(policy.queues[QueueId(name)], requires="animals >= 10", steps=())
        assert not act(some, replace(policy, queues={**policy.queues, QueueId(name): spoilt}))
