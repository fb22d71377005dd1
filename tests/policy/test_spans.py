"""How spans and sizes are written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from router.core.model import DAY, HOUR, MINUTE, SECOND
from router.policy.spans import read_size, read_span, read_span_or_never, written_span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30 s", 30 * SECOND),
        ("30s", 30 * SECOND),
        ("90 seconds", 90 * SECOND),
        ("5 min", 5 * MINUTE),
        ("5 minutes", 5 * MINUTE),
        ("4 h", 4 * HOUR),
        ("1 hour", HOUR),
        ("14 d", 14 * DAY),
        ("14 Days", 14 * DAY),
        ("2 years", 730 * DAY),
    ],
)
def test_spans(text: str, span: int) -> None:
    assert read_span(text) == span
    assert read_span_or_never(text) == span


def test_never_is_no_span() -> None:
    assert read_span_or_never("never") == 0


def test_sizes_are_thousands() -> None:
    assert [read_size(each) for each in ("1 kB", "500 KB", "10MB", "100 MB")] == [
        1_000,
        500_000,
        10_000_000,
        100_000_000,
    ]


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_span, "0 s"),
        (read_span, "never"),
        (read_span, "30"),
        (read_span, "1.5 h"),
        (read_span, "-5 min"),
        (read_span, "2 business days"),
        (read_span, "2 weeks"),
        (read_span, "201 years"),
        (read_span, ""),
        (read_span_or_never, "0 s"),
        (read_span_or_never, "Never"),
        (read_size, "0 MB"),
        (read_size, "10"),
        (read_size, "101 MB"),
        (read_size, "10 mb"),
    ],
)
def test_what_is_refused(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(PydanticCustomError, match=r"write for example|no unit is called|longer"):
        read(text)


@given(st.integers(1, 73_000), st.sampled_from([SECOND, MINUTE, HOUR, DAY]))
def test_a_written_span_reads_back(amount: int, unit: int) -> None:
    assert read_span(written_span(amount * unit)) == amount * unit
