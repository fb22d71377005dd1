"""From the parts to what people see: the text, the HTML, the attachments.

Of alternatives the plain text is read and the HTML kept beside it; parts one after another are
put together in their order. What is not text, or was sent as a file, is an attachment, and so are
reports and enclosed mails. Text of any length is bounded: the whole is then an attachment, too.
"""

from __future__ import annotations

import html
import re
from typing import Final, NamedTuple

from channels.mail.charsets import decode
from channels.mail.encoded_words import one_line
from channels.mail.flowed import unflow
from channels.mail.html_text import to_text
from channels.mail.message import Attachment
from channels.mail.parameters import Declared, declared, file_name
from channels.mail.parts import Part
from channels.mail.transfer import decode_transfer

TEXT_MAX: Final = 1 << 20  # bytes of one text part that are shown

_TEXTS: Final = frozenset({"text/plain", "text/html", "text/enriched", "text/richtext"})
_META: Final = re.compile(rb"(?i)<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w.:-]{1,40})")
_META_WITHIN: Final = 4096
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\x80-\x84\x86-\x9f]")
_NOTICE: Final = re.compile(r"MIME|multi-?part|mehrteilig", re.IGNORECASE)


class Contents(NamedTuple):
    """What was found; `charset` is that of the first text, "" when it says none."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    charset: str
    defects: tuple[str, ...]


class _Words(NamedTuple):
    """What a part says, as far as it says it: plain, as HTML, or both."""

    text: str = ""
    html: str = ""

    def as_text(self) -> str:
        return self.text if self.text.strip() else to_text(self.html)

    def as_html(self) -> str:
        return self.html or f"<pre>{html.escape(self.text)}</pre>"


def gather(data: bytes, root: Part) -> Contents:
    """Read every part of the tree once."""
    gatherer = _Gatherer(data)
    words = gatherer.words(root, is_related=False)
    text = words.as_text()
    if not text.strip() and not words.html:
        text = gatherer.last_resort(root)
    defects = tuple(dict.fromkeys(gatherer.defects))
    return Contents(text, words.html, tuple(gatherer.attachments), gatherer.charset, defects)


class _Gatherer:
    """One walk over one tree."""

    def __init__(self, data: bytes) -> None:
        self.view = memoryview(data)
        self.attachments: list[Attachment] = []
        self.defects: list[str] = []
        self.charset = ""
        self.has_text = False

    def words(self, part: Part, *, is_related: bool) -> _Words:
        """Return what the part says; its files join the attachments."""
        if part.children:
            inside = part.kind == "multipart/related"
            said = [self.words(child, is_related=inside) for child in part.children]
            is_choice = part.kind == "multipart/alternative"
            return _chosen(said) if is_choice else _one_after_another(said)
        disposition = declared(part.head.text("content-disposition"))
        name = self._name(part, disposition)
        if self._is_text(part, disposition.value, name):
            return self._text(part, name)
        body, defect = self._octets(part)
        self._attach(part, body, name, disposition.value, is_related=is_related)
        self._note(defect)
        return _Words()

    def last_resort(self, root: Part) -> str:
        """Return text from where none should stand: an unnamed file, or before the parts."""
        for number, attachment in enumerate(self.attachments):
            if attachment.kind == "text/plain" and not attachment.name:
                del self.attachments[number]
                return decode(attachment.body[:TEXT_MAX], "")[0]
        begin, end = root.outside
        before = decode(self.view[begin : min(end, begin + TEXT_MAX)], "")[0]
        return "" if len(before) < 200 and _NOTICE.search(before) else before.strip()

    def _is_text(self, part: Part, disposition: str, name: str) -> bool:
        if part.kind not in _TEXTS or disposition == "attachment":
            return False
        return not name or not self.has_text

    def _octets(self, part: Part) -> tuple[bytes, str]:
        encoding = part.head.text("content-transfer-encoding").partition(";")[0]
        return decode_transfer(self.view[part.begin : part.end], encoding)

    def _text(self, part: Part, name: str) -> _Words:
        body, defect = self._octets(part)
        self._note(defect)
        label = part.content.parameters.get("charset", "")
        if part.kind == "text/html" and not label:
            meta = _META.search(body[:_META_WITHIN])
            label = meta[1].decode("ascii", "ignore") if meta else ""
        if len(body) > TEXT_MAX:
            self._note("text-too-long")
            self._attach(part, body, name, "", is_related=False)
            body = body[:TEXT_MAX].rpartition(b"\n")[0] or body[:TEXT_MAX]
        text, defect = decode(body, label)
        self._note(defect)
        self.charset = self.charset or label
        text = _CONTROLS.sub("", text.removeprefix("\ufeff"))
        self.has_text = self.has_text or bool(text.strip())
        if part.kind != "text/plain":
            return _Words(html=text) if part.kind == "text/html" else _Words(to_text(text))
        parameters = part.content.parameters
        if parameters.get("format", "").lower() == "flowed":
            text = unflow(text, joins_words=parameters.get("delsp", "").lower() == "yes")
        return _Words(text)

    def _attach(
        self, part: Part, body: bytes, name: str, disposition: str, *, is_related: bool
    ) -> None:
        content_id = one_line(part.head.text("content-id")).strip("<> ")
        self.attachments.append(
            Attachment(
                name=name,
                kind=part.kind,
                body=body,
                content_id=content_id,
                is_inline=disposition == "inline"
                or (disposition != "attachment" and is_related and bool(content_id)),
            )
        )

    def _name(self, part: Part, disposition: Declared) -> str:
        name = disposition.parameters.get("filename") or part.content.parameters.get("name", "")
        return file_name(name)

    def _note(self, defect: str) -> None:
        if defect:
            self.defects.append(defect)


def _chosen(said: list[_Words]) -> _Words:
    """Alternatives: the first that says something in plain text, the last that has HTML."""
    text = next((words.text for words in said if words.text.strip()), "")
    page = next((words.html for words in reversed(said) if words.html), "")
    return _Words(text, page)


def _one_after_another(said: list[_Words]) -> _Words:
    filled = [words for words in said if words.text.strip() or words.html]
    if len(filled) <= 1:
        return filled[0] if filled else _Words()
    text = "\n".join(words.as_text() for words in filled)
    has_html = any(words.html for words in filled)
    return _Words(text, "\n".join(words.as_html() for words in filled) if has_html else "")
