"""Chat messages per second, each stored and told on its stream; and what an idle chat takes.

    .venv/bin/python -m benchmarks.chats [SECONDS] [ROUNDS] [IDLE...]

In turns, the server on core 0 and this client on core 1: `bare`, the ceiling (`bare_chat`), and
`chats`, the real daemon with the shipped town at an hour when it is open. 32 residents write chats
of 20 messages: token, conversation, stream, the messages one after the other, and they leave. A
message counts once its POST was answered 200 (stored with fsync) and the conversation's own stream
has told it. One agent is signed in and has both chats that she may hold, so that the residents
stand in line and are told their places. The limits for one sender and one chat are lifted.

Then memory: chats with 4 messages and an open stream each, of which nothing more is heard. IDLE are
the numbers of them, smallest first; told are resident bytes of the process and what each chat adds.
`bare` has nothing but the connections.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import uvloop

from benchmarks.chat_client import Resident
from benchmarks.desk_client import DeskClient
from benchmarks.servers import OPENING, Server, bare, daemon, temporary_folder, town_copy
from benchmarks.wire import CLIENT_CORE, Lines, median, percentile, stay_on

RESIDENTS: Final = 32
MESSAGES: Final = 20  # of a chat
HELD: Final = 2  # chats that one agent of the shipped town may hold
WARM_S: Final = 1.0
IDLE_MESSAGES: Final = 4
SETTLE_S: Final = 4.0  # history catches up with the chats
REST_S: Final = 5.0  # for what idle chats cost
IDLE: Final = [1_000, 3_000]


class Talk(NamedTuple):
    """What one server did."""

    rate: float  # messages per second
    spans: list[float]  # the time of each until it was told, in milliseconds
    cpu_us: float  # of the server per message, with its share of opening and leaving


class Crowd(NamedTuple):
    """What idle chats take."""

    chats: int
    resident: int  # bytes of the process
    idle_cpu: float  # share of a core


@asynccontextmanager
async def busy(port: int) -> AsyncIterator[None]:
    """Have one agent signed in who holds as many chats as she may."""
    desk = DeskClient(port, "amara")
    await desk.open()
    lines = Lines(port)
    async with asyncio.TaskGroup() as tasks:
        attending = tasks.create_task(desk.attend())
        await desk.do("status", status="available")
        for _ in range(HELD):
            resident = Resident(port, await lines.take())
            await resident.open()
            await resident.say()
            await desk.take()
        yield
        attending.cancel()
    await desk.close()


async def talk(server: Server, seconds: float) -> Talk:
    """Have everybody write for so long."""
    lines = Lines(server.port)
    spans: list[float] = []
    said = 0
    cpu = server.cpu_seconds()
    began = time.perf_counter() + WARM_S
    ends = began + seconds

    async def write() -> None:
        nonlocal said
        line = await lines.take()
        while time.perf_counter() < ends:
            resident = Resident(server.port, line)
            await resident.open()
            for _ in range(MESSAGES):
                span = await resident.say()
                said += 1
                if began <= time.perf_counter() < ends:
                    spans.append(span * 1e3)
            await resident.leave()
        line.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(RESIDENTS):
            tasks.create_task(write())
    cpu = server.cpu_seconds() - cpu
    return Talk(len(spans) / seconds, spans, cpu / said * 1e6)


async def crowd(server: Server, counts: list[int]) -> list[Crowd]:
    """Open chats that stay; return what each number of them takes, none first."""
    residents: list[Resident] = []
    found = [await _at_rest(server, 0)]
    for wanted in counts:
        left = iter(range(wanted - len(residents)))
        lines = Lines(server.port)

        async def begin(left: Iterator[int] = left, lines: Lines = lines) -> None:
            line = await lines.take()
            for _ in left:
                resident = Resident(server.port, line)
                await resident.open()
                for _ in range(IDLE_MESSAGES):
                    await resident.say()
                residents.append(resident)
            line.close()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(RESIDENTS):
                tasks.create_task(begin())
        found.append(await _at_rest(server, wanted))
    for resident in residents:
        resident.hang_up()
    return found


async def _at_rest(server: Server, chats: int) -> Crowd:
    await asyncio.sleep(SETTLE_S)
    cpu = server.cpu_seconds()
    await asyncio.sleep(REST_S)
    cpu = server.cpu_seconds() - cpu
    return Crowd(chats, resident_bytes(server.pid), cpu / REST_S)


def resident_bytes(pid: int) -> int:
    """Return the memory that a process has of the machine (Linux)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def chatting_daemon(folder: Path) -> Iterator[Server]:
    """Run the daemon on a town in which anybody may write as much as they like."""
    rules = town_copy(folder) / "config" / "chat.yaml"
    text = rules.read_text(encoding="utf-8")
    lifted = re.sub(r"(messages_per_minute|chats_per_hour): \d+", r"\1: 1000000", text)
    rules.write_text(lifted, encoding="utf-8")
    with daemon(folder, "--at", OPENING) as server:
        yield server


