"""Who may sign in, as what: local accounts with argon2 passwords, lock-out, roles, audit.

In use (all methods are coroutines and may raise `StorageFailed`)::

    accounts = Accounts(database, clock, Passwords())
    one_time = await accounts.first_administrator()  # at start: None, or print it once
    one_time = await accounts.create("ann", Role.AGENT, agent_id="ann", by="admin")
    account = await accounts.verify("ann", typed)  # None: wrong, unknown or locked
    await accounts.change_password("ann", old, new)
    one_time = await accounts.reset_password("ann", by="admin")
    await accounts.set_role("ann", Role.SUPERVISOR, agent_id="ann", by="admin")
    await accounts.remove("ann", by="admin")
    people = await accounts.everybody()
    await accounts.create_practice({"ann": "ann"}, password)  # only names not taken yet

Sessions are `router.history.sessions.Sessions`, the trail is `router.history.audit.Audit`. An
account with `must_change` may do nothing but change its password: the desk sees to that. Passwords
are returned to the caller once, never logged, never stored in the clear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from router.core.model import MINUTE, AgentId, Instant, Span
from router.errors import NotAllowed
from router.history import passwords
from router.history.audit import note
from router.history.database import Database
from router.history.passwords import Passwords
from router.history.tables import accounts as t
from router.history.tables import sessions
from router.ports import Clock

FAILURES_MAX: Final = 10  # in a row
LOCKED_FOR: Final[Span] = 15 * MINUTE
FIRST_NAME: Final = "admin"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class Role(StrEnum):
    """What an account may do; each includes nothing of the others by itself."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


class Account(msgspec.Struct, frozen=True):
    """A person who may sign in."""

    name: str
    role: Role
    agent_id: AgentId | None  # the agent of skills.yaml who this person is; None: takes no items
    must_change: bool  # the password was given by somebody else
    locked_until: Instant | None


class Accounts:
    """See the module's text."""

    def __init__(self, database: Database, clock: Clock, hashing: Passwords) -> None:
        self._database = database
        self._clock = clock
        self._hashing = hashing

    async def first_administrator(self) -> str | None:
        """Create account `admin` when there is no account at all.

        Shape: the one-time password, to be printed once; None when there are accounts already.
        """
        if await self._database.read(_count):
            return None
        password = passwords.one_time()
        kept = await self._hashing.hash(password)
        now = self._clock.now()

        def create(connection: Connection) -> bool:
            if _count(connection):
                return False
            _insert(connection, FIRST_NAME, kept, Role.ADMINISTRATOR, None, True, now)
            note(connection, now, "townline", "account-created", FIRST_NAME)
            return True

        return password if await self._database.write(create) else None

    async def create(
        self, name: str, role: Role, *, agent_id: AgentId | None = None, by: str
    ) -> str:
        """Create an account; return its one-time password.

        Errors: `NotAllowed` when the name is taken or cannot be one, or an agent has no agent id.
        """
        name = _checked_name(name)
        _check_role(role, agent_id)
        password = passwords.one_time()
        kept = await self._hashing.hash(password)
        now = self._clock.now()

        def create(connection: Connection) -> None:
            if _find(connection, name) is not None:
                raise NotAllowed(f"account {name!r} exists already: choose another name")
            _insert(connection, name, kept, role, agent_id, True, now)
            note(connection, now, by, "account-created", f"{name} ({role})")

        await self._database.write(create)
        return password

    async def create_practice(self, agents: Mapping[str, AgentId], password: str) -> list[str]:
        """Create an agent's account for each name that is not taken, all with this password.

        For practice on one's own machine only: the password need not be changed.
        Shape: name -> agent id; returns the names that were created.
        """
        kept = await self._hashing.hash(password)
        now = self._clock.now()

        def create(connection: Connection) -> list[str]:
            taken = set(connection.execute(select(t.c.name)).scalars())
            new = {account_name(name): agent for name, agent in agents.items()}
            created = [name for name in new if name not in taken]
            for name in created:
                _insert(connection, name, kept, Role.AGENT, new[name], False, now)
                note(connection, now, "townline", "account-created", f"{name} (practice)")
            return created

        return await self._database.write(create)

    async def verify(self, name: str, password: str) -> Account | None:
        """Return the account whose name and password these are.

        Shape: None when the name is unknown, the password wrong or the account locked; which of
            them is told to nobody but the audit trail, and takes the same time.
        Errors: `Overloaded` when too many sign-ins are being checked.
        """
        name = account_name(name)
        found = await self._database.read(lambda connection: _find(connection, name))
        right = await self._hashing.matches("" if found is None else found.password, password)
        if found is None:
            return None
        rehashed = None
        if right and self._hashing.is_outdated(found.password):
            rehashed = await self._hashing.hash(password)
        now = self._clock.now()

        def settle(connection: Connection) -> Account | None:
            row = _find(connection, name)
            if row is None or row.password != found.password:
                return None  # removed or changed meanwhile
            if row.locked_until is not None and now < row.locked_until:
                return None
            if right:
                kept = rehashed or row.password
                _set(connection, name, failures=0, locked_until=None, password=kept)
                return account_of(_existing(connection, name))
            _count_failure(connection, name, row.failures + 1, now)
            return None

        return await self._database.write(settle)

    async def change_password(self, name: str, old: str, new: str) -> Account:
        """Replace one's own password and end all sessions of the account.

        Errors: `NotAllowed` when the old one is wrong, or the new one is the old one or too weak.
        """
        name = account_name(name)
        passwords.check_new(new, name)
        if old == new:
            raise NotAllowed("the new password is the old one: choose another")
        if await self.verify(name, old) is None:
            raise NotAllowed("the present password is not right, or the account is locked")
        return await self._replace(name, new, must_change=False, by=name)

    async def reset_password(self, name: str, *, by: str) -> str:
        """Give a new one-time password, end all sessions and unlock; return the password.

        Errors: `NotAllowed` when there is no such account.
        """
        password = passwords.one_time()
        await self._replace(account_name(name), password, must_change=True, by=by)
        return password

    async def set_role(
        self, name: str, role: Role, *, agent_id: AgentId | None = None, by: str
    ) -> Account:
        """Change what the account may do; its sessions see it with their next request.

        Errors: `NotAllowed`: no such account, an agent without agent id, or the last administrator.
        """
        name = account_name(name)
        _check_role(role, agent_id)
        now = self._clock.now()

        def change(connection: Connection) -> Account:
            row = _existing(connection, name)
            if role is not Role.ADMINISTRATOR:
                _keep_an_administrator(connection, row)
            _set(connection, name, role=role.value, agent_id=agent_id or "")
            note(connection, now, by, "role-set", f"{name} ({role})")
            return account_of(_existing(connection, name))

        return await self._database.write(change)

    async def remove(self, name: str, *, by: str) -> None:
        """Remove the account and its sessions. Errors: `NotAllowed`, as in `set_role`."""
        name = account_name(name)
        now = self._clock.now()

        def change(connection: Connection) -> None:
            _keep_an_administrator(connection, _existing(connection, name))
            connection.execute(delete(sessions).where(sessions.c.account == name))
            connection.execute(delete(t).where(t.c.name == name))
            note(connection, now, by, "account-removed", name)

        await self._database.write(change)

    async def everybody(self) -> list[Account]:
        """Return all accounts by name."""
        return await self._database.read(
            lambda connection: [
                account_of(row) for row in connection.execute(select(t).order_by(t.c.name))
            ]
        )

    async def _replace(self, name: str, new: str, *, must_change: bool, by: str) -> Account:
        kept = await self._hashing.hash(new)
        now = self._clock.now()

        def change(connection: Connection) -> Account:
            _existing(connection, name)
            connection.execute(delete(sessions).where(sessions.c.account == name))
            _set(
                connection,
                name,
                password=kept,
                must_change=must_change,
                failures=0,
                locked_until=None,
            )
            note(connection, now, by, "password-reset" if must_change else "password-changed", name)
            return account_of(_existing(connection, name))

        return await self._database.write(change)


