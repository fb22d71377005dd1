"""Texts that are missing, too many, or filled in with nothing."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import SKILLS, TOWN, Mistake, expect

MISTAKES = {
    "language missing": Mistake(
        SKILLS, "tax: {en: Property tax and billing, fr: Impôt foncier et facturation}",
        "tax: {en: Property tax and billing}", "tax: {en", "skills.tax",
        "the text for fr is missing",
    ),
    "language too many": Mistake(
        SKILLS, "tax: {en: Property tax and billing, ", "tax: {de: Steuern, en: Tax, ", "de: St",
        "skills.tax.de", "no language is called 'de'",
    ),
    "text missing": Mistake(
        TOWN, "  hold:\n    en: One moment please.\n    fr: Un instant, s'il vous plaît.\n\n", "\n",
        "texts:", "texts", "text 'hold' is missing: said at the start of hold music",
    ),
    "text that nothing says": Mistake(
        TOWN, "  hold:\n    en: One", "  holdd:\n    en: One", "holdd", "texts.holdd",
        "nothing says this text; did you mean 'hold'?",
    ),
    "word that is not filled in": Mistake(
        TOWN, "en: You are number {place} in line.", "en: You are number {position} in line.",
        "You are number {position}", "texts.place.en", "{position} is not filled in here",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)
