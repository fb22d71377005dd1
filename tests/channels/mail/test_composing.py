"""A letter becomes bytes that any mail program reads back as the same letter, and nothing else."""
# ruff: noqa: E501, RUF001  (tables of cases)

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from email.utils import getaddresses
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.mail.composing import InvalidLetter, compose, quote, reply_subject
from channels.mail.message import Address, Attachment, Letter
from router.errors import TownlineError

LETTER = Letter(
    message_id="<7ZK3M9QXWB.3.0123456789abcdef@town.example.org>",
    sender=Address("info@town.example.org", "Town of Example"),
    to=(Address("ada@example.com", "Ada Quill"),),
    subject="Your bin",
    text="Dear Ada,\n\nwhich bin was it?\n\n-- \nTown of Example",
    date="2026-05-04T10:02:03-04:00",
)


def changed(**fields: Any) -> Letter:
    return msgspec.structs.replace(LETTER, **fields)


def read(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def mailboxes(raw: bytes, header: str) -> list[tuple[str, str]]:
    """By the older parser of the library: the newer one puts spaces between encoded words."""
    field = email.message_from_bytes(raw).get(header, "")
    found = getaddresses([re.sub(r"\r\n(?=[ \t])", "", field)]) if field else []
    return [(address, str(make_header(decode_header(name)))) for name, address in found]


def content(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


def shape(parsed: MIMEPart) -> Any:
    kind = parsed.get_content_type()
    return (kind, [shape(part) for part in parsed.iter_parts()]) if parsed.is_multipart() else kind


# --- examples ------------------------------------------------------------------------------------


def test_a_plain_letter_is_written_to_the_letter() -> None:
    assert compose(changed(text="Which bin?")).decode("ascii").split("\r\n") == [
        "From: Town of Example <info@town.example.org>",
        "To: Ada Quill <ada@example.com>",
        "Subject: Your bin",
        "Date: Mon, 04 May 2026 10:02:03 -0400",
        "Message-ID: <7ZK3M9QXWB.3.0123456789abcdef@town.example.org>",
        "X-Townline-Loop: yes",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
        "",
        "Which bin?",
        "",
    ]


def test_every_field_is_read_back() -> None:
    letter = changed(
        cc=(Address("bo@example.com"), Address("cy@example.com", 'Cy "C" Quill, clerk')),
        reply_to=Address("info+c-7zk3m9qxwb-0123456789abcdef@town.example.org", "Hôtel de ville"),
        subject="Votre bac à déchets était-il vert ou bleu ? " * 3,
        in_reply_to="<b@example.com>",
        references=("<a@example.com>", "<b@example.com>"),
        language="fr-CA",
    )
    raw = compose(letter)
    parsed = read(raw)
    assert mailboxes(raw, "cc") == [
        ("bo@example.com", ""),
        ("cy@example.com", 'Cy "C" Quill, clerk'),
    ]
    assert mailboxes(raw, "reply-to") == [
        ("info+c-7zk3m9qxwb-0123456789abcdef@town.example.org", "Hôtel de ville")
    ]
    assert parsed["subject"] == letter.subject.strip()
    assert parsed["in-reply-to"] == "<b@example.com>"
    assert parsed["references"] == "<a@example.com> <b@example.com>"
    assert parsed["content-language"] == "fr-CA"
    assert parsed["date"].datetime.isoformat() == letter.date
    assert content(parsed) == letter.text + "\n"


def test_the_space_of_a_signature_divider_survives() -> None:
    assert b"\r\n--=20\r\n" in compose(LETTER)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, None),
        ({"is_automatic": True}, "auto-replied"),
        ({"is_notice": True}, "auto-generated"),
        ({"is_automatic": True, "is_notice": True}, "auto-replied"),
    ],
)
def test_machines_are_told_what_no_person_wrote(fields: dict[str, bool], kind: str | None) -> None:
    parsed = read(compose(changed(**fields)))
    assert parsed["auto-submitted"] == kind
    assert parsed["x-auto-response-suppress"] == ("All" if kind else None)
    assert parsed["x-townline-loop"] == "yes"
    assert parsed["precedence"] is None


def test_the_mark_by_which_we_know_ourselves_may_be_given() -> None:
    assert read(compose(LETTER, loop_mark="0123abcd"))["x-townline-loop"] == "0123abcd"


