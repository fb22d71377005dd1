"""Practice: a clock that can be moved forward, and the account of the practice line.

The journal never goes back in time, so practice time does not either: it may be set when the
daemon starts (`townline run --at`) and moved forward by a call (`townline line --at`). Started
again, it goes on from the last stored instant.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from router.core.model import SECOND, Instant, Span
from router.errors import CommandRefused
from router.runtime.clock import SystemClock
from router.runtime.settings import Settings

HEADER: Final = "x-townline-practice-at"  # town-local ISO 8601 on a voice webhook
LOCAL_ZONE: Final = "America/Toronto"  # of --at before there is a policy
PASSWORD: Final = "practice"  # of the agents' accounts that practice makes


class NoWayBack(CommandRefused):
    """Practice time was asked to go back."""

    code = "no-way-back"


class PracticeClock:
    """The machine's clock plus what practice has added; a clock that leaps."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._added: Span = 0
        self._untold: Span = 0

    def now(self) -> Instant:
        """Return nanoseconds UTC; never less than what it returned before."""
        return self._clock.now() + self._added

    async def sleep_until(self, instant: Instant) -> None:
        """Return once `now()` has reached `instant`; a shift is noticed within a second."""
        while (left := instant - self.now()) > 0:
            await self._clock.sleep_until(self._clock.now() + min(left, SECOND))

    def take_gap(self) -> Span:
        """Return by how much time has leapt since the last call, shifts included."""
        untold, self._untold = self._untold, 0
        return untold + self._clock.take_gap()

    def go_on(self, ahead: Span) -> None:
        """Begin so far ahead of the machine's time, where the journal stands."""
        self._added = ahead

    def shift_to(self, instant: Instant, zone: str) -> None:
        """Make it `instant` now; `zone` is the town's.

        Raises:
            NoWayBack: it is later already.
        """
        self._untold += self.start_at(instant, zone, not_before=self.now())

    def start_at(self, instant: Instant, zone: str, *, not_before: Instant) -> Span:
        """Begin at `instant`, before anything has been decided; return by how much that shifts.

        Earlier than the machine's time is possible as long as the journal does not know better.
        `zone` is the town's.

        Raises:
            NoWayBack: it lies before `not_before`, the last stored instant.
        """
        if instant < not_before:
            stands_at = datetime.fromtimestamp(not_before / SECOND, ZoneInfo(zone))
            raise NoWayBack(
                f"practice time stands at {stands_at:%Y-%m-%d %H:%M:%S} in the town and cannot go "
                "back: leave --at out to go on from there, ask for a later time, or begin anew "
                "with another TOWNLINE_DATA_DIR"
            )
        missing = instant - self.now()
        self._added += missing
        return missing


def clocks_from(last: Instant, *, is_practice: bool) -> tuple[SystemClock, PracticeClock]:
    """Return the machine's clock and the town's, which is not before the last stored instant.

    Practice may have left the machine's time behind: that is no clock which was set back.
    """
    machine = SystemClock(0 if is_practice else last)
    clock = PracticeClock(machine)
    ahead = last - machine.now()
    if is_practice and ahead > 0:
        clock.go_on(ahead)
    return machine, clock


def instant_of(text: str, zone: str) -> Instant:
    """Return the instant of an ISO 8601 time; without an offset it is local to `zone`.

    Raises:
        ValueError: it is no ISO 8601 time.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(zone))
    return round(at.timestamp()) * SECOND


class PracticeAccount(NamedTuple):
    """What daemon and practice line must agree on; made of the installation's secret."""

    account_sid: str
    auth_token: str
    rest_port: int  # of 127.0.0.1, where the practice line takes the carrier's REST calls

    @property
    def rest_url(self) -> str:
        """Return the root of the practice line's REST calls."""
        return f"http://127.0.0.1:{self.rest_port}"


def practice_account(settings: Settings, secret: bytes) -> PracticeAccount:
    """Return the account of the practice line of this installation."""
    digest = hmac.new(secret, b"practice-line", hashlib.sha256).hexdigest()
    port = settings.practice_line_port or settings.http.port + 1
    return PracticeAccount(f"AC{digest[:32]}", digest[32:], port)


def operator_token(secret: bytes) -> str:
    """Return the token with which `townline status` asks the daemon of the same data folder."""
    return hmac.new(secret, b"operator", hashlib.sha256).hexdigest()
