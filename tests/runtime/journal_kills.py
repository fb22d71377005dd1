"""Run by test_journal_sqlite: appends to a journal and is killed at random, over and over.

Prints one JSON list: the ids of all batches whose append had returned, in order. Everything runs
in children made by fork, so that a kill costs milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from router.ports import Batch, Words
from router.runtime.journal_sqlite import SqliteJournal


async def append_for_ever(path: Path, round_number: int, acknowledge: int) -> None:
    """Append batches of varied size; write each id to the pipe once its append has returned."""
    chance = random.Random(round_number)
    journal = await SqliteJournal.open(path)
    version = await journal.version()
    for number in range(1_000_000):
        batch_id = f"{round_number}-{number}"
        count = chance.randint(1, 5)
        events = batch_id.encode() * chance.choice([1, 10, 5000])
        words = tuple(Words(f"{batch_id}-{each}", "note", events) for each in range(count))
        version = await journal.append(version, Batch(batch_id, number, count, events, words))
        os.write(acknowledge, f"{batch_id}\n".encode())


def killed_once(path: Path, round_number: int, after_s: float) -> list[str]:
    """Return the ids that were acknowledged before the kill."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(append_for_ever(path, round_number, writing))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        first = pipe.readline()
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        acknowledged = first + pipe.read()
    os.waitpid(child, 0)
    return acknowledged.split()


def main(path: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: list[str] = []
    for round_number in range(rounds):
        acknowledged += killed_once(path, round_number, chance.uniform(0, 0.02))
    sys.stdout.write(json.dumps(acknowledged))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
