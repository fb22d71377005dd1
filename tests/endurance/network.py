"""The network between everybody, in a process of its own: wires that can be cut, a load balancer.

The process obeys lines of JSON on standard input and answers each with a line. `Network` speaks to
it. The balancer asks each daemon for its health; who is not well gets nobody, and whoever was with
them begins anew elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import uvloop

from tests.end_to_end.process import REPOSITORY
from tests.fakes.relay import Relay

LOOK_S: Final = 0.5  # between two questions for health
HEALTH_S: Final = 1.0  # for the answer
PATIENCE_S: Final = 10.0  # of a connection while nobody is well
HEALTHY: Final = b"HTTP/1.1 200"


class Network:
    """The process, from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.endurance.network"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def wire(self, name: str, target: int, swaps: dict[int, int] | None = None) -> int:
        """Lay a wire of that name to a port; return its own.

        `swaps`: ports that the server names, and what the client is told instead.
        """
        told = {str(old): str(new) for old, new in (swaps or {}).items()}
        if any(len(old) != len(new) for old, new in told.items()):
            raise ValueError(f"ports of another length would change the answers: {told}")
        return int(self._order("wire", name=name, target=target, swaps=told))

    def balance(self, ports: Sequence[int], daemons: Sequence[Sequence[int]]) -> None:
        """Listen on these ports for the daemons, each with its ports in the same order.

        The first port of a daemon is asked for its health.
        """
        self._order("balance", ports=list(ports), daemons=[list(each) for each in daemons])

    def cut(self, name: str) -> None:
        """Let nothing pass on the wires of that name."""
        self._order("cut", name=name)

    def mend(self, name: str) -> None:
        """Let everything pass again."""
        self._order("mend", name=name)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _order(self, what: str, **about: Any) -> Any:
        pipe, answers = self._process.stdin, self._process.stdout
        assert pipe is not None
        assert answers is not None
        pipe.write(json.dumps({"do": what, **about}).encode() + b"\n")
        pipe.flush()
        return json.loads(answers.readline())


class _Lines:
    """What stands behind the orders."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._wires: dict[str, list[Relay]] = {}

    async def obey(self, order: dict[str, Any]) -> Any:
        name = order.get("name", "")
        match order["do"]:
            case "wire":
                swaps = {old.encode(): new.encode() for old, new in order["swaps"].items()}
                relay = Relay(order["target"], swaps=swaps)
                self._wires.setdefault(name, []).append(relay)
                server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
                return server.sockets[0].getsockname()[1]
            case "balance":
                relays = [Relay(patience_s=PATIENCE_S) for _ in order["ports"]]
                for port, relay in zip(order["ports"], relays, strict=True):
                    await asyncio.start_server(relay.serve, "127.0.0.1", port)
                self._tasks.create_task(_choose(relays, order["daemons"]))
            case "cut":
                for relay in self._wires[name]:
                    relay.cut()
            case "mend":
                for relay in self._wires[name]:
                    relay.mend()
        return None


async def _choose(relays: list[Relay], daemons: list[list[int]]) -> None:
    """Send everybody to those who are well, over and over."""
    while True:
        health = await asyncio.gather(*(_is_well(ports[0]) for ports in daemons))
        well = [ports for ports, is_well in zip(daemons, health, strict=True) if is_well]
        for relay, *targets in zip(relays, *well, strict=False):
            relay.choose(*targets)
        if not well:
            for relay in relays:
                relay.choose()
        await asyncio.sleep(LOOK_S)


async def _is_well(port: int) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(HEALTH_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(b"GET /readyz HTTP/1.1\r\nHost: town\r\nConnection: close\r\n\r\n")
                return (await reader.readline()).startswith(HEALTHY)
            finally:
                writer.close()
    return False


async def _run() -> None:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        lines = _Lines(tasks)
        while order := await reader.readline():
            answer = await lines.obey(json.loads(order))
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        raise SystemExit  # nobody gives orders any more


if __name__ == "__main__":
    with suppress(SystemExit):
        uvloop.run(_run())
