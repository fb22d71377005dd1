"""Our own tokens in Message-IDs and reply addresses, and which conversations a mail answers.

A token names a conversation and proves by a keyed digest that we wrote it; a token without proof is
nothing. That the sender may take part in the conversation is for others to decide. Conversation ids
are letters and digits (Crockford base 32) and are read in either case, because mail servers are
free to change the case of addresses.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from channels.mail.message import Mail

# Mails about what was written are numbered beside the messages: that of the same number may have
# gone by mail, too, to somebody else.
BESIDE: Final[Mapping[str, int]] = {"unread": 250_000_000, "transcript": 500_000_000}
_MAC_DIGITS: Final = 16  # hexadecimal: 64 bits, tried only by sending mails
_CONVERSATION: Final = re.compile(r"[0-9A-Za-z]{1,26}", re.ASCII)
_MESSAGE_ID: Final = re.compile(
    r"<(?P<conversation>[0-9A-Za-z]{1,26})\.(?P<number>0|[1-9][0-9]{0,8})\.(?P<mac>[0-9a-f]{16})"
    r"@(?P<domain>[^\s<>@]{1,255})>",
    re.ASCII | re.IGNORECASE,
)
_REPLY_ADDRESS: Final = re.compile(
    r"[^\s<>@]{1,64}\+c-(?P<conversation>[0-9a-z]{1,26})-(?P<mac>[0-9a-f]{16})@[^\s<>@]{1,255}",
    re.ASCII | re.IGNORECASE,
)
_DELIVERED: Final = frozenset({"delivered-to", "x-original-to", "envelope-to", "x-envelope-to"})
_LOOKED_AT_MAX: Final = 200  # addresses or message ids of one mail


class Thread(msgspec.Struct, frozen=True):
    """What a mail says it answers."""

    conversations: tuple[str, ...]  # proven by our tokens, the most trusted first
    foreign: tuple[str, ...]  # message ids that are not ours, newest first


def make(conversation_id: str, number: int, domain: str, secret: bytes) -> str:
    """Return the Message-ID of a conversation's mail `number`: `<CONVERSATION.NUMBER.MAC@DOMAIN>`.

    The same arguments give the same id, so that a mail sent twice is one mail.

    Raises:
        ValueError: the conversation id has other characters than letters and digits, or the number
            is not from 0 to 999,999,999.
    """
    if not 0 <= number < 10**9:
        raise ValueError(f"mail number {number} is not from 0 to 999,999,999")
    conversation = _normal(conversation_id)
    mac = _mac(secret, "message-id", conversation, str(number), domain.lower())
    return f"<{conversation}.{number}.{mac}@{domain}>"


def read(message_id: str, domain: str, secret: bytes) -> tuple[str, int] | None:
    """Return conversation and number of a Message-ID that we made, None for every other."""
    found = _MESSAGE_ID.fullmatch(message_id.strip())
    if found is None or found["domain"].lower() != domain.lower():
        return None
    conversation = _normal(found["conversation"])
    mac = _mac(secret, "message-id", conversation, found["number"], domain.lower())
    if not hmac.compare_digest(mac, found["mac"].lower()):
        return None
    return conversation, int(found["number"])


def mail_number(what: str, number: int) -> int:
    """Return the number of a mail that was wanted with message `number` of its conversation."""
    return number + BESIDE.get(what, 0)


def message_in(mail_number: int) -> int:
    """Return the last message that a mail brought to its reader; a transcript brings none."""
    unread, transcript = BESIDE["unread"], BESIDE["transcript"]
    return mail_number - unread if unread <= mail_number < transcript else mail_number


def reply_address(address: str, conversation_id: str, secret: bytes) -> str:
    """Return the address of a conversation: `info+c-CONVERSATION-MAC@town.example.org`, lower case.

    Raises:
        ValueError: the conversation id has other characters than letters and digits.
    """
    conversation = _normal(conversation_id)
    local, _, domain = address.rpartition("@")
    mac = _mac(secret, "reply-address", conversation)
    return f"{local}+c-{conversation.lower()}-{mac}@{domain}"


def read_reply_address(address: str, secret: bytes) -> str | None:
    """Return the conversation of an address that we made, None for every other."""
    found = _REPLY_ADDRESS.fullmatch(address.strip().strip("<>"))
    if found is None:
        return None
    conversation = _normal(found["conversation"])
    mac = _mac(secret, "reply-address", conversation)
    return conversation if hmac.compare_digest(mac, found["mac"].lower()) else None


def find_thread(mail: Mail, own_domain: str, secret: bytes) -> Thread:
    """Return what a mail answers: by address (To, Cc, delivery), In-Reply-To, then References.

    References are read newest first, the first `_LOOKED_AT_MAX` of each kind.
    """
    delivered = (value for name, value in mail.headers if name in _DELIVERED)
    addresses = (*(mailbox.address for mailbox in (*mail.to, *mail.cc)), *delivered)
    ids = (*mail.in_reply_to[:_LOOKED_AT_MAX], *mail.references[: -_LOOKED_AT_MAX - 1 : -1])
    read_ids = {message_id: read(message_id, own_domain, secret) for message_id in ids}
    by_address = (read_reply_address(address, secret) for address in addresses[:_LOOKED_AT_MAX])
    by_id = (known[0] if known else None for known in read_ids.values())
    return Thread(
        conversations=_each_once((*by_address, *by_id)),
        foreign=tuple(message_id for message_id, known in read_ids.items() if known is None),
    )


def _each_once(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(conversation for conversation in found if conversation))


def _normal(conversation_id: str) -> str:
    if not _CONVERSATION.fullmatch(conversation_id):
        raise ValueError(f"conversation id {conversation_id!r} is not 1 to 26 letters and digits")
    return conversation_id.upper()


def _mac(secret: bytes, *parts: str) -> str:
    """Return the keyed digest of the parts; they hold no newline, so no two lists look alike."""
    text = "\n".join(parts).encode()
    return hmac.new(secret, text, hashlib.sha256).hexdigest()[:_MAC_DIGITS]
