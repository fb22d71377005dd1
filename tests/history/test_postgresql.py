"""History on PostgreSQL: what it does otherwise than SQLite makes no difference."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlalchemy import Connection, func, select, text

from router.errors import StorageFailed
from router.history import postgresql
from router.history.account_rows import Role
from router.history.accounts import Accounts
from router.history.audit import Audit
from router.history.database import Database
from router.history.passwords import Passwords
from router.history.tables import accounts, drafts
from router.runtime.clock import VirtualClock
from tests.fakes.postgres_server import PostgresServer

from .conftest import START, on_postgresql


def number_of_accounts(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(accounts)).scalar_one()


def put_draft(connection: Connection, body: str) -> None:
    values = {"item": "A", "agent": "ann", "body": body, "stored_at": START}
    connection.execute(drafts.insert().values(values))


async def test_two_daemons_that_start_at_once_make_the_tables_once(
    postgres: PostgresServer,
) -> None:
    url = postgres.url()
    daemons = [Database(url) for _ in range(4)]
    await asyncio.gather(*(daemon.open() for daemon in daemons))
    assert await daemons[0].read(number_of_accounts) == 0
    for daemon in daemons:
        await daemon.close()


async def test_two_daemons_that_start_at_once_make_one_first_administrator(
    postgres: PostgresServer, hashing: Passwords
) -> None:
    url = postgres.url(template="made")
    daemons = [Database(url) for _ in range(4)]
    people = [Accounts(daemon, VirtualClock(START), hashing) for daemon in daemons]
    made = await asyncio.gather(*(each.first_administrator() for each in people))
    assert sum(password is not None for password in made) == 1
    for daemon in daemons:
        await daemon.close()


@on_postgresql
async def test_two_administrators_who_remove_each_other_leave_one(
    accounts: Accounts, database: Database, url: str, hashing: Passwords
) -> None:
    """Each of the two looks first whether the other is there, and must wait for it."""
    other = Database(url)
    theirs = Accounts(other, VirtualClock(START), hashing)
    for name in ("ann", "bob"):
        await accounts.create(name, Role.ADMINISTRATOR, by="operator")
    ends = await asyncio.gather(
        accounts.remove("ann", by="bob"), theirs.remove("bob", by="ann"), return_exceptions=True
    )
    assert sum(isinstance(end, Exception) for end in ends) == 1
    assert await database.read(number_of_accounts) == 1
    await other.close()


@on_postgresql
async def test_who_waits_too_long_for_another_writer_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorter = str(postgresql._BEGIN).replace(str(postgresql.WAITS_MS), "20")
    monkeypatch.setattr(postgresql, "_BEGIN", text(shorter))
    begun, over = threading.Event(), threading.Event()

    def long(connection: Connection) -> None:
        begun.set()
        over.wait(60)

    writing = asyncio.ensure_future(database.write(long))
    await asyncio.to_thread(begun.wait)
    with pytest.raises(StorageFailed, match="lock timeout"):
        await database.write(number_of_accounts)
    assert await database.read(number_of_accounts) == 0  # who only reads waits for nobody
    over.set()
    await writing


@on_postgresql
async def test_a_read_sees_one_moment(database: Database) -> None:
    begun, over = threading.Event(), threading.Event()

    def twice(connection: Connection) -> tuple[int, int]:
        before = number_of_accounts(connection)
        begun.set()
        over.wait(60)
        return before, number_of_accounts(connection)

    reading = asyncio.ensure_future(database.read(twice))
    await asyncio.to_thread(begun.wait)
    row = {"password": "", "role": "agent", "agent_id": "ann", "must_change": False}
    row |= {"name": "ann", "failures": 0, "created_at": START}
    await database.write(lambda c: c.execute(accounts.insert().values(row)).rowcount)
    over.set()
    assert await reading == (0, 0)
    assert await database.read(number_of_accounts) == 1


@on_postgresql
async def test_a_text_may_hold_nul_and_be_of_any_length(database: Database) -> None:
    longest = "x" * 100_000

    def put(connection: Connection) -> None:
        put_draft(connection, f"a\0b{longest}")
        values = {"item": longest[:1000], "agent": "bob", "body": "", "stored_at": START}
        connection.execute(drafts.insert(), [values, values | {"agent": "c\0d"}])

    await database.write(put)
    rows = await database.read(lambda c: c.execute(select(drafts).order_by(drafts.c.agent)).all())
    assert [row.agent for row in rows] == ["ann", "bob", "c\ufffdd"]
    assert rows[0].body == f"a\ufffdb{longest}"
    assert rows[1].item == longest[:1000]


@on_postgresql
async def test_a_name_with_nul_is_nobodys(accounts: Accounts) -> None:
    await accounts.create("ann", Role.ADMINISTRATOR, by="operator")
    assert await accounts.verify("ann\0", "whatever it is") is None


@on_postgresql
async def test_the_trail_is_told_newest_first_and_by_exact_beginning(database: Database) -> None:
    """A percent sign and an underscore are letters, whatever LIKE makes of them."""
    trail = Audit(database, VirtualClock(START))
    for target in ("A_1", "AB1", "A_2 x", "a_1", "%"):
        await trail.note("ann", "item-read", target)
    assert [entry.target for entry in await trail.find(target="A_")] == ["A_2 x", "A_1"]
    assert [entry.target for entry in await trail.find(target="%")] == ["%"]


async def test_a_database_that_cannot_hold_every_letter_is_refused(
    postgres: PostgresServer,
) -> None:
    postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' "
                 "TEMPLATE template0")  # fmt: skip
    database = Database(postgres.url_of("latin"))
    with pytest.raises(StorageFailed, match="ENCODING 'UTF8'"):
        await database.open()
    await database.close()


async def test_a_server_that_is_not_there_is_told_without_its_password() -> None:
    database = Database("postgresql://town:secret-word@127.0.0.1:1/town")
    with pytest.raises(StorageFailed, match=r"town:\*\*\*@127.0.0.1:1") as caught:
        await database.open()
    assert "secret-word" not in str(caught.value)
    await database.close()


def test_the_url_goes_before_our_own_limits() -> None:
    from sqlalchemy import make_url

    url = make_url("postgresql://town@db.example.org/town?connect_timeout=60")
    assert postgresql.connection_options(url) == {"tcp_user_timeout": 10_000}
