"""What a client's activity asks for: JSON in, a wish out, and the names of what is stored.

Pure. Nothing is believed: types, lengths and addresses are checked here, every refusal is a
`Refused`. Kinds of activities that mean nothing to us are acknowledged and change nothing, as the
real service does.

Source: Bot Framework Protocol, "Activity".
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

import msgspec

from channels.chat.contact import mail_address, telephone
from channels.chat.refusals import Refused, bad
from channels.moments import instant_of
from router.core.model import Instant
from router.core.policy import Language
from router.core.records import Conversation
from router.core.transcript import RESIDENT

NAME_MAX: Final = 100  # characters of a person's name
CLIENT_ID_MAX: Final = 200
SCORES: Final = range(1, 6)
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
# controls, halves of characters, and direction overrides, which mislead; line feeds and tabs stay,
# and so do the isolates that right-to-left texts need
_SAY_NOTHING: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\ufeff]")
_OUR_EVENTS: Final = frozenset(
    f"townline/{name}" for name in ("callback", "message", "contact", "transcript", "survey")
)


class Account(msgspec.Struct, frozen=True):
    """Who a client says it is."""

    id: str | None = None
    name: str | None = None


class Activity(
    msgspec.Struct, frozen=True, rename={"sender": "from", "channel_data": "channelData"}
):
    """What of an activity means something to us."""

    type: str
    text: str | None = None
    name: str | None = None
    locale: str | None = None
    sender: Account | None = None
    value: msgspec.Raw = msgspec.Raw(b"null")
    channel_data: msgspec.Raw = msgspec.Raw(b"null")
    attachments: list[msgspec.Raw] | None = None


# --- wishes --------------------------------------------------------------------------------------


class Wish(msgspec.Struct, frozen=True):
    """Base of what a resident can want."""


class Ignore(Wish, frozen=True):
    """Nothing that we know."""


class Say(Wish, frozen=True):
    text: str
    called: str = ""  # how the client calls the resident
    name: str = ""  # what the resident says of themselves along with it
    email: str = ""  # where answers go when they have left


class Type(Wish, frozen=True):
    """The resident is writing."""


class Leave(Wish, frozen=True):
    """The chat is over for the resident."""


class Ring(Wish, frozen=True):
    number: str  # +E.164
    starts: Instant | None = None  # of the window that was chosen


class Introduce(Wish, frozen=True):
    name: str
    email: str


class Copy(Wish, frozen=True):
    """The transcript by mail."""

    email: str  # "": where the resident has said


class Rate(Wish, frozen=True):
    score: int
    text: str


class _Value(msgspec.Struct, frozen=True):
    """The value of our own events."""

    number: str | None = None
    starts: str | None = None  # ISO 8601, as the standing named it
    text: str | None = None
    email: str | None = None
    name: str | None = None
    score: int = 0


class _ChannelData(msgspec.Struct, frozen=True):
    clientActivityID: str = ""  # as clients write it
    contact: _Value = _Value()  # of ours: name and email


def read(body: bytes) -> Activity:
    """Return the activity. Raises Refused."""
    try:
        return msgspec.json.decode(body, type=Activity)
    except (ValueError, RecursionError):
        raise bad("this is no activity: want a JSON object with a type") from None


def wish_of(activity: Activity, text_max: int, *, with_files: bool = False) -> Wish:
    """Return what the activity asks for.

    Units: `text_max` characters.
    Raises: Refused.
    """
    match activity.type:
        case "message":
            return _said(activity, text_max, with_files=with_files)
        case "typing":
            return Type()
        case "endOfConversation":
            return Leave()
        case "event":
            return _event(activity, text_max)
    return Ignore()


def _said(activity: Activity, text_max: int, *, with_files: bool) -> Wish:
    if activity.attachments and not with_files:
        raise bad("files are sent by POST to .../upload")
    text = _text(activity.text or "", text_max)
    if not text:  # a button of the kind `postBack` sends its value instead
        text = _text(_as_text(activity.value), text_max)
    if not text and not with_files:
        raise bad("the message says nothing")
    called = activity.sender.name if activity.sender is not None else None
    contact = _channel_data(activity).contact
    return Say(text, clean(called or "")[:NAME_MAX], _name(contact), _email(contact))


def _event(activity: Activity, text_max: int) -> Wish:
    if activity.name == "townline/end":
        return Leave()
    if activity.name not in _OUR_EVENTS:
        return Ignore()
    try:
        value = msgspec.json.decode(activity.value, type=_Value)
    except ValueError:
        raise bad(f"the value of {activity.name!r} cannot be read") from None
    name = _name(value)
    match activity.name:
        case "townline/callback":
            return Ring(telephone(value.number or ""), _starts(value))
        case "townline/message":
            text = _text(value.text or "", text_max)
            if not text:
                raise bad("the message says nothing")
            return Say(text, name=name, email=mail_address(value.email or ""))
        case "townline/contact":
            email = _email(value)
            if not (name or email):
                raise bad("give a name or an e-mail address")
            return Introduce(name, email)
        case "townline/transcript":
            return Copy(_email(value))
    if value.score not in SCORES:
        raise bad("the score is a number from 1 to 5")
    return Rate(value.score, _text(value.text or "", text_max))


def _starts(value: _Value) -> Instant | None:
    if not value.starts:
        return None
    starts = instant_of(value.starts)
    if starts is None:
        raise bad("`starts` is no time; send one of the standing's `times`, or leave it out")
    return starts


def _name(value: _Value) -> str:
    name = clean(value.name or "")
    if len(name) > NAME_MAX:
        raise bad(f"a name has at most {NAME_MAX} characters")
    return name


def _email(value: _Value) -> str:
    return mail_address(value.email) if value.email else ""


def _channel_data(activity: Activity) -> _ChannelData:
    try:
        return msgspec.json.decode(activity.channel_data, type=_ChannelData)
    except ValueError:  # clients put there what they like
        return _ChannelData()


def clean(text: str) -> str:
    """Return the text without what says nothing: controls, overrides, white space around it."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _SAY_NOTHING.sub("", text).strip()


