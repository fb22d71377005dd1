"""Redis behind Sentinels: what a fail-over loses, and for how long nothing can be stored.

    .venv/bin/python -m benchmarks.failover [ROUNDS]

A master, two replicas, three Sentinels, all processes on this machine (fsync at every append). One
writer stores small batches, 200 a second at most, as a daemon does: whatever is cut off is looked
up. Then the master is killed (SIGKILL), stands still (SIGSTOP), or another one is promoted by hand
while it lives. Before that replicas may have been cut off for a while, as by a slow network; they
are back when it happens. Lost is what was acknowledged and is not in the journal at the end.
Each round has servers of its own; the rows say least, median and most of the rounds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import count, pairwise
from typing import Final, NamedTuple

from router.ports import Batch
from router.runtime.clock import SystemClock
from router.runtime.journal_redis import RedisJournal
from router.runtime.logs import configure_logs
from router.runtime.metrics import Metrics
from router.runtime.storing import Outcome, Storing
from tests.fakes.redis_sentinel import NAME, Watched, until, watched

RATE: Final = 200  # batches a second
EVENT_BYTES: Final = 700  # of one form, about
WARM_S: Final = 1.0
LIMIT_S: Final = 60.0
AFTER: Final = 20  # acknowledged batches after which it is over


class Case(NamedTuple):
    """One way in which a server is lost."""

    end: str  # killed, stands still, by hand
    replicas: int = 0  # TOWNLINE_JOURNAL_REPLICAS
    behind: int = 0  # of the two replicas
    behind_s: float = 0.0
    down_after_ms: int = 2000


CASES: Final = (
    Case("killed", replicas=0),
    Case("killed", replicas=0, behind=1, behind_s=0.5),
    Case("killed", replicas=0, behind=2, behind_s=0.1),
    Case("killed", replicas=0, behind=2, behind_s=0.5),
    Case("killed", replicas=1),
    Case("killed", replicas=1, behind=1, behind_s=0.5),
    Case("killed", replicas=1, behind=2, behind_s=0.5),
    Case("by hand", replicas=0),
    Case("by hand", replicas=1),
    Case("by hand", replicas=2),
    Case("stands still", replicas=1),
    Case("killed", replicas=1, down_after_ms=1000),
    Case("killed", replicas=1, down_after_ms=5000),
    Case("killed", replicas=1, down_after_ms=10_000),
)


class Found(NamedTuple):
    """What came of one round."""

    lost: int  # batches that were acknowledged
    acknowledged: int
    without_s: float  # the longest time after that without an acknowledgement


class Writer:
    """Stores at a steady rate, or slower; notes what was acknowledged, and when."""

    def __init__(self, journal: RedisJournal) -> None:
        self.acknowledged: list[tuple[float, str]] = []
        self._journal = journal
        self._storing = Storing(journal, SystemClock(0), Metrics())
        self._version = 0

    async def run(self) -> None:
        """Store until cancelled."""
        due = time.monotonic()
        for number in count():
            due = max(due + 1 / RATE, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            batch = Batch(f"batch {number}", 1, 1, bytes(EVENT_BYTES))
            outcome = await self._storing.store(self._version, batch, lambda: 0)
            if outcome is Outcome.STORED:
                self.acknowledged.append((time.monotonic(), batch.batch_id))
                self._version += 1
            else:
                await self._storing.insist(self._catch_up)

    async def _catch_up(self) -> None:
        self._version = await self._journal.version()


async def measure(it: Watched, case: Case) -> Found:
    """Have it happen once."""
    journal = await RedisJournal.open(it.url, "benchmark", replicas=case.replicas)
    writer = Writer(journal)
    writing = asyncio.ensure_future(writer.run())
    await asyncio.sleep(WARM_S)
    old = it.master
    behind = it.replicas[: case.behind]
    for node in behind:
        old.cut_off(node)
    await asyncio.sleep(case.behind_s)
    ended = time.monotonic()
    if case.end == "killed":
        old.kill()
    elif case.end == "stands still":
        old.freeze()
    else:
        it.sentinels[0].told("SENTINEL FAILOVER", NAME)
    for node in behind:
        node.go_on()
    new = await asyncio.to_thread(it.promoted, old)
    if case.end == "by hand":
        await asyncio.to_thread(until, "the old one follows", lambda: it.is_replica(old))
    enough = len(writer.acknowledged) + AFTER
    while len(writer.acknowledged) < enough:  # noqa: ASYNC110 - the writer tells nobody
        await asyncio.sleep(1 / RATE)
    writing.cancel()
    await asyncio.wait([writing])
    there = {stored.batch_id async for stored in journal.read(0)}
    old.go_on()
    await journal.close()
    assert it.master is new
    lost = sum(each not in there for _, each in writer.acknowledged)
    return Found(
        lost, len(writer.acknowledged), _longest([at for at, _ in writer.acknowledged], ended)
    )


def _longest(instants: Sequence[float], begins: float) -> float:
    """Return the longest time between two of them, of what lies after `begins`."""
    return max(later - max(at, begins) for at, later in pairwise(instants))


def row(case: Case, found: Sequence[Found]) -> str:
    """Return a row of the table."""
    lost = [each.lost for each in found]
    without = [each.without_s for each in found]
    behind = f"{case.behind} of 2 for {case.behind_s:g} s" if case.behind else "none"
    return (
        f"| {case.end} | {case.replicas} | {behind} | {case.down_after_ms / 1000:g} s |"
        f" {min(lost)}, {statistics.median(lost):g}, {max(lost)} |"
        f" {min(without):.1f}, {statistics.median(without):.1f}, {max(without):.1f} s |"
    )


def main(arguments: Sequence[str]) -> None:
    configure_logs("error", "console")
    rounds = int(arguments[0]) if arguments else 5
    print("| server | REPLICAS | replicas behind | down-after | batches lost | without service |")
    print("|---|---|---|---|---|---|")
    for case in CASES:
        found = []
        for _ in range(rounds):
            with watched(down_after_ms=case.down_after_ms) as it:
                found.append(asyncio.run(asyncio.wait_for(measure(it, case), LIMIT_S)))
        print(row(case, found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
