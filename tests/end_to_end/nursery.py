"""Where daemons that are to be killed come from: loaded once, forked for each life.

Each is a process of its own with its own end; only reading the program's files is not repeated,
which is most of what a start takes.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.end_to_end.process import REPOSITORY


class Forked:
    """A daemon that the nursery has forked; speaks as `subprocess.Popen` does."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._nursery = nursery

    def poll(self) -> int | None:
        """Return the exit code, None while it lives."""
        if self.returncode is None:
            self.returncode = self._nursery.exit_code()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it, if it still lives."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end."""
        self.returncode = self._nursery.exit_code(wait=True)
        assert self.returncode is not None
        return self.returncode


class Nursery:
    """The loaded program, waiting for orders; one daemon at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.crash_daemon"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._read = b""

    def fork(self, words: tuple[str, ...], environment: Mapping[str, str], log: Path) -> Forked:
        """Start a daemon."""
        order = {"words": ["run", *words], "environment": dict(environment), "log": str(log)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Forked(self, self._told(wait=True)["pid"])

    def exit_code(self, *, wait: bool = False) -> int | None:
        """Return how the daemon ended, negative for a signal; None while it lives."""
        told = self._told(wait=wait)
        return None if told is None else int(told["code"])

    def close(self) -> None:
        """End it; daemons must have ended before."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _told(self, *, wait: bool) -> Any:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        os.set_blocking(descriptor, wait)
        while b"\n" not in self._read:
            try:
                chunk = os.read(descriptor, 4096)
            except BlockingIOError:
                return None
            assert chunk, "the nursery has ended"
            self._read += chunk
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)
