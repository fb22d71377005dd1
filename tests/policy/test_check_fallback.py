"""Fallback chains with circles, dead ends and rules nobody comes to."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import AFTER, FALLBACK, QUEUES, Mistake, expect

MISTAKES = {
    "chain circle": Mistake(
        FALLBACK, "    - rule: next_opening\n      defer: own\n\n  # Closed by hand",
        "    - rule: next_opening\n      chain: emergency_closing\n\n  # Closed by hand",
        "after_hours:", "chains.after_hours",
        "chains lead in a circle: after_hours -> emergency_closing -> after_hours",
    ),
    "dead end: last rule has conditions": Mistake(
        FALLBACK, "    - rule: as_after_hours\n      chain",
        "    - rule: as_after_hours\n      when: {channel: webform}\n      chain",
        "when: {channel: webform}\n      chain", "chains.emergency_closing[1].when",
        "a dead end: the last rule must always apply",
    ),
    "dead end: nobody answers": Mistake(
        FALLBACK, "    - rule: as_after_hours\n      chain: after_hours",
        "    - rule: as_after_hours\n      transfer: security",
        "rule: as_after_hours", "chains.emergency_closing[1]",
        "a dead end: perhaps nobody answers; add a last rule with `defer: own`",
    ),
    "rule never taken": Mistake(
        FALLBACK, "    - rule: facility_problem\n      when: {channel: voice, subject: facility}\n"
        "      transfer: [arena, security]",
        "    - rule: facility_problem\n      defer: own",
        "rule: urgent_message", "chains.after_hours[3]", "never taken: rule 'facility_problem'",
    ),
    "doubled rule": Mistake(
        FALLBACK, "rule: as_after_hours", "rule: closed_by_emergency",
        "closed_by_emergency\n      chain", "chains.emergency_closing[1].rule",
        "has a rule 'closed_by_emergency' already",
    ),
    "queues hand on in a circle": Mistake(
        FALLBACK, "    - rule: sorry\n      say:\n        en: A great many",
        "    - {rule: a, when: {channel: voice}, queue: general}\n"
        "    - {rule: b, queue: roads}\n"
        "    - rule: sorry\n      say:\n        en: A great many",
        "general:\n    name", "queues.general",
        "while full the queues hand items round in a circle: general -> roads -> general",
        in_file=QUEUES,
    ),
    "own queue of nothing": Mistake(
        AFTER, "condition: closed, queue: general", "condition: closed", "message: {fallback",
        "nodes.message", "add `queue:` here to say which that is",
    ),
    "chain never used": Mistake(
        QUEUES, "emergency: emergency_closing", "emergency: after_hours", "emergency_closing:",
        "chains.emergency_closing", "warning: nothing leads to this chain", in_file=FALLBACK,
    ),
}  # fmt: skip


def test_rules_for_different_conditions_make_no_circle(town: Town) -> None:
    town.edit(
        FALLBACK,
        "    - rule: sorry\n      say:\n        en: A great many",
        "    - {rule: a, when: {channel: voice, condition: late}, queue: general}\n"
        "    - {rule: b, when: {channel: voice, condition: full}, queue: roads}\n"
        "    - rule: sorry\n      say:\n        en: A great many",
    )
    assert not any("circle" in each.message for each in town.complaints())


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
