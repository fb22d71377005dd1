"""Signed webhooks answered with TwiML: per second at full load, and their times at 200 calls/s.

    .venv/bin/python -m benchmarks.webhooks [SECONDS] [ROUNDS]

The real daemon with the shipped town beside `bare_webhook` (the same parsing, check and TwiML
without engine and journal), in turns. Full load: 32 callers, one call after the other. Then calls
begin at random instants (a Poisson process), 200 a second, whether or not the last were answered.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import uvloop

from benchmarks.acknowledged import FORM
from benchmarks.carrier import Carrier
from benchmarks.desk_client import DeskClient
from benchmarks.servers import OPENING, bare, daemon, temporary_folder
from benchmarks.wire import CLIENT_CORE, BadAnswer, Lines, median, percentile, post, stay_on

T = TypeVar("T")
CALLERS: Final = 32
WARM_S: Final = 1.0
CALLS_PER_S: Final = 200.0


@asynccontextmanager
async def staffed(port: int) -> AsyncIterator[None]:
    """Have one agent signed in and busy with a form, so that callers wait and nobody is rung."""
    desk = DeskClient(port, "amara")
    await desk.open()
    async with asyncio.TaskGroup() as tasks:
        attending = tasks.create_task(desk.attend())
        await desk.do("status", status="available")
        lines = Lines(port)
        line = await lines.take()
        status, body = await line.ask(
            post("/forms/inquiry", msgspec.json.encode(FORM), "application/json")
        )
        line.close()
        if status != 201:
            raise BadAnswer(f"{status}: {body!r}")
        await desk.take()
        yield
        attending.cancel()
    await desk.close()


async def full_load(port: int, seconds: float) -> tuple[float, list[float]]:
    """Return webhooks answered per second, and their milliseconds."""
    carrier = Carrier(port)
    ends = time.perf_counter() + WARM_S + seconds

    async def caller() -> None:
        while time.perf_counter() < ends:
            await carrier.call()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CALLERS):
            tasks.create_task(caller())
        await asyncio.sleep(WARM_S)
        carrier.spans.clear()
        began = time.perf_counter()
    took = time.perf_counter() - began
    carrier.lines.close()
    return len(carrier.spans) / took, carrier.spans


async def arrivals(port: int, seconds: float, calls_per_s: float) -> tuple[int, list[float]]:
    """Return how many calls were made, and the milliseconds of their webhooks."""
    carrier = Carrier(port)
    rng = random.Random(1)
    at = began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        while at - began < seconds:
            at += rng.expovariate(calls_per_s)
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            tasks.create_task(carrier.call())
    carrier.lines.close()
    return carrier.done, carrier.spans


async def among_staff(load: Coroutine[None, None, T], port: int) -> T:
    async with staffed(port):
        return await load


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    stay_on(CLIENT_CORE)
    by_library, by_ours, tails, middles = [], [], [], []
    for _ in range(rounds):
        rates = {}
        with temporary_folder() as name:
            folder = Path(name)
            for way in ("library", "ours"):
                with bare("bare_webhook", way, folder=folder) as server:
                    rates[way], _ = uvloop.run(full_load(server.port, seconds))
            with daemon(folder, "--at", OPENING) as server:
                rate, _ = uvloop.run(among_staff(full_load(server.port, seconds), server.port))
            (folder / "calm").mkdir()
            with daemon(folder / "calm", "--at", OPENING) as server:
                port = server.port
                calls, spans = uvloop.run(among_staff(arrivals(port, seconds, CALLS_PER_S), port))
        by_library.append(rate / rates["library"])
        by_ours.append(rate / rates["ours"])
        tails.append(percentile(spans, 0.99))
        middles.append(median(spans))
        print(
            f"bare with the library {rates['library']:>6,.0f}/s, with our functions "
            f"{rates['ours']:>6,.0f}/s; townline {rate:>6,.0f}/s: ratio {by_library[-1]:.2f} and "
            f"{by_ours[-1]:.2f}; {calls} calls at {CALLS_PER_S:.0f}/s: p50 {middles[-1]:.1f} ms, "
            f"p99 {tails[-1]:.1f} ms",
            flush=True,
        )
    print(
        f"median: ratio {median(by_library):.2f} beside the library, {median(by_ours):.2f} beside "
        f"our functions; at {CALLS_PER_S:.0f} calls/s p50 {median(middles):.1f} ms, "
        f"p99 {median(tails):.1f} ms"
    )


if __name__ == "__main__":
    main()
