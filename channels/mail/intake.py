"""What the doors of the mailbox (SMTP, IMAP) and the channel behind them promise each other.

A door hands over a mail as it came and learns whether it is stored. It never keeps a mail for
itself: what is not `TAKEN` stays with whoever sent it or with the server that holds it. The same
mail may be handed over twice (a door that crashed between the answer and its own confirmation);
the channel behind finds that out by the content.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final

import msgspec
import structlog

from router.errors import TownlineError

log: Final = structlog.get_logger(__name__)


class Envelope(msgspec.Struct, frozen=True):
    """What is known of a mail besides its bytes."""

    mail_from: str | None  # "" is the null sender, None unknown (IMAP)
    rcpt_to: tuple[str, ...]  # () unknown (IMAP)
    mailbox: str  # name of the mailbox or listener in the settings
    peer: str  # host the mail came from, as an address or name without port
    cut_from: int = 0  # bytes of the whole mail when only its beginning is handed over; 0: whole


class Answer(StrEnum):
    """What became of a mail that was handed over."""

    TAKEN = "taken"  # stored durably, or stored before: the door may confirm
    LATER = "later"  # not stored now: keep it and try again
    REFUSED = "refused"  # never: not for us, not wanted


Intake = Callable[[bytes, Envelope], Awaitable[Answer]]  # TAKEN only once it is stored durably


async def hand_over(intake: Intake, raw: bytes, envelope: Envelope, *, limit_s: float) -> Answer:
    """Return the intake's answer; LATER when it fails or takes longer than `limit_s` seconds.

    Errors: none; what the intake raises is logged, since the door can only ask for patience.
    """
    try:
        async with asyncio.timeout(limit_s):
            return await intake(raw, envelope)
    except TimeoutError:
        _not_stored(envelope, "intake-too-slow")
    except TownlineError as error:
        _not_stored(envelope, error.code)
    except Exception:
        log.exception("mail_intake_broken", mailbox=envelope.mailbox, code="intake-broken")
    return Answer.LATER


def _not_stored(envelope: Envelope, code: str) -> None:
    log.warning("mail_not_stored", mailbox=envelope.mailbox, code=code)
