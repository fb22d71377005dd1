"""Which mail rule of the policy a mail meets: the first whose conditions all hold. Pure.

Words are compared without regard to case and accents, whole words only; the quotation of a reply
is not looked at, because it holds what we wrote ourselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import msgspec

from channels.mail.message import Mail
from channels.sameness import normalise
from router.core.policy_text import MailPolicy, MailRule, is_kind

_SPLIT: Final = re.compile(r"[^\w]+")
_METHOD: Final = re.compile(r"\b(dmarc|spf|dkim)\s*=\s*([a-z]+)")
_HEADER: Final = "authentication-results"


class Facts(msgspec.Struct, frozen=True):
    """What rules look at."""

    mailbox: str  # Mailbox id
    sender: str  # normalised address; "" = none
    recipients: tuple[str, ...]  # normalised addresses
    subject: str
    text: str  # its own words
    kinds: tuple[str, ...]  # of the attached files, "image/jpeg"
    size: int  # bytes of the whole mail
    authentication: str  # pass | fail | "" when nobody we believe says so


def facts_of(
    mail: Mail, *, mailbox: str, own_words: str, size: int, authserv_ids: tuple[str, ...]
) -> Facts:
    """Return what rules look at."""
    return Facts(
        mailbox=mailbox,
        sender=normalise(mail.sender.address) if mail.sender is not None else "",
        recipients=tuple(normalise(a.address) for a in (*mail.to, *mail.cc)),
        subject=mail.subject,
        text=own_words,
        kinds=tuple(a.kind for a in mail.attachments if not a.content_id or not a.is_inline),
        size=size,
        authentication=authentication(mail.headers, authserv_ids),
    )


def first_met(mail: MailPolicy, facts: Facts) -> MailRule | None:
    """Return the rule that decides; None when none does."""
    subject, whole = _plain(facts.subject), _plain(f"{facts.subject}\n{facts.text}")
    return next((rule for rule in mail.rules if _met(rule, facts, subject, whole)), None)


def _met(rule: MailRule, facts: Facts, subject: str, whole: str) -> bool:
    conditions = (
        not rule.mailboxes or facts.mailbox in rule.mailboxes,
        not rule.senders or _any_address(rule.senders, (facts.sender,)),
        not rule.recipients or _any_address(rule.recipients, facts.recipients),
        not rule.subject_words or _any_words(rule.subject_words, subject),
        not rule.words or _any_words(rule.words, whole),
        rule.attachment is None or rule.attachment == bool(facts.kinds),
        not rule.attachment_kinds or _any_kind(rule.attachment_kinds, facts.kinds),
        facts.size >= rule.size_min,
        not rule.authentication or rule.authentication == facts.authentication,
    )
    return all(conditions)


def _any_address(patterns: Iterable[str], addresses: Iterable[str]) -> bool:
    return any(_fits(pattern, address) for pattern in patterns for address in addresses if address)


def _fits(pattern: str, address: str) -> bool:
    """Compare with "local@domain", "@domain" or "*@*.domain" (strictly below the domain)."""
    local, _, domain = normalise(pattern).rpartition("@")
    its_local, _, its_domain = address.rpartition("@")
    if local == "*" and domain.startswith("*."):
        return its_domain.endswith(domain[1:]) and len(its_domain) >= len(domain)
    return domain == its_domain and local in ("", its_local)


def _any_words(phrases: Iterable[str], text: str) -> bool:
    return any(_plain(phrase) in text for phrase in phrases)


def _plain(text: str) -> str:
    """Return the words with one blank around each, in small letters without accents."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in bare if not unicodedata.combining(c))
    return f" {' '.join(_SPLIT.split(bare)).strip()} "


def _any_kind(patterns: Iterable[str], kinds: Iterable[str]) -> bool:
    return any(is_kind(pattern, kind) for pattern in patterns for kind in kinds)


def authentication(headers: Iterable[tuple[str, str]], authserv_ids: tuple[str, ...]) -> str:
    """Return what a server that we believe says of the sender: pass, fail, or "".

    Only the topmost header of a believed server counts: what stands below may have come with the
    mail. DMARC decides where it is given; else SPF or DKIM that pass, else either that fails.
    Source: RFC 8601.
    """
    for name, value in headers:
        if name != _HEADER:
            continue
        server, _, rest = value.partition(";")
        if server.strip().split(" ")[0].lower() not in authserv_ids:
            continue
        found: dict[str, set[str]] = {}
        for method, result in _METHOD.findall(rest.lower()):
            found.setdefault(method, set()).add(result)
        if "dmarc" in found:
            return "pass" if "pass" in found["dmarc"] else "fail"
        if any("pass" in found.get(method, ()) for method in ("spf", "dkim")):
            return "pass"
        return "fail" if found else ""
    return ""
