"""So many mails an hour for each sender and mailbox, and no memory without end."""

from __future__ import annotations

import pytest

from channels.mail import budgets
from channels.mail.budgets import Budgets
from router.core.model import HOUR, SECOND
from router.runtime.clock import VirtualClock
from tests.core.town import OPEN


def test_one_too_many_is_spent_and_others_have_their_own() -> None:
    made = Budgets(VirtualClock(OPEN))
    assert [made.spent("info", "k", 2) for _ in range(3)] == [False, False, True]
    assert not made.spent("roads", "k", 2)
    assert not made.spent("info", "other", 2)


async def test_after_an_hour_there_is_room_again() -> None:
    clock = VirtualClock(OPEN)
    made = Budgets(clock)
    assert not made.spent("info", "k", 1)
    await clock.advance_to(OPEN + HOUR - SECOND)
    assert made.spent("info", "k", 1)
    await clock.advance_to(OPEN + 2 * HOUR - SECOND)
    assert not made.spent("info", "k", 1)


def test_of_very_many_senders_the_longest_silent_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budgets, "SENDERS_MAX", 2)
    made = Budgets(VirtualClock(OPEN))
    for name in ("a", "b", "a", "c"):
        made.spent("info", name, 9)
    assert made.spent("info", "a", 2)
    assert not made.spent("info", "b", 1)
