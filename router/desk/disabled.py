"""Closes desks whose accounts were disabled where no desk could be told: by a command, say."""

from __future__ import annotations

from typing import Any

from router.core.model import SECOND, Span
from router.desk.hub import Hub
from router.desk.surroundings import Accounts


class Disabled:
    """A `Duty`: looks at the accounts every ten seconds."""

    name = "disabled-accounts"
    period: Span = 10 * SECOND

    def __init__(self, accounts: Accounts[Any], hub: Hub) -> None:
        self._accounts = accounts
        self._hub = hub

    async def __call__(self) -> None:
        """Look once. Errors: `StorageFailed`; the next look makes up for it."""
        everybody = await self._accounts.everybody()
        enabled = {one.agent_id for one in everybody if not one.is_disabled}
        for account in everybody:
            if account.is_disabled and account.agent_id and account.agent_id not in enabled:
                self._hub.end_desks(account.agent_id, "")