async def talk_in_line(server: Server, seconds: float) -> Talk:
    async with busy(server.port):
        return await talk(server, seconds)


async def crowd_in_line(server: Server, counts: list[int]) -> list[Crowd]:
    async with busy(server.port):
        return await crowd(server, counts)


def rounds_of_talk(seconds: float, rounds: int) -> None:
    ratios, rates, tails, cpu_us = [], [], [], []
    for _ in range(rounds):
        with temporary_folder() as name:
            folder = Path(name)
            with bare("bare_chat", str(folder / "bare.sqlite"), folder=folder) as server:
                ceiling = uvloop.run(talk(server, seconds))
            with chatting_daemon(folder) as server:
                ours = uvloop.run(talk_in_line(server, seconds))
        ratios.append(ours.rate / ceiling.rate)
        rates.append(ours.rate)
        tails.append(percentile(ours.spans, 0.99))
        cpu_us.append((ours.cpu_us, ceiling.cpu_us))
        for each, done in (("bare", ceiling), ("chats", ours)):
            print(
                f"{each:<6}{done.rate:>7,.0f}/s, p50 {median(done.spans):5.1f} ms, p99 "
                f"{percentile(done.spans, 0.99):5.1f} ms, {done.cpu_us:.0f} us of CPU each",
                flush=True,
            )
    least, least_bare = (min(each) for each in zip(*cpu_us, strict=True))
    print(
        f"median: {median(rates):,.0f}/s, {median(ratios):.2f} of bare, p99 {median(tails):.1f} ms;"
        f" CPU {least:.0f} us beside {least_bare:.0f} at least"
    )


def idle(counts: list[int]) -> None:
    with temporary_folder() as name:
        folder = Path(name)
        with bare("bare_chat", str(folder / "bare.sqlite"), folder=folder) as server:
            tell("bare", uvloop.run(crowd(server, counts)))
        with chatting_daemon(folder) as server:
            tell("chats", uvloop.run(crowd_in_line(server, counts)))


def tell(name: str, found: list[Crowd]) -> None:
    """Print what each number of chats takes, and what one more takes beside the number before."""
    for before, each in zip([found[0], *found], found, strict=False):
        more = each.chats - before.chats
        print(
            f"{name:<6}{each.chats:>6,} idle: {each.resident / 1e6:6.1f} MB"
            + (f", {(each.resident - before.resident) / more / 1e3:5.1f} kB each" if more else "")
            + f"; {each.idle_cpu:.1%} of a core",
            flush=True,
        )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    counts = [int(each) for each in sys.argv[3:]] or IDLE
    stay_on(CLIENT_CORE)
    if rounds:
        rounds_of_talk(seconds, rounds)
    idle(counts)


if __name__ == "__main__":
    main()
