"""A whole town of real programs: daemons, Redis with Sentinels, PostgreSQL, dovecot, the network.

Every daemon reaches Redis and the Sentinels over wires of its own, so that it alone can be cut off;
what Sentinels tell it of ports is changed into the ports of these wires. Whoever ends is started
again after a second, as systemd would.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import msgspec
from redis.exceptions import RedisError

from channels.voice.urls import RETRIES
from tests.end_to_end.evidence import Witness
from tests.end_to_end.process import REPOSITORY, Daemon, reached
from tests.end_to_end.rig import Rig, town
from tests.endurance.network import Network
from tests.endurance.scale import TERMINAL_S, TERMINALS, Scale, edits
from tests.fakes.mail_servers import PASSWORD, Mailbox, dovecot
from tests.fakes.postgres_server import postgres_server
from tests.fakes.redis_sentinel import NAME, Watched, watched

DAEMONS: Final = 3
TOWN: Final = "willowmere"
DOWN_AFTER_MS: Final = 2000  # a master that is silent for so long is given up
SAFE: Final = ("min-replicas-to-write 1", "min-replicas-max-lag 5")
RESTART_S: Final = 1.0
LOOK_S: Final = 0.05
ACCOUNTS_S: Final = 180.0  # a password of a hundred agents costs time each, on purpose


class Kept:
    """A daemon that is started again whenever it ends."""

    def __init__(self, name: str, daemon: Daemon) -> None:
        self.name = name
        self.daemon = daemon
        self.killed = 0  # by us
        self.ended: list[str] = []  # by itself: how its log ended
        self.is_wanted = True

    async def keep(self) -> None:
        """Look after it until nobody wants it any more."""
        while self.is_wanted:
            await asyncio.sleep(LOOK_S)
            if self.daemon.is_alive or not self.is_wanted:
                continue
            process = self.daemon.process
            if process is not None and process.returncode != -signal.SIGKILL:
                self.ended.append(f"{process.returncode}: {self.daemon.tail(1)}")
            await asyncio.sleep(RESTART_S)
            if self.is_wanted:
                self.daemon.launch()

    def kill(self) -> None:
        """End it at once."""
        self.killed += 1
        self.daemon.tell(signal.SIGKILL)

    async def figure(self, name: str) -> float:
        """Return one of its figures; -1 when it does not answer."""
        try:
            return await self.daemon.figure(name, unknown=-1.0)
        except httpx.TransportError:
            return -1.0

    async def stop(self) -> None:
        """End it gracefully, for good."""
        self.is_wanted = False
        await self.daemon.stop()


class Town:
    """All parts, running."""

    def __init__(
        self,
        rig: Rig,
        network: Network,
        redis: Watched,
        history: str,
        mailbox: Mailbox,
    ) -> None:
        self.rig = rig
        self.network = network
        self.redis = redis
        self.history = history  # its URL
        self.mailbox = mailbox
        self.witness = Witness(rig)
        self.daemons: list[Kept] = []
        self.terminals: list[subprocess.Popen[bytes]] = []

    async def decider(self) -> Kept:
        """Return the daemon that decides; any of them while nobody says so."""
        for kept in self.daemons:
            if kept.daemon.is_alive and await kept.figure("townline_decides") == 1.0:
                return kept
        return self.daemons[0]

    async def is_whole(self) -> bool:
        """Say whether all daemons are well, one decides, and replicas have what the master has."""
        if not await asyncio.to_thread(self._is_replicated):
            return False
        for kept in self.daemons:
            if not kept.daemon.is_alive or not await kept.daemon.is_ready():
                return False
        return sum([await kept.figure("townline_decides") for kept in self.daemons]) == 1

    def ended_terminals(self) -> list[str]:
        """Return which terminal programs have ended, and what they said last."""
        found = zip(TERMINALS, self.terminals, strict=True)
        return [
            f"the terminal of {name} has ended: {self._last_words(name)}"
            for name, process in found
            if process.poll() is not None
        ]

    def _last_words(self, name: str) -> str:
        log = self.rig.daemon.folder / f"terminal-{name}"
        return log.read_text(encoding="utf-8", errors="replace")[-300:]

    def _is_replicated(self) -> bool:
        with suppress(RedisError, AssertionError):
            return all(self.redis.is_replica(node) for node in self.redis.replicas)
        return False


@asynccontextmanager
async def whole_town(folder: Path, scale: Scale) -> AsyncIterator[Town]:
    """Start everything; end everything on leaving."""
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(
            watched(*SAFE, replicas=scale.replicas, down_after_ms=DOWN_AFTER_MS)
        )
        postgres = stack.enter_context(postgres_server())
        mails = stack.enter_context(dovecot())
        box, history = mails.mailbox(), postgres.url()
        rig = await stack.enter_async_context(
            town(
                folder,
                edits=edits(scale),
                TOWNLINE_TOWN=TOWN,
                TOWNLINE_JOURNAL_REPLICAS="1",
                TOWNLINE_HISTORY=history,
                TOWNLINE_MAIL__IMAP_URL=box.url(),
                TOWNLINE_MAIL__IMAP_PASSWORD=PASSWORD,
                TOWNLINE_MAIL__IMAP_CA_FILE=str(mails.certificate),
            )
        )
        _set_up_carrier(rig)
        network = Network()
        stack.callback(network.close)
        found = Town(rig, network, redis, history, box)
        for number in range(DAEMONS):
            name = f"daemon-{number}"
            daemon = rig.daemon.another(folder / name, TOWNLINE_JOURNAL=_wired(found, name))
            stack.push_async_callback(daemon.http.aclose)
            stack.callback(daemon.give_up)
            found.daemons.append(Kept(name, daemon))
        stack.callback(_end_all, found.terminals)
        await _start(found)
        async with asyncio.TaskGroup() as tasks:
            for kept in found.daemons:
                tasks.create_task(kept.keep())
            try:
                yield found
            finally:
                for kept in found.daemons:
                    kept.is_wanted = False
                await rig.go_home()


def _set_up_carrier(rig: Rig) -> None:
    """Have the carrier ask again, as channels/README.md says."""
    had = rig.carrier.subscription
    rig.carrier.subscription = msgspec.structs.replace(
        had,
        voice_url=had.voice_url + RETRIES,
        fallback_url=had.fallback_url + RETRIES,
        status_url=had.status_url + RETRIES,
    )


def _wired(it: Town, name: str) -> str:
    """Lay a daemon's wires to Redis and Sentinels; return the address of its journal."""
    swaps = {node.port: it.network.wire(name, node.port) for node in it.redis.servers}
    ports = [it.network.wire(name, node.port, swaps) for node in it.redis.sentinels]
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"redis+sentinel://{hosts}/0?master={NAME}"


async def _start(it: Town) -> None:
    first, *others = it.daemons
    await first.daemon.start()
    await reached(
        "everybody may sign in",
        lambda: "practice accounts" in first.daemon.log.read_text(errors="replace"),
        within_s=ACCOUNTS_S,
    )
    for kept in others:
        kept.daemon.launch()
    for kept in others:
        await kept.daemon.ready()
    front = it.rig.daemon
    daemons = [(kept.daemon.port, kept.daemon.smtp_port) for kept in it.daemons]
    it.network.balance((front.port, front.smtp_port), daemons)
    await reached("the balancer lets everybody through", front.is_ready)
    it.terminals += [_terminal(it, name) for name in TERMINALS]


def _terminal(it: Town, name: str) -> subprocess.Popen[bytes]:
    """Have an agent work in a real terminal program."""
    words = ["agent", name, "--auto", str(TERMINAL_S), "--code", "answered"]
    with (it.rig.daemon.folder / f"terminal-{name}").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "router.cli", *words],
            cwd=REPOSITORY,
            env=it.rig.daemon.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def _end_all(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()
