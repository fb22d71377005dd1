"""The buckets: so many an hour, refilled evenly, never more of them than memory allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sameness import network_key
from channels.webform import limiter
from channels.webform.limiter import SenderLimits
from router.core.model import HOUR, SECOND
from router.runtime.clock import VirtualClock


async def test_tokens_come_back_evenly() -> None:
    clock = VirtualClock(0)
    limits = SenderLimits(clock)
    assert [limits.take("a", "f", 2) for _ in range(3)] == [0, 0, 1800]
    assert limits.take("b", "f", 2) == 0
    assert limits.take("a", "g", 2) == 0
    await clock.advance_to(1799 * SECOND)
    assert limits.take("a", "f", 2) == 1
    await clock.advance_to(1800 * SECOND)
    assert [limits.take("a", "f", 2) for _ in range(2)] == [0, 1800]
    await clock.advance_to(100 * HOUR)
    assert [limits.take("a", "f", 2) for _ in range(3)] == [0, 0, 1800]


@given(
    most=st.integers(1, 50),
    steps=st.lists(st.integers(0, 2 * HOUR), max_size=60),
)
async def test_no_hour_has_more_than_twice_the_bucket(most: int, steps: list[int]) -> None:
    clock = VirtualClock(0)
    limits = SenderLimits(clock)
    taken: list[int] = []
    for step in steps:
        await clock.advance_to(clock.now() + step)
        wait_s = limits.take("a", "f", most)
        assert wait_s >= 0
        if not wait_s:
            taken.append(clock.now())
    for first in taken:
        assert sum(first <= each < first + HOUR for each in taken) <= 2 * most


def test_the_oldest_senders_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "BUCKETS_MAX", 2)
    limits = SenderLimits(VirtualClock(0))
    for sender in "abc":
        assert limits.take(sender, "f", 1) == 0
    assert limits.take("c", "f", 1) > 0
    assert limits.take("a", "f", 1) == 0


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
