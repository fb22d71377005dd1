"""A freed agent's next offer with 3,000 waiting, through the daemon and the desk's WebSocket.

    .venv/bin/python -m benchmarks.next_offer [CLOSINGS] [ROUNDS]

3,000 forms are sent to the real daemon; one agent works on forms at a desk and closes them one
after the other. Measured: from sending `close` until the next `offer` is there, so both commands,
their storage with fsync and the push. Beside it: the time of a command that frees nobody (the
desk's `seen`), which is what storing one command over the same socket costs.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from benchmarks.acknowledged import FORM
from benchmarks.desk_client import ANSWER_S, DeskClient
from benchmarks.servers import OPENING, daemon, temporary_folder
from benchmarks.towns import code, shipped
from benchmarks.wire import CLIENT_CORE, BadAnswer, Lines, median, percentile, post, stay_on

WAITING: Final = 3_000
SENDERS: Final = 16
SETTLE_S: Final = 3.0  # history catches up with the forms


async def fill(port: int, wanted: int) -> None:
    """Send that many forms."""
    request = post("/forms/inquiry", msgspec.json.encode(FORM), "application/json")
    before, between, after = request.split(b"00000000")
    numbers = iter(range(wanted))
    lines = Lines(port)

    async def sender() -> None:
        line = await lines.take()
        for each in numbers:
            number = b"%08d" % each
            status, body = await line.ask(before + number + between + number + after)
            if status != 201:
                raise BadAnswer(f"{status}: {body[:200]!r}")
        line.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(SENDERS):
            tasks.create_task(sender())


async def measure(port: int, closings: int, wrap_up: str) -> tuple[list[float], list[float]]:
    """Return the milliseconds from close to offer, and those of a plain command."""
    await fill(port, WAITING + closings)
    desk = DeskClient(port, "amara")
    await desk.open()
    freed, plain = [], []
    async with asyncio.TaskGroup() as tasks:
        attending = tasks.create_task(desk.attend())
        await desk.do("status", status="available")
        held = [await desk.take() for _ in range(3)]  # all that she may hold at once
        await asyncio.sleep(SETTLE_S)
        last = ""
        for _ in range(closings):
            sent = time.perf_counter()
            closing = tasks.create_task(desk.do("close", item=held.pop(0), code=wrap_up, note=""))
            came, offer = await another(desk, last)
            freed.append((came - sent) * 1e3)
            await closing
            sent = time.perf_counter()
            await desk.do("seen", offer=offer["offer"])
            plain.append((time.perf_counter() - sent) * 1e3)
            last = offer["offer"]
            await desk.do("accept", offer=offer["offer"])
            held.append(offer["item"])
        attending.cancel()
    await desk.close()
    return freed, plain


async def another(desk: DeskClient, last: str) -> tuple[float, dict[str, Any]]:
    """Return the next offer that is not the last one, which is told again once it was seen."""
    while True:
        came, offer = await asyncio.wait_for(desk.offers.get(), ANSWER_S)
        if offer["offer"] != last:
            return came, offer


def main() -> None:
    closings = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    stay_on(CLIENT_CORE)
    wrap_up = code(shipped())
    tails = []
    for _ in range(rounds):
        with temporary_folder() as name, daemon(Path(name), "--at", OPENING) as server:
            freed, plain = uvloop.run(measure(server.port, closings, wrap_up))
        tails.append(percentile(freed, 0.99))
        print(
            f"{WAITING:,} waiting, {closings} closings: next offer p50 {median(freed):.1f} ms, p99 "
            f"{tails[-1]:.1f} ms; a plain command p50 {median(plain):.1f} ms, "
            f"p99 {percentile(plain, 0.99):.1f} ms",
            flush=True,
        )
    print(f"median: p99 {median(tails):.1f} ms")


if __name__ == "__main__":
    main()
