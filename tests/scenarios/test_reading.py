"""Mistakes in scenario files are told where they stand, with the remedy."""

from __future__ import annotations

import pytest

from router.core.policy import Policy
from router.scenarios.reading import FOLDER, read_scenarios
from tests.policy.conftest import Town

GOOD = """\
scenarios:
  one:
    about: A call.
    at: 2026-11-23 10:00
    staff: [elise]
    steps:
      - call: {keys: [2, 0]}
        expect: {offered_to: elise}
"""


def complaints(town: Town, policy: Policy, text: str) -> list[str]:
    for file in (town.directory / FOLDER).glob("*.yaml"):
        file.unlink()
    (town.directory / FOLDER / "mine.yaml").write_text(text, encoding="utf-8")
    return [str(each) for each in read_scenarios(town.directory, policy)[1]]


def test_a_good_file_has_no_mistakes(town: Town, policy: Policy) -> None:
    assert complaints(town, policy, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("staff: [elise]", "staff: [elisse]",
         "mine.yaml:5:13 scenarios.one.staff[0]: no agent is called 'elisse'; did you mean 'eli"),
        ("offered_to: elise", "offered_to: bob",
         "mine.yaml:8:30 scenarios.one.steps[0].expect.offered_to: no agent is called 'bob'"),
        ("offered_to: elise", "offerd_to: elise",
         "mine.yaml:8:18 scenarios.one.steps[0].expect.offerd_to: unknown key; did you mean"),
        ("keys: [2, 0]", "keys: [x]", "mine.yaml:7:23 scenarios.one.steps[0].call.keys[0]: 'x' is"),
        ("at: 2026-11-23 10:00", "at: monday",
         "mine.yaml:4:9 scenarios.one.at: 'monday' is no date with a time"),
        ("- call: {keys: [2, 0]}", "- call: {keys: [2, 0]}\n        wait: 5 min",
         "mine.yaml:7:9 scenarios.one.steps[0]: names two actions, call and wait"),
        ("        expect: {offered_to: elise}\n", "",
         "mine.yaml:2:3 scenarios.one: expects nothing, so it can never fail"),
        ("about: A call.", "about: A call.\n    staf: [x]", "unknown key; did you mean 'staff'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_stands(
    town: Town, policy: Policy, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    found = complaints(town, policy, GOOD.replace(old, new))
    assert any(told in each for each in found), found


def test_a_name_stands_once_in_all_files(town: Town, policy: Policy) -> None:
    (town.directory / FOLDER / "zz.yaml").write_text(
        GOOD.replace("  one:", "  boxing_day_says_holiday:"), encoding="utf-8"
    )
    (told,) = (str(each) for each in read_scenarios(town.directory, policy)[1])
    assert told.startswith("config/scenarios/zz.yaml:2:3")
    assert "stands at config/scenarios/after_hours.yaml:" in told


def test_a_file_that_nobody_would_read_is_told(town: Town, policy: Policy) -> None:
    (town.directory / FOLDER / "mine.yml").write_text(GOOD, encoding="utf-8")
    (told,) = (str(each) for each in read_scenarios(town.directory, policy)[1])
    assert told == "config/scenarios/mine.yml:1:1: nothing reads it; call it *.yaml"


def test_a_folder_without_scenarios_has_none(town: Town, policy: Policy) -> None:
    for file in (town.directory / FOLDER).glob("*.yaml"):
        file.unlink()
    assert read_scenarios(town.directory, policy) == ((), ())
