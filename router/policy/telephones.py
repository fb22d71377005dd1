"""Reads telephone numbers and other ends of a line, and puts them into one form.

`(905) 555-0100`, `+1 905 555 0100` and `+19055550100` are the same number; written without `+` a
number is read as a Canadian one. Whether it may be dialled is decided by `router.core.dialling`.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

import phonenumbers

from router.policy.values import converter, wrong

_REGION: Final = "CA"
_EXAMPLE: Final = "write for example +1 905 555 0100"
_SIP: Final = re.compile(r"sip:[A-Za-z0-9._+~-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?")
_CLIENT: Final = re.compile(r"client:[A-Za-z0-9_.-]{1,100}")
_PREFIX: Final = re.compile(r"\+[1-9][0-9]{0,14}|sip:[A-Za-z0-9.-]+|client:")


def read_number(text: str) -> str:
    """Return the number as +E.164."""
    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException as error:
        raise wrong(f"{text!r} is no telephone number; {_EXAMPLE}") from error
    if not phonenumbers.is_valid_number(number) or re.search(r"[A-Za-z]", text):
        raise wrong(f"{text!r} is a number that nobody can have; {_EXAMPLE}")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def read_line(text: str) -> str:
    """Return a number as +E.164, or a SIP address or `client:` name as it is."""
    if text.startswith("sip:"):
        if _SIP.fullmatch(text) is None:
            raise wrong(f"{text!r} is no SIP address; write for example sip:roads@pbx.example.org")
        return text
    if text.startswith("client:"):
        if _CLIENT.fullmatch(text) is None:
            raise wrong(f"{text!r} is no client name; write for example client:amara")
        return text
    return read_number(text)


def read_called(text: str) -> str:
    """Return a called number, or `*` for `any_other`."""
    return "*" if text == "any_other" else read_number(text)


def read_prefix(text: str) -> str:
    """Return a beginning of numbers without spaces: `+1905`, `sip:pbx.example.org`, `client:`."""
    prefix = re.sub(r"[ ()-]", "", text) if text.startswith("+") else text
    if _PREFIX.fullmatch(prefix) is None:
        raise wrong(
            f"{text!r} is no beginning of a number;"
            " write for example +1 905, sip:pbx.example.org or client:"
        )
    return prefix


def shown(number: str) -> str:
    """Return a number as people read it."""
    if not number.startswith("+"):
        return number
    parsed = phonenumbers.parse(number)
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


_NUMBER: Final = {"type": "string", "x-kind": "telephone number"}
_LINE: Final = {"type": "string", "x-kind": "telephone number, sip: address or client: name"}
_PREFIXES: Final = {"type": "string", "x-kind": "beginning of numbers"}

Number = Annotated[str, *converter(read_number, _EXAMPLE, _NUMBER)]
Line = Annotated[str, *converter(read_line, _EXAMPLE, _LINE)]
Called = Annotated[str, *converter(read_called, f"{_EXAMPLE} or any_other", _NUMBER)]
Prefix = Annotated[str, *converter(read_prefix, "write for example +1 905", _PREFIXES)]