def test_parts_are_nested_only_where_needed() -> None:
    picture = Attachment(
        "logo.png", "image/png", b"\x89PNG", "logo@town.example.org", is_inline=True
    )
    file = Attachment("form.pdf", "application/pdf", bytes(range(256)) * 20)
    html = '<p>Which <b>bin</b>?</p><img src="cid:logo@town.example.org">'
    pair = ("multipart/alternative", ["text/plain", "text/html"])
    related = ("multipart/related", ["text/html", "image/png"])
    for fields, expected in (
        ({}, "text/plain"),
        ({"html": html}, pair),
        ({"attachments": (file,)}, ("multipart/mixed", ["text/plain", "application/pdf"])),
        ({"html": html, "attachments": (file,)}, ("multipart/mixed", [pair, "application/pdf"])),
        ({"attachments": (picture,)}, ("multipart/mixed", ["text/plain", "image/png"])),
        (
            {"html": html, "attachments": (file, picture)},
            (
                "multipart/mixed",
                [("multipart/alternative", ["text/plain", related]), "application/pdf"],
            ),
        ),
    ):
        assert shape(read(compose(changed(**fields)))) == expected
    parsed = read(compose(changed(html=html, attachments=(file, picture))))
    parts = {part.get_content_type(): part for part in parsed.walk()}
    assert parts["application/pdf"].get_content() == file.body
    assert parts["application/pdf"].get_filename() == "form.pdf"
    assert parts["image/png"]["content-id"] == "<logo@town.example.org>"
    assert content(parts["text/html"]) == html + "\n"


@pytest.mark.parametrize(
    "name",
    ["a.pdf", "Übersicht der Straßen.pdf", "x" * 200 + ".pdf", "文件 " * 60 + ".pdf", "50 % off.txt", "it's.txt"],
)  # fmt: skip
def test_names_of_files_are_read_back(name: str) -> None:
    letter = changed(attachments=(Attachment(name, "application/pdf", b"x"),))
    assert next(read(compose(letter)).iter_attachments()).get_filename() == " ".join(name.split())


@pytest.mark.parametrize(
    "kind", ["message/rfc822", "multipart/mixed", "", "image", "a/b\r\nX: y", "Image/PNG"]
)
def test_kinds_that_cannot_be_sent_as_files_are_sent_as_bytes(kind: str) -> None:
    letter = changed(attachments=(Attachment("x.eml", kind, b"From: x\n\ny"),))
    part = next(read(compose(letter)).iter_attachments())
    assert part.get_content_type() in ("application/octet-stream", "image/png")
    assert part.get_content() == b"From: x\n\ny"


def test_very_many_references_keep_the_first_and_the_last() -> None:
    references = tuple(f"<{number}@example.com>" for number in range(100))
    parsed = read(compose(changed(references=references, in_reply_to="<99@example.com>")))
    assert parsed["references"].split() == [references[0], *references[-20:]]


def test_the_mail_that_is_answered_is_the_last_reference() -> None:
    parsed = read(
        compose(changed(references=("<b@e.test>", "<a@e.test>"), in_reply_to="<b@e.test>"))
    )
    assert parsed["references"].split() == ["<a@e.test>", "<b@e.test>"]


@pytest.mark.parametrize(
    "wrong", ["x", "<a b@c>", "<a@b>\r\nBcc: x@example.com", "<a@b><c@d>", "<é@b>"]
)
def test_unusable_references_are_left_out(wrong: str) -> None:
    parsed = read(compose(changed(references=(wrong, "<a@b>"), in_reply_to=wrong)))
    assert parsed["references"] == "<a@b>"
    assert parsed["in-reply-to"] is None
    assert parsed["bcc"] is None


# --- what cannot be written ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"to": ()},
        {"to": (Address("josé@example.com"),)},
        {"to": (Address("ada"),)},
        {"to": (Address("@example.com"),)},
        {"to": (Address("ada@"),)},
        {"to": (Address("ada@exa mple.com"),)},
        {"to": (Address("ada@example.com\r\nBcc: x@example.com"),)},
        {"to": (Address("ada\r\nBcc: x@example.com"),)},
        {"to": (Address("a\nb@example.com"),)},
        {"to": (Address("ada@example.com>, <x@example.com"),)},
        {"to": (Address("a" * 65 + "@example.com"),)},
        {"to": (Address("a@" + "b." * 200 + "com"),)},
        {"to": (Address("a b@example.com"),)},
        {"to": (Address("a@b@example.com"),)},
        {"to": (Address('"a"b"@example.com'),)},
        {"sender": Address("")},
        {"message_id": "x"},
        {"message_id": "<a@b>\r\nX: y"},
        {"date": "yesterday"},
        {"date": "2026-05-04T10:02:03"},
        {"language": "fr\r\nX: y"},
        {"language": "français"},
    ],
)
def test_letters_that_cannot_be_written_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidLetter) as refused:
        compose(changed(**fields))
    assert isinstance(refused.value, TownlineError)
    assert refused.value.code == "invalid-letter"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("a..b@example.com", '"a..b"@example.com'),
        ('"a b"@example.com', '"a b"@example.com'),
        ("o'neil+x@example.com", "o'neil+x@example.com"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a.@example.com", '"a."@example.com'),
    ],
)
def test_unusual_addresses_are_written_as_the_standard_says(address: str, written: str) -> None:
    raw = compose(changed(to=(Address(address),)))
    assert f"\r\nTo: {written}\r\n".encode() in raw


# --- answers -------------------------------------------------------------------------------------


