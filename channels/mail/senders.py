"""Who a mail is from, as far as its address tells: a mail system, a machine, or somebody."""

from __future__ import annotations

import re
from typing import Final

# The part before the @ of addresses that mail systems send their reports from.
_SYSTEM: Final = re.compile(
    r"(?:mailer|mail|mailerr?or|delivery|lotus|scan|virus|local|smtp|mta)?[-_.]?daemon(?:s"
    r"|[-_.].*)?"
    r"|mailererror|post[-_.]?mast(?:er)?(?:[-_.+\d].*)?"
    r"|mail[-_.]?(?:delivery|deliver|system|administrator|admin|robot|failure)(?:[-_.].*)?"
    r"|(?:mail|email|message)[-_.]?deliver(?:y|s)?[-_.]?(?:system|subsystem|service|agent).*"
    r"|bounces?(?:[-_.+=\d].*)?|bounce[-_.]?(?:handler|notification).*|undeliver(?:able|ed).*"
    r"|microsoftexchange[0-9a-f]+|dsn|ndr|symantec_.*|.*_postmaster"
)
_SYSTEM_NAME: Final = re.compile(
    r"(?i)\b(?:mail(?:er)?[- ]?daemon|mail deliver(?:y|) (?:sub)?system|mail deliver system"
    r"|mail delivery service|internet mail delivery|post ?master|mail administrator"
    r"|mail system)\b"
)
# Addresses that people and machines share; bounces come from them, too.
_OFFICE: Final = re.compile(
    r"(?:sys)?admin(?:istrator)?|system|root|notif(?:y|ication|ications|ier)|alerts?|smtp|mail"
    r"|(?:message|mail)[-_.]?(?:center|server|gateway|service)|gateway|interscan.*|antivirus"
    r"|.*-admin"
)
# The part before the @ of addresses whose answers nobody reads, in the languages met.
_NO_REPLY: Final = re.compile(
    r"(?:.*[-_.+])?(?:"
    r"no[-_.]?reply|no[-_.]?repl(?:ies|y\d*)|no[-_.]?response|no[-_.]?answer|noreply.*"
    r"|do[-_.]?not[-_.]?(?:reply|respond|answer)|don[-_.]?t[-_.]?reply|not?[-_.]?reply"
    r"|donotreply.*|unattended|auto[-_.]?(?:reply|responder|mailer|confirm|notify)"
    r"|nicht[-_.]?antworten|keine?[-_.]?antwort(?:en)?|bitte[-_.]?nicht[-_.]?antworten"
    r"|ne[-_.]?pas[-_.]?r[eé]pondre|nepasrepondre|pas[-_.]?de[-_.]?r[eé]ponse"
    r"|no[-_.]?(?:responder|contestar|contesta)|n[aã]o[-_.]?respon(?:da|der)"
    r"|non[-_.]?rispondere|niet[-_.]?(?:beantwoorden|antwoorden)|geen[-_.]?antwoord"
    r"|nie[-_.]?odpowiada[jc]|inte[-_.]?svara|svar[-_.]?ej|ikke[-_.]?svar|ei[-_.]?vastausta"
    r"|neodpov[ií]dat|ne[-_.]?valaszol.*"
    r")(?:[-_.+].*)?"
)


def is_system(address: str, name: str = "") -> bool:
    """Say whether a mail system sends from here: mailer-daemon, postmaster and their kin."""
    local = address.rpartition("@")[0] or address
    if _SYSTEM.fullmatch(local.strip("<> \"'").lower()):
        return True
    return bool(name and _SYSTEM_NAME.search(name)) and not is_no_reply(address)


def is_no_reply(address: str) -> bool:
    """Say whether the address itself says that answers are not read."""
    return _NO_REPLY.fullmatch(address.rpartition("@")[0].strip("\"'").lower()) is not None


def is_office(address: str) -> bool:
    """Say whether machines may send from this address as well as people: administrator, root."""
    return _OFFICE.fullmatch(address.rpartition("@")[0].lower()) is not None
