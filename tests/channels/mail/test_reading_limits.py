"""Nothing a sender can do stops the reader, keeps it long, or fills the memory."""

from __future__ import annotations

import os
import time
import tracemalloc
from base64 import encodebytes
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.mail.automatic import Own, judge
from channels.mail.contents import TEXT_MAX
from channels.mail.headers import FIELDS_MAX, VALUE_MAX
from channels.mail.message import Kind, Mail
from channels.mail.parts import DEPTH_MAX, PARTS_MAX
from channels.mail.reading import read

HEAD: Final = b"From: a@example.org\r\nSubject: x\r\nMessage-ID: <1@example.org>\r\n"
MIXED: Final = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
BOUNCE: Final = b"From: mailer-daemon@example.org\r\nSubject: failure notice\r\n\r\n"
MEBIBYTE: Final = 1 << 20
OWN: Final = Own(frozenset({"info@example.org"}))


def check(mail: Mail) -> None:
    """Everything in a mail can be stored and shown."""
    assert "reader-failed" not in mail.defects
    names = [address.name for address in (*mail.to, *mail.cc) if address]
    lines = [mail.subject, mail.message_id, mail.date, *names, *(v for _, v in mail.headers)]
    for line in lines:
        assert line.isprintable() or not set("\r\n\x00\x1b") & set(line)
        line.encode()
    mail.text.encode()
    mail.html.encode()
    assert not set("\r\x00\x1b") & set(mail.text)
    assert all("/" not in part.name and part.name not in (".", "..") for part in mail.attachments)
    judge(mail, None, OWN)


def nested(depth: int) -> bytes:
    level = "Content-Type: multipart/mixed; boundary=b{0}\r\n\r\n--b{0}\r\n"
    return HEAD + "".join(level.format(n) for n in range(depth)).encode() + b"\r\nhello"


BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "nested parts": lambda: nested(5_000),
    "parts": lambda: MIXED + b"--b\r\n\r\nx\r\n" * 50_000 + b"--b--",
    "parts that nest by the same boundary": lambda: (
        MIXED + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 20_000
    ),
    "one header": lambda: b"X-A: " + b"a" * (8 * MEBIBYTE) + b"\r\n\r\nhello",
    "headers": lambda: b"X-A: b\r\n" * 300_000 + b"\r\nhello",
    "folded lines": lambda: b"X-A: b\r\n" + b" c\r\n" * 500_000 + b"\r\nhello",
    "encoded words": lambda: b"Subject: " + b"=?utf-8?Q?a " * 50_000 + b"\r\n\r\nhello",
    "quotes in To": lambda: b"To: " + b'"a' * 32_000 + b"\r\n\r\nhello",
    "brackets in To": lambda: b"To: " + b"<(" * 32_000 + b"\r\n\r\nhello",
    "ats in To": lambda: b"To: " + b"a@" * 32_000 + b"\r\n\r\nhello",
    "parameters": lambda: b"Content-Type: text/plain" + b"; a*0*=x" * 8_000 + b"\r\n\r\nhello",
    "dashes": lambda: MIXED.replace(b"=b", b"=-") + b"-" * (8 * MEBIBYTE),
    "lines like delimiters": lambda: MIXED + b"--b x\r\n" * MEBIBYTE,
    "unclosed tags": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a " * 300_000,
    "unclosed quotes": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b'<a "' * 200_000 + b">",
    "unclosed comments": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 200_000,
    "quotations": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote>x" * 20_000,
    "spaces": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"&nbsp;" * 150_000,
    "a bounce of one line": lambda: BOUNCE + b"recipient " * 100_000,
    "a bounce of ats": lambda: BOUNCE + b"a@" * 500_000,
    "a bounce of rules": lambda: BOUNCE + b"=" * MEBIBYTE,
    "a report of recipients": lambda: (
        HEAD
        + b"Content-Type: message/delivery-status\r\n\r\n"
        + b"Final-Recipient: rfc822; a@example.org\n" * 25_000
    ),
    "zeros": lambda: bytes(4 * MEBIBYTE),
    "noise": lambda: os.urandom(MEBIBYTE),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_seconds_at_most(name: str) -> None:
    """They take well under a second each; what grows with the square would take minutes."""
    raw = BOMBS[name]()
    started = time.process_time()
    check(read(raw))
    assert time.process_time() - started < 8


def test_what_lies_beyond_a_limit_is_said_and_not_lost_silently() -> None:
    deep = read(nested(DEPTH_MAX + 5))
    assert "nested-too-deep" in deep.defects
    assert deep.attachments[0].kind == "multipart/mixed"
    assert b"hello" in deep.attachments[0].body
    assert read(nested(DEPTH_MAX - 1)).text == "hello"
    many = read(BOMBS["parts"]())
    assert "too-many-parts" in many.defects
    assert len(many.text.split()) == PARTS_MAX - 1
    for name, defect in (("one header", "header-too-long"), ("headers", "too-many-headers")):
        mail = read(BOMBS[name]())
        assert (defect in mail.defects, mail.text) == (True, "hello")
        assert len(mail.headers) <= FIELDS_MAX
        assert len(mail.headers[0][1]) <= VALUE_MAX


