"""Why a client of the chat is refused, in Direct Line's own words; plain data.

Source: Direct Line 3.0, "Errors": an `ErrorResponse` with a code and a message. Clients take 403
for a token that has expired, 404 for a conversation that is over; another 4xx is not tried again.
"""

from __future__ import annotations

from typing import Final

BAD_ARGUMENT: Final = "BadArgument"


class Refused(Exception):
    """The request is answered with this status; nothing was changed."""

    def __init__(self, status: int, code: str, message: str, *, retry_after_s: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s  # 0: not said


def bad(message: str) -> Refused:
    """Return that the sender's request makes no sense."""
    return Refused(400, BAD_ARGUMENT, message)
