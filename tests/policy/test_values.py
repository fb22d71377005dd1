"""How single values are read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from router.core.hours import Range
from router.core.model import DAY, HOUR, MINUTE, SECOND
from router.core.policy_service_level import FirstResponse
from router.policy.clock_times import read_ranges, read_weekdays, written
from router.policy.spans import read_first_response
from router.policy.telephones import read_called, read_line, read_number, read_prefix, shown
from router.policy.values import read_requirement


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("08:00-18:00", (Range(480, 1080),)),
        ("00:00-24:00", (Range(0, 1440),)),
        ("22:00-02:00", (Range(1320, 1560),)),
        ("13:00 - 17:00, 08:00-12:00", (Range(480, 720), Range(780, 1020))),
        ("08:00-12:00,12:00-13:00", (Range(480, 720), Range(720, 780))),
        ("closed", ()),
    ],
)
def test_times_of_day(text: str, ranges: tuple[Range, ...]) -> None:
    assert read_ranges(text) == ranges


@given(st.integers(0, 1439), st.integers(1, 1440))
def test_a_written_range_reads_back(start: int, end: int) -> None:
    if start < end:
        assert read_ranges(written(Range(start, end))) == (Range(start, end),)


def test_weekdays() -> None:
    assert read_weekdays("mon-fri") == (0, 1, 2, 3, 4)
    assert read_weekdays("sat, sun") == (5, 6)
    assert read_weekdays("daily") == tuple(range(7))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 business days", FirstResponse("2 business days", 0, 2, True)),
        ("1 business day", FirstResponse("1 business day", 0, 1, True)),
        ("same  business day", FirstResponse("same business day", 0, 0, True, same_day=True)),
        ("4 business hours", FirstResponse("4 business hours", 4 * HOUR, 0, True)),
        ("90 s", FirstResponse("90 s", 90 * SECOND, 0, False)),
        ("30 minutes", FirstResponse("30 minutes", 30 * MINUTE, 0, False)),
        ("3 days", FirstResponse("3 days", 3 * DAY, 0, False)),
    ],
)
def test_first_response(text: str, expected: FirstResponse) -> None:
    assert read_first_response(text) == expected


def test_numbers_are_brought_into_one_form() -> None:
    for text in ("+1 905 555 0100", "(905) 555-0100", "905.555.0100", "1-905-555-0100"):
        assert read_number(text) == "+19055550100"
    assert read_called("any_other") == "*"
    assert read_prefix("+1 905") == "+1905"
    assert read_line("sip:roads@pbx.example.org") == "sip:roads@pbx.example.org"
    assert shown("+19055550100") == "+1 905-555-0100"
    assert shown("client:lin") == "client:lin"


def test_requirements_are_brought_into_one_form() -> None:
    assert read_requirement("roads>=3 and  $language") == "$language and roads >= 3"


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_ranges, "8:00-18:00"),
        (read_ranges, "24:00-02:00"),
        (read_ranges, "08:60-09:00"),
        (read_ranges, ""),
        (read_weekdays, "fri-mon"),
        (read_weekdays, "mon, mon"),
        (read_first_response, "0 days"),
        (read_first_response, "2 business weeks"),
        (read_first_response, "two days"),
        (read_first_response, "1 business year"),
        (read_number, "911"),
        (read_number, "1-800-FLOWERS"),
        (read_line, "sip:nobody"),
        (read_line, "client:"),
        (read_prefix, "905"),
        (read_prefix, "sip:"),
        (read_requirement, ""),
    ],
)
def test_what_is_no_value_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(PydanticCustomError):
        read(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_ranges, read_weekdays, read_first_response, read_line, read_prefix):
        with suppress(PydanticCustomError):
            read(text)
