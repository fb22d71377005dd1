"""Every number has one form; a withheld one has none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.voice.numbers import called_number, caller_number, typed_number


@pytest.mark.parametrize(
    "text",
    [
        "+19055550123",
        " +19055550123 ",
        "9055550123",
        "(905) 555-0123",
        "+1 905 555 0123",
        "1-905-555-0123",
    ],
)
def test_one_form(text: str) -> None:
    assert caller_number(text) == "+19055550123"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anonymous",
        "Anonymous",
        "+266696687",
        "+7378742833",
        "+2562533",
        "+8656696",
        "+86282452253",
        "sip:robin@pbx.example.org",
        "client:robin",
        "unknown",
        "Restricted",
        "+",
        "12",
        "+1",
        "+" + "9" * 60,
    ],
)
def test_withheld_and_nonsense_have_none(text: str) -> None:
    assert caller_number(text) == ""


def test_the_towns_number_may_be_something_else() -> None:
    assert called_number("+1 905 555 0100") == "+19055550100"
    assert called_number(" sip:town@example.org ") == "sip:town@example.org"


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("9055550123", "+19055550123"),
        ("19055550123", "+19055550123"),
        ("01133199000000", "+33199000000"),
        ("5550123", ""),
        ("905555012", ""),
        ("9055550123*", ""),
        ("", ""),
        ("0000000000", ""),
        ("1" * 40, ""),
    ],
)
def test_typed_numbers(digits: str, number: str) -> None:
    assert typed_number(digits) == number


@settings(deadline=None)
@given(st.text(max_size=30))
def test_whatever_comes_is_a_number_or_none(text: str) -> None:
    for found in (caller_number(text), typed_number(text)):
        assert found == "" or (found[0] == "+" and found[1:].isdigit())
        assert caller_number(found) == found
