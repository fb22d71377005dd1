"""Ports for servers of tests: free now, and nobody else's until the test run ends.

A port that the system gives and that is let go again may be given to the next one who asks: to
another test at the same time, or to any outgoing connection. These lie below the range from which
systems give ports by themselves, and each is claimed by a locked file for as long as this process
lives, so that test runs side by side do not meet either.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path
from typing import Final

RANGE: Final = range(12_000, 32_000)  # Linux gives 32768 to 60999 by itself, others 49152 upwards
FOLDER: Final = Path(tempfile.gettempdir()) / "townline-test-ports"

_claims: dict[int, int] = {}  # file descriptor by port; closing it would let the port go
_next = random.SystemRandom().choice(RANGE)


def free_port() -> int:
    """Return a port that nobody listens on; the same one is never returned twice."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return so many ports in a row that nobody listens on."""
    global _next
    for _ in RANGE:
        first, _next = _next, _next + count
        if _next > RANGE.stop:
            _next = RANGE.start
        elif all(_claim(port) for port in range(first, first + count)):
            return list(range(first, first + count))
    raise AssertionError(f"no {count} free ports in a row between {RANGE.start} and {RANGE.stop}")


def _claim(port: int) -> bool:
    if port in _claims:
        return False
    FOLDER.mkdir(exist_ok=True)
    claim = os.open(FOLDER / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.create_server(("127.0.0.1", port)):
            pass
    except OSError:
        os.close(claim)
        return False
    _claims[port] = claim
    return True
