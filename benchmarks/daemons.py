"""Several daemons of one town on one Redis: commands stored a second, and how long each takes.

    .venv/bin/python -m benchmarks.daemons [SECONDS] [NUMBER OF DAEMONS ...]

The first daemon decides. Each is a process: engine, sequencer, journal and link, without HTTP. 32
senders, spread over the daemons, submit web forms, each as soon as the one before is answered:
decided by the daemon that decides, appended, answered where it came in. The server writes each
append to disk (fsync).
Beside it, the bare script: one client that appends batches of the same size with nobody deciding
anything. CPU time of the daemons is counted as well, because they share the machine's cores.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import uvloop

from benchmarks.acknowledged import FORM
from benchmarks.bare_inbox import submit
from benchmarks.servers import OPENING, START_S, temporary_folder
from benchmarks.towns import shipped
from router.core.commands import AdoptPolicy
from router.core.engine import Engine
from router.core.policy import encode
from router.core.state import State
from router.ports import Batch, Words
from router.runtime import collector
from router.runtime.clock import SystemClock
from router.runtime.ids import RandomIds
from router.runtime.journal_redis import RedisJournal
from router.runtime.logs import configure_logs
from router.runtime.metrics import Metrics
from router.runtime.practice import PracticeClock, instant_of
from router.runtime.publisher import Publisher
from router.runtime.recovery import recover
from router.runtime.redis_link import RedisLink
from router.runtime.sequencer import Sequencer
from router.runtime.sharing import Sharing

SENDERS: Final = 32
BATCH: Final = 32  # commands in a batch of the bare script
EVENT_BYTES: Final = 700  # of one form, about
TOWN: Final = "benchmark"
WARM_S: Final = 1.0
SETTLED_S: Final = 1.5  # everybody knows who decides


class Measured(NamedTuple):
    """What one daemon did."""

    latencies: list[float]  # seconds, each command
    cpu_s: float


async def daemon(url: str, senders: int, seconds: float) -> Measured:
    """Serve beside the others; measure between a word on standard input and the end."""
    configure_logs("error", "console")
    journal = await RedisJournal.open(url, TOWN)
    clock = PracticeClock(SystemClock(0))
    zone = "America/Toronto"
    clock.start_at(instant_of(OPENING, zone), zone, not_before=0)
    metrics, ids, latencies = Metrics(), RandomIds(), list[float]()
    sharing = Sharing(RedisLink(url, TOWN), clock, metrics)
    state = await recover(journal)
    inbox = Sequencer(Engine(state), journal, clock, ids, Publisher(), metrics, company=sharing)

    async def send(until: float) -> None:
        while (began := time.perf_counter()) < until:
            await submit(inbox, ids, FORM)
            latencies.append(time.perf_counter() - began)

    async def all_send(for_s: float) -> None:
        until = time.perf_counter() + for_s
        await asyncio.gather(*(send(until) for _ in range(senders)))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(inbox.run())
        if await inbox.read(lambda s: not s.policy_hash):
            await inbox.submit(AdoptPolicy(inbox.know_policy(encode(shipped()))), _version)
        await asyncio.sleep(SETTLED_S)
        collector.calm()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await all_send(WARM_S)
        latencies.clear()
        cpu = time.process_time()
        await all_send(seconds)
        measured = Measured(latencies, time.process_time() - cpu)
        print(msgspec.json.encode(measured).decode(), flush=True)
        await asyncio.to_thread(sys.stdin.readline)  # others may still forward to this one
        inbox.stop()
    await sharing.close()
    await journal.close()
    return measured


def _version(state: State) -> int:
    return state.version


async def bare(url: str, seconds: float) -> float:
    """Return the commands a second of the script alone."""
    journal = await RedisJournal.open(url, "bare")
    events, at, version = bytes(EVENT_BYTES * BATCH), 0, 0
    body = msgspec.json.encode(FORM)
    began = time.perf_counter()
    while time.perf_counter() < began + seconds:
        words = tuple(Words(f"{at}/{n}", "form", body) for n in range(BATCH))
        version = await journal.append(version, Batch(str(at), 1, BATCH, events, words))
        at += 1
    taken = time.perf_counter() - began
    await journal.close()
    return at * BATCH / taken


@contextmanager
def redis() -> Iterator[str]:
    """Run a server that writes every append to disk; give its address."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed")
    with temporary_folder() as name:
        path = Path(name) / "redis.sock"
        process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", str(path), "--dir", name, "--save", "",
             "--appendonly", "yes", "--appendfsync", "always"],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            ends = time.monotonic() + START_S
            while not path.exists() and time.monotonic() < ends:
                time.sleep(0.02)
            yield f"unix://{path}"
        finally:
            process.kill()
            process.wait()


def together(url: str, count: int, seconds: float) -> list[Measured]:
    """Run so many daemons at once; return what each did."""
    words = [sys.executable, "-m", "benchmarks.daemons", "daemon", url, str(SENDERS // count)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    daemons: list[subprocess.Popen[str]] = []
    for _ in range(count):
        process = subprocess.Popen([*words, str(seconds)], text=True, **pipes)  # type: ignore[call-overload]
        daemons.append(process)
        assert process.stdout.readline() == "ready\n"
    _tell(daemons)
    found = [msgspec.json.decode(_line(each), type=Measured) for each in daemons]
    _tell(daemons)
    for process in daemons:
        process.wait()
    return found


def _tell(daemons: Sequence[subprocess.Popen[str]]) -> None:
    for process in daemons:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def main(arguments: Sequence[str]) -> None:
    seconds = float(arguments[0]) if arguments else 5.0
    counts = [int(each) for each in arguments[1:]] or [1, 2, 4]
    with redis() as url:
        print(f"bare script: {uvloop.run(bare(url, seconds)):,.0f} commands/s", flush=True)
    one = 0.0
    for count in counts:
        with redis() as url:
            found = together(url, count, seconds)
        latencies = sorted(each for one_daemon in found for each in one_daemon.latencies)
        rate = len(latencies) / seconds
        one = one or rate
        p50, p99 = (latencies[int(len(latencies) * share)] * 1e3 for share in (0.5, 0.99))
        cpu = [each.cpu_s / len(latencies) * 1e6 for each in found]
        print(
            f"{count} daemons: {rate:,.0f} commands/s, {rate / one:.2f} of the first row,"
            f" p50 {p50:.1f} ms, p99 {p99:.1f} ms; CPU a command: {cpu[0]:.0f} us in the daemon"
            f" that decides, {sum(cpu):.0f} us in all",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["daemon"]:
        uvloop.run(daemon(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
    else:
        main(sys.argv[1:])
