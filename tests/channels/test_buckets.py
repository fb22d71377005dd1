"""The buckets: so many in a span, refilled evenly, never more of them than memory allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.buckets import Buckets
from channels.sameness import network_key
from router.core.model import HOUR, MINUTE, SECOND
from router.runtime.clock import VirtualClock


async def test_tokens_come_back_evenly() -> None:
    clock = VirtualClock(0)
    buckets = Buckets(clock, 100)
    assert [buckets.wait_s("a", 2, HOUR) for _ in range(3)] == [0, 0, 1800]
    assert [buckets.wait_s("b", 3, MINUTE) for _ in range(4)] == [0, 0, 0, 20]
    await clock.advance_to(1799 * SECOND)
    assert buckets.wait_s("a", 2, HOUR) == 1
    await clock.advance_to(1800 * SECOND)
    assert [buckets.wait_s("a", 2, HOUR) for _ in range(2)] == [0, 1800]
    await clock.advance_to(100 * HOUR)
    assert [buckets.wait_s("a", 2, HOUR) for _ in range(3)] == [0, 0, 1800]


@given(
    most=st.integers(1, 50),
    steps=st.lists(st.integers(0, 2 * HOUR), max_size=60),
)
async def test_no_hour_has_more_than_twice_the_bucket(most: int, steps: list[int]) -> None:
    clock = VirtualClock(0)
    buckets = Buckets(clock, 100)
    taken: list[int] = []
    for step in steps:
        await clock.advance_to(clock.now() + step)
        wait_s = buckets.wait_s("a", most, HOUR)
        assert wait_s >= 0
        if not wait_s:
            taken.append(clock.now())
    for first in taken:
        assert sum(first <= each < first + HOUR for each in taken) <= 2 * most


def test_the_names_that_were_idle_the_longest_are_forgotten() -> None:
    buckets = Buckets(VirtualClock(0), 2)
    for name in "abc":
        assert buckets.wait_s(name, 1, HOUR) == 0
    assert buckets.wait_s("c", 1, HOUR) > 0
    assert buckets.wait_s("a", 1, HOUR) == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("", "unix", False),
    ],
)
def test_a_household_is_one_sender(one: str, other: str, same: bool) -> None:
    assert (network_key(b"s", one) == network_key(b"s", other)) is same
    assert not one or one not in network_key(b"s", one)
