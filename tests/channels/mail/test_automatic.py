"""Which mails are a person's: each rule with what it takes and what it must leave."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.automatic import LOOP_HEADER, Own, judge
from channels.mail.message import Failure, Kind, Verdict
from channels.mail.old_bounces import find_failures, read_words, top_of
from channels.mail.reading import read
from channels.mail.reports import diagnosis, find_report, permanence
from channels.mail.returned import about
from channels.mail.senders import is_no_reply, is_office, is_system
from channels.mail.vacation import has_vacation_subject, has_vacation_text

OWN = Own(frozenset({"info@town.example"}), "mail.town.example", "town-1")
PERSON = "From: Ann <ann@example.org>\nTo: info@town.example\n"


def verdict(raw: str, envelope_from: str | None = None) -> Verdict:
    return judge(read(raw.encode()), envelope_from, OWN)


def kind_of(head: str, body: str = "hello", envelope_from: str | None = None) -> Kind:
    return verdict(f"{PERSON}{head}\n\n{body}", envelope_from).kind


@pytest.mark.parametrize(
    "head",
    [
        "Subject: Bins", "Subject: Re: failure notice", "Subject: Undeliverable mail", "X-A: b",
        "Auto-Submitted: no", "Auto-Submitted: No; reason=x", "X-Autoreply: no",
        "Precedence: first-class", "X-Auto-Response-Suppress: DR, RN", "X-Mailer: Evacuation 2",
        "Subject: Out of office: when is the clerk back?", "Subject: Auto: my car was towed",
        "Subject: on vacation from Monday, please hold my bins", f"{LOOP_HEADER}: other-town",
        "Return-Path: <ann@example.org>", "Subject: Automatic reply needed for my permit",
        "Subject: Delivery problem", "Message-ID: <1@mail.town.example>",
    ],
)  # fmt: skip
def test_a_person_stays_a_person(head: str) -> None:
    assert kind_of(head) is Kind.PERSON


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("Auto-Submitted: auto-replied", Kind.AUTO_REPLY),
        ("Auto-Submitted: Auto-Generated (vacation)", Kind.AUTO_REPLY),
        ("Auto-Submitted: auto-notified; owner-email=x", Kind.AUTO_REPLY),
        ("X-Autoreply: yes", Kind.AUTO_REPLY),
        ("X-Autorespond: x", Kind.AUTO_REPLY),
        ("X-Auto-Response-Suppress: All", Kind.AUTO_REPLY),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", Kind.AUTO_REPLY),
        ("Precedence: auto_reply", Kind.AUTO_REPLY),
        ("X-Apple-Action: RULES/vacation", Kind.AUTO_REPLY),
        ("Delivered-To: Autoresponder", Kind.AUTO_REPLY),
        ("Return-Path: <>", Kind.AUTO_REPLY),
        ("Precedence: bulk\nSubject: Out of office", Kind.AUTO_REPLY),
        ("Subject: Automatic reply: Bins\nIn-Reply-To: <1@mail.town.example>", Kind.AUTO_REPLY),
        ("Subject: Automatische Antwort: Bins\nReferences: <1@mail.town.example>", Kind.AUTO_REPLY),
        ("List-Id: <news.example.org>", Kind.LIST),
        ("List-Unsubscribe: <mailto:u@example.org>", Kind.LIST),
        ("Precedence: list", Kind.LIST),
        ("Precedence: bulk", Kind.LIST),
        ("Precedence: junk", Kind.LIST),
        (f"{LOOP_HEADER}: town-1", Kind.OURS),
        (f"{LOOP_HEADER}: town-1\nAuto-Submitted: auto-replied", Kind.OURS),
    ],
)
def test_a_header_shows_the_machine(head: str, kind: Kind) -> None:
    found = verdict(f"{PERSON}{head}\n\nhello")
    assert found.kind is kind
    assert found.why


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Out of office", "I am out of the office until Monday."),
        ("Abwesenheitsnotiz", "Ich bin bis Montag im Urlaub."),
        ("Réponse automatique : Bacs", "Je suis absente du bureau jusqu'au 3."),
        ("Respuesta automática: Basura", "Estoy de vacaciones."),
        ("Risposta automatica: Rifiuti", "Sono assente fino al 3."),
        ("自動返信", "ただいま不在にしております"),
        ("自动回复: 垃圾", "自动回复"),
        ("الرد التلقائي: x", "أنا خارج المكتب"),
    ],
)
def test_an_absence_note_needs_its_subject_and_another_sign(subject: str, body: str) -> None:
    head = f"Subject: {subject}"
    assert has_vacation_subject(subject)
    assert has_vacation_text(body)
    assert kind_of(head, body) is Kind.AUTO_REPLY
    assert kind_of(f"Subject: {subject.partition(':')[0]}", "?") is Kind.PERSON
    assert kind_of("Subject: Bins", body) is Kind.PERSON
    assert kind_of(head, "?", envelope_from="") is Kind.AUTO_REPLY


def test_the_prefix_of_a_program_is_a_sign_of_its_own() -> None:
    for subject in ("Automatic reply: Bins", "Automatische Antwort: x", "Auto: Re: x"):
        assert kind_of(f"Subject: {subject}", "?") is Kind.AUTO_REPLY
        assert kind_of(f"Subject: Re: {subject}", "?") is Kind.PERSON


def test_the_envelope_outweighs_the_header_that_repeats_it() -> None:
    assert kind_of("Return-Path: <>", envelope_from="ann@example.org") is Kind.PERSON
    assert kind_of("Return-Path: <ann@example.org>", envelope_from="") is Kind.AUTO_REPLY
    assert kind_of("X-A: b", envelope_from="<>") is Kind.AUTO_REPLY


def test_we_know_ourselves_by_address_whatever_its_case() -> None:
    assert verdict("From: INFO@Town.Example\n\nx").kind is Kind.OURS


def test_a_list_of_our_own_is_how_residents_reach_us() -> None:
    own = (
        "List-Post: <mailto:info@town.example>\nPrecedence: list\nList-Unsubscribe: <x>",
        "Mailing-List: list info@town.example; contact owner@town.example\nPrecedence: list",
        "List-Id: Info <info.town.example>\nPrecedence: list",
    )
    for head in own:
        assert kind_of(head) is Kind.PERSON
    assert kind_of("List-Post: <mailto:other@town.example>") is Kind.LIST


@pytest.mark.parametrize(
    "address",
    [
        "noreply@example.org", "no-reply@example.org", "no_reply@example.org",
        "no.reply@example.org",
        "NoReply@example.org", "do-not-reply@example.org", "donotreply@example.org",
        "bank-noreply@example.org", "noreply-bins@example.org", "noreply+1@example.org",
        "ne-pas-repondre@example.org", "nicht-antworten@example.org", "no-responder@example.org",
        "nao-responda@example.org", "mailer-daemon@example.org", "postmaster@example.org",
        "MAILER-DAEMON@example.org", "bounces+1=x@example.org",
    ],
)  # fmt: skip
def test_nobody_reads_answers_to_these(address: str) -> None:
    assert is_no_reply(address) or is_system(address)
    assert verdict(f"From: {address}\nSubject: Your parcel\n\nIt is here.").kind is Kind.NO_REPLY


@pytest.mark.parametrize(
    "address",
    ["norma@example.org", "noreen.plymouth@example.org", "postma@example.org", "info@example.org",
     "daemonica@example.org", "bouncer.bob@example.org", "answer@example.org", "mail@example.org"],
)  # fmt: skip
def test_people_have_names_that_only_look_like_machines(address: str) -> None:
    assert not is_no_reply(address)
    assert not is_system(address)
    assert verdict(f"From: {address}\n\nhello").kind is Kind.PERSON


def test_a_form_that_speaks_for_a_person_is_a_person() -> None:
    head = "From: noreply@forms.example.org\nReply-To: {}\n\nMy bin was not emptied."
    assert verdict(head.format("ann@example.org")).kind is Kind.PERSON
    for nobody in ("noreply@forms.example.org", "do-not-reply@example.org", "info@town.example"):
        assert verdict(head.format(nobody)).kind is Kind.NO_REPLY


def report(*parts: str, kind: str = "multipart/report; report-type=delivery-status") -> str:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"From: MAILER-DAEMON@example.org\nContent-Type: {kind}; boundary=b\n\n{body}--b--\n"


STATUS = (
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
    "Original-Recipient: rfc822;ann@example.org\nFinal-Recipient: rfc822; ann+x@example.com\n"
    "Action: {0}\nStatus: {1}\nDiagnostic-Code: smtp; {2}\n"
)
RETURNED = "Content-Type: message/rfc822\n\nMessage-ID: <1@mail.town.example>\nSubject: x\n\nhi"


def test_a_delivery_report_names_recipient_status_and_our_mail() -> None:
    words = "550 5.1.1 <ann@example.org>:\n no such user"
    found = verdict(report("\nsorry", STATUS.format("failed", "5.0.0", words), RETURNED))
    assert found == Verdict(
        Kind.BOUNCE,
        "delivery report action: failed",
        (
            Failure(
                "ann@example.org", "5.1.1", "550", "550 5.1.1 <ann@example.org>: no such user", True
            ),
        ),
        ("<1@mail.town.example>",),
    )


@pytest.mark.parametrize(
    ("action", "status", "kind", "permanent"),
    [
        ("failed", "5.1.1", Kind.BOUNCE, True),
        ("Failed (really)", "4.4.7", Kind.BOUNCE, False),
        ("expired", "4.4.7", Kind.BOUNCE, False),
        ("delayed", "4.4.1", Kind.DELAY, False),
        ("delivered", "2.0.0", Kind.DELIVERED, None),
        ("relayed", "2.0.0", Kind.DELIVERED, None),
        ("expanded", "2.0.0", Kind.DELIVERED, None),
    ],
)
def test_the_action_says_whether_it_is_lost_late_or_there(
    action: str, status: str, kind: Kind, permanent: bool | None
) -> None:
    found = verdict(report(STATUS.format(action, status, "x")))
    assert found.kind is kind
    assert [failure.is_permanent for failure in found.failures] == (
        [] if permanent is None else [permanent]
    )


def test_the_part_counts_and_not_the_container() -> None:
    """As OpenSMTPD writes it: multipart/mixed, delayed, and no subject that says so."""
    found = verdict(report("\nHi!", STATUS.format("delayed", "4.4.1", "x"), kind="multipart/mixed"))
    assert found.kind is Kind.DELAY
    failed = STATUS.format("failed", "5.1.1", "x")
    deep = f'Content-Type: multipart/mixed; boundary="c"\n\n--c\n{failed}\n--c--'
    assert verdict(report("\nHi!", deep, kind="multipart/mixed")).kind is Kind.BOUNCE


def test_one_failed_recipient_among_delivered_ones_is_a_bounce() -> None:
    groups = (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        "Final-Recipient: rfc822; a@example.org\nAction: delivered\nStatus: 2.0.0\n\n"
        "Final-Recipient: rfc822; b@example.org\nAction: failed\nStatus: 5.1.1\n"
        "Final-Recipient: rfc822; c@example.org\nAction: delayed\nStatus: 4.1.1\n"
    )
    found = verdict(report(groups))
    assert found.kind is Kind.BOUNCE
    assert [(failure.recipient, failure.is_permanent) for failure in found.failures] == [
        ("b@example.org", True), ("c@example.org", False),
    ]  # fmt: skip


def test_receipts_and_feedback_are_told_by_their_part() -> None:
    receipt = (
        "Content-Type: message/disposition-notification\n\n"
        "Original-Message-ID: <7@mail.town.example>\nDisposition: manual-action; displayed"
    )
    found = verdict(PERSON + report("\nread", receipt).partition("\n")[2])
    assert (found.kind, found.about) == (Kind.DELIVERED, ("<7@mail.town.example>",))
    feedback = "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
    assert verdict(report("\nspam!", feedback, RETURNED)).kind is Kind.FEEDBACK
    bare = 'From: a@example.org\nContent-Type: multipart/report; report-type="feedback-report"\n\nx'
    assert verdict(bare).kind is Kind.FEEDBACK


def test_a_person_who_forwards_a_report_stays_a_person() -> None:
    raw = report("\nWhat is this?", STATUS.format("failed", "5.1.1", "x"), kind="multipart/mixed")
    forwarded = PERSON + "Subject: Fwd: Undelivered\n" + raw.partition("\n")[2]
    assert verdict(forwarded).kind is Kind.PERSON
    assert verdict(forwarded, envelope_from="").kind is Kind.BOUNCE
    quoted = (
        "{}\n\nBegin forwarded message:\n\n> This is the mail system at mx.example.org\n"
        "> <bob@example.com>: 550 5.1.1 unknown\n"
    )
    head = f"{PERSON}Subject: Fwd: Undelivered Mail Returned to Sender\n\n"
    assert verdict(head + quoted.format("Can you tell me what this means?")).kind is Kind.PERSON
    bare = verdict(head + quoted.format("FYI"))
    assert (bare.kind, bare.failures[0].recipient) == (Kind.BOUNCE, "bob@example.com")


QMAIL = (
    "Hi. This is the qmail-send program at example.org.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    "<bob@example.com>:\n192.0.2.1 does not like recipient.\n"
    "Remote host said: 550 5.1.1 no such user\n\n"
    "<cy@example.com>:\nSorry, no mailbox here by that name. (#5.1.2)\n\n"
    "--- Below this line is a copy of the message.\n\n"
    "Message-ID: <9@mail.town.example>\nTo: bob@example.com\n"
)
EXIM = (
    "This message was created automatically by mail delivery software.\n\n"
    "The following address(es) failed:\n\n  bob@example.com\n    retry timeout exceeded\n\n"
    "------ This is a copy of the message, including all the headers. ------\n\n"
    "Message-ID: <9@mail.town.example>\n"
)


def test_bounces_in_words_give_recipients_and_our_mail() -> None:
    found = verdict(
        "From: MAILER-DAEMON@example.org\nTo: info@town.example\nSubject: failure notice\n\n"
        + QMAIL
    )
    assert (found.kind, found.about) == (Kind.BOUNCE, ("<9@mail.town.example>",))
    assert [
        (failure.recipient, failure.status, failure.reply_code, failure.is_permanent)
        for failure in found.failures
    ] == [("bob@example.com", "5.1.1", "550", True), ("cy@example.com", "5.1.2", "", True)]
    assert "no such user" in found.failures[0].reason


def test_the_header_of_exim_names_the_recipients() -> None:
    found = verdict(
        "From: Mail Delivery System <x@example.org>\nX-Failed-Recipients: bob@example.com\n"
        f"Auto-Submitted: auto-replied\nSubject: x\n\n{EXIM}"
    )
    assert (found.kind, found.failures[0].recipient) == (Kind.BOUNCE, "bob@example.com")
    assert found.failures[0].reason == "retry timeout exceeded"


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        (
            "postmaster@example.org",
            "Undeliverable: x",
            "Your mail did not reach bob@example.com",
        ),
        ("post_master@example.org", "Re: x", "Error: Invalid user address\n550 - no such user"),
        ("MAILER-DAEMON", "Returned mail", "<<< 550 <bob@example.com>: User unknown"),
        ("noreply@example.org", "メールエラー通知", "送信できませんでした\n<bob@example.com>"),
        ("ann@example.org", "Undelivered Mail Returned to Sender", f"550 5.1.1 no\n{EXIM}"),
    ],
)
def test_bounces_come_from_where_bounces_come_from(sender: str, subject: str, body: str) -> None:
    raw = f"From: {sender}\nTo: info@town.example\nSubject: {subject}\n\n{body}"
    assert verdict(raw).kind is Kind.BOUNCE


def test_a_resident_who_writes_about_a_bounce_is_not_one() -> None:
    raw = (
        f"{PERSON}Subject: Undelivered Mail Returned to Sender\n\nI got this:\n\n{EXIM}\n550 5.1.1"
    )
    assert verdict(raw, envelope_from="ann@example.org").kind is Kind.PERSON
    plain = (
        f"{PERSON}Subject: Mail could not be delivered\n\nThe parcel was not delivered to 550 King."
    )
    assert verdict(plain).kind is Kind.PERSON


def test_a_late_mail_is_not_lost() -> None:
    body = "A message is delayed. <bob@example.com>\nYou DO NOT NEED to re-send the message."
    raw = f"From: MAILER-DAEMON@example.org\nSubject: Delivery status notification\n\n{body}"
    found = verdict(raw)
    assert (found.kind, found.failures[0].recipient) == (Kind.DELAY, "bob@example.com")


def test_ids_made_by_us_come_first_and_references_last() -> None:
    mail = read(
        b"From: a@example.org\nMessage-ID: <0@example.org>\nIn-Reply-To: <5@example.org>\n\n"
        b"Message-ID: <1@example.org>\n> Message-Id: <2@mail.town.example>\n"
    )
    assert about(mail, "mail.town.example") == ("<2@mail.town.example>", "<1@example.org>")
    assert about(mail, "") == ("<1@example.org>", "<2@mail.town.example>")
    answered = read(b"From: a@example.org\nReferences: <1@x> <2@x>\nIn-Reply-To: <2@x>\n\nx")
    assert about(answered, "") == ("<2@x>", "<1@x>")


@pytest.mark.parametrize(
    ("field", "words", "expected"),
    [
        ("5.1.1", "550 unknown", ("5.1.1", "550")),
        ("5.0.0", "550 5.2.2 full", ("5.2.2", "550")),
        ("5.1.1", "550 5.7.1 blocked", ("5.7.1", "550")),
        ("", "(#5.1.2)", ("5.1.2", "")),
        ("4.4.7", "554 4.4.7 expired<421 4.4.2 timed out>", ("4.4.2", "421")),
        ("5.0.0", "no such user", ("5.0.0", "")),
        ("", "host 192.0.2.1 took 450 seconds, 5.1 MB", ("", "")),
        ("", "said: 550-5.1.1 no", ("5.1.1", "550")),
        ("", "", ("", "")),
    ],
)
def test_codes_are_found_and_numbers_that_are_none_are_not(
    field: str, words: str, expected: tuple[str, str]
) -> None:
    assert diagnosis(field, words) == expected


def test_small_questions() -> None:
    assert [permanence(*codes) for codes in (("5.1.1", ""), ("", "450"), ("", ""))] == [
        True, False, None,
    ]  # fmt: skip
    assert is_office("administrator@example.org")
    assert not is_office("ann@example.org")
    assert top_of("words\n----- Original message -----\nrest") == "words\n"
    assert find_report(read(b"From: a@example.org\n\nhello")) is None
    assert not read_words(read(b"From: a@example.org\n\nhello")).has_subject
    assert find_failures(read(b"From: a@example.org\n\nnobody"))[0].recipient == ""


@given(st.text(max_size=300), st.text(max_size=80), st.sampled_from(["", "ann@example.org", None]))
def test_any_mail_gets_a_verdict_with_a_reason(text: str, subject: str, sender: str | None) -> None:
    raw = f"From: ann@example.org\nSubject: {subject}\n\n{text}".encode(errors="replace")
    found = judge(read(raw), sender, OWN)
    assert found.why
    assert all(len(failure.reason) <= 500 for failure in found.failures)
