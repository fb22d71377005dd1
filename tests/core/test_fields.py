"""Fields in texts of the policy: filled once; those about which nothing is known leave no trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.fields import filled

WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thank you, {name},", "Thank you,"),
        ("Thank you, {name}.", "Thank you."),
        ("Hello {name},\nwe have it.", "Hello,\nwe have it."),
        ("{name}, we have it.", "we have it."),
        ("Bonjour {name} !", "Bonjour !"),
        ("Written by {name} today", "Written by today"),
        ("Reference ({name}) follows", "Reference follows"),
        ("{name}\nTown Hall", "Town Hall"),
        ("Town Hall\n  {name}", "Town Hall\n"),
        ("Dear {name} {name}:", "Dear:"),
        ("a\n\n{name}\n\nb", "a\n\n\nb"),
        ("{name}", ""),
        ("A, , B {name}", "A, , B"),
    ],
)
def test_an_empty_field_leaves_no_trace(text: str, expected: str) -> None:
    assert filled(text, {"name": ""}) == expected


def test_known_fields_are_filled_and_unknown_ones_stay() -> None:
    assert filled("{name}, {other} {", {"name": "Ann"}) == "Ann, {other} {"


def test_what_is_filled_in_is_not_read_again() -> None:
    assert filled("{a} {b}", {"a": "{b}", "b": "x"}) == "{b} x"


@given(text=WORDS, value=WORDS.filter(bool))
def test_only_the_text_around_empty_fields_is_touched(text: str, value: str) -> None:
    """Whatever else stands in a text stays, to the letter."""
    assert filled(f"{text}|{{name}}|", {"name": value}).endswith(f"|{value}|")
    assert filled(text.replace("{", ""), {"name": ""}) == text.replace("{", "")
