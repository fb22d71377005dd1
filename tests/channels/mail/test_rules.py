"""Which rule a mail meets: addresses, words, files, size, what our server says of the sender."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from channels.mail.message import Address, Attachment, Mail
from channels.mail.rules import Facts, authentication, facts_of, first_met
from router.core.policy_text import is_kind
from tests.core.text_town import mail_policy, mail_rule

FACTS = Facts(
    mailbox="info",
    sender="ann@parks.town.test",
    recipients=("info@town.test", "parking@town.test"),
    subject="Panneau d'ARRÊT tombé",
    text="At the corner of Main and 5th.",
    kinds=("image/jpeg",),
    size=5000,
    authentication="pass",
)


def meets(facts: Facts, condition: dict[str, object]) -> bool:
    rule = mail_rule("r", "route", **({"words": ()} | condition))
    return first_met(mail_policy(rules=(rule,)), facts) is not None


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"mailboxes": frozenset({"info"})}, True),
        ({"mailboxes": frozenset({"roads"})}, False),
        ({"senders": ("ann@parks.town.test",)}, True),
        ({"senders": ("ANN@Parks.Town.test",)}, True),
        ({"senders": ("bo@parks.town.test",)}, False),
        ({"senders": ("@parks.town.test",)}, True),
        ({"senders": ("@town.test",)}, False),
        ({"senders": ("*@*.town.test",)}, True),
        ({"senders": ("*@*.parks.town.test",)}, False),  # strictly below
        ({"senders": ("*@*.own.test",)}, False),
        ({"senders": ("@x.test", "@parks.town.test")}, True),
        ({"recipients": ("parking@town.test",)}, True),
        ({"recipients": ("roads@town.test",)}, False),
        ({"subject_words": ("arret tombe",)}, True),
        ({"subject_words": ("corner",)}, False),
        ({"words": ("Corner of Main",)}, True),
        ({"words": ("orner of Main",)}, False),  # whole words only
        ({"words": ("panneau d'arrêt",)}, True),
        ({"attachment": True}, True),
        ({"attachment": False}, False),
        ({"attachment_kinds": ("image/*",)}, True),
        ({"attachment_kinds": ("application/pdf",)}, False),
        ({"size_min": 5000}, True),
        ({"size_min": 5001}, False),
        ({"authentication": "pass"}, True),
        ({"authentication": "fail"}, False),
        ({"words": ("corner",), "senders": ("@x.test",)}, False),  # all of them
    ],
)
def test_a_condition_holds_or_does_not(condition: dict[str, object], expected: bool) -> None:
    assert meets(FACTS, condition) is expected


def test_the_first_rule_that_is_met_decides() -> None:
    rules = (
        mail_rule("a", words=("absent",)),
        mail_rule("b", words=("corner",)),
        mail_rule("c", words=("main",)),
    )
    met = first_met(mail_policy(rules=rules), FACTS)
    assert met is not None
    assert met.id == "b"


def test_a_mail_without_sender_meets_no_rule_about_senders() -> None:
    assert not meets(replace(FACTS, sender=""), {"senders": ("@",)})


def test_pictures_inside_the_text_are_no_files() -> None:
    logo = Attachment("logo.png", "image/png", b"", content_id="logo", is_inline=True)
    photo = Attachment("hole.jpg", "image/jpeg", b"", is_inline=True)
    mail = Mail(
        *("", Address("Ann@HOME.test"), None, (), (), "", "", (), (), "", ""),
        attachments=(logo, photo),
        headers=(),
        defects=(),
    )
    facts = facts_of(mail, mailbox="info", own_words="", size=1, authserv_ids=())
    assert (facts.kinds, facts.sender) == (("image/jpeg",), "ann@home.test")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], ""),
        (["mx.town.test; dmarc=pass header.from=home.test"], "pass"),
        (["mx.town.test; dmarc=fail; spf=pass"], "fail"),
        (["mx.town.test; spf=softfail; dkim=pass"], "pass"),
        (["mx.town.test; spf=fail"], "fail"),
        (["mx.town.test; none"], ""),
        (["MX.Town.test 1; dmarc=PASS"], "pass"),
        (["evil.test; dmarc=pass"], ""),  # nobody we believe
        (["evil.test; dmarc=pass", "mx.town.test; dmarc=fail"], "fail"),
        (["mx.town.test; dmarc=fail", "mx.town.test; dmarc=pass"], "fail"),  # the topmost counts
    ],
)
def test_only_our_own_server_is_believed_about_senders(headers: list[str], expected: str) -> None:
    lines = [("authentication-results", value) for value in headers]
    assert authentication(lines, ("mx.town.test",)) == expected


def test_kinds_of_files() -> None:
    assert is_kind("image/*", "image/png")
    assert not is_kind("image/*", "imagex/png")


@given(text=st.text(max_size=60), phrase=st.text(min_size=1, max_size=10))
def test_no_text_breaks_the_comparison(text: str, phrase: str) -> None:
    facts = replace(FACTS, text=text, subject=phrase, sender=text)
    meets(facts, {"words": (phrase,), "senders": (text,)})
