"""How often the interpreter looks for garbage in circles.

Rows have no circles, and walking a growing state for them is what made the slowest answers slow.
"""

from __future__ import annotations

import gc
from typing import Final

# Allocations before a collection of the young; then so many of those before one of the older.
COLLECT_AFTER: Final = (50_000, 20, 1_000)


def calm() -> None:
    """Set aside what exists by now (it stays) and collect seldom from here on."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
