"""A real redis-server for tests: on a socket in a folder, stopped by who started it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROGRAM: Final = shutil.which("redis-server")
DURABLE: Final = ("--appendonly", "yes", "--appendfsync", "always")
STARTS_WITHIN_S: Final = 10.0


class RedisServer:
    """One server; its data stay in the folder over restarts."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        assert PROGRAM is not None, "redis-server is not installed"
        self._process = subprocess.Popen(
            [PROGRAM, "--port", "0", "--unixsocket", str(self._socket), "--save", "",
             "--dir", str(self._folder), *self._options],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        ends = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            assert time.monotonic() < ends, "redis-server does not answer"
            time.sleep(0.02)  # a real process: there is nothing to wait on

    def kill(self) -> None:
        """SIGKILL, as a power cut."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._socket.unlink(missing_ok=True)

    def stop(self) -> None:
        """Have it stand still."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        import socket

        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
            except OSError:
                return False


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A running server in a folder of its own; killed at the end."""
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder), *options)
        server.start()
        try:
            yield server
        finally:
            server.kill()
