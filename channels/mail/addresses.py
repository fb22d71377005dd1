"""Addresses in headers, and when two of them are the same.

The header is cut into mailboxes first and decoded afterwards, so that an encoded name can neither
add a recipient nor move a bracket. Takes what is sent: names without quotes and with commas,
comments as names, groups, routes, semicolons, missing brackets. Nothing raises.
"""

from __future__ import annotations

import re
from typing import Final

from channels.mail.encoded_words import decode_words, one_line
from channels.mail.message import Address

ADDRESS_MAX: Final = 320  # letters; longer ones cannot be written to (RFC 5321, 4.5.3.1)
_NAME_MAX: Final = 500
_DOMAIN_MAX: Final = 253
# One piece of an address list: a quoted name, a bracketed address, a mark, or other letters.
_TOKEN: Final = re.compile(
    r'"(?:[^"\\]|\\.)*+"|<[^<>]*+>|[,;:()<>"\[\]]|[^,;:()<>"\[\]]++', re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
# An address among words; begins where a word begins, which keeps the search linear.
_PLAIN: Final = re.compile(
    r"(?<![^\s<>,;:()\"@])[^\s<>,;:()\"@]++(?:@[^\s<>,;:()\"@]++)++(?<=[^@])"
)
_LOCAL: Final = re.compile(r"\"[^\"<>]+\"|(?!=\?)[^\s<>,;:()\"]+")
_DOMAIN: Final = re.compile(r"[^\s<>,;:()\"@\[\]=?/\\]+|\[[^\s<>()\[\]@]+\]")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_COMMENTS_DEEP: Final = 5


class _Mailbox:
    """The pieces between two commas."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.comments: list[str] = []
        self.bracketed: str | None = None


def parse_list(header: str) -> tuple[Address, ...]:
    """Return the mailboxes of a From, To, Cc or Reply-To header, in order.

    Shape: `header` may hold encoded words; entries without an address are left out; the domain is
    in lower case, the part before the @ stays as written; names are one line.
    """
    found: list[Address] = []
    loose = ""  # words before a comma that turn out to be the first half of a name
    for mailbox in _mailboxes(header):
        words = "".join(mailbox.words).strip()
        address = _clean(mailbox.bracketed if mailbox.bracketed is not None else "")
        name = words
        if not address:
            plain = _PLAIN.search(words)
            address = _clean(plain[0]) if plain else _clean(words)
            name = words.replace(plain[0], " ") if plain else ""
        if not address:
            loose = f"{loose}{words}, " if words else loose
            continue
        name = name.strip() or " ".join(mailbox.comments)
        found.append(Address(address, _name(f"{loose}{name}" if loose and name else name)))
        loose = ""
    return tuple(found)


def _mailboxes(header: str) -> list[_Mailbox]:
    boxes = [_Mailbox()]
    depth, comment = 0, ""
    is_literal = False  # inside the [ ] of an address literal, where a colon separates nothing
    for match in _TOKEN.finditer(header):
        piece, box = match[0], boxes[-1]
        if piece in ("(", ")") and (depth or piece == "("):
            depth += 1 if piece == "(" else -1
            if not depth:
                box.comments.append(comment.strip())
                comment = ""
        elif depth:
            comment += piece
        elif piece[0] == "<" and len(piece) > 1:
            box.bracketed = piece[1:-1] if box.bracketed is None else box.bracketed
        elif piece in (",", ";"):
            boxes.append(_Mailbox())
        elif piece == ":" and not is_literal:
            box.words.clear()  # the name of a group, or of a scheme
        elif piece in ("[", "]"):
            is_literal = piece == "["
            box.words.append(piece)
        elif piece[0] == '"' and len(piece) > 1:
            is_local = header.startswith("@", match.end())
            box.words.append(piece if is_local else _ESCAPED.sub(r"\1", piece[1:-1]))
        elif piece not in ('"', "<", ">"):
            box.words.append(piece)
    if depth and not boxes[-1].words:
        boxes[-1].words.append(comment)  # the comment never ended
    return boxes


def _clean(text: str) -> str:
    """Return the address in `text`, "" when there is none that could be written to."""
    for _ in range(_COMMENTS_DEEP if "(" in text else 0):
        text = _COMMENT.sub("", text)
    text = one_line(text).removeprefix("mailto:")
    if text.startswith("@") and ":" in text:
        text = text.partition(":")[2]  # a route
    local, at, domain = text.rpartition("@")
    if not local.startswith('"'):
        local = "".join(local.split())
    domain = "".join(domain.split()).rstrip(".").lower()
    address = f"{local}{at}{domain}"
    is_whole = at and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)
    return address if is_whole and len(address) <= ADDRESS_MAX else ""


def _name(text: str) -> str:
    name = one_line(decode_words(text)).strip("'\" ,")
    return name[:_NAME_MAX].rstrip()
