"""What is read out of mails, whole and broken; each test names what somebody once sent."""

from __future__ import annotations

import base64

import pytest

from channels.mail.defects import MEANING
from channels.mail.message import Address, Mail
from channels.mail.reading import read

HEAD = "From: Ann <ann@example.org>\nSubject: Bins\nMessage-ID: <1@example.org>\n"


def mail(text: str, *, head: str = HEAD, charset: str = "utf-8") -> Mail:
    found = read((head + text).encode(charset))
    assert set(found.defects) <= set(MEANING)
    assert "reader-failed" not in found.defects
    return found


def multipart(*parts: str, kind: str = "mixed", end: str = "--b--\n") -> Mail:
    head = f'MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary="b"\n\n'
    return mail(head + "".join(f"--b\n{part}\n" for part in parts) + end)


def test_a_plain_mail_is_read_whole() -> None:
    found = read(
        b"From: Ann Lee <ann@Example.ORG>\r\nTo: info@example.org, Bob <bob@example.com>\r\n"
        b"Cc: cy@example.com\r\nReply-To: home@example.org\r\nSubject: The bins\r\n"
        b"Date: Mon, 2 Nov 2026 10:11:12 -0500\r\nMessage-ID: <1@example.org>\r\n"
        b"In-Reply-To: <0@example.com>\r\nReferences: <a@example.com>\r\n <0@example.com>\r\n"
        b"\r\nPlease empty them.\r\nAnn\r\n"
    )
    assert found == Mail(
        message_id="<1@example.org>",
        sender=Address("ann@example.org", "Ann Lee"),
        reply_to=Address("home@example.org"),
        to=(Address("info@example.org"), Address("bob@example.com", "Bob")),
        cc=(Address("cy@example.com"),),
        subject="The bins",
        date="2026-11-02T10:11:12-05:00",
        in_reply_to=("<0@example.com>",),
        references=("<a@example.com>", "<0@example.com>"),
        text="Please empty them.\nAnn\n",
        html="",
        attachments=(),
        headers=found.headers,
        defects=(),
    )
    assert found.headers[0] == ("from", "Ann Lee <ann@Example.ORG>")
    assert len(found.headers) == 9


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("=?utf-8?Q?Stra=C3=9Fe?=", "Straße"),
        ("=?UTF-8?B?U3RyYcOfZQ==?=", "Straße"),
        ("=?utf-8?B?U3RyYcOfZQ?=", "Straße"),  # padding lost
        ("=?iso-8859-1?q?caf=E9?= =?iso-8859-1?q?_noir?=", "café noir"),
        ('"=?utf-8?Q?caf=C3=A9?="', '"café"'),  # inside quotes
        ("x=?utf-8?Q?caf=C3=A9?=y", "xcaféy"),  # glued to words
        ("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),  # a letter cut in two
        ("=?utf-8?B?w6k=?=\n =?utf-8?B?w6k=?=", "éé"),
        ("=?utf-8*fr?Q?=C3=A9?=", "é"),  # RFC 2231 language
        ("=?utf-8?Q?two words?=", "two words"),  # a space inside
        ("=?ks_c_5601-1987?B?sMvA+w==?=", "검적"),
        ("=?gb2312?B?zOyIVA==?=", "天圱"),  # a letter beyond GB 2312
        ("=?nobody-knows?Q?caf=C3=A9?=", "café"),
        ("=?utf-8?Q?never closed", "=?utf-8?Q?never closed"),
        ("=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b"),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("=?utf-8?Q?line=0D=0ABcc:_x?=", "line Bcc: x"),  # no line may be smuggled in
        ("=?utf-8?Q?a=E2=80=AEfdp.exe?=", "afdp.exe"),  # nor the direction of writing turned
        ("=?iso-2022-jp?B?GyRCJDMbKEI=?=", "こ"),
        ("tab\there\x07", "tab here"),
    ],
)
def test_subjects_are_decoded_even_where_they_must_not_be_encoded(raw: str, subject: str) -> None:
    assert mail("\n", head=f"From: a@example.org\nSubject: {raw}\n").subject == subject


@pytest.mark.parametrize(
    ("charset", "label"),
    [("utf-8", ""), ("cp1252", ""), ("cp1251", "windows-1251"), ("shift_jis", "Shift_JIS")],
)
def test_raw_letters_in_headers_are_read_with_the_charset_of_the_text(
    charset: str, label: str
) -> None:
    word = {"cp1251": "Привет", "shift_jis": "日本語"}.get(charset, "Größe")
    kind = f"Content-Type: text/plain; charset={label}\n" if label else ""
    found = mail(f"{kind}\n{word}\n", head=f"From: {word} <a@example.org>\n", charset=charset)
    assert (found.sender, found.text) == (Address("a@example.org", word), f"{word}\n")
    assert "header-8bit" in found.defects


