"""Reports that stay, times to choose from, what is handed over: what `townline check` refuses."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import AFTER, FALLBACK, FORMS, HOURS, QUEUES, TOWN, Mistake, expect

WINDOWS = "    windows: {length_min: 120, callbacks_max: 6, days_ahead: 3}"

MISTAKES = {
    "a report stays and nobody accepts": Mistake(
        FALLBACK, "      transfer: [arena, security]\n",
        "      transfer: [arena, security]\n      hung_up: close\n",
        "rule: facility_problem", "chains.after_hours[2]", "nobody accepts by a key",
    ),
    "a time is chosen and nothing is booked": Mistake(
        FALLBACK, "      transfer: [arena, security]\n",
        "      transfer: [arena, security]\n      choose_time: true\n",
        "rule: facility_problem", "chains.after_hours[2]", "books no callback, so `choose_time`",
    ),
    "no times to choose from in a flow": Mistake(
        QUEUES, WINDOWS, "    # none", "true\n    next: other", "nodes.call_me.choose_time",
        "queue 'general' has no times to choose from; give that queue", in_file=AFTER,
    ),
    "a time without a number": Mistake(
        FORMS, "        kind: phone\n        label: {en: Your telephone number, fr: Votre numéro de"
        " téléphone}\n        help:", "        label: {en: Your telephone number, fr: Votre numéro"
        " de téléphone}\n        help:", "inquiry:", "forms.inquiry", "nothing asks where",
        inside=-1,
    ),
    "six days in a week": Mistake(
        TOWN, "    en: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday\n",
        "    en: Monday, Tuesday, Wednesday, Thursday, Friday, Saturday\n",
        "Monday, Tuesday", "texts.weekdays.en", "are not seven days",
    ),
    "handed over though it is done here": Mistake(
        TOWN, "    level: full\n", "    level: full\n    hand_over: number\n",
        "licence:\n    level", "agreements.licence", "level full hands nothing over",
    ),
    "a gap between the layers": Mistake(
        HOURS, "      sun: 00:00-09:00, 22:00-24:00", "      sun: 00:00-08:30, 22:00-24:00",
        "main_line:", "services.main_line", "nobody answers from Sun 2026-11-22 08:30",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(mistake: Mistake, town: Town) -> None:
    expect(mistake, town)


def test_an_urgent_rule_that_asks_for_a_key_lets_its_reports_stay(town: Town) -> None:
    town.edit(FALLBACK, "      urgent: true\n      hung_up: close # a caller who", "      # a who")
    policy = town.load().policy
    assert policy is not None
    rules = {each.id: each for each in policy.fallbacks["after_hours"].rules}
    assert rules["road_or_animal_in_danger"].hung_up == ""
    assert rules["parking_noise_nuisance"].hung_up == ""
    urgent = next(each for each in policy.fallbacks["nobody_there"].rules if each.accept)
    assert urgent.hung_up == "close"
