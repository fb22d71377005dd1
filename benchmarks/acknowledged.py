"""Acknowledged requests per second: a web form as JSON, answered 201 once it is stored.

    .venv/bin/python -m benchmarks.acknowledged [SECONDS] [ROUNDS]

In turns, with 32 connections each, the server on core 0 and this client on core 1: `bare`, the
ceiling (`bare_ingest`); `inbox`, the engine and the daemon's journal behind the same bare endpoint
(`bare_inbox`); `forms`, the real daemon with the shipped town, everything in it at work.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import uvloop

from benchmarks.servers import OPENING, Server, bare, daemon, temporary_folder
from benchmarks.wire import CLIENT_CORE, BadAnswer, Lines, median, percentile, post, stay_on

CONNECTIONS: Final = 32
WARM_S: Final = 1.0
FORM: Final = {
    "question": "When does the ice rink open on Saturdays, and is there a lesson for beginners "
    "in the morning? My daughter is six and has never stood on skates. Could we also borrow "
    "skates and a helmet there, or must we bring our own? Number 00000000.",
    "name": "Ada Example",
    "email": "ada00000000@example.org",
}


class Flood(NamedTuple):
    """What one server did."""

    rate: float  # answers per second
    spans: list[float]  # the time of each, in milliseconds
    cpu_us: float  # of the server per answer, warming up included


async def flood(server: Server, path: str, wanted: int, seconds: float) -> Flood:
    request = post(path, msgspec.json.encode(FORM), "application/json")
    before, between, after = request.split(b"00000000")
    numbers = count()
    lines = Lines(server.port)
    spans: list[float] = []
    cpu = server.cpu_seconds()
    began = time.perf_counter() + WARM_S
    ends = began + seconds

    async def one() -> None:
        line = await lines.take()
        while (sent := time.perf_counter()) < ends:
            status, body = await line.ask(
                before + (n := b"%08d" % next(numbers)) + between + n + after
            )
            if status != wanted:
                raise BadAnswer(f"{status}: {body[:200]!r}")
            if sent >= began:
                spans.append((time.perf_counter() - sent) * 1e3)
        line.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONNECTIONS):
            tasks.create_task(one())
    cpu = server.cpu_seconds() - cpu
    return Flood(len(spans) / seconds, spans, cpu / next(numbers) * 1e6)


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    stay_on(CLIENT_CORE)
    rates: dict[str, list[float]] = {"bare": [], "inbox": [], "forms": []}
    tails: dict[str, list[float]] = {"bare": [], "inbox": [], "forms": []}
    cpu_us: dict[str, list[float]] = {"bare": [], "inbox": [], "forms": []}
    for _ in range(rounds):
        for name, done in one_round(seconds):
            rates[name].append(done.rate)
            tails[name].append(percentile(done.spans, 0.99))
            cpu_us[name].append(done.cpu_us)
            print(
                f"{name:<6}{done.rate:>8,.0f}/s, p50 {median(done.spans):5.1f} ms, "
                f"p99 {tails[name][-1]:5.1f} ms, {done.rate / rates['bare'][-1]:.2f} of bare; "
                f"{done.cpu_us:.0f} us of CPU each",
                flush=True,
            )
    for name in ("inbox", "forms"):
        ratios = [rate / bare for rate, bare in zip(rates[name], rates["bare"], strict=True)]
        print(
            f"median: {name} {median(rates[name]):,.0f}/s, {median(ratios):.2f} of bare "
            f"({median(rates['bare']):,.0f}/s), p99 {median(tails[name]):.1f} ms, CPU "
            f"{min(cpu_us[name]):.0f} us beside {min(cpu_us['bare']):.0f} at least"
        )


def one_round(seconds: float) -> Iterator[tuple[str, Flood]]:
    """Yield name and figures of each of the three servers."""
    with temporary_folder() as name:
        folder = Path(name)
        with bare("bare_ingest", str(folder / "bare.sqlite"), folder=folder) as server:
            yield "bare", uvloop.run(flood(server, "/", 202, seconds))
        with bare("bare_inbox", str(folder / "inbox" / "journal"), folder=folder) as server:
            yield "inbox", uvloop.run(flood(server, "/", 202, seconds))
        with daemon(folder, "--at", OPENING) as server:
            yield "forms", uvloop.run(flood(server, "/forms/inquiry", 201, seconds))


if __name__ == "__main__":
    main()