def test_quoting_marks_every_line_once_more() -> None:
    assert quote("Hello\n\n> twice\r\nlast\n\n", "On Monday,\nAda wrote:") == (
        "On Monday, Ada wrote:\n> Hello\n>\n>> twice\n> last"
    )


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        *(("bin", "Re: bin"), ("Re: bin", "Re: bin"), ("RE: bin", "Re: bin"), ("re:bin", "Re: bin")),
        *(("Re: RE: Re: bin", "Re: bin"), ("AW: bin", "Re: bin"), ("SV: bin", "Re: bin")),
        *(("Ré : bin", "Re: bin"), ("RÉ: bin", "Re: bin"), ("Re[2]: bin", "Re: bin")),
        *(("AW: RE: bin", "Re: bin"), ("回复：bin", "Re: bin"), ("答复: bin", "Re: bin")),
        *(("Odp: bin", "Re: bin"), ("Re (3): bin", "Re: bin"), ("", "Re:"), ("Re:", "Re:")),
        *(("Fwd: Re: bin", "Re: Fwd: Re: bin"), ("Ref: 123", "Re: Ref: 123"), ("Reply: x", "Re: Reply: x")),
        *(("Refuse", "Re: Refuse"), (" Re:\tbin\r\nBcc: x", "Re: bin Bcc: x"), ("Are: x", "Re: Are: x")),
    ],
)  # fmt: skip
def test_an_answer_says_re_once(subject: str, answer: str) -> None:
    assert reply_subject(subject) == answer
    assert reply_subject(answer) == answer


# --- properties ----------------------------------------------------------------------------------

WORDS = st.text(max_size=120)
LOCAL = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,12}(\.[a-z0-9]{1,12})?", fullmatch=True)
MAILBOXES = st.builds(
    Address,
    st.builds("{}@{}.example.com".format, LOCAL, st.from_regex(r"[a-z]{1,9}", fullmatch=True)),
    WORDS,
)
IDS = st.builds("<{}@example.com>".format, st.from_regex(r"[a-z0-9.]{1,60}", fullmatch=True))
LETTERS = st.builds(
    Letter,
    message_id=IDS,
    sender=MAILBOXES,
    to=st.lists(MAILBOXES, min_size=1, max_size=4).map(tuple),
    subject=WORDS | st.sampled_from(["=?utf-8?B?eA==?=", "x" * 2000, "a=?b?=c", "é" * 500]),
    text=st.text(max_size=400) | st.text("a .\t\n=-_", max_size=400) | st.just("x" * 3000),
    date=st.just("2026-05-04T10:02:03-04:00"),
    reply_to=st.none() | MAILBOXES,
    cc=st.lists(MAILBOXES, max_size=3).map(tuple),
    references=st.lists(IDS, max_size=20, unique=True).map(tuple),
    attachments=st.lists(
        st.builds(
            Attachment, WORDS, st.just("image/png"), st.binary(max_size=200), WORDS, st.booleans()
        ),
        max_size=2,
    ).map(tuple),
    is_automatic=st.booleans(),
    html=st.text(max_size=100),
)


def line(text: str) -> str:
    """The text as a header can hold it: one line, single spaces."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", " ", text).split())


def lines(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text).removesuffix("\n") + "\n"


@given(LETTERS)
def test_what_was_written_is_read_back(letter: Letter) -> None:
    raw = compose(letter)
    parsed = read(raw)
    assert str(parsed["message-id"]) == letter.message_id
    assert str(parsed["subject"] or "") == line(letter.subject)
    for header, addresses in (
        ("from", (letter.sender,)),
        ("to", letter.to),
        ("cc", letter.cc),
        ("reply-to", (letter.reply_to,) if letter.reply_to else ()),
    ):
        assert mailboxes(raw, header) == [(a.address, line(a.name)) for a in addresses]
    assert tuple((parsed["references"] or "").split()) == letter.references
    text = parsed.get_body(("plain",))
    assert text is not None
    payload = text.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n") == lines(letter.text)
    bodies = sorted(bytes(part.get_payload(decode=True)) for part in parsed.walk()
                    if part.get_content_type() == "image/png")  # fmt: skip
    assert bodies == sorted(attachment.body for attachment in letter.attachments)


@given(LETTERS)
def test_no_value_makes_a_header_or_a_long_line(letter: Letter) -> None:
    raw = compose(letter)
    assert raw == compose(letter)
    assert raw.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    names = [name.lower() for name in read(raw)]
    assert len(names) == len(set(names))
    allowed = {"from", "to", "cc", "reply-to", "subject", "date", "message-id", "references"}
    allowed |= {"x-townline-loop", "auto-submitted", "x-auto-response-suppress", "mime-version"}
    allowed |= {"content-type", "content-transfer-encoding"}
    assert set(names) <= allowed


@settings(max_examples=30)
@given(LETTERS, LETTERS)
def test_other_letters_have_other_boundaries(one: Letter, other: Letter) -> None:
    boundaries = [re.findall(rb'boundary="(.*?)"', compose(letter)) for letter in (one, other)]
    assert one == other or set(boundaries[0]).isdisjoint(boundaries[1])
