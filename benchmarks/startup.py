"""Seconds from `townline run` to the first 200 on /readyz.

    .venv/bin/python -m benchmarks.startup [ROUNDS]

The first start compiles Python's bytecode and the policy, makes secret, journal and history; the
second finds them. Beside it: a Python process that only imports what the daemon imports.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.servers import ROOT, daemon, environment, temporary_folder
from benchmarks.wire import median


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seconds: dict[str, list[float]] = {"first": [], "second": [], "imports": []}
    for _ in range(rounds):
        with temporary_folder() as name:
            folder = Path(name)
            for which in ("first", "second"):
                began = time.perf_counter()
                with daemon(folder):
                    seconds[which].append(time.perf_counter() - began)
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", "import router.cli, router.runtime.daemon"],
                env=environment(folder, 0),
                cwd=ROOT,
                check=True,
            )
            seconds["imports"].append(time.perf_counter() - began)
        print(", ".join(f"{name} {spans[-1]:.2f} s" for name, spans in seconds.items()), flush=True)
    print("median: " + ", ".join(f"{name} {median(s):.2f} s" for name, s in seconds.items()))


if __name__ == "__main__":
    main()
