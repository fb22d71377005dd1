"""Makes mistakes in the core on purpose, one at a time, and shows which test sees each.

    python -m scripts.faults [NAME...]     all of tests/faults.toml, or those named
    python -m scripts.faults --write       also writes docs/faults.md; only when all were made

Works in a copy; the program itself is never touched. Ends with status 1 when a mistake was not
seen, or when its place in the program can no longer be found.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
LIST: Final = ROOT / "tests" / "faults.toml"
PAGE: Final = ROOT / "docs" / "faults.md"
COPIED: Final = (
    "router", "channels", "tests", "scripts", "config", "ivr_flows", "docs", "benchmarks",
    "skills.yaml", "pyproject.toml", "README.md",
)  # fmt: skip
_FAILED: Final = re.compile(r"^FAILED (\S+)", re.MULTILINE)

HEAD: Final = """\
# Mistakes made on purpose

<!-- Written by `python -m scripts.faults --write` from tests/faults.toml. -->

A test is worth what it sees. Each of these mistakes was made alone in a copy of the program, and
the test named failed. Again, for all or for those named: `python -m scripts.faults [NAME...]`.

| mistake | in | seen by |
|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake: `before` stands exactly once in `module` and becomes `after`."""

    name: str
    module: str
    before: str
    after: str
    what: str
    tests: tuple[str, ...]  # files of tests/, in the order in which they are run

    def made_in(self, text: str) -> str:
        """Return the module's text with the mistake. Raises ValueError when its place is gone."""
        if text.count(self.before) != 1:
            found = text.count(self.before)
            raise ValueError(f"{self.name}: {self.module} has its place {found} times, want 1")
        return text.replace(self.before, self.after)


def faults() -> tuple[Fault, ...]:
    """Return all of them, in the order of the file."""
    rows = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return tuple(
        Fault(name=name, **{**row, "tests": tuple(row["tests"])}) for name, row in rows.items()
    )


def seen_by(fault: Fault, folder: Path) -> str:
    """Make the mistake in the copy; return the first test that fails, "" for none."""
    module = folder / fault.module
    good = module.read_text(encoding="utf-8")
    module.write_text(fault.made_in(good), encoding="utf-8")
    try:
        for name in fault.tests:
            run = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider",
                 "-m", "not full", "-rf", f"tests/{name}"],
                cwd=folder, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if run.returncode not in (0, 5):
                found = _FAILED.search(run.stdout)
                return found.group(1) if found is not None else f"tests/{name}"
    finally:
        module.write_text(good, encoding="utf-8")
    return ""


def page(rows: Iterable[tuple[Fault, str]]) -> str:
    """Return docs/faults.md."""
    lines = [f"| {f.what} | `{f.module}` | `{test}` |" for f, test in rows]
    return HEAD + "\n".join(lines) + "\n"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run; return the exit status."""
    parser = argparse.ArgumentParser(description="Make mistakes on purpose, see which test fails.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", action="store_true", help="write docs/faults.md")
    asked = parser.parse_args()
    chosen = [fault for fault in faults() if not asked.names or fault.name in asked.names]
    rows: list[tuple[Fault, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in COPIED:
            source = ROOT / part
            (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / part)
        for fault in chosen:
            test = seen_by(fault, folder)
            rows.append((fault, test))
            _say(f"{fault.name:32} {test or 'NOT SEEN'}")
    missed = [fault for fault, test in rows if not test]
    _say(f"{len(rows) - len(missed)} of {len(rows)} seen")
    if asked.write and not missed and not asked.names:
        PAGE.write_text(page(rows), encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
