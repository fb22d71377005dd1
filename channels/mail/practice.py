"""A resident's mail program for trying out: one mail by SMTP to the town's own door."""

from __future__ import annotations

import mimetypes
import smtplib
import uuid
from datetime import date
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

from router.errors import ChannelError, SettingsError

WAIT_S = 10.0


def write(
    address: str, *, sender: str, to: str, subject: str, text: str, attach: Path | None = None
) -> str:
    """Send a mail and return its Message-ID.

    Args:
        address: of the door, as "127.0.0.1:8025".
        sender: the resident's address.
        to: a mailbox of the town, or the Reply-To of an answer.
        subject: may be empty.
        text: what is written.
        attach: a file to go with it.

    Raises:
        ChannelError: the door is shut, or refuses the mail.
    """
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = formatdate(usegmt=True)
    mail["Message-ID"] = f"<{uuid.uuid4()}@{sender.rpartition('@')[2]}>"
    mail.set_content(text)
    if attach is not None:
        kind, _, detail = _kind_of(attach).partition("/")
        body = attach.read_bytes()
        mail.add_attachment(body, maintype=kind, subtype=detail, filename=attach.name)
    host, _, port = address.rpartition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=WAIT_S) as door:
            door.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        raise ChannelError(f"{address} did not take the mail: {error}", retryable=True) from error
    return str(mail["Message-ID"])


def first_mailbox(folder: Path, today: date) -> str:
    """Return the address of the town's first mailbox, by the policy as it is read on that day.

    Raises:
        SettingsError: the policy has mistakes, or no mailbox.
    """
    from router.policy.load import load  # heavy: calendars

    policy = load(folder, today=today).policy
    if policy is None or policy.mail is None:
        raise SettingsError(f"{folder}: no mailbox in config/mail.yaml; see townline check")
    return policy.mail.first.address


def _kind_of(file: Path) -> str:
    return mimetypes.guess_type(file.name)[0] or "application/octet-stream"
