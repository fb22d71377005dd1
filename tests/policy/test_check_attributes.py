"""Attributes that nothing has, values that cannot be, and requirements that make too many lines."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import QUEUES, SKILLS, Mistake, expect

DECLARED = "attributes:\n  site: {values: [north, south]}\n  floor: {number: true}\n\nagents:\n"
GENERAL = "requires: general >= 5 and $language >= 5"


def asks(term: str, at: str, says: str) -> Mistake:
    """A queue that asks for the term; the complaint stands at the term itself."""
    new = GENERAL.replace("general >= 5", f"general >= 5 and {term}")
    return Mistake(QUEUES, GENERAL, new, at, "queues.general.requires", says)


MISTAKES = {
    "agent attribute": asks('agent.sight == "north"', "agent.sight", "did you mean 'site'?"),
    "item attribute": asks("agent.site == item.lin", "agent.site", "did you mean 'line'?"),
    "value": asks('agent.site == "nort"', "agent.site", "did you mean 'north'?"),
    "value of an item": asks('item.channel == "fax"', "item.channel", "is never 'fax'"),
    "number for a text": asks("agent.site == 3", "agent.site", 'is a text: write "3"'),
    "text for a number": asks('agent.floor == "3"', "agent.floor", "without quotes"),
    "order of texts": asks('agent.site >= "north"', "agent.site", "compare it with =="),
    "number beside a text": asks("agent.floor == item.line", "agent.floor", "never equal"),
    "team": asks('agent.team == "financ"', "agent.team", "did you mean 'finance'?"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_requirement_names_its_column_and_the_remedy(name: str, town: Town) -> None:
    town.edit(SKILLS, "\nagents:\n", f"\n{DECLARED}")
    expect(MISTAKES[name], town)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("{sight: north}", "did you mean 'site'?"),
        ("{site: nort}", "did you mean 'north'?"),
        ("{floor: two}", "is no whole number"),
    ],
)
def test_an_agents_attribute_must_be_declared(given: str, says: str, town: Town) -> None:
    town.edit(SKILLS, "\nagents:\n", f"\n{DECLARED}")
    town.edit(SKILLS, "    name: Amara Osei\n", f"    name: Amara Osei\n    attributes: {given}\n")
    assert [says in str(each) for each in town.load().complaints] == [True]


def test_what_is_declared_and_used_rightly_compiles_with_its_types(town: Town) -> None:
    town.edit(SKILLS, "\nagents:\n", f"\n{DECLARED}")
    given = "    attributes: {site: north, floor: 2}\n"
    town.edit(SKILLS, "    name: Amara Osei\n", f"    name: Amara Osei\n{given}")
    wanted = 'general >= 5 and (agent.site == "north" or agent.team == item.owner_team)'
    town.edit(QUEUES, GENERAL, GENERAL.replace("general >= 5", wanted))
    loaded = town.load()
    assert loaded.complaints == ()
    assert loaded.policy is not None
    amara = loaded.policy.agents["amara"]  # type: ignore[index]
    assert amara.traits == {"site": "north", "floor": 2, "team": "information"}


def test_too_many_lines_of_one_requirement_are_warned_of(town: Town) -> None:
    values = ", ".join(f"v{n}" for n in range(30))
    declared = f"attributes:\n  a: {{values: [{values}]}}\n  b: {{values: [{values}]}}\n\nagents:\n"
    town.edit(SKILLS, "\nagents:\n", f"\n{declared}")
    pairs = "general >= 5 and (any or agent.a == item.subject and agent.b == item.line)"
    town.edit(QUEUES, GENERAL, GENERAL.replace("general >= 5", pairs))
    (warning,) = town.load().complaints
    assert warning.is_warning
    assert "up to 900 separate lines" in str(warning)
