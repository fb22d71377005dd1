"""Acts storms over several daemons: seeded, in virtual time, each the same whenever it is acted.

    scripts/simulate-faults --seed N               one storm, and what it came to
    scripts/simulate-faults --storms 100000        so many, from --from on, on all cores

Ends with status 1 when something was lost, doubled, or seen otherwise than the journal has it; then
it prints seed and last events.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.storms.storm import Result, StormFailed, simulate

TOTALS: Final = (
    "events", "lives", "calls", "forms", "listened", "effects", "repeated", "lost", "forks",
)  # fmt: skip


def tried(seed: int) -> tuple[int, Result | str]:
    """Return what the storm came to, or why it failed."""
    try:
        return seed, simulate(seed)
    except StormFailed as error:
        return seed, str(error)


def many(first: int, count: int) -> int:
    """Act so many storms; return the exit status."""
    began, totals, failed = time.monotonic(), Counter[str](), 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed, found in pool.map(tried, range(first, first + count), chunksize=20):
            if isinstance(found, str):
                failed += 1
                sys.stdout.write(f"{found}\n")
                continue
            for name in TOTALS:
                totals[name] += getattr(found, name)
            if (seed + 1 - first) % 1000 == 0:
                sys.stderr.write(f"{seed + 1 - first} of {count} storms\n")
    said = ", ".join(f"{number:,} {name}" for name, number in totals.items())
    took = time.monotonic() - began
    sys.stdout.write(f"{count:,} storms in {took:,.0f} s, {failed} failed; {said}\n")
    return int(failed > 0)


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, help="act this storm alone")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of many")
    parser.add_argument("--storms", type=int, default=1000, help="how many")
    given = parser.parse_args()
    if given.seed is None:
        sys.exit(many(given.first, given.storms))
    _, found = tried(given.seed)
    sys.stdout.write(f"{found}\n")
    sys.exit(isinstance(found, str))


if __name__ == "__main__":
    main()
