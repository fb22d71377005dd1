"""Who may sign in, as what: local accounts with argon2 passwords, lock-out, roles, audit.

In use (all methods are coroutines and may raise `StorageFailed`)::

    accounts = Accounts(database, clock, Passwords())
    one_time = await accounts.first_administrator()  # at start: None, or print it once
    one_time = await accounts.create("ann", Role.AGENT, agent_id="ann", by="admin")
    account = await accounts.verify("ann", typed)  # None: wrong, unknown or locked
    await accounts.change_password("ann", old, new)
    one_time = await accounts.reset_password("ann", by="admin")
    await accounts.set_role("ann", Role.SUPERVISOR, agent_id="ann", by="admin")
    await accounts.disable("ann", by="admin")  # and enable; disabled accounts sign in nowhere
    await accounts.remove("ann", by="admin")
    people = await accounts.everybody()
    await accounts.create_practice({"ann": "ann"}, password)  # only names not taken yet

Sessions are `router.history.sessions.Sessions`, who comes from the sign-in provider is found by
`router.history.provider_names.ProviderNames`, the trail is `router.history.audit.Audit`. An
account with `must_change` may do nothing but change its password: the desk sees to that. Passwords
are returned to the caller once, never logged, never stored in the clear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, delete, func, select

from router.core.model import MINUTE, AgentId, Instant, Span
from router.errors import NotAllowed
from router.history import passwords
from router.history.account_rows import (
    Account,
    Role,
    account_name,
    account_of,
    end_sessions,
    existing,
    find,
    give_provider_name,
    insert_row,
    keep_an_administrator,
    set_values,
)
from router.history.audit import note
from router.history.database import Database
from router.history.passwords import Passwords
from router.history.tables import accounts as t
from router.ports import Clock

FAILURES_MAX: Final = 10  # in a row
LOCKED_FOR: Final[Span] = 15 * MINUTE
FIRST_NAME: Final = "admin"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


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
            insert_row(connection, FIRST_NAME, kept, Role.ADMINISTRATOR, None, True, now)
            note(connection, now, "townline", "account-created", FIRST_NAME)
            return True

        return password if await self._database.write(create) else None

    async def create(
        self,
        name: str,
        role: Role,
        *,
        agent_id: AgentId | None = None,
        provider_name: str = "",
        by: str,
    ) -> str:
        """Create an account; return its one-time password.

        Shape: with a provider name the person signs in at the provider and has no password: "".
        Errors: `NotAllowed` when the name is taken or cannot be one, an agent has no agent id, or
            somebody else has the provider name.
        """
        name = _checked_name(name)
        _check_role(role, agent_id)
        password = "" if provider_name else passwords.one_time()
        kept = await self._hashing.hash(password) if password else ""
        now = self._clock.now()

        def create(connection: Connection) -> None:
            if find(connection, name) is not None:
                raise NotAllowed(f"account {name!r} exists already: choose another name")
            insert_row(connection, name, kept, role, agent_id, bool(password), now)
            if provider_name:
                give_provider_name(connection, name, provider_name)
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
                insert_row(connection, name, kept, Role.AGENT, new[name], False, now)
                note(connection, now, "townline", "account-created", f"{name} (practice)")
            return created

        return await self._database.write(create)

    async def verify(self, name: str, password: str) -> Account | None:
        """Return the account whose name and password these are.

        Shape: None when the name is unknown, the password wrong, or the account locked, disabled
            or without a password; which of them is told to nobody but the audit trail, and takes
            the same time.
        Errors: `Overloaded` when too many sign-ins are being checked.
        """
        name = account_name(name)
        found = await self._database.read(lambda connection: find(connection, name))
        right = await self._hashing.matches("" if found is None else found.password, password)
        if found is None:
            return None
        rehashed = None
        if right and self._hashing.is_outdated(found.password):
            rehashed = await self._hashing.hash(password)
        now = self._clock.now()

        def settle(connection: Connection) -> Account | None:
            row = find(connection, name)
            if row is None or row.password != found.password:
                return None  # removed or changed meanwhile
            if row.disabled_at is not None or not row.password:
                return None
            if row.locked_until is not None and now < row.locked_until:
                return None
            if right:
                kept = rehashed or row.password
                set_values(connection, name, failures=0, locked_until=None, password=kept)
                return account_of(existing(connection, name))
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
            row = existing(connection, name)
            if role is not Role.ADMINISTRATOR:
                keep_an_administrator(connection, row)
            set_values(connection, name, role=role.value, agent_id=agent_id or "")
            note(connection, now, by, "role-set", f"{name} ({role})")
            return account_of(existing(connection, name))

        return await self._database.write(change)

    async def disable(self, name: str, *, by: str) -> Account:
        """Let nobody sign in with the account and end its sessions. Errors: as in `set_role`."""
        name = account_name(name)
        now = self._clock.now()

        def change(connection: Connection) -> Account:
            row = existing(connection, name)
            if row.disabled_at is None:
                keep_an_administrator(connection, row)
                set_values(connection, name, disabled_at=now)
                note(connection, now, by, "account-disabled", name)
            end_sessions(connection, name)
            return account_of(existing(connection, name))

        return await self._database.write(change)

    async def enable(self, name: str, *, by: str) -> Account:
        """Let the account be used again; it is as it was. Errors: `NotAllowed`: no such account."""
        name = account_name(name)
        now = self._clock.now()

        def change(connection: Connection) -> Account:
            if existing(connection, name).disabled_at is not None:
                set_values(connection, name, disabled_at=None, failures=0, locked_until=None)
                note(connection, now, by, "account-enabled", name)
            return account_of(existing(connection, name))

        return await self._database.write(change)

    async def remove(self, name: str, *, by: str) -> None:
        """Remove the account and its sessions. Errors: `NotAllowed`, as in `set_role`."""
        name = account_name(name)
        now = self._clock.now()

        def change(connection: Connection) -> None:
            keep_an_administrator(connection, existing(connection, name))
            end_sessions(connection, name)
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
            existing(connection, name)
            end_sessions(connection, name)
            set_values(
                connection,
                name,
                password=kept,
                must_change=must_change,
                failures=0,
                locked_until=None,
            )
            note(connection, now, by, "password-reset" if must_change else "password-changed", name)
            return account_of(existing(connection, name))

        return await self._database.write(change)


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


def _count_failure(connection: Connection, name: str, failures: int, now: Instant) -> None:
    if failures < FAILURES_MAX:
        set_values(connection, name, failures=failures)
        return
    set_values(connection, name, failures=0, locked_until=now + LOCKED_FOR)
    note(connection, now, name, "account-locked", f"{FAILURES_MAX} wrong passwords in a row")
