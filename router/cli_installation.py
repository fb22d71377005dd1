"""What the commands begin with: the installation's settings, its journal, the day, the terminal.

Imports stand inside the functions, as in all command modules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from datetime import date

    from rich.console import Console

    from router.runtime.journals import OpenJournal
    from router.runtime.settings import Settings

T = TypeVar("T")


def our_settings() -> Settings:
    """Return this installation's settings. Raises: SettingsError."""
    from router.runtime.environment import load_settings

    return load_settings()


def terminal() -> Console:
    """Return the terminal."""
    from rich.console import Console as Terminal

    return Terminal()


def today() -> date:
    """Return the day for which policies are read."""
    from router.runtime.clock import SystemClock
    from router.runtime.policy_loader import date_of

    return date_of(SystemClock(0).now())


def base_url(of: Settings) -> str:
    """Return where the daemon of this machine listens."""
    host = f"[{of.http.host}]" if ":" in of.http.host else of.http.host
    if host in ("0.0.0.0", "[::]"):
        host = "127.0.0.1"
    return f"http://{host}:{of.http.port}"


def on_journal(of: Settings, work: Callable[[OpenJournal], Awaitable[T]]) -> T:
    """Do the work on the journal, beside a running daemon or without one. Raises: StorageFailed."""
    from router.runtime.journals import open_to_read

    async def use() -> T:
        journal = await open_to_read(of)
        try:
            return await work(journal)
        finally:
            await journal.close()

    return asyncio.run(use())
