"""Checks mail.yaml: addresses that lead two ways, words in every language, what residents are told.

Rules that can never be taken have a module of their own, `check_mail_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from router.policy.complaints import Path, unknown
from router.policy.documents import Document
from router.policy.models_mail import ANY, MailFile
from router.policy.sources import Sources

EMERGENCY: Final = "911"


def check_mail(sources: Sources) -> None:
    """Complain about what mail.yaml says about itself and about the contacts of fallback.yaml."""
    if sources.mail is None or sources.mail.model is None:
        return
    document, mail = sources.mail.document, sources.mail.model
    _check_addresses(sources, document, mail)
    languages: list[str] = []
    if sources.town.model is not None and sources.town.whole:
        languages = [each.id for each in sources.town.model.languages]
    _check_word_lists(document, mail, languages)
    check_danger(document, ("acknowledgement",), mail.acknowledgement)
    check_filled_in(document, ("acknowledgement",), mail.acknowledgement, ("reference", "due"))
    check_filled_in(document, ("page",), mail.page, ("reference",))
    written = document.keys()
    for index, rule in enumerate(mail.rules):
        if rule.when.authentication and "trusted_servers" not in written:
            document.complain(
                ("rules", index, "when", "authentication"),
                "can never hold: no server's results are believed; name your own mail server under"
                " `trusted_servers`",
            )


def check_danger(document: Document, path: Path, texts: dict[str, str]) -> None:
    """Complain about a text that does not tell residents in danger to dial 911."""
    for language, text in texts.items():
        if EMERGENCY not in text:
            document.complain(
                (*path, language),
                f"must tell people in danger to dial {EMERGENCY}; add a sentence that does",
            )


def check_filled_in(
    document: Document, path: Path, texts: dict[str, str], words: Iterable[str]
) -> None:
    """Complain about a text that leaves out what its reader must learn."""
    for language, text in texts.items():
        for word in words:
            if f"{{{word}}}" not in text:
                document.complain((*path, language), f"must say {{{word}}}; put it into the text")


def _check_addresses(sources: Sources, document: Document, mail: MailFile) -> None:
    taken: dict[str, str] = {}
    for name, box in mail.mailboxes.items():
        at: Path = ("mailboxes", name)
        places = [((*at, "address"), box.address)]
        places += [((*at, "aliases", n), each) for n, each in enumerate(box.aliases)]
        for path, address in places:
            if address in taken:
                document.complain(
                    path,
                    f"{address} leads to mailbox {taken[address]!r} already; delete one of them",
                )
            taken.setdefault(address, name)
    fallback = sources.fallback
    for name, contact in fallback.model.contacts.items() if fallback.model is not None else ():
        if contact.email in taken:
            fallback.document.complain(
                ("contacts", name, "email"),
                f"{contact.email} is the town's own mailbox {taken[contact.email]!r}: what is sent"
                " there comes back; write the address of a person or department",
            )


def _check_word_lists(document: Document, mail: MailFile, languages: list[str]) -> None:
    used = {name for rule in mail.rules for name in (*rule.when.words, *rule.when.subject_words)}
    for name, words in mail.word_lists.items():
        path: Path = ("word_lists", name)
        for language in words:
            if language != ANY and languages and language not in languages:
                message = f"{unknown('language', language, languages)} (town.yaml, `languages`)"
                document.complain((*path, language), message, at_key=True)
        missing = [each for each in languages if each not in words]
        if missing and ANY not in words:
            document.complain(
                path,
                f"words for {', '.join(missing)} are missing; residents write in each language of"
                f" town.yaml (`{ANY}`: the same in all of them)",
                at_key=True,
            )
        if name not in used:
            message = "no rule looks for these words; name the list in a rule, or delete it"
            document.complain(path, message, at_key=True, is_warning=True)
