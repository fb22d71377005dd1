"""Rules that contradict themselves or cannot work."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import FALLBACK, FORMS, NEWS, QUEUES, SKILLS, TOWN, Mistake, expect

MISTAKES = {
    "no fate after the longest wait": Mistake(
        QUEUES, "    late: waited_too_long\n", "", "roads:\n    name", "queues.roads",
        "nothing says what follows when late",
    ),
    "condition without a fate": Mistake(
        QUEUES, "    full: too_many\n", "", "general:\n    name", "queues.general",
        "nothing says what follows when full",
    ),
    "steps out of order": Mistake(
        QUEUES, "- {after_s: 240, ", "- {after_s: 100, ", "100, ",
        "queues.building.steps[1].after_s", "comes after a step at 120 s",
    ),
    "number written twice": Mistake(
        TOWN, "  any_other: main", "  (905) 555-0101: main\n  any_other: main", "(905)",
        "numbers.(905) 555-0101", "means the same as '+1 905 555 0101' above",
    ),
    "leg that may not be rung": Mistake(
        SKILLS, "sip:ivan@pbx.example.org", "sip:ivan@example.com", "sip:ivan@example.com",
        "agents.ivan.leg", "dialling.allowed would need sip:example.com",
    ),
    "contact that may not be rung": Mistake(
        FALLBACK, "number: +1 905 555 0181", "number: +44 20 7946 0958", "+44 20",
        "contacts.arena.number", "may not be rung: +442079460958 is not opened",
    ),
    "premium contact": Mistake(
        FALLBACK, "number: +1 905 555 0181", "number: +1 905 976 0181", "+1 905 976",
        "contacts.arena.number", "is a premium number",
    ),
    "form without a subject": Mistake(
        FORMS, "    subject: licence\n", "", "licence:\n", "forms.licence",
        "give either `subject`, or `subject_field`",
    ),
    "front message expired": Mistake(
        NEWS, "front_messages: []",
        "front_messages:\n  - id: storm\n    first: 2026-11-01 06:00\n    until: 2026-11-02 06:00\n"
        "    text: {en: Storm., fr: Tempête.}",
        "2026-11-02 06:00", "front_messages[0].until", "warning: expired on 2026-11-02",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
