"""What people switch by hand besides opening hours: commands, never stored."""

from __future__ import annotations

from router.core.commands import Command
from router.core.model import Instant


class AnnounceMessage(Command, frozen=True):
    """Put a message in front of every call, until an instant; the same id replaces it."""

    id: str
    text: dict[str, str]  # language code -> text; a language without one hears nothing of it
    until: Instant
    by: str
    since: Instant | None = None  # None: now
    numbers: tuple[str, ...] = ()  # called numbers; () = all


class WithdrawMessage(Command, frozen=True):
    """Take it back before its time."""

    id: str
    by: str


class BeginSurge(Command, frozen=True):
    """Let the policy's `surge` hold until an instant; again: until another one."""

    until: Instant
    reason: str
    by: str


class EndSurge(Command, frozen=True):
    """Back to an ordinary day."""

    by: str
