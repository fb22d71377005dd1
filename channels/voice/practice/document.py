"""TwiML text to verbs: what the practice line plays, plainly refuses, or finds broken.

Pure. Defaults are those of the carrier's documentation. What the carrier would only warn about
(an unknown attribute, stray text) becomes a warning of the document, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import msgspec

from channels.voice.practice.verbs import (
    ALLOWED,
    Dial,
    Enqueue,
    Gather,
    Hangup,
    Leave,
    Line,
    Party,
    Pause,
    Place,
    Play,
    Prompt,
    Record,
    Redirect,
    Reject,
    Room,
    Say,
    Verb,
)
from channels.voice.practice.vocabulary import ATTRIBUTES, SILENT, Field

SIZE_LIMIT: Final = 64 * 1024
"""Bytes of one document. Source: Twilio error 11750."""

UNPLAYABLE: Final[dict[str, str]] = {
    "Connect": "there is no media stream, assistant or conversation to connect to",
    "Start": "media streams, transcriptions and recordings beside a call are not offered",
    "Stop": "media streams, transcriptions and recordings beside a call are not offered",
    "Stream": "media streams are not offered",
    "Siprec": "media streams are not offered",
    "Pay": "no card numbers are taken on the practice line",
    "Prompt": "no card numbers are taken on the practice line",
    "Refer": "there is no SIP peer to refer the call to",
    "Sms": "the practice line has no text messages",
    "Message": "the practice line has no text messages",
    "Application": "there are no TwiML applications to dial",
    "Sim": "there are no SIM cards to dial",
    "WhatsApp": "WhatsApp calls are not offered",
    "VirtualAgent": "there is no virtual agent to connect to",
    "Echo": "the practice line carries no sound to echo",
}


class BadDocument(Exception):
    """The carrier would call this an application error; `code` is the carrier's number for it."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class Unplayable(Exception):
    """Good TwiML that the practice line does not offer."""

    def __init__(self, verb: str, why: str) -> None:
        super().__init__(f"<{verb}> cannot be played: {why}")
        self.verb = verb
        self.why = why


class Document(msgspec.Struct, frozen=True):
    """A document that was read: its verbs in order, and what the carrier would warn about."""

    verbs: tuple[Verb, ...]
    warnings: tuple[str, ...] = ()


def read_document(text: str | bytes, url: str, place: Place = Place.CALL) -> Document:
    """Return the document that stood at `url`, ready to be played at `place`.

    Errors: `BadDocument` for broken XML (12100), a wrong root or attribute value (12200), a verb
        in a place that does not allow it (13238 in a conference), an oversized document (11750);
        `Unplayable` for verbs the practice line does not offer.
    """
    if len(text) > SIZE_LIMIT:
        raise BadDocument(11750, f"{len(text)} bytes of TwiML, more than {SIZE_LIMIT}")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise BadDocument(12100, f"not XML: {error}") from None
    if root.tag != "Response":
        raise BadDocument(12100, f"the root is <{root.tag}>, it must be <Response>")
    reader = _Reader(url)
    verbs = tuple(reader.verb(child, place) for child in root)
    if (root.text or "").strip() or any((child.tail or "").strip() for child in root):
        reader.warnings.append("12200: text outside of any verb is not spoken")
    return Document(verbs, tuple(reader.warnings))


class _Reader:
    def __init__(self, url: str) -> None:
        self.url = url
        self.warnings: list[str] = []

    def verb(self, element: Element, place: Place) -> Verb:
        tag = element.tag
        if tag in UNPLAYABLE:
            raise Unplayable(tag, UNPLAYABLE[tag])
        builder = _BUILDERS.get(tag)
        if builder is None:
            raise BadDocument(12200, f"<{tag}> is no verb")
        verb = builder(self, element)
        if type(verb) not in ALLOWED[place]:
            code = 13238 if place is Place.CONFERENCE else 12200
            raise BadDocument(code, f"<{tag}> is not allowed in {place}")
        return verb

    def fields(self, element: Element) -> dict[str, Field]:
        """Return the element's attributes, converted, under the names of our fields."""
        table = ATTRIBUTES[element.tag]
        found: dict[str, Field] = {}
        for name, raw in element.attrib.items():
            if name not in table:
                if name not in SILENT.get(element.tag, frozenset()):
                    self.warnings.append(f"12200: <{element.tag}> has no attribute {name!r}")
                continue
            field, convert = table[name]
            try:
                found[field] = convert(raw.strip())
            except ValueError as error:
                raise BadDocument(12200, f"<{element.tag} {name}={raw!r}>: {error}") from None
            if name.lower().endswith(("url", "callback")) or name == "action":
                found[field] = self.absolute(raw)
        return found

    def absolute(self, raw: str) -> str:
        raw = raw.strip()
        return urljoin(self.url, raw) if raw else ""

    def prompts(self, element: Element) -> tuple[Prompt, ...]:
        prompts: list[Prompt] = []
        for child in element:
            verb = self.verb(child, Place.CALL)
            if not isinstance(verb, Say | Play | Pause):
                raise BadDocument(13314, f"<{child.tag}> is not allowed in <{element.tag}>")
            prompts.append(verb)
        return tuple(prompts)

    def only(self, element: Element, *tags: str) -> None:
        """Refuse children that the element does not take."""
        for child in element:
            if child.tag in UNPLAYABLE:
                raise Unplayable(child.tag, UNPLAYABLE[child.tag])
            if child.tag not in tags:
                raise BadDocument(12200, f"<{child.tag}> is not allowed in <{element.tag}>")


