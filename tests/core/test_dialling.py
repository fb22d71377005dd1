"""Only what is opened may be rung."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.dialling import may_dial
from router.core.policy import Dialling

OPEN = Dialling(
    allowed=("+1905", "+1416", "sip:pbx.example.org", "client:"),
    refused=("+19055550199",),
    per_number_day_max=10,
    per_day_max=100,
    caller_number="+19055550100",
)
WIDE = Dialling(("+1", "+1900555"), (), 10, 100, "+19055550100")


@pytest.mark.parametrize(
    "number",
    [
        "+19055550101",
        "+14165550101",
        "sip:a@pbx.example.org",
        "sip:a@PBX.example.org:5060",
        "client:lin",
    ],
)
def test_what_is_opened_may_be_rung(number: str) -> None:
    assert may_dial(OPEN, number) == ""


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+16135550101", "is not opened; dialling.allowed would need +1613"),
        ("+442079460958", "is not opened"),
        ("+19055550199", "dialling.refused closes"),
        ("+19059760101", "is a premium number"),
        ("911", "is no number in full"),
        ("9055550101", "is no number in full"),
        ("+1905", "is no number in full"),
        ("+1905555010a", "is no number in full"),
        ("", "is no number in full"),
        ("client:", "is not opened"),
        ("sip:a@example.com", "dialling.allowed would need sip:example.com"),
        ("sip:a@pbx.example.org.example.com", "is not opened"),
        ("sip:pbx.example.org", "is no SIP address"),
    ],
)
def test_everything_else_stays_closed(number: str, why: str) -> None:
    assert why in may_dial(OPEN, number)


def test_premium_numbers_need_to_be_opened_by_name() -> None:
    assert may_dial(WIDE, "+19055550101") == ""
    assert "premium" in may_dial(WIDE, "+14169760101")
    assert "premium" in may_dial(Dialling(("+1",), (), 1, 1, ""), "+19005550101")
    assert may_dial(WIDE, "+19005550101") == ""


@given(st.text(max_size=20))
def test_any_text_is_answered_and_what_passes_is_opened(number: str) -> None:
    if not may_dial(OPEN, number):
        assert number.startswith(OPEN.allowed) or number.lower().startswith("sip:")
