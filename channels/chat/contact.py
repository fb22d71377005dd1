"""Who residents of a chat say they are: addresses in one form, put together with what was known."""

from __future__ import annotations

from typing import Final

import phonenumbers

from channels.chat.refusals import Refused
from channels.sameness import is_mailbox
from router.ports import Contact

_REGION: Final = "CA"  # of numbers written without a country


def telephone(text: str) -> str:
    """Return the number as +E.164. Raises Refused."""
    refused = Refused(400, "NotANumber", "write a number with area code, like 905-555-0100")
    try:
        number = phonenumbers.parse(text[:40], _REGION)
    except phonenumbers.NumberParseException:
        raise refused from None
    if not phonenumbers.is_possible_number(number):
        raise refused
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def mail_address(text: str) -> str:
    """Return the address without white space around it. Raises Refused."""
    address = text.strip()
    if not is_mailbox(address):
        raise Refused(400, "NotAnAddress", "write an address like name@example.org")
    return address


def merged(known: Contact, said: Contact) -> Contact:
    """Return what is known now; what was just said counts."""
    return Contact(
        number=said.number or known.number,
        name=said.name or known.name,
        email=said.email or known.email,
    )
