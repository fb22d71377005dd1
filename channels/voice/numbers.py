"""One form for every telephone number, and which callers have none that could be rung back.

Reads text only. A number is kept as +E.164; written without `+` it is read as a Canadian one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import phonenumbers

_REGION: Final = "CA"
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_NORTH_AMERICAN: Final = re.compile(r"\+1([0-9]{3})([0-9]{3})([0-9]{4})")
_TYPED: Final = re.compile(r"[0-9]{7,18}")

# What carriers send instead of a number: spelled on the keys +ANONYMOUS, +RESTRICTED, +BLOCKED,
# +UNKNOWN and +UNAVAILABLE. Source: Twilio, "Why am I getting calls from these strange numbers?"
_WITHHELD: Final = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})


def caller_number(text: str) -> str:
    """Return the number of a caller as +E.164; "" when it is withheld or is no number at all.

    SIP and client names are none: anybody may call himself so.
    """
    number = text.strip().replace(" ", "")
    if number in _WITHHELD:
        return ""
    if _E164.fullmatch(number):
        return number
    if number[:1] not in "+0123456789(":
        return ""
    return _parsed(number, phonenumbers.is_possible_number)


def called_number(text: str) -> str:
    """Return the town's number as +E.164, or what the carrier wrote when it is none."""
    return caller_number(text) or text.strip()


def typed_number(digits: str) -> str:
    """Return the number somebody typed on the keys as +E.164; "" when nobody can have it."""
    if _TYPED.fullmatch(digits) is None:
        return ""
    if digits.startswith("011"):  # the way out of North America
        return _parsed(f"+{digits[3:]}", phonenumbers.is_valid_number)
    return _parsed(digits, phonenumbers.is_valid_number)


def digit_by_digit(number: str) -> str:
    """Return a number as it is read out, `9 0 5, 5 5 5, 0 1 9 1`; others without groups."""
    own = _NORTH_AMERICAN.fullmatch(number)
    if own is not None:
        return ", ".join(" ".join(part) for part in own.groups())
    return " ".join(number.removeprefix("+"))


def _parsed(text: str, fits: Callable[[phonenumbers.PhoneNumber], bool]) -> str:
    try:
        number = phonenumbers.parse(text, _REGION)
    except phonenumbers.NumberParseException:
        return ""
    if not fits(number):
        return ""
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
