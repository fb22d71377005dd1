"""Through a mail server as towns have one: what we send arrives, and what does not comes back."""

from __future__ import annotations

import asyncio
import email
import os
from email.message import Message
from pathlib import Path

import pytest

from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from channels.mail.smtp_out import SmtpSender, SmtpSenderSettings
from tests.fakes.intake import Ledger
from tests.fakes.mail_servers import missing, opensmtpd
from tests.fakes.smtp_server import smtp_server

ABSENT = missing("smtpd", "smtpctl") or ("OpenSMTPD starts as root only" if os.getuid() else "")
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
US = "info@town.test"


def letter(to: str) -> bytes:
    return (
        f"From: {US}\r\nTo: {to}\r\nSubject: Your bin\r\nMessage-ID: <to-{to}>\r\n\r\nHello\r\n"
    ).encode()


def status_of(raw: bytes) -> str:
    """Return what the machine-readable part of a notice says, in lower case."""
    parts = email.message_from_bytes(raw).walk()
    found = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    return "".join(
        str(block) for part in found for block in part.get_payload() if isinstance(block, Message)
    ).lower()


async def test_mail_arrives_and_notices_come_back(tmp_path: Path) -> None:
    """One to somebody, one to nobody, one to a server that is busy for too long."""
    ledger = Ledger()
    door = SmtpDoor(ledger, lambda address: address == US, SmtpDoorSettings(port=0))
    await door.start()
    async with smtp_server() as world:
        world.replies["RCPT gone@home.test"] = "550 5.1.1 no such user"
        world.replies["RCPT busy@home.test"] = "451 4.3.0 later, please"
        with opensmtpd(tmp_path, town_port=door.port, world_port=world.port) as port:
            sender = SmtpSender(SmtpSenderSettings(url=f"smtp://127.0.0.1:{port}"))
            for name in ("ann", "gone", "busy"):
                to = f"{name}@home.test"
                await sender.send(letter(to), US, (to,))
            await ledger.has(2)
            async with asyncio.timeout(60):
                while not world.mails:  # noqa: ASYNC110 - another program is at work
                    await asyncio.sleep(0.01)
            # and what comes in from outside reaches the door through it
            await sender.send(letter(US), "ann@home.test", (US,))
            await ledger.has(3)
    await door.stop()

    assert [mail.rcpt_tos for mail in world.mails] == [["ann@home.test"]]
    assert b"Message-ID: <to-ann@home.test>" in (world.mails[0].original_content or b"")
    notices = {status_of(raw): raw for raw in list(ledger.taken.values())[:2]}
    actions = {("failed" if "action: failed" in said else "delayed") for said in notices}
    assert actions == {"failed", "delayed"}
    for said, raw in notices.items():
        who = "gone" if "action: failed" in said else "busy"
        assert f"final-recipient: rfc822; {who}@home.test" in said
        assert f"<to-{who}@home.test>".encode() in raw
    senders = sorted(envelope.mail_from or "" for envelope in ledger.envelopes)
    assert senders == ["", "", "ann@home.test"]  # nobody answers a notice
