"""Start of a daemon with a long journal: replay of the file, and from a snapshot.

    .venv/bin/python -m benchmarks.replay [EVENTS]

Writes varied events (calls, forms, offers, legs, wrap-up) into a real journal file, then reads it
through the journal: once only decoding every batch, once folding it into a state (what a daemon
without a snapshot does). Then saves a snapshot and starts from it.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path

from benchmarks.servers import temporary_folder
from benchmarks.towns import MONDAY, shipped, started_events, varied
from benchmarks.wire import median
from router.core.events import AnyEvent
from router.core.policy import encode, policy_hash
from router.core.state import State
from router.core.upcast import decode_events, encode_events
from router.ports import Batch, StoredPolicy
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.recovery import recover
from router.runtime.snapshot import encode_snapshot

BATCH_EVENTS = 20
ROUNDS = 5


async def store(journal: SqliteJournal, story: list[AnyEvent], policy: StoredPolicy) -> None:
    """Append the story in batches, the policy with the first."""
    for first in range(0, len(story), BATCH_EVENTS):
        part = story[first : first + BATCH_EVENTS]
        batch = Batch(
            batch_id=f"b-{first}",
            at=part[-1].at,
            count=len(part),
            events=encode_events(part),
            words=(),
            policies=(policy,) if first == 0 else (),
        )
        await journal.append(first, batch)


async def decoded(journal: SqliteJournal) -> int:
    """Read and decode the whole file; return the number of events."""
    count = 0
    async for batch in journal.read(0):
        count += len(decode_events(batch.events))
    return count


async def measure(path: Path, wanted: int) -> None:
    policy = shipped()
    engine, story = varied(policy, wanted)
    story[:0] = started_events(policy)
    body = encode(policy)
    journal = await SqliteJournal.open(path)
    await store(journal, story, StoredPolicy(policy_hash(body), body))
    count = len(story)
    want = engine.state.hash()
    del story, engine
    gc.collect()
    ratios = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        if await decoded(journal) != count:
            sys.exit("the journal does not hold what was stored")
        decode_s = time.perf_counter() - begin
        begin = time.perf_counter()
        state = await recover(journal)
        replay_s = time.perf_counter() - begin
        ratios.append(replay_s / decode_s)
        print(
            f"decode {decode_s:.2f} s ({count / decode_s:,.0f}/s), replay {replay_s:.2f} s "
            f"({count / replay_s:,.0f}/s): {ratios[-1]:.1f} times",
            flush=True,
        )
    size = sum(len(batch.events) for batch in [b async for b in journal.read(0)])
    print(
        f"{count:,} events in a journal file, {size / 1e6:.0f} MB ({size / count:.0f} bytes each)"
    )
    print(f"  median: {median(ratios):.1f} times")
    print(f"  equal state hash: {state.hash() == want}, at {(state.now - MONDAY) / 1e9:,.0f} s")
    await snapshot(journal, state)
    await journal.close()


async def snapshot(journal: SqliteJournal, state: State) -> None:
    """Save a snapshot and start from it."""
    saved = encode_snapshot(state.freeze(), "benchmark")
    await journal.save_snapshot(saved)
    begin = time.perf_counter()
    again = await recover(journal)
    took = time.perf_counter() - begin
    print(
        f"  start from a snapshot of {len(saved.body) / 1e6:.1f} MB with {len(again.items):,} "
        f"items: {took:.2f} s, equal state hash: {again.hash() == state.hash()}"
    )


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with temporary_folder() as name:
        asyncio.run(measure(Path(name) / "journal.sqlite", wanted))


if __name__ == "__main__":
    main()