def test_a_text_of_any_length_is_cut_and_kept_whole_beside() -> None:
    body = b"words\n" * (TEXT_MAX // 3)
    mail = read(HEAD + b"\r\n" + body)
    assert "text-too-long" in mail.defects
    assert len(mail.text) <= TEXT_MAX
    assert mail.attachments[0].body == body


@pytest.mark.parametrize("shape", ["a file", "short lines", "letters beyond the plane", "html"])
def test_a_mail_of_25_megabytes_needs_less_than_three_times_its_size(shape: str) -> None:
    size = 25 * MEBIBYTE
    file = b"--b\r\nContent-Type: image/jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = {
        "a file": lambda: MIXED + file + encodebytes(bytes(size * 73 // 100)) + b"--b--",
        "short lines": lambda: HEAD + b"\r\n" + b"a\n" * (size // 2),
        "letters beyond the plane": lambda: (
            HEAD
            + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
            + "\U0001f600\n".encode() * (size // 5)
        ),
        "html": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p>x</p>\r\n" * (size // 10),
    }[shape]()
    tracemalloc.start()
    try:
        mail = read(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * len(raw)
    assert mail.sender is not None
    assert len(mail.attachments[0].body) > size * 7 // 10


@given(st.binary(max_size=400))
def test_any_bytes_are_read(raw: bytes) -> None:
    check(read(raw))


PIECES: Final = st.sampled_from(
    [
        b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b",
        b"multipart/alternative; boundary=bb", b"text/plain; charset=", b"text/html", b"utf-8",
        b"utf-7", b"utf-16", b"gb2312", b"iso-2022-jp", b"message/rfc822", b"\r\n", b"\n", b"\r",
        b"\n\n", b"--b", b"--bb", b"--b--", b"=?utf-8?Q?", b"=?utf-8?B?", b"?=", b"=C3", b"=",
        b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Disposition: attachment; filename*0*=utf-8''%C3",
        b"; filename*1*=%A4", b"\x00", b"+2AA-", b"\x1b$B",
        b"\xc3\xa4", b"\xff", b"<a@example.org>", b'"', b"(", b"<p>", b"<!--", b"&#1", b" ",
        b"message/delivery-status", b"Action: failed", b"Final-Recipient: rfc822; ",
        b"Message-ID: ",
        b"X-Failed-Recipients: ", b"550 5.1.1", b"mailer-daemon@example.org", b"From \n", b"words",
    ]
)  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_any_mixture_of_what_mails_are_made_of_is_read(raw: bytes) -> None:
    check(read(raw))


WORDS: Final = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Cf", "Co")),
    max_size=60,
)
FILES: Final = st.lists(
    st.tuples(st.from_regex(r"[a-zäöü]{1,30}\.(pdf|jpg)", fullmatch=True), st.binary(max_size=99)),
    max_size=3,
)


def built(subject: str, name: str, text: str, page: str, files: list[tuple[str, bytes]]) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = "ann@example.org"
    message["Subject"] = subject
    message["Message-ID"] = "<1@example.org>"
    message["X-Name"] = name
    message.set_content(text)
    if page:
        message.add_alternative(f"<p>{page}</p>", subtype="html")
    for file, body in files:
        message.add_attachment(body, maintype="application", subtype="pdf", filename=file)
    return message.as_bytes()


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, WORDS, WORDS, WORDS, FILES)
def test_what_the_standard_library_writes_is_read_back(
    subject: str, name: str, text: str, page: str, files: list[tuple[str, bytes]]
) -> None:
    raw = built(subject, name, text, page, files)
    mail = read(raw)
    check(mail)
    assert mail.defects == ()
    assert mail.text.strip("\n") == text or not text.strip()
    assert mail.html.strip() == (f"<p>{page}</p>" if page else "").strip()
    assert [(part.name, part.body) for part in mail.attachments] == files
    theirs = message_from_bytes(raw, policy=policy.default)
    assert "".join(mail.subject.split()) == "".join(theirs["subject"].split())


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(WORDS, FILES, st.integers(0, 3000))
def test_a_mail_cut_anywhere_is_read_up_to_the_cut(
    text: str, files: list[tuple[str, bytes]], cut: int
) -> None:
    raw = built("x", "y", text, "page", files)
    mail = read(raw[:cut])
    check(mail)
    head_end = raw.index(b"\r\n\r\n")
    if cut > head_end:
        assert mail.sender is not None
        assert mail.subject == "x"
        assert judge(mail, "ann@example.org", OWN).kind is Kind.PERSON
