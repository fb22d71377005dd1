"""Answers and bounces are known with a token in the address, and without one by Message-IDs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.core import events as e
from router.core.model import ItemState
from router.desk import messages_text as m
from tests.channels.mail.mail_town import (
    SAM,
    US,
    MailTown,
    answer_to,
    letter,
    mail_town,
    text_of,
)
from tests.core.text_town import mail_policy, writing_town

BOUNCE = """\
From: Mail Delivery System <mailer-daemon@home.test>
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce.1@home.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=cut

--cut
Content-Type: text/plain

Your mail was not delivered.
--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.home.test

Final-Recipient: rfc822; sam@home.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user
--cut
Content-Type: {kind}

{returned}
--cut--
"""


@pytest.fixture(params=[True, False], ids=["with-a-token", "plain"])
async def hall(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MailTown]:
    box = replace(mail_policy().mailboxes["info"], plus_addressing=request.param)
    policy = writing_town(mail=mail_policy(mailboxes={"info": box}))
    async with mail_town(tmp_path, policy=policy) as made:
        yield made


def has_tokens(hall: MailTown) -> bool:
    assert hall.state.policy.mail is not None
    return hall.state.policy.mail.mailboxes["info"].plus_addressing


def replied_to(sent: EmailMessage) -> str:
    """Return the address that a mail program writes an answer to."""
    [address] = sent["Reply-To"].addresses
    return str(address.addr_spec)


def bounce_of(sent: EmailMessage, kind: str) -> bytes:
    """Return the notice that `sent` did not arrive, with all of it or with its headers."""
    whole = sent.as_string()
    returned = whole if kind == "message/rfc822" else whole.partition("\n\n")[0]
    text = BOUNCE.format(to=replied_to(sent), kind=kind, returned=returned)
    return text.replace("\n", "\r\n").encode()


async def answered(hall: MailTown, *texts: str) -> list[EmailMessage]:
    """A resident writes and an agent answers; return the answers."""
    await hall.mail(letter())
    await hall.take(hall.item())
    for text in texts:
        await hall.reply(hall.item(), text)
    return (await hall.sent(1 + len(texts)))[1:]


async def test_the_address_that_answers_go_to_is_where_bounces_go(hall: MailTown) -> None:
    [reply] = await answered(hall, "On Monday.")
    address = replied_to(reply)
    assert address.startswith("info+c-") if has_tokens(hall) else address == US
    assert [mail.mail_from for mail in hall.post.mails] == ["<>", address]
    assert f"<{US}>" in str(reply["From"])


async def test_an_answer_to_what_an_agent_wrote_joins(hall: MailTown) -> None:
    [reply] = await answered(hall, "On Monday.")
    await hall.mail(answer_to(reply, "Thank you!"), replied_to(reply))
    assert hall.written(hall.item())[-1] == "resident text"


async def test_an_answer_to_the_acknowledgement_joins(hall: MailTown) -> None:
    await hall.mail(letter())
    [sent] = await hall.sent(1)
    await hall.mail(answer_to(sent, "On Main Street."), replied_to(sent))
    assert len(hall.written(hall.item())) == 3


async def test_nobody_else_joins(hall: MailTown) -> None:
    """Whoever got the mail passed on knows its ids, too."""
    [reply] = await answered(hall, "On Monday.")
    await hall.mail(answer_to(reply, "Me, too!", sender="eve@else.test"), replied_to(reply))
    first, second = hall.items()
    assert second.text is not None
    assert second.text.linked_to == first.id
    assert "resident text" in hall.written(second)
    assert hall.written(first)[-1].startswith("agent:")


async def test_what_a_department_answers_comes_back(hall: MailTown) -> None:
    await hall.mail(letter())
    item = hall.item()
    await hall.take(item)
    await hall.do(item, m.Forward, contact="officer", text="Yours?")
    forward = (await hall.sent(2))[1]
    answer = answer_to(forward, "Fixed at noon.", sender="officer@ops.test")
    await hall.mail(answer, replied_to(forward))
    assert hall.written(hall.item())[-1] == "contact:officer forward"


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
async def test_a_bounce_brings_back_the_very_message(hall: MailTown, kind: str) -> None:
    sent = await answered(hall, "On Monday.", "Or on Tuesday.")
    [first] = [mail for mail in sent if text_of(mail).startswith("On Monday.")]
    await hall.mail(bounce_of(first, kind), replied_to(first), sender="")
    failed = [ev.number for ev in hall.events() if isinstance(ev, e.DeliveryFailed)]
    assert failed == [3]
    assert hall.written(hall.item())[-1] == "town machine"
    assert len(hall.items()) == 1


async def test_a_bounce_of_what_was_closed_opens_it_for_its_agent(hall: MailTown) -> None:
    await hall.mail(letter())
    await hall.take(hall.item())
    await hall.reply(hall.item(), "On Monday.", then="close")
    reply = (await hall.sent(2))[1]
    assert hall.item().state is ItemState.CLOSED
    await hall.mail(bounce_of(reply, "text/rfc822-headers"), replied_to(reply), sender="")
    assert hall.item().reserved_for == "amina"


async def test_a_vacation_notice_is_kept_with_what_it_answers(hall: MailTown) -> None:
    [reply] = await answered(hall, "On Monday.")
    away = answer_to(reply, "I am away until Monday.", sender=SAM)
    away["Auto-Submitted"] = "auto-replied"
    await hall.mail(away, replied_to(reply), sender="")
    assert hall.written(hall.item())[-1] == "town machine"
    assert len(hall.items()) == 1