def _text(text: str, text_max: int) -> str:
    text = clean(text)
    if len(text) > text_max:
        message = f"a message has at most {text_max} characters, this one has {len(text)}"
        raise Refused(400, "MessageSizeTooBig", message)
    return text


def _as_text(value: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(value, type=str)
    except ValueError:
        return ""


# --- names ---------------------------------------------------------------------------------------


def client_id(activity: Activity) -> str:
    """Return the client's own id of the activity; "" when it gave none."""
    given = _channel_data(activity).clientActivityID
    return given if len(given) <= CLIENT_ID_MAX else ""


def key_of(conversation: str, given: str, body: bytes, row: Conversation | None) -> str:
    """Return the dedupe key of an activity.

    Args:
        conversation: its id.
        given: the client's id of the activity.
        body: what was sent; identifies it where the client gave no id.
        row: the conversation as it stands.

    Without an id the same text said again is a repeat when nothing else was said in between, and
    another message otherwise: who says "yes" to two questions is heard twice.
    """
    if given:
        return f"chat:{conversation}:{given if _PLAIN_ID.fullmatch(given) else _digest(given)}"
    count = row.count if row is not None else 0
    last = row.messages[-1] if row is not None and row.messages else None
    if last is not None and last.by == RESIDENT:
        repeat = _anonymous_key(conversation, body, last.number - 1)
        if ref_of("m", repeat) == last.ref:
            return repeat
    return _anonymous_key(conversation, body, count)


def ref_of(prefix: str, key: str) -> str:
    """Return the reference of the words of what has this key; a repeat has the same."""
    return f"{prefix}-{_digest(key)}"


def activity_id(conversation: str, number: int) -> str:
    """Return the id of a stored message: "conversation|0000001"."""
    return f"{conversation}|{number:07}"


def event_id(conversation: str, key: str) -> str:
    """Return the id of what was no message."""
    return f"{conversation}|e{_digest(key)}"


def watermark_of(text: str) -> int | None:
    """Return the number of the last message the client has; None: it has nothing at all.

    Raises: Refused.
    """
    if text in ("", "-", "undefined", "null"):
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise bad("the watermark is the one that came with the last activities")
    return int(text)


def language_of(languages: tuple[Language, ...], *tags: str) -> str:
    """Return the first of the town's languages that is asked for ("fr-CA"), else its first."""
    known = {language.id for language in languages}
    for tag in tags:
        language = tag.partition("-")[0].lower()
        if language in known:
            return language
    return languages[0].id


def _anonymous_key(conversation: str, body: bytes, count: int) -> str:
    return f"chat:{conversation}:~{count}-{hashlib.sha256(body).hexdigest()[:32]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
