"""Who is asking, and may they: session tokens, roles, and a brake on guessing passwords.

A token comes in the Authorization header or in a desk's hello, never in a URL (URLs are logged).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from router.core.model import MINUTE, AgentId, Instant, Span
from router.desk.surroundings import Account, Sessions
from router.errors import CommandRefused
from router.ports import Clock

AGENT: Final = "agent"
SUPERVISOR: Final = "supervisor"
ADMINISTRATOR: Final = "administrator"
EVERYBODY: Final = frozenset({AGENT, SUPERVISOR, ADMINISTRATOR})
LEADERS: Final = frozenset({SUPERVISOR, ADMINISTRATOR})

TRIES_PER_NAME: Final = 10  # within TRIES_SPAN
TRIES_PER_ADDRESS: Final = 50  # an office behind one address signs in at eight o'clock
TRIES_SPAN: Final[Span] = 5 * MINUTE
TRACKED_MAX: Final = 20_000  # names and addresses; the longest unused is forgotten first


class NotSignedIn(CommandRefused):
    """There is no session behind the token, or no token."""

    code = "not-signed-in"


class WrongPassword(CommandRefused):
    """Name or password is wrong, or the account is locked or disabled; nobody is told which."""

    code = "wrong-password"


class MustChangePassword(CommandRefused):
    """The password was given by somebody else and must be changed before anything else."""

    code = "password-must-change"


class NotPermitted(CommandRefused):
    """The account's role does not include this."""

    code = "not-permitted"


class TooOften(CommandRefused):
    """Too many tries; come back in `retry_after_s`."""

    code = "too-often"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many tries to sign in; wait {retry_after_s} s")
        self.retry_after_s = retry_after_s


def bearer_of(authorization: str | None) -> str:
    """Return the token of an Authorization header; "" when it holds none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class Access:
    """Looks sessions up and says no."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def account_of(self, token: str) -> Account:
        """Return whose session it is. Errors: `NotSignedIn`, `StorageFailed`."""
        account = await self._sessions.find(token) if token else None
        if account is None:
            raise NotSignedIn("sign in first: POST /api/v1/sessions gives a token")
        return account

    async def permitted(self, token: str, roles: frozenset[str]) -> Account:
        """Return the account if its role is one of these.

        Errors: `NotSignedIn`, `MustChangePassword`, `NotPermitted`, `StorageFailed`.
        """
        account = await self.account_of(token)
        if account.must_change:
            raise MustChangePassword("choose your own password first: POST /api/v1/password")
        if account.role not in roles:
            raise NotPermitted(
                f"role {str(account.role)!r} may not: ask {' or '.join(sorted(roles))}"
            )
        return account

    async def agent_of(self, token: str) -> AgentId:
        """Return which agent the session belongs to. Errors: as `permitted`."""
        return agent_id_of(await self.permitted(token, EVERYBODY))


def agent_id_of(account: Account) -> AgentId:
    """Return the agent behind an account. Errors: `NotPermitted` when there is none."""
    if not account.agent_id:
        raise NotPermitted(
            f"account {account.name!r} is no agent of skills.yaml, it takes no items"
        )
    return account.agent_id


class SignInBrake:
    """Counts tries to sign in per name and per address, successful ones too.

    A try is one password looked at; beyond the limit none is, so guessing costs time, not CPU.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], list[Instant]] = OrderedDict()

    def count(self, name: str, address: str) -> None:
        """Count one try. Errors: `TooOften`; then it does not count."""
        self._count(
            (("name", name.strip().casefold()), TRIES_PER_NAME),
            (("address", address), TRIES_PER_ADDRESS),
        )

    def count_address(self, address: str) -> None:
        """Count one try of somebody who has not said a name. Errors: as `count`."""
        self._count((("address", address), TRIES_PER_ADDRESS))

    def _count(self, *limits: tuple[tuple[str, str], int]) -> None:
        now = self._clock.now()
        recent = {key: self._recent(key, now) for key, _ in limits}
        for key, most in limits:
            if len(recent[key]) >= most:
                left = recent[key][0] + TRIES_SPAN - now
                raise TooOften(max(1, -(-left // 1_000_000_000)))
        for key, tries in recent.items():
            self._tries[key] = [*tries, now]
            self._tries.move_to_end(key)
        while len(self._tries) > TRACKED_MAX:
            self._tries.popitem(last=False)

    def _recent(self, key: tuple[str, str], now: Instant) -> list[Instant]:
        return [at for at in self._tries.get(key, ()) if at > now - TRIES_SPAN]
