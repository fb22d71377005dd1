"""Accounts: who signs in, who is locked out, and what a copy of the database gives away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from router.core.model import AgentId
from router.errors import NotAllowed, Overloaded
from router.history import passwords
from router.history.account_rows import Role
from router.history.accounts import FAILURES_MAX, LOCKED_FOR, Accounts
from router.history.audit import Audit
from router.history.database import Database
from router.history.passwords import Passwords
from router.history.sessions import Sessions
from router.history.tables import accounts as accounts_table
from router.runtime.clock import VirtualClock

from .conftest import on_sqlite

ANN = AgentId("ann")
GOOD = "correct horse battery"


async def test_the_first_start_gives_one_password_that_must_be_changed(accounts: Accounts) -> None:
    one_time = await accounts.first_administrator()
    assert one_time is not None
    assert len(one_time) == 23
    account = await accounts.verify("admin", one_time)
    assert account is not None
    assert (account.role, account.must_change, account.agent_id) == (
        Role.ADMINISTRATOR,
        True,
        None,
    )
    assert await accounts.first_administrator() is None


async def test_a_new_password_replaces_the_old_one_and_ends_the_sessions(
    accounts: Accounts, database: Database, clock: VirtualClock
) -> None:
    one_time = await accounts.create("Ann", Role.AGENT, agent_id=ANN, by="admin")
    sessions = Sessions(database, clock)
    token = await sessions.open("ann")
    changed = await accounts.change_password("ann", one_time, GOOD)
    assert changed.must_change is False
    assert await sessions.find(token) is None
    assert await accounts.verify("ann", one_time) is None
    assert await accounts.verify(" ANN ", GOOD) == changed


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("", GOOD, "present password"),
        (None, "short", "5 characters"),
        (None, "a" * 500, "500 characters"),
        (None, "ababababababab", "guessed"),
        (None, None, "old one"),
    ],
)
async def test_a_password_change_is_refused(
    accounts: Accounts, old: str | None, new: str | None, why: str
) -> None:
    one_time = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    with pytest.raises(NotAllowed, match=why):
        await accounts.change_password(
            "ann", one_time if old is None else old, one_time if new is None else new
        )
    assert await accounts.verify("ann", one_time) is not None


async def test_ten_wrong_passwords_lock_for_fifteen_minutes(
    accounts: Accounts, clock: VirtualClock, database: Database
) -> None:
    right = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    for _ in range(FAILURES_MAX - 1):
        assert await accounts.verify("ann", "wrong") is None
    assert await accounts.verify("ann", right) is not None  # the count starts again
    for _ in range(FAILURES_MAX):
        assert await accounts.verify("ann", "wrong") is None
    assert await accounts.verify("ann", right) is None
    await clock.advance_to(clock.now() + LOCKED_FOR - 1)
    assert await accounts.verify("ann", right) is None
    await clock.advance_to(clock.now() + 1)
    account = await accounts.verify("ann", right)
    assert account is not None
    assert account.locked_until is None
    trail = await Audit(database, clock).recent()
    assert [entry.what for entry in trail] == ["account-locked", "account-created"]


async def test_guesses_at_the_same_time_are_all_counted(accounts: Accounts) -> None:
    right = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    guesses = [accounts.verify("ann", "wrong") for _ in range(FAILURES_MAX)]
    assert await asyncio.gather(*guesses) == [None] * FAILURES_MAX
    assert await accounts.verify("ann", right) is None


async def test_a_password_that_is_replaced_while_it_is_checked_opens_nothing(
    accounts: Accounts, database: Database, clock: VirtualClock, hashing: Passwords
) -> None:
    old = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")

    class Slow(Passwords):
        async def matches(self, kept: str, password: str) -> bool:
            right = await hashing.matches(kept, password)
            await accounts.reset_password("ann", by="admin")
            return right

    assert await Accounts(database, clock, Slow()).verify("ann", old) is None


async def test_an_unknown_name_costs_a_hash_and_is_nobody(accounts: Accounts) -> None:
    assert await accounts.verify("nobody", "") is None
    assert await accounts.verify("no\x00body" * 1000, "x" * 100_000) is None


async def test_a_hash_made_with_other_parameters_is_renewed(
    accounts: Accounts, database: Database, clock: VirtualClock
) -> None:
    password = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    dearer = Passwords(PasswordHasher(time_cost=2, memory_cost=128, parallelism=1))
    assert await Accounts(database, clock, dearer).verify("ann", password) is not None
    kept = await database.read(
        lambda connection: connection.execute(select(accounts_table.c.password)).scalar_one()
    )
    assert "m=128,t=2" in kept
    assert await accounts.verify("ann", password) is not None


async def test_the_last_administrator_stays(accounts: Accounts) -> None:
    await accounts.first_administrator()
    with pytest.raises(NotAllowed, match="only administrator"):
        await accounts.remove("admin", by="admin")
    with pytest.raises(NotAllowed, match="only administrator"):
        await accounts.set_role("admin", Role.SUPERVISOR, by="admin")
    await accounts.create("root", Role.ADMINISTRATOR, by="admin")
    await accounts.remove("admin", by="root")
    assert [account.name for account in await accounts.everybody()] == ["root"]


async def test_a_role_change_is_seen_by_open_sessions(
    accounts: Accounts, database: Database, clock: VirtualClock
) -> None:
    await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    sessions = Sessions(database, clock)
    token = await sessions.open("ann")
    await accounts.set_role("ann", Role.SUPERVISOR, by="admin")
    account = await sessions.find(token)
    assert account is not None
    assert (account.role, account.agent_id) == (Role.SUPERVISOR, None)
    await accounts.remove("ann", by="admin")
    assert await sessions.find(token) is None


@pytest.mark.parametrize("name", ["", "a b", "-ann", "é", "a" * 65, "ann\n", "../x"])
async def test_a_name_that_cannot_be_one_is_refused(accounts: Accounts, name: str) -> None:
    if name == "ann\n":
        name = "ann\nbob"
    with pytest.raises(NotAllowed, match="account's name"):
        await accounts.create(name, Role.ADMINISTRATOR, by="admin")


async def test_what_cannot_be_created_is_refused(accounts: Accounts) -> None:
    await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    with pytest.raises(NotAllowed, match="exists already"):
        await accounts.create("ANN", Role.SUPERVISOR, by="admin")
    with pytest.raises(NotAllowed, match="agent's id"):
        await accounts.create("bob", Role.AGENT, by="admin")
    with pytest.raises(NotAllowed, match="no account"):
        await accounts.reset_password("bob", by="admin")


async def test_a_reset_unlocks_with_a_password_for_once(accounts: Accounts) -> None:
    await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    for _ in range(FAILURES_MAX):
        await accounts.verify("ann", "wrong")
    account = await accounts.verify("ann", await accounts.reset_password("ann", by="admin"))
    assert account is not None
    assert account.must_change is True


async def test_practice_accounts_leave_existing_ones_alone(accounts: Accounts) -> None:
    own = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    agents = {"ann": ANN, "Bob": AgentId("bob")}
    assert await accounts.create_practice(agents, "practice") == ["bob"]
    assert await accounts.create_practice(agents, "practice") == []
    bob = await accounts.verify("bob", "practice")
    assert bob is not None
    assert (bob.agent_id, bob.must_change) == ("bob", False)
    assert await accounts.verify("ann", own) is not None


@on_sqlite
async def test_the_file_tells_no_password_and_no_token(
    accounts: Accounts, database: Database, clock: VirtualClock, tmp_path: Path
) -> None:
    one_time = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    token = await Sessions(database, clock).open("ann")
    await database.close()
    stored = (tmp_path / "history.sqlite").read_bytes()  # closing has emptied the log into it
    assert one_time.encode() not in stored
    assert token.encode() not in stored
    assert (tmp_path / "history.sqlite").stat().st_mode & 0o077 == 0


async def test_more_sign_ins_than_can_be_checked_are_told_to_come_back(
    hashing: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "WAITING_MAX", 0)
    with pytest.raises(Overloaded):
        await hashing.matches("", "x")


def test_one_time_passwords_differ_and_are_strong_enough() -> None:
    assert len({passwords.one_time() for _ in range(100)}) == 100
    passwords.check_new(passwords.one_time(), "ann")
