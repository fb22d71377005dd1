"""Sessions: twelve hours from the last use, gone when closed."""

from __future__ import annotations

import pytest

from router.core.model import HOUR, MINUTE, AgentId
from router.history.account_rows import Role
from router.history.accounts import Accounts
from router.history.database import Database
from router.history.sessions import LASTS, Sessions
from router.runtime.clock import VirtualClock


@pytest.fixture
async def sessions(accounts: Accounts, database: Database, clock: VirtualClock) -> Sessions:
    await accounts.create("ann", Role.AGENT, agent_id=AgentId("ann"), by="admin")
    return Sessions(database, clock)


async def test_a_session_in_use_slides_and_an_idle_one_ends(
    sessions: Sessions, clock: VirtualClock
) -> None:
    token = await sessions.open("ann")
    for _ in range(3):
        await clock.advance_to(clock.now() + LASTS - HOUR)
        assert await sessions.find(token) is not None
    await clock.advance_to(clock.now() + LASTS)
    assert await sessions.find(token) is None


async def test_a_use_within_a_minute_writes_nothing(
    sessions: Sessions, clock: VirtualClock
) -> None:
    token = await sessions.open("ann")
    await clock.advance_to(clock.now() + MINUTE - 1)
    assert await sessions.find(token) is not None
    await clock.advance_to(clock.now() + LASTS - MINUTE + 1)
    assert await sessions.find(token) is None


async def test_closing_ends_one_session_or_all(sessions: Sessions) -> None:
    one, two, three = [await sessions.open("ann") for _ in range(3)]
    await sessions.close(one)
    await sessions.close(one)
    assert await sessions.find(one) is None
    assert await sessions.find(two) is not None
    await sessions.close_all("Ann")
    assert await sessions.find(two) is None
    assert await sessions.find(three) is None


@pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "x" * 1_000_000])
async def test_a_made_up_token_is_nobodys(sessions: Sessions, token: str) -> None:
    await sessions.open("ann")
    assert await sessions.find(token) is None
