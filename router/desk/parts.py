"""What the routes of `/api/v1` share: the surroundings, who is asking, and the trail of changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from router.desk.access import Access, SignInBrake
from router.desk.answers import Schemas
from router.desk.browsers import Browsers
from router.desk.hub import Hub
from router.desk.leases import Leases
from router.desk.lookup import WordLookup
from router.desk.surroundings import (
    About,
    Account,
    Accounts,
    Audit,
    Explain,
    MakeReports,
    Sessions,
)
from router.desk.writing import Desktop, Writing
from router.errors import StorageError
from router.ports import Clock, Ids, Inbox

_bearer = HTTPBearer(auto_error=False, description="the token of POST /api/v1/sessions")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Everything the routes need; `role_of` makes the accounts' own role from its name."""

    inbox: Inbox
    clock: Clock
    ids: Ids
    about: About
    explain: Explain
    accounts: Accounts[Any]
    role_of: Callable[[str], Any]
    sessions: Sessions
    audit: Audit
    access: Access
    browsers: Browsers
    brake: SignInBrake
    words: WordLookup
    reports: MakeReports
    hub: Hub
    leases: Leases
    schemas: Schemas
    writing: Writing
    desktop: Desktop

    def needs(self, roles: frozenset[str]) -> Callable[..., Awaitable[Account]]:
        """Return a dependency that gives the account, if its role is one of these."""

        async def check(token: str = Depends(self.token_of)) -> Account:
            return await self.access.permitted(token, roles)

        return check

    async def token_of(
        self,
        request: Request,
        given: HTTPAuthorizationCredentials | None = Depends(_bearer),
    ) -> str:
        """Return the token that came with the request, of a browser its cookie's; "" for none.

        Errors: `ForeignRequest`.
        """
        return given.credentials if given else self.browsers.token_of(request)

    async def note(self, who: Account, what: str, target: str) -> None:
        """Write a line into the trail about a change that has been made.

        The change stands even when the line cannot be written now: closing the town in an
        emergency must not wait for the database of reports.
        """
        try:
            await self.audit.note(who.name, what, target)
        except StorageError as error:
            log.exception(
                "audit_not_written", who=who.name, what=what, target=target, why=error.code
            )
