"""The daemon as a process of its own: started, awaited, told things, ended.

Everything is awaited by looking again until a deadline, so a slow machine only takes longer.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import httpx

from router.core.hours import standing
from router.core.model import SECOND
from router.core.policy import Policy
from router.policy.load import load
from tests.ports import free_ports

REPOSITORY: Final = Path(__file__).parents[2]
START_S: Final = 120.0  # on a machine that is busy with other things
LOOK_S: Final = 0.02
ANSWER_S: Final = 30.0
LOADING_S: Final = 1.2  # reading the program's files, on a machine that does nothing else
ZONE: Final = ZoneInfo("America/Toronto")

Edits = Mapping[str, tuple[tuple[str, str], ...]]  # by file: (what stands there, what shall)


class Process(Protocol):
    """What is needed of a running program; `subprocess.Popen` has it."""

    @property
    def returncode(self) -> int | Any: ...

    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self) -> int: ...


async def reached(
    what: str,
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]],
    *,
    within_s: float = START_S,
    look_s: float = LOOK_S,
) -> None:
    """Return once the condition holds; fail with `what` when that takes too long."""
    limit = time.monotonic() + within_s
    while True:
        found = condition()
        if found if isinstance(found, bool) else await found:
            return
        if time.monotonic() > limit:
            raise AssertionError(f"not reached within {within_s:g} s: {what}")
        await asyncio.sleep(look_s)


async def scaled(seconds: float) -> float:
    """Return how long something may take here and now that must not take longer than `seconds`.

    A machine that is slow, or busy with other things, takes longer for everything: the measure is
    reading the program's files, just now.
    """
    began = time.monotonic()
    words = [sys.executable, "-c", "import router.runtime.daemon"]
    await asyncio.to_thread(subprocess.run, words, cwd=REPOSITORY, check=True)
    return seconds * max(1.0, (time.monotonic() - began) / LOADING_S)


def copy_town(folder: Path, edits: Edits) -> None:
    """Put a copy of the shipped town there, with some texts of it replaced."""
    for part in ("config", "ivr_flows"):
        shutil.copytree(REPOSITORY / part, folder / part)
    shutil.copy(REPOSITORY / "skills.yaml", folder)
    for name, replacements in edits.items():
        path = folder / name
        text = path.read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, f"{name} does not hold {old!r} any more"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


@cache
def shipped() -> Policy:
    """Return the shipped policy."""
    loaded = load(REPOSITORY, today=date.today())  # noqa: DTZ011 - which holidays to compute
    assert loaded.policy is not None, loaded.complaints
    return loaded.policy


@cache
def a_day(*weekdays: int, opens: int = 10) -> date:
    """Return the next of these weekdays (0 = Monday) on which Town Hall is open at that hour."""
    hours = shipped().hours["town_hall"]
    for ahead in range(2, 60):
        day = datetime.now(ZONE).date() + timedelta(days=ahead)
        at = datetime(day.year, day.month, day.day, opens, tzinfo=ZONE)
        instant = int(at.timestamp()) * SECOND
        if day.weekday() in weekdays and standing(hours, instant, None).is_open:
            return day
    raise AssertionError("the town is closed for two months")


def morning() -> str:
    """Return a time at which the town is open for hours to come."""
    return f"{a_day(1, 2, 3)}T10:00"


def saturday_night() -> str:
    """Return a time at which only those on call can be reached."""
    return f"{a_day(5)}T19:40"


class Daemon:
    """One daemon on one data folder and the same ports; start it as often as it ends."""

    def __init__(self, folder: Path, *, edits: Edits | None = None, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.policy = folder / "town"
        # the practice line takes the port after the one of HTTP
        self.port, _, self.smtp_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.process: Process | None = None
        self.http = httpx.AsyncClient(  # closed by whoever made the daemon
            trust_env=False, timeout=ANSWER_S, limits=httpx.Limits(max_keepalive_connections=0)
        )
        copy_town(self.policy, edits or {})
        self.environment = {
            **os.environ,
            "TOWNLINE_POLICY_DIR": str(self.policy),
            "TOWNLINE_DATA_DIR": str(self.data),
            "TOWNLINE_HTTP__PORT": str(self.port),
            "TOWNLINE_MAIL__SMTP_LISTEN": f"127.0.0.1:{self.smtp_port}",
            "TOWNLINE_LOG__FORMAT": "json",
            "TOWNLINE_PRACTICE": "true",
            "COLUMNS": "250",
            **settings,
        }

    def another(self, folder: Path, **settings: str) -> Daemon:
        """Return a daemon beside this one: the same town and data, behind this one's address."""
        made = Daemon(folder)
        made.data, made.policy = self.data, self.policy
        made.environment = {
            **self.environment,
            "TOWNLINE_PUBLIC_URL": self.url,
            "TOWNLINE_HTTP__PORT": str(made.port),
            "TOWNLINE_MAIL__SMTP_LISTEN": f"127.0.0.1:{made.smtp_port}",
            **settings,
        }
        return made

    def launch(self, *words: str, before: Callable[[], None] | None = None) -> None:
        """Start the process and do not wait for it; `before` runs in it before the program."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "router.cli", "run", *words],
                cwd=REPOSITORY,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=before,
            )

    async def start(self, *words: str) -> float:
        """Start it; return the seconds until it was ready."""
        began = time.monotonic()
        self.launch(*words)
        await self.ready()
        return time.monotonic() - began

    async def ready(self) -> None:
        """Wait until it serves. Fails when it ends instead."""

        async def up() -> bool:
            assert self.is_alive, f"the daemon ended:\n{self.tail()}"
            return await self.is_ready()

        await reached("the daemon serves", up)

    async def is_ready(self) -> bool:
        try:
            return (await self.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    async def get(self, path: str, **more: str) -> httpx.Response:
        return await self.http.get(f"{self.url}{path}", headers=more)

    async def figure(self, name: str, unknown: float = 0.0) -> float:
        """Return one of its figures; `unknown` while it cannot tell."""
        rows = (await self.get("/metrics")).text.splitlines()
        return next((float(row.split()[-1]) for row in rows if row.startswith(name)), unknown)

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def stop(self, within_s: float = START_S) -> float:
        """End it gracefully; return the seconds that took."""
        began = time.monotonic()
        self.tell(signal.SIGTERM)
        code = await self.ended(within_s)
        assert code == 0, f"exit code {code}:\n{self.tail()}"
        return time.monotonic() - began

    async def kill(self) -> None:
        """End it at once."""
        self.tell(signal.SIGKILL)
        await self.ended()

    async def ended(self, within_s: float = START_S) -> int:
        """Wait for its end; return the exit code."""
        process = self.process
        assert process is not None
        await reached("the daemon ends", lambda: process.poll() is not None, within_s=within_s)
        return process.returncode

    def give_up(self) -> None:
        """Leave nothing behind, whatever happened."""
        if self.is_alive and self.process is not None:
            self.process.kill()
            self.process.wait()

    async def cli(self, *words: str) -> str:
        """Run a command of `townline` on the same data; return what it prints."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "router.cli", *words],
            cwd=REPOSITORY,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def logged(self, event: str) -> list[str]:
        """Return the log lines of that event."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if f'"event": "{event}"' in line]

    def tail(self, lines: int = 25) -> str:
        """Return the end of the log, for messages of failed tests."""
        text = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(line[:600] for line in text[-lines:])
