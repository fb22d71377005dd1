"""What nobody could notice is not made, and everything else is."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core.model import Channel, Condition, QueueId
from router.core.policy import FallbackRule, Policy
from router.scenarios.acting import act
from router.scenarios.mutations import mutations, with_row, without
from router.scenarios.reading import Scenario
from router.scenarios.unnoticeable import (
    brings,
    conditions_of,
    is_followed,
    meets_nobody,
    never_both,
)


def rule_of(policy: Policy, name: str) -> FallbackRule:
    chain, _, wanted = name.partition("/")
    return next(rule for rule in policy.fallbacks[chain].rules if rule.id == wanted)


@pytest.mark.parametrize(
    ("name", "nobody"),
    [
        ("too_many/chats_wait", False),
        ("waited_too_long/chats_at_closing", False),
        ("nobody_speaks_it/texts_wait", False),  # chats are
        ("after_hours/urgent_form", False),
        ("emergency_closing/as_after_hours", False),
    ],
)
def test_which_rules_no_item_can_meet(policy: Policy, name: str, nobody: bool) -> None:
    assert meets_nobody(policy, name.partition("/")[0], rule_of(policy, name)) is nobody


def test_a_line_is_never_full_of_mail(policy: Policy) -> None:
    chats = rule_of(policy, "too_many/chats_wait")
    mails = replace(chats, when_channel=frozenset({Channel.MAIL}))
    assert meets_nobody(policy, "too_many", mails)
    assert not meets_nobody(policy, "nobody_there", mails)


def test_a_rule_that_no_item_can_meet_may_go(
    policy: Policy, scenarios: dict[str, Scenario]
) -> None:
    for name, chain in policy.fallbacks.items():
        rules = chain.rules
        for index in reversed(range(len(rules))):
            if meets_nobody(policy, name, rules[index]):
                rules = without(rules, index)
        policy = with_row(policy, "fallbacks", name, replace(chain, rules=rules))
    assert not [name for name, each in scenarios.items() if act(each, policy)]


def test_which_rules_no_item_meets_both_of(policy: Policy) -> None:
    hazard = rule_of(policy, "after_hours/road_or_animal_in_danger")
    noise = rule_of(policy, "after_hours/parking_noise_nuisance")
    message = rule_of(policy, "after_hours/urgent_message")
    form = rule_of(policy, "after_hours/urgent_form")
    assert never_both(hazard, noise)  # subjects
    assert never_both(message, form)  # channels
    assert not never_both(hazard, message)


def test_a_chain_is_followed_for_what_leads_to_it_by_way_of_others_too(policy: Policy) -> None:
    assert conditions_of(policy, "after_hours") == {Condition.CLOSED, Condition.EMERGENCY}
    assert conditions_of(policy, "too_many") == {Condition.FULL}


def test_which_subjects_come_through_a_door(policy: Policy) -> None:
    calls = rule_of(policy, "after_hours/road_or_animal_in_danger")
    forms = rule_of(policy, "after_hours/urgent_form")
    assert not brings(policy, calls, "stop_sign_down")  # callers press the key of any hazard
    assert brings(policy, calls, "road_hazard")
    assert brings(policy, forms, "stop_sign_down")


def test_a_surge_sends_nobody_on_who_goes_first_in_it(policy: Policy) -> None:
    queues = policy.queues
    assert not is_followed(policy, queues[QueueId("roads")], Condition.SURGE)
    assert is_followed(policy, queues[QueueId("tax")], Condition.SURGE)
    without_one = replace(policy, surge=None)
    assert not is_followed(without_one, queues[QueueId("tax")], Condition.SURGE)
    named = {f"{each.family}: {each.what}" for each in mutations(policy)}
    assert "fallback for surge forgotten: queue tax" in named
    assert "fallback for surge forgotten: queue roads" not in named
