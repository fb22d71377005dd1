"""From a mail to what the core is told: whose it is, what it answers, which mailbox it came to."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from channels.mail import message_ids
from channels.mail.arriving import (
    Arrival,
    arrival_of,
    contact_words,
    digest_key,
    is_ours,
    loop_mark,
    mailbox_for,
    said_words,
)
from channels.mail.intake import Envelope
from channels.mail.message import Kind
from channels.mail.reading import read
from router.core.identity import address_key
from router.core.model import QueueId
from router.core.policy_text import Mailbox
from tests.channels.mail.mail_town import SECRET, letter
from tests.core.text_town import mail_policy, writing_town
from tests.core.town import both

CONVERSATION = "7ZK3Q9M0XA"


def box(name: str, address: str, *aliases: str) -> Mailbox:
    return Mailbox(
        id=name,
        address=address,
        aliases=aliases,
        name=both(name),
        queue=QueueId("general"),
        subject="",
        acknowledge=True,
        file="mail.yaml",
        line=1,
    )


BOXES = (
    box("info", "Info@Town.TEST", "hello@town.test"),
    box("roads", "roads@straßen.test"),
    box("tagged", "tax+office@town.test"),
)
RULES = mail_policy(mailboxes={each.id: each for each in BOXES})


def arrive(
    text: str = "Hello",
    rcpt: tuple[str, ...] = (),
    envelope_from: str | None = "sam@home.test",
    **headers: str,
) -> Arrival:
    raw = letter(text, number=1, **headers).as_bytes()
    envelope = Envelope(envelope_from, rcpt, "smtp", "127.0.0.1")
    return arrival_of(read(raw), raw, envelope, writing_town(mail=RULES), RULES, SECRET)


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["info@town.test"], "info"),
        (["HELLO@TOWN.test."], "info"),
        (["roads@xn--straen-cta.test"], "info"),  # IDNA 2003 knows it as strassen.test
        (["roads@strassen.test"], "roads"),
        (["tax+office@town.test"], "tagged"),
        (["tax+office+c-abc-0@town.test"], "tagged"),
        (["info+c-abc-0@town.test"], "info"),
        (["who@home.test", "roads@strassen.test"], "roads"),
        (["who@home.test"], "info"),
        ([], "info"),
    ],
)
def test_an_address_leads_to_its_mailbox_however_it_is_spelt(
    addresses: list[str], expected: str
) -> None:
    assert mailbox_for(RULES, addresses).id == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("INFO@town.test", True),
        ("info+anything@town.test", True),
        ("tax@town.test", False),
        ("+info@town.test", False),
        ("info@elsewhere.test", False),
        ("info", False),
        ("", False),
    ],
)
def test_mail_is_ours_or_not(address: str, expected: bool) -> None:
    assert is_ours(RULES, address) is expected


def test_of_two_mailboxes_with_one_address_the_first_has_it() -> None:
    twins = mail_policy(
        mailboxes={"a": box("a", "x@town.test"), "b": box("b", "y@town.test", "x@town.test")}
    )
    assert mailbox_for(twins, ["x@town.test"]).id == "a"


def test_our_own_addresses_are_known_however_the_policy_spells_them() -> None:
    arrival = arrive(sender="Town <info@TOWN.test>")
    assert arrival.verdict.kind is Kind.OURS


def test_only_our_own_loop_mark_is_ours() -> None:
    assert arrive(X_Townline_Loop=loop_mark(SECRET)).verdict.kind is Kind.OURS
    for other in ("yes", loop_mark(b"another town's secret")):
        assert arrive(X_Townline_Loop=other).verdict.kind is Kind.PERSON


@pytest.mark.parametrize(
    ("sender", "reply_to", "whose", "answer_to"),
    [
        ("Ann <ann@home.test>", "", "ann@home.test", "ann@home.test"),
        ("Ann <ANN@Home.test>", "", "ann@home.test", "ANN@home.test"),
        ("Ann <ann@home.test>", "ann@work.test", "ann@home.test", "ann@work.test"),
        ("no-reply@forms.test", "Ann <ann@home.test>", "ann@home.test", "ann@home.test"),
        ("Ann <ann@home.test>", "no-reply@home.test", "ann@home.test", "ann@home.test"),
        ("Ann <ann@home.test>", "info@town.test", "ann@home.test", "ann@home.test"),
        ("no-reply@forms.test", "", "no-reply@forms.test", "no-reply@forms.test"),
    ],
)
def test_who_wrote_and_where_an_answer_goes(
    sender: str, reply_to: str, whose: str, answer_to: str
) -> None:
    arrival = arrive(sender=sender, Reply_To=reply_to)
    assert arrival.address_key == address_key(SECRET, "email", whose)
    assert arrival.answer_to is not None
    assert arrival.answer_to.address == answer_to


def test_nobody_has_no_key() -> None:
    raw = b"Subject: x\r\n\r\nhello\r\n"
    envelope = Envelope(None, (), "imap", "")
    arrival = arrival_of(read(raw), raw, envelope, writing_town(), mail_policy(), SECRET)
    assert (arrival.address_key, arrival.answer_to) == ("", None)
    assert b'"email":""' in contact_words("c", read(raw), arrival).body


def test_a_form_mailers_name_is_nobodys() -> None:
    raw = letter(sender="Forms <no-reply@forms.test>", Reply_To="ann@home.test").as_bytes()
    arrival = arrive(sender="Forms <no-reply@forms.test>", Reply_To="ann@home.test")
    assert b'"name":""' in contact_words("c", read(raw), arrival).body


def test_a_department_is_known_by_its_address() -> None:
    assert arrive(sender="OFFICER@ops.test").contact == "officer"
    assert arrive(sender="sam@ops.test").contact == ""


@pytest.mark.parametrize("spelt", [str, str.lower, str.upper])
def test_tokens_are_read_in_either_case(spelt: type[str]) -> None:
    address = message_ids.reply_address("info@town.test", CONVERSATION, SECRET)
    assert arrive(rcpt=(spelt(address),)).thread.conversations == (CONVERSATION,)
    assert arrive(to=spelt(address)).thread.conversations == (CONVERSATION,)


def test_tokens_of_all_our_domains_are_ours() -> None:
    """A mail to one mailbox may answer what another one in another domain has sent."""
    ids = [message_ids.make(CONVERSATION, 3, d, SECRET) for d in ("Town.TEST", "straßen.test")]
    for ours in ids:
        arrival = arrive(rcpt=("info@town.test",), In_Reply_To=ours, References="<a@home.test>")
        assert arrival.thread.conversations == (CONVERSATION,)
        assert arrival.thread.foreign == ("<a@home.test>",)


def test_what_a_bounce_is_about_is_found() -> None:
    ours = message_ids.make(CONVERSATION, 3, "Town.TEST", SECRET)
    bounce = arrive(
        f"Your message could not be delivered.\n\n550 5.1.1 no such user\n\nMessage-ID: {ours}\n",
        sender="mailer-daemon@home.test",
        subject="Undelivered Mail Returned to Sender",
        envelope_from="",
    )
    assert bounce.verdict.kind is Kind.BOUNCE
    assert (bounce.number, bounce.failed) == (3, True)
    assert bounce.thread.conversations == (CONVERSATION,)


def test_copies_have_one_key_and_other_mails_have_others() -> None:
    raw = letter(number=5).as_bytes()
    mail = read(raw)
    copy = read(b"Received: from a by b; Mon, 23 Nov 2026 10:00:00 -0500\r\n" + raw)
    assert digest_key(mail, raw) == digest_key(copy, b"")
    others = (
        replace(mail, subject="x"),
        replace(mail, text="x"),
        replace(mail, message_id="<6@x>"),
        replace(mail, sender=None),
    )
    assert len({digest_key(each, raw) for each in (mail, *others)}) == 5
    bare = replace(mail, message_id="")
    assert digest_key(bare, b"1") != digest_key(bare, b"2")


def test_the_language_is_that_of_the_words() -> None:
    assert arrive("Bonjour, quand est-ce que vous ramassez les feuilles?").language == "fr"
    assert arrive("12 Main St", Content_Language="fr-CA").language == "fr"
    assert arrive("12 Main St").language == "en"


def test_only_what_was_stored_is_referred_to() -> None:
    raw = letter().as_bytes()
    words = said_words("w", read(raw), arrive(), {"original": "o"})
    assert b'"original":"o"' in words.body
    assert b"files" not in words.body
