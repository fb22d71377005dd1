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
from typing import Final

import msgspec
import uvloop

from benchmarks.servers import OPENING, bare, daemon, temporary_folder
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


async def flood(port: int, path: str, wanted: int, seconds: float) -> tuple[float, list[float]]:
    """Return answers per second and the time of each, in milliseconds."""
    request = post(path, msgspec.json.encode(FORM), "application/json")
    before, between, after = request.split(b"00000000")
    numbers = count()
    lines = Lines(port)
    spans: list[float] = []
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
    return len(spans) / seconds, spans


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    stay_on(CLIENT_CORE)
    rates: dict[str, list[float]] = {"bare": [], "inbox": [], "forms": []}
    tails: dict[str, list[float]] = {"bare": [], "inbox": [], "forms": []}
    for _ in range(rounds):
        for name, rate, spans in one_round(seconds):
            rates[name].append(rate)
            tails[name].append(percentile(spans, 0.99))
            print(
                f"{name:<6}{rate:>8,.0f}/s, p50 {median(spans):5.1f} ms, p99 {tails[name][-1]:5.1f}"
                f" ms, {rate / rates['bare'][-1]:.2f} of bare",
                flush=True,
            )
    for name in ("inbox", "forms"):
        ratios = [rate / bare for rate, bare in zip(rates[name], rates["bare"], strict=True)]
        print(
            f"median: {name} {median(rates[name]):,.0f}/s, {median(ratios):.2f} of bare "
            f"({median(rates['bare']):,.0f}/s), p99 {median(tails[name]):.1f} ms"
        )


def one_round(seconds: float) -> Iterator[tuple[str, float, list[float]]]:
    """Yield name, answers per second and their milliseconds for each of the three servers."""
    with temporary_folder() as name:
        folder = Path(name)
        with bare("bare_ingest", str(folder / "bare.sqlite"), folder=folder) as port:
            yield "bare", *uvloop.run(flood(port, "/", 202, seconds))
        with bare("bare_inbox", str(folder / "inbox" / "journal"), folder=folder) as port:
            yield "inbox", *uvloop.run(flood(port, "/", 202, seconds))
        with daemon(folder, "--at", OPENING) as port:
            yield "forms", *uvloop.run(flood(port, "/forms/inquiry", 201, seconds))


if __name__ == "__main__":
    main()
