"""Mail nobody here wrote is read, and agrees with the standard library where that can read it."""

from __future__ import annotations

import os
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest

from channels.mail.message import Mail
from channels.mail.reading import read

SHARED: Final = Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[4] / "shared"))
CORPORA: Final = SHARED / "mail-corpora"
MAILS: Final = sorted(CORPORA.rglob("*.eml"))
TEXTS: Final = sorted((CORPORA / "reply-trimmer" / "emails").glob("*.txt"))
BLANK: Final = re.compile(r"[\s>\x00]+")
# Where the standard library's answer is not ours, and why ours is right.
TEXT_DIFFERS: Final[dict[str, str]] = {
    "attachment_pdf_non_ascii.eml": "ISO-8859-1 stands for Windows-1252, as in every browser",
    "content_transfer_encoding_7-bit.eml": "the same",
    "raw_email4.eml": "both texts of a nested mail are read, not the first alone",
    "lhost-sendmail-53.eml": "a multipart that nobody declared is read by its parts",
    "raw_email5.eml": "spaces at line ends of flowed text",
}
ID_DIFFERS: Final[dict[str, str]] = {
    "raw_email_double_at_in_header.eml": "the whole of a Message-ID with two @",
}

pytestmark = pytest.mark.skipif(
    not MAILS, reason=f"no corpus at {CORPORA}; TOWNLINE_SHARED names the folder"
)


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def oracle(raw: bytes) -> EmailMessage | None:
    """What the standard library reads; None where its parser or its headers give up."""
    found = message_from_bytes(raw, policy=policy.default)
    try:
        for key in ("from", "subject", "message-id"):
            str(found[key])
        body = found.get_body(("plain",))
        if body is not None:
            body.get_content()
    except (ValueError, LookupError, AttributeError, TypeError, IndexError):
        return None
    return found


def read_whole(path: Path) -> Mail:
    mail = read(path.read_bytes())
    assert mail.is_readable
    assert "reader-failed" not in mail.defects
    return mail


@pytest.mark.parametrize("path", MAILS, ids=name)
def test_sender_subject_and_id_are_those_the_standard_library_reads(path: Path) -> None:
    mail, found = read_whole(path), oracle(path.read_bytes())
    if found is None:
        return
    assert mail.subject == " ".join(str(found["subject"] or "").split())
    sender = found["from"]
    addresses = [address.addr_spec.lower() for address in sender.addresses] if sender else []
    whole = [address for address in addresses if address.partition("@")[2]]
    ours = [mail.sender.address.lower()] if mail.sender else []
    assert ours == whole[:1]
    if found["message-id"] and path.name not in ID_DIFFERS:
        assert mail.message_id == "".join(str(found["message-id"]).split())


@pytest.mark.parametrize("path", MAILS, ids=name)
def test_no_word_of_the_text_is_lost(path: Path) -> None:
    mail, found = read_whole(path), oracle(path.read_bytes())
    body = found.get_body(("plain",)) if found is not None else None
    if body is None or path.name in TEXT_DIFFERS:
        return
    theirs = BLANK.sub("", body.get_content())
    if theirs and "\ufffd" not in theirs:
        assert BLANK.sub("", mail.text) == theirs


@pytest.mark.parametrize("path", MAILS, ids=name)
def test_no_file_is_lost(path: Path) -> None:
    mail, found = read_whole(path), oracle(path.read_bytes())
    if found is None or found.defects:
        return
    theirs = {
        bytes(part.get_payload(decode=True) or b"")
        for part in found.walk()
        if part.get_content_disposition() == "attachment"
        and not part.is_multipart()
        and part.get_content_maintype() != "message"
    }
    assert theirs - {attachment.body for attachment in mail.attachments} <= {b""}


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_texts_without_a_head_are_read_as_text(path: Path) -> None:
    raw = path.read_bytes()
    mail = read(b"From: a@example.org\n\n" + raw)
    assert BLANK.sub("", mail.text) == BLANK.sub("", raw.decode())


@pytest.mark.parametrize("path", MAILS[::7], ids=name)
def test_every_beginning_of_a_real_mail_is_read(path: Path) -> None:
    raw = path.read_bytes()
    for cut in range(0, len(raw), max(1, len(raw) // 60)):
        assert "reader-failed" not in read(raw[:cut]).defects
