"""What is wrong with a policy file, said where it stands and with the remedy.

A complaint never stops the reading: every mistake of every file is collected, sorted and shown
together. Nothing here reads files.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Path = tuple[str | int, ...]  # keys and indices from the top of a file

_SHOWN_AT_MOST: Final = 12


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One mistake. `line` and `col` count from 1; `path` is dotted, with `[n]` for list entries."""

    file: str
    line: int
    col: int
    path: str
    message: str
    is_warning: bool = False  # a warning does not keep the policy from being used

    def __str__(self) -> str:
        """Return `file:line:col path: what is wrong, and what would be right`."""
        kind = "warning: " if self.is_warning else ""
        path = f" {self.path}" if self.path else ""
        return f"{self.file}:{self.line}:{self.col}{path}: {kind}{self.message}"


def dotted(path: Path) -> str:
    """Return a path as people read it: `queues.roads.steps[0].requires`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


def remedy(value: str, known: Iterable[str]) -> str:
    """Return which known name was probably meant, else the names there are."""
    names = list(known)
    folded = {name.lower(): name for name in names}
    close = difflib.get_close_matches(value.lower(), list(folded), n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    if not names:
        return "there are none"
    shown = ", ".join(sorted(names)[:_SHOWN_AT_MOST])
    more = len(names) - _SHOWN_AT_MOST
    return f"there are: {shown}" + (f" and {more} more" if more > 0 else "")


def unknown(kind: str, value: str, known: Iterable[str]) -> str:
    """Return the message for a name that nothing has."""
    return f"no {kind} is called {value!r}; {remedy(value, known)}"
