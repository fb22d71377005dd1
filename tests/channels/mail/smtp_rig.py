"""An SMTP door that is opened for a test, and a mail for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from tests.fakes.intake import Ledger

MAIL = b"From: ann@home.example\r\nSubject: Hello\r\n\r\nGood day\r\n"


def is_ours(address: str) -> bool:
    return address.lower().endswith("@town.example")


@asynccontextmanager
async def door(ledger: Ledger, **settings: Any) -> AsyncIterator[SmtpDoor]:
    opened = SmtpDoor(ledger, is_ours, SmtpDoorSettings(port=0, **{"leave_s": 0.2} | settings))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.stop()
        assert opened.connections == 0
