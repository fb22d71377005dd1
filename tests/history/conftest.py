"""A history of its own on each database, a clock that stands still, cheap password hashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from router.history.accounts import Accounts
from router.history.database import Database, default_url
from router.history.passwords import Passwords
from router.runtime.clock import VirtualClock
from tests.fakes.mail_servers import missing
from tests.fakes.postgres_server import PROGRAMS, PostgresServer, postgres_server
from tests.history.written_past import Past

START = 1_795_000_000_000_000_000  # November 18, 2026

on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server whose database `made` has history's tables."""
    if PROGRAMS is None:
        pytest.skip(missing("pg_createcluster"))
    with postgres_server() as server:
        server.sql("CREATE DATABASE made")
        asyncio.run(_make(server.url_of("made")))
        yield server


async def _make(url: str) -> None:
    database = Database(url)
    await database.open()
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new history is kept."""
    if request.param == "sqlite":
        return default_url(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(template="made")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
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