@pytest.mark.parametrize(
    ("label", "body", "text", "defect"),
    [
        ("utf-8", "Größe".encode(), "Größe", ""),
        ("utf-8", "Größe".encode("cp1252"), "Größe", "charset-wrong"),
        ("us-ascii", "Größe".encode(), "Größe", ""),
        ("us-ascii", "Größe".encode("cp1252"), "Größe", "charset-wrong"),
        ("iso-8859-1", b"\x93quoted\x94", "“quoted”", ""),
        ("nobody-knows", "Größe".encode(), "Größe", "charset-unknown"),
        ("nobody-knows", "Größe".encode("cp1252"), "Größe", "charset-unknown"),
        ("gb2312", "天圱".encode("gb18030"), "天圱", ""),
        ("ks_c_5601-1987", "똠방".encode("cp949"), "똠방", ""),
        ("utf-7", b"Gr+APYA3w-e", "Größe", ""),
        ("utf-16", "Größe".encode("utf-16"), "Größe", ""),
        ("iso-2022-jp", "日本".encode("iso2022_jp"), "日本", ""),
        ("us-ascii", "日本".encode("iso2022_jp"), "日本", ""),
        ("utf-8", b"ab\x00c", "abc", "nul-bytes"),
        ("rot13", b"Tebobr", "Tebobr", "charset-unknown"),
        ("unicode_escape", b"a\\u0041", "a\\u0041", "charset-unknown"),
        (
            "utf-8",
            "e\u0301t\u00e9 fin\u00e9".encode()[:-1],
            "e\u0301t\u00e9 fin\ufffd",
            "charset-wrong",
        ),
    ],
)
def test_texts_are_read_whatever_charset_they_claim(
    label: str, body: bytes, text: str, defect: str
) -> None:
    found = read(HEAD.encode() + f"Content-Type: text/plain; charset={label}\n\n".encode() + body)
    assert found.text == text
    assert found.defects == ((defect,) if defect else ())


