"""Lets a whole town of real programs endure faults, and accounts for everything afterwards.

    scripts/endure                                  20 minutes, 300 calls, 200 chats, 100 agents
    scripts/endure --minutes 2 --calls 40 --chats 30 --agents 20
    scripts/endure --seed N                         other people, other faults, in another order

Needs redis-server, PostgreSQL and dovecot. Ends with status 1 when something is not accounted for
or the town did not recover; what is missing stands at the end, with the seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import uvloop

from router.runtime.logs import configure_logs
from tests.endurance.run import endure
from tests.endurance.scale import Scale

HELP = {
    "minutes": "of faults; starting and accounting come on top",
    "seed": "which people and which faults",
    "calls": "at the same time",
    "chats": "at the same time",
    "agents": "at their desks; three in five have a telephone",
    "mails": "writers to the town's own port",
    "boxes": "writers to the mailbox from which the town fetches",
    "forms_s": "seconds between two forms",
    "talks_s": "seconds of an agent with a caller",
    "words_s": "seconds between two messages of a chat, at most",
    "replicas": "of Redis",
    "rests_s": "seconds between two faults",
    "full": "of the calls that shall be there at once before the first fault",
}


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for each in fields(Scale):
        name = f"--{each.name.replace('_', '-')}"
        kind = type(each.default)
        parser.add_argument(
            name, type=kind, default=each.default, help=f"{HELP[each.name]} ({each.default})"
        )
    parser.add_argument("--folder", type=Path, help="keep logs and data there (a new folder)")
    given = vars(parser.parse_args())
    kept: Path | None = given.pop("folder")
    configure_logs("error", "console")
    scale, began = Scale(**given), time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {text}\n")

    with tempfile.TemporaryDirectory(prefix="townline-endure-") as name:
        folder = kept or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            result = uvloop.run(endure(folder, scale, say))
        except AssertionError as error:
            sys.exit(f"seed {scale.seed}: {error}")
    sys.stdout.write(f"{result}\n")
    sys.exit(bool(result.findings))


if __name__ == "__main__":
    main()