def account_name(typed: str) -> str:
    """Return the name as it is kept: case and outer spaces do not matter."""
    return typed.strip().casefold()


def _checked_name(typed: str) -> str:
    name = account_name(typed)
    if not _NAME.fullmatch(name):
        raise NotAllowed(
            f"{typed!r} cannot be an account's name: use 1 to 64 letters a-z, digits and . _ @ -"
        )
    return name


def _check_role(role: Role, agent_id: AgentId | None) -> None:
    if role is Role.AGENT and not agent_id:
        raise NotAllowed("an agent's account needs the agent's id in skills.yaml")


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(t)).scalar_one()


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(t).where(t.c.name == name)).one_or_none()


def _existing(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, name)
    if row is None:
        raise NotAllowed(f"there is no account {name!r}: see the list of accounts")
    return row


def _insert(
    connection: Connection,
    name: str,
    kept: str,
    role: Role,
    agent_id: AgentId | None,
    must_change: bool,
    now: Instant,
) -> None:
    connection.execute(
        insert(t).values(
            name=name,
            password=kept,
            role=role.value,
            agent_id=agent_id or "",
            must_change=must_change,
            failures=0,
            locked_until=None,
            created_at=now,
        )
    )


def _set(connection: Connection, name: str, **values: str | int | bool | None) -> None:
    connection.execute(update(t).where(t.c.name == name).values(**values))


def _count_failure(connection: Connection, name: str, failures: int, now: Instant) -> None:
    if failures < FAILURES_MAX:
        _set(connection, name, failures=failures)
        return
    _set(connection, name, failures=0, locked_until=now + LOCKED_FOR)
    note(connection, now, name, "account-locked", f"{FAILURES_MAX} wrong passwords in a row")


def _keep_an_administrator(connection: Connection, row: Row[Any]) -> None:
    """Errors: `NotAllowed` when nobody could administer the town without this account."""
    administrators = select(func.count()).where(t.c.role == Role.ADMINISTRATOR.value)
    if row.role == Role.ADMINISTRATOR and connection.execute(administrators).scalar_one() == 1:
        raise NotAllowed(f"{row.name!r} is the only administrator: make another one first")


def account_of(row: Row[Any]) -> Account:
    """Return the account that a row of the table describes."""
    return Account(
        name=row.name,
        role=Role(row.role),
        agent_id=AgentId(row.agent_id) if row.agent_id else None,
        must_change=row.must_change,
        locked_until=row.locked_until,
    )