@pytest.mark.parametrize(
    ("encoding", "body", "text", "defect"),
    [
        ("base64", "aGVsbG8=", "hello", ""),
        ("base64", "aGVs\nbG8", "hello", "base64-broken"),
        ("base64", "aGVs!bG8=", "hello", "base64-broken"),
        ("base64", "aGVsbG8=\n-- \nthe list", "hello", "base64-broken"),
        ("base64", "aGVsbG8=\nIGFnYWlu", "hello again", "base64-broken"),
        ("BASE64 ", "aGVsbG8=", "hello", ""),
        ("quoted-printable", "caf=C3=A9=\n noir", "café noir", ""),
        ("quoted-printable", "1+1=2 =C3=A9", "1+1=2 é", "quoted-printable-broken"),
        ("quoted-printable", "soft= \nbreak", "softbreak", ""),
        ("7-bit", "hello", "hello", ""),
        ("", "hello", "hello", ""),
        ("rot13", "hello", "hello", "encoding-unknown"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_they_go(
    encoding: str, body: str, text: str, defect: str
) -> None:
    found = mail(f"Content-Transfer-Encoding: {encoding}\n\n{body}")
    assert (found.text, found.defects) == (text, (defect,) if defect else ())


def test_of_alternatives_the_plain_text_is_read_and_the_html_kept() -> None:
    found = multipart(
        "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>rich</p>",
        kind="alternative",
    )  # fmt: skip
    assert (found.text, found.html, found.defects) == ("plain", "<p>rich</p>", ())


def test_an_empty_plain_alternative_gives_way_to_the_html() -> None:
    found = multipart(
        "Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>rich</p>",
        kind="alternative",
    )  # fmt: skip
    assert found.text == "rich"


def test_parts_one_after_another_are_put_together() -> None:
    found = multipart("\nfirst", "Content-Type: text/html\n\n<b>second</b>", "\nthird <3")
    assert found.text == "first\nsecond\nthird <3"
    assert found.html == "<pre>first</pre>\n<b>second</b>\n<pre>third &lt;3</pre>"


def test_nested_parts_give_text_html_pictures_and_files() -> None:
    found = multipart(
        'Content-Type: multipart/related; boundary="r"\n\n'
        '--r\nContent-Type: multipart/alternative; boundary="a"\n\n'
        "--a\n\nplain\n--a\nContent-Type: text/html\n\n<img src='cid:logo@x'>\n--a--\n"
        "--r\nContent-Type: image/PNG\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\n"
        "iVBORw==\n--r--",
        'Content-Type: application/pdf; name="a.pdf"\nContent-Disposition: attachment\n\n%PDF',
    )
    assert (found.text, found.defects) == ("plain", ())
    picture, paper = found.attachments
    assert (picture.kind, picture.content_id, picture.is_inline) == ("image/png", "logo@x", True)
    assert picture.body == b"\x89PNG"
    assert (paper.name, paper.kind, paper.is_inline, paper.body) == (
        "a.pdf", "application/pdf", False, b"%PDF",
    )  # fmt: skip


def test_an_enclosed_mail_is_an_attachment_and_not_opened() -> None:
    inner = "From: bob@example.org\nSubject: inner\n\nhello"
    found = multipart("\nsee below", f"Content-Type: message/rfc822\n\n{inner}")
    assert found.text == "see below"
    assert [(part.kind, part.body) for part in found.attachments] == [
        ("message/rfc822", inner.encode())
    ]


def test_reports_and_winmail_are_kept_as_attachments() -> None:
    found = multipart(
        "\nsorry",
        "Content-Type: message/delivery-status\n\nAction: failed\n",
        "Content-Type: text/rfc822-headers\n\nMessage-ID: <1@example.org>\n",
        "Content-Type: application/ms-tnef; name=winmail.dat\n\nx",
    )
    assert [part.kind for part in found.attachments] == [
        "message/delivery-status", "text/rfc822-headers", "application/ms-tnef",
    ]  # fmt: skip
    assert found.text == "sorry"


def test_a_mail_somebody_forgot_to_wrap_is_kept_whole() -> None:
    inner = "Received: from x\nFrom: a@example.org\nMessage-ID: <0@example.org>\n\nback"
    found = multipart("\nreturned", inner)
    assert (found.text, found.attachments[0].body) == ("returned", inner.encode())
    assert found.attachments[0].kind == "message/rfc822"
    assert found.defects == ("enclosed-mail-bare",)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('filename="plan.pdf"', "plan.pdf"),
        ("filename=the plan.pdf", "the plan.pdf"),
        ("filename*=utf-8''pl%C3%A4ne.pdf", "pläne.pdf"),
        ("filename*=iso-8859-1'de'pl%E4ne.pdf", "pläne.pdf"),
        ("filename*0*=utf-8''pl%C3;\n filename*1*=%A4ne;\n filename*2=.pdf", "pläne.pdf"),
        ('filename*1="b.pdf"; filename*0="a"', "ab.pdf"),
        ('filename="=?utf-8?Q?pl=C3=A4ne.pdf?="', "pläne.pdf"),
        ('filename="pläne.pdf"', "pläne.pdf"),
        (r'filename="a \"b\".pdf"', "a _b_.pdf"),
        (r'filename="C:\docs\plan.pdf"', "plan.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="plan.pdf', "plan.pdf"),
        ('filename="nul.txt"', "_nul.txt"),
        ('filename="..."', ""),
        ('filename="a\x01b?.pdf"', "a b_.pdf"),
        (f'filename="{"ä" * 300}.pdf"', "ä" * 98 + ".pdf"),
    ],
)
def test_file_names_are_read_and_made_safe(header: str, name: str) -> None:
    found = mail(f"Content-Type: application/pdf\nContent-Disposition: attachment; {header}\n\nx")
    assert found.attachments[0].name == name


def test_a_text_file_is_an_attachment_and_a_named_text_alone_is_the_text() -> None:
    named = 'Content-Type: text/plain; name="a.txt"\n\n'
    found = multipart("\nhello", named + "file")
    assert (found.text, [part.body for part in found.attachments]) == ("hello", [b"file"])
    assert multipart(named + "hello").text == "hello"


def test_text_that_was_only_attached_is_read_all_the_same() -> None:
    found = multipart("Content-Type: text/plain\nContent-Disposition: attachment\n\nhello")
    assert (found.text, found.attachments) == ("hello", ())


def test_flowed_lines_are_joined() -> None:
    flowed = "Content-Type: text/plain; format=flowed\n\n"
    body = "one \ntwo\n> quoted \n> more\n>> deep\n\n stuffed\nlast\n-- \nAnn \n"
    assert mail(flowed + body).text == (
        "one two\n> quoted more\n>> deep\n\nstuffed\nlast\n-- \nAnn\n"
    )
    joined = "Content-Type: text/plain; format=Flowed; delsp=Yes\n\nun \nbroken\n"
    assert mail(joined).text == "unbroken\n"


DECLARED = "Content-Type: multipart/mixed; boundary={}\n\n"


@pytest.mark.parametrize(
    ("boundary", "body", "defects"),
    [
        (None, "--b\nContent-Type: text/plain\n\nhello\n--b--\n", ("boundary-missing",)),
        ("z", "--b\nContent-Type: text/plain\n\nhello\n--b--\n", ("boundary-not-found",)),
        ("z", "hello", ("boundary-not-found", "multipart-unreadable")),
        ("b", "--b\n\nhello", ("end-boundary-missing",)),
        ("b", "--b\n\nhello\n--b-", ()),
        ("b", "--b--\n--b\n\nhello\n--b--\n", ("boundary-reused",)),
        ("", "--b\nContent-Type: text/plain\n\nhello\n--b--\n", ("boundary-missing",)),
        ("", "In MIME\n--b\n\nhello\n--b\nContent-Type: image/png\n\nx\n--b--\n",
         ("boundary-missing",)),
        ("b", "--b  \n\nhello\n--b--\nafter", ()),
        ("b", "hello\n--b--\n", ()),
    ],
)  # fmt: skip
def test_boundaries_may_be_missing_wrong_doubled_or_never_end(
    boundary: str | None, body: str, defects: tuple[str, ...]
) -> None:
    declared = {None: "Content-Type: multipart/mixed\n\n", "": "\n"}
    found = mail(declared.get(boundary, DECLARED.format(boundary)) + body)
    assert found.text.strip() == "hello"
    assert found.defects == defects


def test_children_that_reuse_the_boundary_are_all_found() -> None:
    found = multipart("Content-Type: multipart/alternative; boundary=b\n\n", "\nhello", "\nworld")
    assert found.text.split() == ["hello", "world"]


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (b"From ann Mon Nov  2 10:11:12 2026\nFrom: a@example.org\n\nhello", "mbox-line"),
        (b"From: a@example.org\rSubject: x\r\rhello", "cr-line-ends"),
        (b"From: a@example.org\nSubject: x\nhello", "no-blank-line"),
        (b"From: a@example.org\nbroken fold\nSubject: x\n\nhello", "header-line-broken"),
        (b"From: a@example.org\nDate: nonsense\n\nhello", "date-unreadable"),
        (b"Subject: x\n\nhello", "no-from"),
        (b"From: a@example.org\n\nhello", "no-message-id"),
        (b"From: a@example.org\nSubject: a\x00b\n\nhello", "nul-bytes"),
        (b"\r\n\r\nFrom: a@example.org\n\nhello", "no-message-id"),
        (b"\xef\xbb\xbfFrom: a@example.org\n\nhello", "no-message-id"),
    ],
)
def test_broken_heads_lose_neither_sender_nor_text(raw: bytes, defect: str) -> None:
    found = read(raw)
    assert defect in found.defects
    assert found.text == "hello"
    assert defect == "no-from" or found.sender == Address("a@example.org")


