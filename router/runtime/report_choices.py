"""What can be chosen of a report; imported by the command line, so it imports nothing itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

OWN: Final = ""  # each queue's own formula
ALL: Final = "all"


class By(StrEnum):
    """What a row stands for; calls and chats are never mixed."""

    QUEUE = "queue"
    CHANNEL = "channel"
    INTERVAL = "interval"
