"""The accounts that a new installation begins with, made as soon as history can be reached."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import structlog

from router.core.model import SECOND, AgentId
from router.errors import StorageError
from router.ports import Clock, Inbox
from router.runtime import practice
from router.runtime.settings import Settings

TRY_HISTORY_EVERY: Final = 5 * SECOND

log = structlog.get_logger(__name__)


class Account(Protocol):
    """Who may sign in."""

    @property
    def name(self) -> str: ...


class Accounts(Protocol):
    """Where accounts are kept. Errors: `StorageError` while they cannot be reached."""

    async def first_administrator(self) -> str | None: ...
    async def everybody(self) -> Sequence[Account]: ...
    async def create_practice(
        self, agents: Mapping[str, AgentId], password: str
    ) -> Sequence[str]: ...


class FirstAccounts:
    """Makes what is missing; says one-time passwords to the person who started the daemon."""

    def __init__(
        self,
        settings: Settings,
        accounts: Accounts,
        inbox: Inbox,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._inbox = inbox
        self._clock = clock
        self._say = say

    async def make(self) -> None:
        """Try until history can be reached."""
        while True:
            try:
                password = await self._accounts.first_administrator()
                if password is not None:
                    self._say(f"first administrator: name admin, one-time password {password}")
                await self._make_practice()
            except StorageError as error:
                log.warning("history_unreachable", code=error.code, why=str(error))
                await self._clock.sleep_until(self._clock.now() + TRY_HISTORY_EVERY)
            else:
                return

    async def _make_practice(self) -> None:
        if not self._settings.is_practice or not _is_loopback(self._settings.http.host):
            return
        policy = await self._inbox.read(lambda state: state.policy)
        have = {account.name for account in await self._accounts.everybody()}
        missing = {
            str(agent): agent for agent in policy.agents if str(agent).casefold() not in have
        }
        if missing:
            made = await self._accounts.create_practice(missing, practice.PASSWORD)
            names = ", ".join(sorted(made))
            self._say(f"practice accounts, password {practice.PASSWORD}: {names}")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
