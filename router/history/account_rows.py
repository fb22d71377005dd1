"""What an account is, and its row in the database: found, added, changed within a transaction."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from router.core.model import AgentId, Instant
from router.errors import NotAllowed
from router.history.tables import NAME, sessions
from router.history.tables import accounts as t


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
    is_disabled: bool = False
    has_password: bool = True  # otherwise the person signs in at the provider only
    provider_name: str = ""  # what the sign-in provider calls this person; "" = nobody there


def account_name(typed: str) -> str:
    """Return the name as it is kept: case and outer spaces do not matter."""
    return typed.strip().casefold()


def find(connection: Connection, name: str) -> Row[Any] | None:
    """Return the account's row; None when there is none."""
    return connection.execute(select(t).where(t.c.name == name)).one_or_none()


def existing(connection: Connection, name: str) -> Row[Any]:
    """Return the account's row. Errors: `NotAllowed` when there is no such account."""
    row = find(connection, name)
    if row is None:
        raise NotAllowed(f"there is no account {name!r}: see the list of accounts")
    return row


def insert_row(
    connection: Connection,
    name: str,
    kept: str,
    role: Role,
    agent_id: AgentId | None,
    must_change: bool,
    now: Instant,
) -> None:
    """Add an account; `kept` is the hash of its password, "" for none."""
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


def end_sessions(connection: Connection, name: str) -> None:
    """End all sessions of the account."""
    connection.execute(delete(sessions).where(sessions.c.account == name))


def set_values(connection: Connection, name: str, **values: str | int | bool | None) -> None:
    """Change columns of the account."""
    connection.execute(update(t).where(t.c.name == name).values(**values))


def keep_an_administrator(connection: Connection, row: Row[Any]) -> None:
    """Errors: `NotAllowed` when nobody could administer the town without this account."""
    if row.role != Role.ADMINISTRATOR or row.disabled_at is not None:
        return
    others = select(func.count()).where(
        t.c.role == Role.ADMINISTRATOR.value, t.c.disabled_at.is_(None), t.c.name != row.name
    )
    if connection.execute(others).scalar_one() == 0:
        raise NotAllowed(f"{row.name!r} is the only administrator: make another one first")


def give_provider_name(connection: Connection, name: str, provider_name: str) -> None:
    """Say what the sign-in provider calls this person; "" = nobody there.

    Errors: `NotAllowed` when it cannot be one, or stands with another account.
    """
    if len(provider_name) > NAME or provider_name != provider_name.strip():
        raise NotAllowed(f"a name at the provider has at most {NAME} letters, no space around it")
    other = select(t.c.name).where(t.c.provider_name == provider_name, t.c.name != name)
    taken = connection.execute(other).scalars().first() if provider_name else None
    if taken is not None:
        raise NotAllowed(f"{provider_name!r} is account {taken!r} already: remove it there first")
    set_values(connection, name, provider_name=provider_name)


def account_of(row: Row[Any]) -> Account:
    """Return the account that a row of the table describes."""
    return Account(
        name=row.name,
        role=Role(row.role),
        agent_id=AgentId(row.agent_id) if row.agent_id else None,
        must_change=row.must_change,
        locked_until=row.locked_until,
        is_disabled=row.disabled_at is not None,
        has_password=bool(row.password),
        provider_name=row.provider_name,
    )
