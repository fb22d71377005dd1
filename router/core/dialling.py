"""Where the engine may ring: prefixes that the policy opens; everything else stays closed.

Premium numbers (1-900, and exchange 976 of any North American area) stay closed even inside an
opened prefix, unless an opened prefix names them itself. Looks at the text of a number only; how
often it may be rung is counted elsewhere.
"""

from __future__ import annotations

import re
from typing import Final

from router.core.policy import Dialling

_NUMBER: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_PREMIUM: Final = re.compile(r"\+1(?:900|[2-9][0-9]{2}976)")


def may_dial(dialling: Dialling, number: str) -> str:
    """Return "" when the number may be rung, else why not and what would be right.

    Shape: `number` is +E.164, `sip:user@domain` or `client:name`.
    """
    if number.startswith("client:"):
        opened = "client:" in dialling.allowed and len(number) > len("client:")
        return "" if opened else _closed(number, "client:")
    if number.startswith("sip:"):
        return _may_sip(dialling, number)
    if _NUMBER.fullmatch(number) is None:
        return f"{number!r} is no number in full; write it with + and the country's code"
    refused = next((each for each in dialling.refused if number.startswith(each)), "")
    if refused:
        return f"{number} begins with {refused}, which dialling.refused closes"
    opened_by = [each for each in dialling.allowed if number.startswith(each)]
    if not opened_by:
        return _closed(number, number[:5])
    premium = _PREMIUM.match(number)
    if premium and not any(each.startswith(premium[0]) for each in opened_by):
        return f"{number} is a premium number; to open it name {premium[0]} in dialling.allowed"
    return ""


def _may_sip(dialling: Dialling, address: str) -> str:
    user, _, host = address.removeprefix("sip:").partition("@")
    domain = host.partition(":")[0].lower()
    if not user or not domain:
        return f"{address!r} is no SIP address; write sip:user@domain"
    if f"sip:{domain}" in (each.lower() for each in dialling.refused):
        return f"{address} is at {domain}, which dialling.refused closes"
    if f"sip:{domain}" in (each.lower() for each in dialling.allowed):
        return ""
    return _closed(address, f"sip:{domain}")


def _closed(number: str, prefix: str) -> str:
    return f"{number} is not opened; dialling.allowed would need {prefix}"
