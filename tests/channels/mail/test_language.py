"""A mail is answered in its own language, whatever its program says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.language import language_of

FRENCH = "Bonjour, quand est-ce que vous ramassez les feuilles sur ma rue? Merci."
ENGLISH = "Hello, when is the next collection of leaves on our street? Thank you."
NAMES_FRENCH = [("content-language", "fr-CA")]


@pytest.mark.parametrize(
    ("text", "headers", "expected"),
    [
        (FRENCH, [], "fr"),
        (ENGLISH, [], "en"),
        (ENGLISH, NAMES_FRENCH, "en"),
        ("12 Main St", NAMES_FRENCH, "fr"),
        ("12 Main St", [("accept-language", "de, fr;q=0.9")], "fr"),
        ("12 Main St", [("content-language", "de")], "en"),
        ("12 Main St", [("x-language", "fr")], "en"),
        ("", [], "en"),
        (f"{FRENCH}\n{ENGLISH}", [], "en"),  # both: the town's first
        ("Wann werden die Blätter abgeholt?", [], "en"),
    ],
)
def test_words_decide_then_headers_then_the_town(
    text: str, headers: list[tuple[str, str]], expected: str
) -> None:
    assert language_of(text, headers, ("en", "fr")) == expected


def test_a_language_that_the_town_does_not_speak_is_never_chosen() -> None:
    assert language_of(FRENCH, NAMES_FRENCH, ("en",)) == "en"
    assert language_of(ENGLISH, [], ("uk", "pl")) == "uk"


@given(text=st.text(), value=st.text())
def test_any_text_has_one_of_the_towns_languages(text: str, value: str) -> None:
    assert language_of(text, [("content-language", value)], ("fr", "en")) in ("fr", "en")
