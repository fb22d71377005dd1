"""What no single value may be: the shape of each file."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import FALLBACK, HOURS, MAIN, QUEUES, SKILLS, TOWN, Mistake, expect

SHAPES = {
    "unknown key": Mistake(
        QUEUES, "wrap_up_s: 60", "wrapup_s: 60", "wrapup_s", "defaults.wrapup_s",
        "unknown key; did you mean 'wrap_up_s'?",
    ),
    "unknown key in a node": Mistake(
        MAIN, "    timeout_s: 5\n", "    time_out_s: 5\n", "time_out_s",
        "nodes.language.time_out_s", "unknown key; did you mean 'timeout_s'?",
    ),
    "doubled key": Mistake(
        SKILLS, "  roads: {en", "  bylaw: {en: B, fr: B}\n  roads: {en", "bylaw: {en: B,",
        "skills.bylaw", "key 'bylaw' stands here again; first on line 11",
    ),
    "missing key": Mistake(
        SKILLS, "    name: Amara Osei\n", "", "amara:", "agents.amara",
        "key 'name' is missing: name as colleagues see it; for example Amara Osei",
    ),
    "empty value": Mistake(
        TOWN, "slug: willowmere #", "slug: #", "slug", "slug", "is empty; short name",
    ),
    "level too high": Mistake(
        SKILLS, "bylaw: 9, ", "bylaw: 11, ", "11, animals", "agents.farah.skills.bylaw",
        "'11' is too large; at most 10",
    ),
    "no number": Mistake(
        QUEUES, "offer_after_s: 90", "offer_after_s: later", "later",
        "defaults.callback.offer_after_s", "'later' is no whole number; for example 120",
    ),
    "agreement with nobody": Mistake(
        TOWN, "    level: none\n    department: arena\n", "    level: none\n",
        "facility:\n    level", "agreements.facility",
        "level none hands over to a department; name it",
    ),
    "window that is no half hours": Mistake(
        QUEUES, "length_min: 120", "length_min: 45", "45, callbacks",
        "defaults.callback.windows.length_min", "'45' does not fit; write a multiple of 30",
    ),
    "no such machine": Mistake(
        QUEUES, "answering_machine: leave_message", "answering_machine: hang_up", "hang_up",
        "defaults.callback.answering_machine", "there are: count, leave_message, try_again",
    ),
    "no share": Mistake(
        QUEUES, "share: 0.70 #", "share: 70 #",
        "70 # taken", "defaults.service_level.share", "'70' is too large; at most 1",
    ),
    "neither true nor false": Mistake(
        QUEUES, "wrap_up_code_required: true", "wrap_up_code_required: maybe", "maybe",
        "defaults.wrap_up_code_required", "'maybe' is neither true nor false",
    ),
    "not a list": Mistake(
        HOURS, "removed: []", "removed: {a: b}", "removed", "holidays.removed",
        "must be a list, one `- entry` a line",
    ),
    "text for one language only": Mistake(
        TOWN, "meeting: {en: Meeting, fr: Réunion}", "meeting: Meeting", "Meeting",
        "away_reasons.meeting", "needs a text for each language",
    ),
    "unknown condition": Mistake(
        QUEUES, "all_away: nobody_there", "all_awy: nobody_there", "all_awy",
        "defaults.fallback.all_awy", "did you mean 'all_away'?",
    ),
    "bad name": Mistake(
        SKILLS, "  tax: {en", "  Tax-1: {en", "Tax-1", "skills.Tax-1", "'Tax-1' is no name",
    ),
    "requirement": Mistake(
        QUEUES, "requires: building >= 3 and $language >= 3",
        "requires: building >= 3 & $language >= 3", "building >= 3 &",
        "queues.building.steps[0].requires", "found '&': write 'and'", inside=14,
    ),
    "first response": Mistake(
        QUEUES, "first_response: 4 business hours", "first_response: someday", "someday",
        "queues.animals.first_response", "'2 business days'",
    ),
    "telephone number": Mistake(
        SKILLS, "leg: +1 905 555 0121", "leg: 555 0121", "555 0121", "agents.amara.leg",
        "a number that nobody can have; write for example +1 905 555 0100",
    ),
    "time zone": Mistake(
        TOWN, "America/Toronto", "America/Torronto", "America/Torronto", "time_zone",
        "did you mean 'America/Toronto'?",
    ),
    "date": Mistake(
        HOURS, "date: 2026-12-31, open: 08:00-12:00", "date: 31.12.2026, open: 08:00-12:00",
        "31.12.2026",
        "hours.town_hall.dates[1].date", "write year-month-day",
    ),
    "node without a kind": Mistake(
        MAIN, "  tax: {queue: tax}", "  tax: {next: general}", "{next: general}", "nodes.tax",
        "says not what it does; give one of say, menu", inside=-5,
    ),
    "two actions": Mistake(
        FALLBACK, "  - rule: facility_problem\n", "  - rule: facility_problem\n      defer: own\n",
        "rule: facility_problem", "chains.after_hours[2]", "names two actions, defer and transfer",
    ),
    "voicemail without a word": Mistake(
        FALLBACK,
        "    - rule: next_opening\n      defer: own\n\n  # Closed by hand",
        "    - rule: last_word\n      voicemail: own\n    - rule: next_opening\n"
        "      defer: own\n\n  # Closed by hand",
        "rule: last_word", "chains.after_hours[9]", "takes a message without a word",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(SHAPES[name], town)
