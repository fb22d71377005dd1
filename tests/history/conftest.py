"""A history on a file of its own, a clock that stands still, cheap password hashes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from router.history.accounts import Accounts
from router.history.database import Database, default_url
from router.history.passwords import Passwords
from router.runtime.clock import VirtualClock
from tests.history.written_past import Past

START = 1_795_000_000_000_000_000  # November 18, 2026


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(default_url(tmp_path))
    yield database
    await database.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def hashing() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))


@pytest.fixture
def accounts(database: Database, clock: VirtualClock, hashing: Passwords) -> Accounts:
    return Accounts(database, clock, hashing)


@pytest.fixture
def past(database: Database, clock: VirtualClock, tmp_path: Path) -> Past:
    return Past(database, clock, tmp_path)
