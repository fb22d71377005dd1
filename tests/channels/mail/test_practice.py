"""`townline write`: a resident's mail program for trying out."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest

from channels.mail.intake import Answer, Envelope
from channels.mail.practice import first_mailbox, write
from channels.mail.reading import read
from channels.mail.smtp_in import SmtpDoor, SmtpDoorSettings
from router.errors import ChannelError, SettingsError

TOWN = Path(__file__).parents[3]
TODAY = date(2026, 11, 22)


async def test_a_mail_reaches_the_door_with_its_file(tmp_path: Path) -> None:
    got: list[bytes] = []

    async def intake(raw: bytes, _: Envelope) -> Answer:
        got.append(raw)
        return Answer.TAKEN

    picture = tmp_path / "hole.png"
    picture.write_bytes(b"png")
    door = SmtpDoor(intake, lambda _: True, SmtpDoorSettings(port=0))
    await door.start()
    try:
        message_id = await asyncio.to_thread(
            write,
            f"127.0.0.1:{door.port}",
            sender="sam@example.org",
            to="info@town.test",
            subject="Pothole é",
            text="On Elm Street",
            attach=picture,
        )
    finally:
        await door.stop()
    [mail] = [read(raw) for raw in got]
    assert (mail.subject, mail.text.strip()) == ("Pothole é", "On Elm Street")
    assert mail.message_id == message_id
    assert [(f.name, f.kind) for f in mail.attachments] == [("hole.png", "image/png")]


def test_a_shut_door_is_told() -> None:
    with pytest.raises(ChannelError, match="did not take the mail"):
        write("127.0.0.1:1", sender="a@example.org", to="b@town.test", subject="", text="")


def test_the_first_mailbox_of_the_file_is_written_to(tmp_path: Path) -> None:
    assert first_mailbox(TOWN, TODAY) == "info@willowmere.example.org"
    with pytest.raises(SettingsError):
        first_mailbox(tmp_path, TODAY)
