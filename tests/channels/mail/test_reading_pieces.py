"""The pieces of reading on their own: heads, parts, parameters, words, HTML, flowed text."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from channels.mail import contents, defects, encoded_words, parts
from channels.mail.charsets import codec_of, decode
from channels.mail.flowed import unflow
from channels.mail.headers import iso_date, message_ids, read_head
from channels.mail.html_text import to_text
from channels.mail.parameters import declared, file_name
from channels.mail.transfer import decode_transfer

CODE = Path(contents.__file__).parent


def test_every_defect_has_a_meaning_and_every_meaning_a_defect() -> None:
    """The table is what operators read; a code in it that nothing gives would mislead."""
    said = {
        node.value
        for name in ("reading", "contents", "parts", "headers", "charsets", "transfer")
        for node in ast.walk(ast.parse((CODE / f"{name}.py").read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(defects.MEANING) <= said


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<style>p {}</style><script>x()</script><p>words</p><!-- no -->", "words"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("a &amp; b&nbsp;c &lt;d&gt; &#233; &euro;", "a & b c <d> é €"),
        (
            'see <a href="https://example.org/x">our page</a>',
            "see our page <https://example.org/x>",
        ),
        ('<a href="https://example.org/x">https://example.org/x</a>', "https://example.org/x"),
        ('<a href="mailto:ann@example.org">Ann</a>', "Ann <ann@example.org>"),
        ('<a href="javascript:x()">click</a>', "click"),
        ('<img alt="The map" src=x>', "The map"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<blockquote>he said<br>so</blockquote>yes", "> he said\n> so\n\nyes"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n>> b\n>\n\nc"),
        ('<p title="a > b">x</p>', "x"),
        ("1 < 2 and <unclosed", "1 < 2 and <unclosed"),
        ('<p class="never closed>words</p> more', "words\n\nmore"),
        ("words <!-- never closed", "words <!-- never closed"),
        ("words <!-- never closed <p>x</p>", "words"),
        ("&#99999999999999999999; x", "\ufffd x"),
        ("", ""),
    ],
)
def test_html_becomes_the_words_a_person_sees(page: str, text: str) -> None:
    assert to_text(page).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF8", "utf-8"), ('"utf-8"', "utf-8"), ("csISO2022JP", "iso2022_jp_ext"),
        ("x-sjis", "cp932"), ("WINDOWS-1250", "cp1250"), ("win-1251", "cp1251"),
        ("iso_8859-15", "iso8859-15"), ("cp-1252", "cp1252"), ("latin1", "cp1252"),
        ("hex", None), ("zlib", None), ("idna", None), ("a\x00b", None), ("../x", None),
        ("x" * 9999, None),
    ],
)  # fmt: skip
def test_labels_lead_to_codecs_that_read_letters(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec


def test_lone_surrogates_never_come_out() -> None:
    for body, label in (
        (b"+2AA-", "utf-7"),
        (b"\xff\xfe\x00\xd8", "utf-16"),
        (b"\xed\xa0\x80", ""),
    ):
        decode(body, label)[0].encode()


def test_parameters_are_read_beside_rubbish() -> None:
    found = declared('Text/Plain (a comment); charset="utf-8" ; ;; x ; format = flowed; y="a;b"')
    assert found.value == "text/plain"
    assert found.parameters == {"charset": "utf-8", "format": "flowed", "y": "a;b"}


def test_a_file_name_keeps_its_suffix_when_it_is_cut() -> None:
    assert file_name("x" * 500 + ".docx") == "x" * 195 + ".docx"


def test_a_head_ends_where_its_text_begins() -> None:
    data = b"A: 1\r\n B\r\nC:2\r\n\r\nbody"
    head = read_head(data, 0, len(data), is_top=True)
    assert [(field.name, field.raw) for field in head.fields] == [("a", b"1 B"), ("c", b"2")]
    assert data[head.body_at :] == b"body"


def test_parts_are_cut_exactly() -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    data = head + b"pre\r\n--b\r\n\r\none\r\n\r\n--b\r\n\r\n\r\n--b--\r\nx"
    root = parts.read_tree(data).root
    assert [data[part.begin : part.end] for part in root.children] == [b"one\r\n", b""]


def test_dates_that_give_no_instant_are_empty() -> None:
    assert iso_date("Mon, 2 Nov 2026 10:11:12 -0000") == "2026-11-02T10:11:12+00:00"
    assert iso_date("2 Nov 26 10:11 EST") == "2026-11-02T10:11:00-05:00"
    for text in ("", "yesterday", "Mon, 99 Nov 2026 10:11:12", "1 Jan 99999 00:00 +0000"):
        assert iso_date(text) == ""


def test_small_pieces() -> None:
    assert message_ids("<a@b> <a@b> <>") == ("<a@b>",)
    assert encoded_words.one_line(" a\r\n\tb\x85c\u2028d ") == "a b c d"
    assert decode_transfer(b"aGk=", "base64") == (b"hi", "")
    assert unflow("a \nb", joins_words=False) == "a b"
    assert unflow("> a \nb", joins_words=False) == "> a\nb"  # another depth is another paragraph
