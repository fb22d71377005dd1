"""Formulas of service levels are told in the language of the report."""

from __future__ import annotations

import pytest

from router.core.formulas import FORMULAS
from router.reports.formulas import formula_told


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_formula_is_told_in_both_languages(formula: str) -> None:
    english, french = (formula_told(formula, language) for language in ("en", "fr"))
    assert english == FORMULAS[formula].definition
    assert french != english
    assert french.count(" / ") == english.count(" / ") == 1
    assert french.count(" + ") == english.count(" + ")
