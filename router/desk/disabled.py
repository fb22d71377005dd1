"""Ends what accounts may no longer do, wherever they were changed: by a command, say.

Desks of agents close for whom no account is left, or none that is not disabled. A supervisor is
let out of a talk whose account was disabled, removed, given another role or another telephone:
their own telephone asks nobody for a session.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from router.core.commands_listening import StopListening
from router.core.model import SECOND, Span
from router.core.records_calls import Listener
from router.core.state import State
from router.desk.access import LEADERS
from router.desk.hub import Hub
from router.desk.surroundings import Account, Accounts
from router.errors import CommandRefused
from router.ports import Inbox

BY: Final = "townline"


class Disabled:
    """A `Duty`: looks at the accounts every ten seconds."""

    name = "disabled-accounts"
    period: Span = 10 * SECOND

    def __init__(self, accounts: Accounts[Any], hub: Hub, inbox: Inbox) -> None:
        self._accounts = accounts
        self._hub = hub
        self._inbox = inbox

    async def __call__(self) -> None:
        """Look once. Errors: `StorageFailed`; the next look makes up for it."""
        here = self._hub.agents()  # first, as those who listen: who comes later has an account
        listeners = await self._inbox.read(_listeners)
        known = {account.name: account for account in await self._accounts.everybody()}
        enabled = {account.agent_id for account in known.values() if not account.is_disabled}
        for agent in here - enabled:
            self._hub.end_desks(agent, "")
        for row in listeners:
            if not _may_listen(row, known):
                with suppress(CommandRefused):  # they have left meanwhile
                    await self._inbox.submit(StopListening(row.item, BY), _nothing)


def _may_listen(row: Listener, known: Mapping[str, Account]) -> bool:
    account = known.get(row.by)
    if account is None or account.is_disabled:
        return False
    return account.role in LEADERS and account.agent_id == row.agent


def _listeners(state: State) -> tuple[Listener, ...]:
    return tuple(state.listeners.values())


def _nothing(_: State) -> None:
    """The wallboard shows that nobody listens."""
