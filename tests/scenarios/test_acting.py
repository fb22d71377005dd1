"""What comes out otherwise is told with the place of the expectation and the rule that fired."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.core.policy import Policy
from router.scenarios.acting import Failure, act
from router.scenarios.reading import FOLDER, read_scenarios
from tests.policy.conftest import Town

BEGIN = """\
scenarios:
  one:
    about: Something.
    at: 2026-11-28 19:40
    steps:
"""


def failures(town: Town, policy: Policy, steps: str) -> list[Failure]:
    (town.directory / FOLDER / "mine.yaml").write_text(BEGIN + steps, encoding="utf-8")
    found, complaints = read_scenarios(town.directory, policy)
    assert not complaints, complaints
    return act(next(each for each in found if each.name == "one"), policy)


def test_a_difference_names_both_and_the_rule_that_fired(town: Town, policy: Policy) -> None:
    steps = """\
      - call: {keys: [1, 1]}
        expect:
          rings: arena
          queue: roads
"""
    (failure,) = failures(town, policy, steps)
    assert str(failure).splitlines() == [
        "config/scenarios/mine.yaml:8: one, step 1",
        "    rings: expected arena",
        "       found security",
        "    because of rule after_hours/road_or_animal_in_danger (config/fallback.yaml:11)",
    ]


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("keys: 1", "there is no item 'item' now"),
        ("call: {keys: [1, 0, 1]}", "key '1' means nothing"),
        ("outcome: answered", "there is no item"),
        ("accept: elise", "there is no item"),
        ("form: {form: inquiry, fields: {question: Why?}}", "the form is refused: name: missing"),
        ("until: 2026-11-28 19:00", "it is 2026-11-28 19:40 already"),
        ("mail: {text: Hello, subject: 'Automatic reply: away'}", "nobody would see this mail"),
    ],
)
def test_what_cannot_happen_is_a_failure_of_that_step(
    town: Town, policy: Policy, step: str, why: str
) -> None:
    never = "      - expect: {open: {town_hall: true}}\n"  # the rest is left out
    found = failures(town, policy, f"      - {step}\n{never}")
    (failure,) = found
    assert why in failure.difference.found
    assert failure.place == "config/scenarios/mine.yaml:6"


def test_time_passes_for_several_items_in_the_order_in_which_they_fall_due(
    town: Town, policy: Policy
) -> None:
    steps = """\
      - until: 2026-11-30 10:00
      - arrive: [hannah]
      - item: first
        call: {keys: [1, 2, 2], caller: +1 905 555 0191}
      - item: second
        call: {keys: [1, 2, 2], caller: +1 905 555 0192}
        expect: {heard: You are number 2 in line., place: 2}
      - item: first
        hang_up: true
        expect: {state: abandoned}
      - item: second
        wait: 10 s
        expect: {heard: You are number 1 in line., place: 1, offered_to: hannah}
"""
    assert failures(town, policy, steps) == []


def test_what_was_heard_before_the_step_does_not_count(town: Town, policy: Policy) -> None:
    steps = """\
      - call: {keys: 1}
      - keys: 0
        expect: {heard: Welcome}
"""
    (failure,) = failures(town, policy, steps)
    assert failure.difference.key == "heard"
    assert failure.difference.found.startswith("We are connecting you to our staff")


def test_a_surge_needs_a_town_that_has_one(town: Town, policy: Policy) -> None:
    steps = """\
      - surge: 2 h
        expect: {open: {town_hall: false}}
"""
    assert failures(town, policy, steps) == []
    (failure,) = failures(town, replace(policy, surge=None), steps)
    assert "says nothing of a surge" in str(failure)
