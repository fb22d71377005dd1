"""Notices that somebody has edited the policy files. What to make of it is decided elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

from router.policy.sources import FLOWS

QUIET_MS: Final = 200  # an editor writes several times; so long a silence ends a change
AT_MOST_MS: Final = 2_000  # a change is told after so long, silence or not


async def changes(directory: Path) -> AsyncIterator[None]:
    """Yield after each change of a policy file under `directory`, never for each single write.

    Errors: none for files that come and go; a folder that is missing at the start is not watched.
    """
    folders = (directory, directory / "config", directory / FLOWS)
    present = [each for each in folders if each.is_dir()]
    async for _ in awatch(
        *present,
        watch_filter=_is_policy,
        debounce=AT_MOST_MS,
        step=QUIET_MS,
        recursive=False,
    ):
        yield


async def additions(directory: Path) -> AsyncIterator[None]:
    """Yield after something was added to `directory`, which exists; what, one has to look up."""
    async for _ in awatch(directory, watch_filter=_is_added, recursive=False):
        yield


def _is_added(change: Change, _: str) -> bool:
    return change is Change.added


def _is_policy(_: Change, file: str) -> bool:
    name = Path(file).name
    return name.endswith((".yaml", ".yml")) and not name.startswith(".")
