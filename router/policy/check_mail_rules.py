"""Checks that each mail rule can be taken: no earlier rule takes everything that fits it.

A rule covers another when every mail that fits the other fits it too. What is said to cover does;
a rule that is covered only by several others together is not found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from router.policy.addresses import pattern_covers
from router.policy.compile_texts import words_of
from router.policy.models_mail import MailFile, MailWhenShape
from router.policy.sources import Sources


def check_mail_rules(sources: Sources) -> None:
    """Complain about doubled names and about rules behind one that takes all they could take."""
    if sources.mail is None or sources.mail.model is None:
        return
    document, mail = sources.mail.document, sources.mail.model
    seen: set[str] = set()
    for index, rule in enumerate(mail.rules):
        path = ("rules", index)
        if rule.rule in seen:
            message = f"there is a rule {rule.rule!r} already; give this one another name"
            document.complain((*path, "rule"), message)
        seen.add(rule.rule)
        if not sources.mail.whole:
            continue
        before = enumerate(mail.rules[:index])
        wide = next((i for i, each in before if covers(mail, each.when, rule.when)), None)
        if wide is not None:
            taker = document.named(f"rule {mail.rules[wide].rule!r}", ("rules", wide))
            document.complain(
                path,
                f"never taken: {taker} before it takes everything that fits it; move this one up,"
                " or delete it",
            )


def covers(mail: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    """Does every mail that fits `narrow` fit `wide`?"""
    return all(each(mail, wide, narrow) for each in _COVERS)


def _mailbox(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    return not wide.mailbox or (bool(narrow.mailbox) and set(narrow.mailbox) <= set(wide.mailbox))


def _sender(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    return _patterns(wide.sender, narrow.sender)


def _recipient(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    return _patterns(wide.recipient, narrow.recipient)


def _patterns(wide: list[str], narrow: list[str]) -> bool:
    if not wide:
        return True
    return bool(narrow) and all(any(pattern_covers(w, n) for w in wide) for n in narrow)


def _words(mail: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    """A word in the subject line is a word in subject line or text."""
    if not wide.words:
        return True
    asked = set(words_of(wide.words, mail.word_lists))
    return any(
        names and set(words_of(names, mail.word_lists)) <= asked
        for names in (narrow.words, narrow.subject_words)
    )


def _subject_words(mail: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    if not wide.subject_words:
        return True
    found = set(words_of(narrow.subject_words, mail.word_lists))
    return bool(found) and found <= set(words_of(wide.subject_words, mail.word_lists))


def _attachment(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    has_file = True if narrow.attachment_kinds else narrow.attachment
    return wide.attachment is None or wide.attachment is has_file


def _attachment_kinds(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    if not wide.attachment_kinds:
        return True
    kinds = narrow.attachment_kinds
    return bool(kinds) and all(any(_kind(w, n) for w in wide.attachment_kinds) for n in kinds)


def _kind(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("/*") and narrow.startswith(wide[:-1]))


def _size(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    return (wide.size_min or 0) <= (narrow.size_min or 0)


def _authentication(_: MailFile, wide: MailWhenShape, narrow: MailWhenShape) -> bool:
    return wide.authentication in ("", narrow.authentication)


_COVERS: Final[tuple[Callable[[MailFile, MailWhenShape, MailWhenShape], bool], ...]] = (
    _mailbox,
    _sender,
    _recipient,
    _words,
    _subject_words,
    _attachment,
    _attachment_kinds,
    _size,
    _authentication,
)