def test_the_sender_header_stands_in_for_a_missing_from() -> None:
    found = mail("\nx", head="Sender: desk@example.org\nFrom: nobody at all\n")
    assert found.sender == Address("desk@example.org")


def test_a_mail_of_nothing_is_not_readable_and_nobody_fails() -> None:
    for raw in (b"", b"\n", b"\n\n\n", b"\x00\x01\x02", b"\xff\xfe\x00", b"X-A: b\n\n"):
        found = read(raw)
        assert (found.sender, found.text.strip(), found.is_readable) == (None, "", False)
    assert read(b"just words, no head at all").is_readable
    assert read(b"just words, no head at all").text == "just words, no head at all"


def test_uuencoded_text_is_left_alone() -> None:
    body = "begin 644 a.txt\n%:&5L;&\\\n \nend\n"
    assert mail("\n" + body).text == body


def test_message_ids_are_taken_with_blanks_comments_and_without_brackets() -> None:
    found = mail(
        "In-Reply-To: Your mail of Monday <a@example.org> (Ann)\n"
        "References: <b@exa\n mple.org><c@example.org>\n <b@example.org>\n\nx",
        head="From: a@example.org\nMessage-ID: 1@example.org\n",
    )
    assert found.message_id == "<1@example.org>"
    assert found.in_reply_to == ("<a@example.org>",)
    assert found.references == ("<b@example.org>", "<c@example.org>")
    many = mail(f"References: {' '.join(f'<{n}@example.org>' for n in range(500))}\n\nx")
    assert len(many.references) == 200
    assert (many.references[0], many.references[-1]) == ("<0@example.org>", "<499@example.org>")


def test_a_whole_part_in_base64_with_a_charset_is_read() -> None:
    body = base64.encodebytes("Señor, ¿qué?".encode("cp1252")).decode()
    found = multipart(
        f"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n{body}"
    )
    assert found.text == "Señor, ¿qué?"


def test_the_charset_of_html_may_stand_in_the_html() -> None:
    page = '<meta http-equiv=x content="text/html; charset=windows-1251"><p>Привет</p>'
    found = mail(f"Content-Type: text/html\n\n{page}", charset="cp1251")
    assert found.text == "Привет"