def _text(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def _say(reader: _Reader, element: Element) -> Say:
    return Say(text=_text(element), **reader.fields(element))


def _play(reader: _Reader, element: Element) -> Play:
    fields = reader.fields(element)
    url = reader.absolute(_text(element))
    if not url and not fields.get("digits"):
        raise BadDocument(12200, "<Play> names neither a sound nor digits")
    return Play(url=url, **fields)


def _gather(reader: _Reader, element: Element) -> Gather:
    fields = reader.fields(element)
    fields["action"] = fields.get("action") or reader.url
    return Gather(prompts=reader.prompts(element), **fields)


def _record(reader: _Reader, element: Element) -> Record:
    reader.only(element)
    fields = reader.fields(element)
    fields["action"] = fields.get("action") or reader.url
    return Record(**fields)


def _redirect(reader: _Reader, element: Element) -> Redirect:
    url = reader.absolute(_text(element)) or reader.url
    return Redirect(url=url, **reader.fields(element))


def _enqueue(reader: _Reader, element: Element) -> Enqueue:
    name = _text(element)
    if not name or len(name) > 64:
        raise BadDocument(12200, f"<Enqueue> names the queue {name!r}: 1 to 64 characters")
    return Enqueue(name=name, **reader.fields(element))


def _reject(reader: _Reader, element: Element) -> Reject:
    reader.only(element, "Parameter")
    return Reject(**reader.fields(element))


def _dial(reader: _Reader, element: Element) -> Dial:
    reader.only(element, "Number", "Sip", "Client", "Conference", "Queue")
    fields = reader.fields(element)
    rooms = [child for child in element if child.tag in ("Conference", "Queue")]
    if rooms and len(element) > 1:
        raise BadDocument(12200, f"<{rooms[0].tag}> must be alone in <Dial>")
    if rooms:
        build = _room if rooms[0].tag == "Conference" else _line
        return Dial(target=build(reader, rooms[0]), **fields)
    parties = [_party(reader, child) for child in element]
    if (element.text or "").strip():
        parties.insert(0, Party(address=_number(element.text or "")))
    if not parties or len(parties) > 10:
        raise BadDocument(12200, f"<Dial> names {len(parties)} parties: 1 to 10")
    return Dial(target=tuple(parties), **fields)


def _room(reader: _Reader, element: Element) -> Room:
    name = _text(element)
    if not name or len(name) > 128:
        raise BadDocument(12200, f"<Conference> has the name {name!r}: 1 to 128 characters")
    return Room(name=name, **reader.fields(element))


def _line(reader: _Reader, element: Element) -> Line:
    return Line(name=_text(element), **reader.fields(element))


def _party(reader: _Reader, element: Element) -> Party:
    address = _ADDRESS[element.tag](element)
    return Party(address=address, **reader.fields(element))


def _number(raw: str) -> str:
    digits = re.sub(r"[^0-9]", "", raw)
    if not digits:
        raise BadDocument(13223, f"{raw.strip()!r} is no telephone number")
    if raw.strip().startswith("+"):
        return f"+{digits}"
    return f"+1{digits}" if len(digits) == 10 else f"+{digits}"


def _sip(element: Element) -> str:
    address = _text(element)
    if "@" not in address:
        raise BadDocument(13223, f"{address!r} is no SIP address")
    return address if address.startswith(("sip:", "sips:")) else f"sip:{address}"


def _client(element: Element) -> str:
    identity = element.find("Identity")
    name = _text(element if identity is None else identity)
    if not name:
        raise BadDocument(13223, "<Client> names nobody")
    return f"client:{name}"


_ADDRESS: Final[dict[str, Callable[[Element], str]]] = {
    "Number": lambda element: _number(_text(element)),
    "Sip": _sip,
    "Client": _client,
}

_BUILDERS: Final[dict[str, Callable[[_Reader, Element], Verb]]] = {
    "Say": _say,
    "Play": _play,
    "Pause": lambda reader, element: Pause(**reader.fields(element)),
    "Gather": _gather,
    "Record": _record,
    "Dial": _dial,
    "Enqueue": _enqueue,
    "Leave": lambda reader, element: Leave(),
    "Redirect": _redirect,
    "Reject": _reject,
    "Hangup": lambda reader, element: Hangup(),
}
