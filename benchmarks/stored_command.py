"""CPU of a stored command without HTTP: engine, sequencer and journal alone.

    .venv/bin/python -m benchmarks.stored_command [ROUNDS]

32 senders submit 20,000 commands of a web form, each as soon as the one before is stored. CPU time
and not the clock is counted, so that a busy machine spoils it less; the least of the rounds counts.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import Final

import uvloop

from benchmarks.acknowledged import CONNECTIONS, FORM
from benchmarks.bare_inbox import opened, submit
from benchmarks.servers import temporary_folder
from benchmarks.towns import shipped
from router.runtime.ids import RandomIds

COMMANDS: Final = 20_000


async def measure(path: Path) -> tuple[float, float]:
    """Return microseconds of CPU per command: all threads, and the event loop's alone."""
    ids = RandomIds()
    async with opened(path, shipped()) as inbox:

        async def send(commands: int) -> None:
            for _ in range(commands):
                await submit(inbox, ids, FORM)

        whole, loop = time.process_time(), time.thread_time()
        await asyncio.gather(*(send(COMMANDS // CONNECTIONS) for _ in range(CONNECTIONS)))
        return (
            (time.process_time() - whole) / COMMANDS * 1e6,
            (time.thread_time() - loop) / COMMANDS * 1e6,
        )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    least = (float("inf"), float("inf"))
    for number in range(rounds):
        with temporary_folder() as name:
            whole, loop = uvloop.run(measure(Path(name) / str(number) / "journal"))
        gc.unfreeze()
        least = min(least, (whole, loop))
        print(f"{whole:.1f} us of CPU a command, {loop:.1f} us on the event loop", flush=True)
    print(f"least: {least[0]:.1f} us, {least[1]:.1f} us on the event loop")


if __name__ == "__main__":
    main()
