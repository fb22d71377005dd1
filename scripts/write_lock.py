"""Prints requirements.lock: every distribution townline needs, pinned, with who asks for it.

Follows the declared requirements of what is installed, beginning with townline and its extra `dev`.
The lock is used as a constraints file (`pip install -c requirements.lock -e .`), so the program and
its tools share one file. Never installs anything.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = "townline"
HEAD: Final = "# Written by scripts/lock; used as a constraints file by scripts/ and Dockerfile.\n"


def pinned(root: str = ROOT, extra: str = "dev") -> dict[str, tuple[str, set[str]]]:
    """Return name -> (version, names of those who ask for it) for all that `root` needs.

    Errors: `PackageNotFoundError` when something needed is not installed.
    """
    found: dict[str, tuple[str, set[str]]] = {}
    waiting = [(root, frozenset({"", extra}))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        asking = waiting.pop()
        if asking in seen:
            continue
        seen.add(asking)
        for needed in _needs(*asking):
            name = canonicalize_name(needed.name)
            _, by = found.setdefault(name, (metadata.version(name), set()))
            by.add(asking[0])
            waiting.append((name, frozenset({"", *needed.extras})))
    return found


def _needs(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def main() -> None:
    """Print the lock file."""
    lines = [HEAD]
    for name, (version, by) in sorted(pinned().items()):
        lines.append(f"{name}=={version}  # {', '.join(sorted(by))}\n")
    sys.stdout.writelines(lines)


if __name__ == "__main__":
    main()
