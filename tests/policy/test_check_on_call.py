"""On-call lists, call-outs and the surge: what `townline check` refuses."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import FALLBACK, Mistake, expect

OTHERWISE = "    otherwise: [operations_a, operations_b, operations_chief]\n"

MISTAKES = {
    "nobody on call": Mistake(
        FALLBACK, OTHERWISE, "", "operations_on_call:\n    shifts", "on_call.operations_on_call",
        "nobody is on call on 2026-11-22",
    ),
    "nobody on call from some date on": Mistake(
        FALLBACK, OTHERWISE,
        "      - {first: 2026-11-01, last: 2026-12-20, contacts: [operations_a]}\n",
        "operations_on_call:\n    shifts", "on_call.operations_on_call",
        "nobody is on call on 2027-01-04",
    ),
    "accept without a transfer": Mistake(
        FALLBACK, "    - rule: facility_problem\n      when: {channel: voice, subject: facility}\n"
        "      transfer: [arena, security]",
        "    - rule: facility_problem\n      when: {channel: voice, subject: facility}\n"
        "      voicemail: own\n      say: {en: x, fr: y}\n      accept: {en: Press 1., fr: Le 1.}",
        "rule: facility_problem", "chains.after_hours[2]", "rings nobody, so `accept`",
    ),
    "rounds without a list": Mistake(
        FALLBACK, "    - rule: as_after_hours\n", "    - rule: as_after_hours\n      rounds: 3\n",
        "rule: as_after_hours", "chains.emergency_closing[1]", "walks no list",
    ),
    "unknown subject of a call-out": Mistake(
        FALLBACK, "  noise:\n    en: Noise.", "  nois:\n    en: Noise.", "nois:",
        "call_outs.nois", "no subject is called 'nois'", inside=-1,
    ),
    "call-out without French": Mistake(
        FALLBACK, "    fr: Bruit. Demandez l'adresse, ce que l'on entend et depuis quand.\n", "",
        "noise:\n    en: Noise.", "call_outs.noise", "the text for fr is missing",
    ),
    "unknown queue that goes first": Mistake(
        FALLBACK, "first: [roads, animals]", "first: [rods]", "rods", "surge.first[0]",
        "no queue is called 'rods'",
    ),
    "a surge by itself for longer than it may": Mistake(
        FALLBACK, "lasts_max: 48 h", "lasts_max: 1 h", "\nsurge:", "surge",
        "`lasts` is longer than `lasts_max`", inside=1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(mistake: Mistake, town: Town) -> None:
    expect(mistake, town)


def test_shifts_without_a_gap_need_no_otherwise(town: Town) -> None:
    town.edit(
        FALLBACK,
        OTHERWISE,
        "      - {first: 2026-11-01, last: 2026-12-20, contacts: [operations_a]}\n"
        "      - {first: 2027-01-04, last: 2028-06-30, contacts: [operations_a]}\n",
    )
    assert town.complaints() == ()
