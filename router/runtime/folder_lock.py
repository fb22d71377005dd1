"""One writer per journal: an advisory lock that the system gives back when the process ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from router.errors import StorageFailed


class FolderLock:
    """Held from construction to `release`; the lock file stays, with the holder's process id."""

    def __init__(self, path: Path) -> None:
        """Errors: `OSError` when the file cannot be made; `StorageFailed` when another has it."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StorageFailed(
                f"another townline (process {holder}) writes to {path.parent}: stop it, or give "
                "this one a folder of its own with TOWNLINE_DATA_DIR"
            ) from None
        with suppress(OSError):  # the number is only told to people; a full disk may refuse it
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._file)
