"""Which lines are a signature: the dashes with what follows, and what telephones add by themselves.

Says nothing about greetings and names that people type ("Best regards, Ada"): those are words.
"""
# ruff: noqa: RUF001  (dashes of all kinds)

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from channels.mail import delimiters as said
from channels.mail.quotation import plain

_DASHES: Final = frozenset({"--", "—", "––"})
_RULE: Final = frozenset("-_=*#~+—–─━═•· \t")
_DEVICE_LINE_MAX: Final = 160  # characters
_AROUND: Final = "*_-–—<>[]()~ "
_DEVICE_WORDS_MAX: Final = 14
STRICT_DASHES: Final = "-- "  # RFC 3676 section 4.3
SIGNATURE_LINES_MAX: Final = 15  # below dashes without the space of RFC 3676


def is_rule(line: str) -> bool:
    """Whether the line only draws: "-----", "***", a tracking mark; never "..." or ":)"."""
    marks = plain(line)
    if marks in said.TRACKERS:
        return True
    return len(marks) >= 2 and _RULE.issuperset(marks)


def is_dashes(line: str) -> bool:
    """Whether the line is `STRICT_DASHES`, with or without the space, or a dash for it."""
    return line.strip() in _DASHES and line[:1] not in (" ", "\t")


def device_lines(lines: Sequence[str], first: int) -> int:
    """Return how many lines from `first` are "Sent from my iPhone" and the like: 0, 1 or 2.

    The line must name a device or a program, and nothing may follow it in its paragraph.
    """
    for count in (1, 2):
        part = lines[first : first + count]
        if len(part) < count or not part[-1].strip():
            return 0
        after = lines[first + count] if first + count < len(lines) else ""
        begins = plain(part[0]).strip(_AROUND).startswith(said.SENT_FROM)
        if not after.strip() and (begins or count == 1) and _names_device(" ".join(part)):
            return count
    return 0


def _names_device(line: str) -> bool:
    if len(line) > _DEVICE_LINE_MAX:
        return False
    text = plain(line).strip(_AROUND)
    words = text.split()
    begins = text.startswith(said.SENT_FROM)
    ends = text.rstrip(".").endswith(said.SENT_FROM_END)
    return (
        (begins or ends)
        and len(words) <= _DEVICE_WORDS_MAX
        and any(device in text for device in said.DEVICES)
    )
