"""Sends mail nowhere: each is a file in a folder, to be looked at while practising."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from router.errors import ChannelError


class FolderSender:
    """A `Sender` for the practice line. The same mail twice is one file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, raw: bytes, mail_from: str, rcpt_to: tuple[str, ...]) -> None:
        """Write the mail as `.eml`. Errors: `ChannelError`, worth another try."""
        await asyncio.to_thread(self._write, raw)

    def _write(self, raw: bytes) -> None:
        name = hashlib.sha256(raw).hexdigest()[:16]
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / f"{name}.part"
            draft.write_bytes(raw)
            draft.replace(self._folder / f"{name}.eml")
        except OSError as error:
            raise ChannelError(
                f"{self._folder}: {error.strerror}", retryable=True, reason="outbox"
            ) from error
