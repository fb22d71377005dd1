"""Notes from which sources the console was built, so that a test without Node sees a stale build.

`scripts/console build` runs it; the digest lies beside what was built, in `router/desk/console`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SOURCES: Final = ROOT / "console"
NOTE: Final = ROOT / "router" / "desk" / "console" / "sources"


def digest() -> str:
    """Return what stands for every file from which the console is built, its tests left out."""
    found = hashlib.sha256()
    above = (path for path in SOURCES.iterdir() if path.is_file())
    for path in sorted({*above, *(SOURCES / "src").rglob("*")}):
        if path.is_file() and not path.name.endswith(".test.ts"):
            body = path.read_bytes()
            found.update(f"{path.relative_to(SOURCES).as_posix()} {len(body)}\n".encode())
            found.update(body)
    return found.hexdigest()


if __name__ == "__main__":
    NOTE.write_text(f"{digest()}\n", encoding="utf-8")
