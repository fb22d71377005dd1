"""Names that nothing has, each with the nearest one."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import (
    BYLAW,
    FALLBACK,
    FORMS,
    MAIN,
    QUEUES,
    REC,
    SKILLS,
    TOWN,
    Mistake,
    expect,
)

NAMES = {
    "skill of an agent": Mistake(
        SKILLS, "bylaw: 7, ", "bylw: 7, ", "bylw", "agents.gord.skills.bylw",
        "no skill is called 'bylw'; did you mean 'bylaw'?", inside=6,
    ),
    "capacity": Mistake(
        SKILLS, "capacity: text_only", "capacity: textonly", "textonly", "agents.nadia.capacity",
        "no capacity is called 'textonly'; did you mean 'text_only'?",
    ),
    "skill in a requirement": Mistake(
        QUEUES, "requires: building >= 6", "requires: bulding >= 6", "bulding",
        "queues.building.requires", "no skill is called 'bulding'; did you mean 'building'?",
    ),
    "subject of an agreement": Mistake(
        TOWN,
        "  licence:\n    level: full",
        "  licences:\n    level: full",
        "licences:\n    level",
        "agreements.licences",
        "licences",
    ),
    "department of an agreement": Mistake(
        TOWN,
        "department: arena",
        "department: arenas",
        "arenas",
        "agreements.facility.department",
        "arenas",
    ),
    "hours of a queue": Mistake(
        QUEUES, "hours: recreation_line", "hours: recreation", "recreation\n    requires",
        "queues.recreation.hours", "no set of opening hours is called 'recreation'",
    ),
    "chain of a queue": Mistake(
        QUEUES, "full: too_many", "full: to_many", "to_many", "defaults.fallback.full",
        "no chain is called 'to_many'; did you mean 'too_many'?",
    ),
    "waiting set": Mistake(
        QUEUES, "announcements: quiet", "announcements: quite", "quite",
        "queues.animals.announcements", "did you mean 'quiet'?",
    ),
    "flow of a number": Mistake(
        TOWN, "0102: recreation #", "0102: recreaton #", "recreaton", "numbers.+1 905 555 0102",
        "no flow is called 'recreaton'; did you mean 'recreation'?",
    ),
    "skill of a language": Mistake(
        TOWN, "skill: french,", "skill: frensh,", "frensh", "languages[1].skill",
        "no skill is called 'frensh'; did you mean 'french'?",
    ),
    "queue of a node": Mistake(
        MAIN, "{queue: tax}", "{queue: taxes}", "taxes", "nodes.tax.queue",
        "no queue is called 'taxes'; did you mean 'tax'?",
    ),
    "flow of a node": Mistake(
        MAIN, "goto: after_hours", "goto: afterhours", "afterhours", "nodes.closed.goto",
        "no flow is called 'afterhours'; did you mean 'after_hours'?",
    ),
    "node": Mistake(
        MAIN, "5: {next: building, ", "5: {next: bilding, ", "bilding",
        "nodes.subjects.choices.5.next", "no node is called 'bilding'; did you mean 'building'?",
    ),
    "start node": Mistake(
        MAIN, "start: language", "start: langage", "langage", "start",
        "no node is called 'langage'; did you mean 'language'?",
    ),
    "hours of a node": Mistake(
        MAIN, "    hours: town_hall", "    hours: townhall", "townhall", "nodes.opening.hours",
        "no set of opening hours is called 'townhall'; did you mean 'town_hall'?",
    ),
    "subject of a choice": Mistake(
        MAIN, "subject: pothole", "subject: pot_hole", "pot_hole",
        "nodes.road_subjects.choices.2.subject", "did you mean 'pothole'?",
    ),
    "language of a choice": Mistake(
        MAIN, "language: fr}", "language: french}", "french}", "nodes.language.choices.2.language",
        "no language is called 'french'",
    ),
    "attribute of a branch": Mistake(
        BYLAW, "branch: language_asked", "branch: aksed", "aksed", "nodes.known_language.branch",
        "no attribute is called 'aksed'",
    ),
    "transfer target": Mistake(
        REC, "transfer: [arena]", "transfer: [arenna]", "arenna", "nodes.arena.transfer[0]",
        "no contact or on-call list is called 'arenna'; did you mean 'arena'?",
    ),
    "contact of an on-call list": Mistake(
        FALLBACK, "contacts: [officer_b]}", "contacts: officer_c}", "officer_c",
        "on_call.bylaw_on_call.shifts[0].contacts[0]", "did you mean 'officer_", inside=0,
    ),
    "subject of a rule": Mistake(
        FALLBACK, "when: {channel: voice, subject: facility}",
        "when: {channel: voice, subject: facilty}", "facilty",
        "chains.after_hours[2].when.subject[0]", "did you mean 'facility'?",
    ),
    "next chain": Mistake(
        FALLBACK, "chain: after_hours", "chain: afterhours", "afterhours",
        "chains.emergency_closing[1].chain", "did you mean 'after_hours'?",
    ),
    "queue of a form": Mistake(
        FORMS, "queue: clerks", "queue: clerk", "clerk\n", "forms.licence.queue",
        "no queue is called 'clerk'; did you mean 'clerks'?",
    ),
    "subject of a form": Mistake(
        FORMS, "          - streetlight\n", "          - streetlights\n", "streetlights",
        "forms.report.fields.problem.choices_from_subjects[4]", "did you mean 'streetlight'?",
    ),
    "subject field": Mistake(
        FORMS, "subject_field: problem", "subject_field: problm", "problm",
        "forms.report.subject_field", "no field is called 'problm'; did you mean 'problem'?",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(NAMES[name], town)
