"""Conversations by mail: answers join, departments are asked, bounces return, nothing circles."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from channels.mail.adapter import MailSettings
from channels.mail.arriving import loop_mark
from router.core import commands_text as t
from router.core import events as e
from router.core.model import SECOND, ItemId, ItemState
from router.desk import messages_text as m
from router.errors import SettingsError
from router.ports import Duty, Said, Words
from router.runtime.channels import key_of
from router.runtime.journal_memory import MemoryStore
from tests.channels.mail.imap_rig import until
from tests.channels.mail.mail_town import (
    SECRET,
    US,
    MailTown,
    answer_to,
    letter,
    mail_town,
    read,
    text_of,
)
from tests.core.text_town import mail_policy, writing_town
from tests.fakes.mail_servers import PASSWORD, dovecot, missing, opensmtpd
from tests.fakes.smtp_server import smtp_server
from tests.ports import free_port

NO_DOVECOT = missing("dovecot", "openssl", "setpriv")
NO_MTA = missing("smtpd", "smtpctl") or ("OpenSMTPD starts as root only" if os.getuid() else "")
ROBOT = "Robot <robot@home.test>"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[MailTown]:
    async with mail_town(tmp_path) as made:
        yield made


async def test_a_mail_is_answered_and_the_resident_answers_back(hall: MailTown) -> None:
    first = letter()
    await hall.mail(first)
    item = hall.item()
    await hall.take(item)
    await hall.reply(item, "On Monday.\nPut them out early.", then="wait")
    acknowledgement, reply = await hall.sent(2)
    assert hall.item().state is ItemState.DEFERRED
    assert text_of(reply).startswith("On Monday.\nPut them out early.\n\nAmina")
    assert "> When are leaves collected?" in text_of(reply)
    assert reply["Subject"] == "Re: Leaves"
    assert reply["In-Reply-To"] == first["Message-ID"]
    assert str(acknowledgement["Message-ID"]) in str(reply["References"])
    assert "Auto-Submitted" not in reply

    await hall.mail(answer_to(reply, "Thank you!"))
    assert len(hall.items()) == 1
    assert hall.written(item)[-1] == "resident text"
    last = json.loads((await hall.said(item))[-1])
    assert last["text"] == "Thank you!"
    assert "Put them out early" in last["quoted"]
    assert hall.item().reserved_for == "amina"
    await hall.sent(2)  # one acknowledgement for a conversation


@pytest.mark.parametrize("by", ["address", "references"])
async def test_an_answer_joins_by_address_or_by_what_it_refers_to(hall: MailTown, by: str) -> None:
    await hall.mail(letter())
    [sent] = await hall.sent(1)
    answer = answer_to(sent, "One more thing.", by=by)
    to = str(sent["Reply-To"]) if by == "address" else US
    await hall.mail(answer, to.upper() if by == "address" else to)
    assert [item.id for item in hall.items()] == [hall.item().id]
    assert len(hall.written(hall.item())) == 3


async def test_an_answer_joins_by_the_residents_own_mail(hall: MailTown) -> None:
    """Somebody who answers a mail of their own, which never bore a token of ours."""
    first = letter()
    await hall.mail(first)
    await hall.mail(letter("I forgot: on Main Street.", In_Reply_To=str(first["Message-ID"])))
    assert len(hall.items()) == 1


@pytest.mark.parametrize("by", ["address", "references"])
async def test_an_answer_from_another_address_is_an_item_of_its_own_that_is_linked(
    hall: MailTown, by: str
) -> None:
    await hall.mail(letter())
    [sent] = await hall.sent(1)
    answer = answer_to(sent, "From work.", sender="sam@work.test", by=by)
    await hall.mail(answer, str(sent["Reply-To"]) if by == "address" else US)
    first, second = hall.items()
    assert second.text is not None
    assert second.text.linked_to == first.id
    assert len(hall.written(first)) == 2


async def test_a_forged_token_leads_nowhere(hall: MailTown) -> None:
    await hall.mail(letter())
    [sent] = await hall.sent(1)
    local, _, domain = str(sent["Reply-To"]).partition("@")
    wrong = f"{local[:-1]}{'0' if local[-1] != '0' else '1'}@{domain}"
    await hall.mail(letter("Guess who.", to=wrong), wrong)
    assert len(hall.items()) == 2
    assert all(item.text is not None and item.text.linked_to is None for item in hall.items())


async def test_the_conversation_goes_on_after_a_restart(tmp_path: Path) -> None:
    store = MemoryStore()
    async with mail_town(tmp_path, store=store) as hall:
        await hall.mail(letter())
        [sent] = await hall.sent(1)
    async with mail_town(tmp_path, store=store) as hall:
        await hall.mail(answer_to(sent, "Still there?"))
        assert len(hall.items()) == 1
        await hall.sent(0)


async def test_files_go_out_and_come_back(hall: MailTown) -> None:
    await hall.mail(letter())
    item = hall.item()
    await hall.take(item)
    plan = await hall.blobs.put(b"%PDF plan")
    file = {"blob": plan, "name": "plan été.pdf", "kind": "application/pdf", "size": 9}
    await hall.reply(item, "See the plan.", files=[file])
    _, reply = await hall.sent(2)
    [sent] = reply.iter_attachments()
    assert (sent.get_filename(), sent.get_content()) == ("plan été.pdf", b"%PDF plan")


async def test_a_department_is_asked_and_its_answer_comes_back_to_the_agent(
    hall: MailTown,
) -> None:
    mail = letter("The hydrant leaks.")
    mail.add_attachment(b"jpeg", maintype="image", subtype="jpeg", filename="leak.jpg")
    await hall.mail(mail)
    item = hall.item()
    await hall.take(item)
    await hall.do(item, m.Note, text="she is angry")
    await hall.do(item, m.Forward, contact="officer", text="Yours?")
    _, forward = await hall.sent(2)
    assert forward["To"] == "Officer <officer@ops.test>"
    assert text_of(forward).startswith("Yours?")
    assert "The hydrant leaks." in text_of(forward)
    assert "angry" not in text_of(forward)
    assert [file.get_filename() for file in forward.iter_attachments()] == ["leak.jpg"]
    assert item.id in str(forward["Subject"])
    await hall.mail(answer_to(forward, "Fixed at noon.", sender="officer@ops.test", by="address"))
    assert len(hall.items()) == 1
    assert hall.written(item)[-1] == "contact:officer forward"
    assert hall.item().reserved_for == "amina"
    # and what the department said is not quoted to the resident
    await hall.take(hall.item())
    await hall.reply(item, "It is fixed.")
    reply = (await hall.sent(3))[-1]
    assert "noon" not in text_of(reply)
    assert reply["To"] == "Sam Example <sam@home.test>"


async def test_a_vacation_answer_is_kept_and_starts_nothing(hall: MailTown) -> None:
    await hall.mail(letter())
    [sent] = await hall.sent(1)
    away = answer_to(sent, "I am away until Monday.")
    away["Auto-Submitted"] = "auto-replied"
    await hall.mail(away, str(sent["Reply-To"]), sender="")
    assert hall.written(hall.item())[-1] == "town machine"
    assert hall.item().text.unanswered_since is not None  # type: ignore[union-attr]
    await hall.sent(1)


async def test_our_own_mail_that_comes_back_is_known(hall: MailTown) -> None:
    await hall.mail(letter())
    [sent] = await hall.sent(1)
    assert sent["X-Townline-Loop"] == loop_mark(SECRET)
    await hall.mail(sent, str(sent["Reply-To"]))
    kept = [ev.kind for ev in hall.events() if isinstance(ev, e.MailKept)]
    assert kept == ["ours"]
    await hall.sent(1)


@pytest.mark.parametrize("by", ["both", "address", "nothing"])
async def test_a_robot_that_answers_everything_hears_a_few_times_and_no_more(
    hall: MailTown, by: str
) -> None:
    """The rudest there is: it says nowhere that it is a robot."""
    await hall.mail(letter("Hello", sender=ROBOT))
    for turn in range(12):
        await hall.quiet()
        if len(hall.post.mails) <= turn:
            break
        heard = read(hall.post.mails[turn].original_content or b"")
        if by == "nothing":
            await hall.mail(letter("Your request is important", sender=ROBOT))
        else:
            await hall.mail(answer_to(heard, "Your request is important", sender=ROBOT, by=by))
    await hall.sent(2 if by == "nothing" else 1)  # answers_per_day_max is 2


async def test_two_towns_that_write_to_each_other_fall_silent(tmp_path: Path) -> None:
    """Each is a stranger to the other; only what a person there wrote is answered."""
    ports = [free_port(), free_port()]
    async with AsyncExitStack() as stack:
        halls = []
        for number, domain in enumerate(("town.test", "city.test")):
            box = replace(mail_policy().mailboxes["info"], address=f"info@{domain}", aliases=())
            policy = writing_town(mail=mail_policy(mailboxes={"info": box}))
            opened = mail_town(
                tmp_path / domain,
                policy=policy,
                secret=domain.encode(),
                change=_between(ports[number], ports[1 - number]),
            )
            halls.append(await stack.enter_async_context(opened))
        town, city = halls
        await town.mail(letter(sender="info@city.test"))
        await _silent(halls)
        assert (len(town.items()), len(city.items())) == (1, 0)  # an acknowledgement opens nothing
        item = town.item()
        await town.take(item)
        await town.reply(item, "What do you mean?")
        await _silent(halls)
        assert (len(town.items()), len(city.items())) == (1, 1)
        kept = [ev.kind for ev in [*town.events(), *city.events()] if isinstance(ev, e.MailKept)]
        assert kept == ["auto_reply", "auto_reply"]


def _between(listens: int, other: int) -> Callable[[MailSettings], MailSettings]:
    return lambda settings: replace(
        settings, smtp_port=listens, smtp_url=f"smtp://127.0.0.1:{other}"
    )


async def _silent(halls: list[MailTown]) -> None:
    for _ in range(3):
        for hall in halls:
            await hall.quiet()


async def test_a_reply_that_is_refused_comes_back_to_its_agent(hall: MailTown) -> None:
    await hall.mail(letter())
    await hall.quiet()
    item = hall.item()
    await hall.take(item)
    hall.post.replies["RCPT"] = "550 5.1.1 no such user"
    await hall.reply(item, "On Monday.", then="close")
    await hall.quiet()
    assert hall.item().reserved_for == "amina"
    failed = [ev for ev in hall.events() if isinstance(ev, e.DeliveryFailed)]
    assert [(ev.number, ev.why) for ev in failed] == [(3, "refused")]


async def test_a_reply_waits_for_a_server_that_is_busy(hall: MailTown) -> None:
    hall.post.replies["MAIL"] = "451 4.3.0 later"
    await hall.mail(letter())
    await until(lambda: hall.clock.next_due() is not None and bool(hall.state.pending))
    await asyncio.sleep(0.05)
    del hall.post.replies["MAIL"]
    for _ in range(20):
        await hall.pass_time(SECOND)
        await asyncio.sleep(0.01)
    await hall.sent(1)


@pytest.mark.skipif(bool(NO_MTA), reason=NO_MTA)
@pytest.mark.parametrize("plus_addressing", [True, False])
async def test_a_reply_that_a_real_server_returns_goes_back_to_its_agent(
    tmp_path: Path, plus_addressing: bool
) -> None:
    box = replace(mail_policy().mailboxes["info"], plus_addressing=plus_addressing)
    policy = writing_town(mail=mail_policy(mailboxes={"info": box}))
    ours = free_port()
    async with smtp_server() as world:
        world.replies["RCPT sam@home.test"] = "550 5.1.1 no such user"
        with opensmtpd(tmp_path, town_port=ours, world_port=world.port) as port:
            async with mail_town(tmp_path, policy=policy, change=_between(ours, port)) as hall:
                await hall.mail(letter())
                item = hall.item()
                await hall.take(item)
                await hall.reply(item, "On Monday.", then="close")
                await until(lambda: hall.item().reopened > 0)
                assert hall.item().reserved_for == "amina"
                assert "town machine" in hall.written(item)
                failed = [ev.number for ev in hall.events() if isinstance(ev, e.DeliveryFailed)]
                assert failed == [3]
                await hall.quiet()


@pytest.mark.skipif(bool(NO_DOVECOT), reason=NO_DOVECOT)
async def test_the_same_mail_by_smtp_and_out_of_a_mailbox_is_one_item(tmp_path: Path) -> None:
    with dovecot() as server:
        box = server.mailbox()

        def watched(settings: MailSettings) -> MailSettings:
            return replace(
                settings,
                imap_url=box.url(),
                imap_password=PASSWORD,
                imap_ca_file=server.certificate,
            )

        async with mail_town(tmp_path, change=watched) as hall, asyncio.TaskGroup() as tasks:
            both, alone = letter(), letter("Only here")
            await hall.mail(both)
            box.deliver(both.as_bytes(), alone.as_bytes())
            [_, imap] = hall.channel.duties()
            task = tasks.create_task(_done(imap))
            await until(lambda: box.count("Processed") == 2)
            assert len(hall.items()) == 2
            assert hall.channel.imap_standing is not None
            await hall.sent(2)
            task.cancel()


async def _done(duty: Duty) -> None:
    await duty()


# --- what goes by mail out of a chat -------------------------------------------------------------


async def chat(hall: MailTown) -> ItemId:
    """A resident has asked something in the chat, left an address, and an agent has answered."""
    contact = Words("c-1", "contact", b'{"number":"","name":"Sam","email":"sam@home.test"}')
    key = key_of(SECRET)("sam@home.test")
    item = ItemId("CHAT000001")
    said = Words("w-1", "said", msgspec.json.encode(Said(text="Is the pool open?")))
    asked = t.ReceiveChat(item, "CCHAT", "chat:1", "site", "", "", "w-1", "en")
    await hall.inbox.submit(asked, lambda _: None, words=(said,))
    await hall.inbox.submit(t.GiveContact("CCHAT", "c-1", key), lambda _: None, words=(contact,))
    await hall.take(hall.item(item))
    await hall.reply(hall.item(item), "Yes, until nine.")
    await hall.do(hall.item(item), m.Note, text="regular guest")
    return item


async def test_what_a_resident_missed_in_the_chat_goes_by_mail_and_the_answer_comes_back(
    hall: MailTown,
) -> None:
    item = await chat(hall)
    await hall.inbox.submit(t.MailUnread("CCHAT", 1), lambda _: None)
    [sent] = await hall.sent(1)
    assert "Yes, until nine." in text_of(sent)
    assert "Is the pool open?" not in text_of(sent)
    assert "regular guest" not in text_of(sent)
    assert (sent["To"], sent["Auto-Submitted"]) == ("Sam <sam@home.test>", "auto-generated")
    await hall.mail(answer_to(sent, "And tomorrow?", by="address"))
    assert hall.written(hall.item(item))[-1] == "resident text"
    assert len(hall.items()) == 1


async def test_a_transcript_says_all_and_is_a_mail_of_its_own(hall: MailTown) -> None:
    await chat(hall)
    await hall.inbox.submit(t.MailUnread("CCHAT", 1), lambda _: None)
    await hall.inbox.submit(t.AskTranscript("CCHAT", "k", "c-1"), lambda _: None)
    mails = await hall.sent(2)
    transcript = max(mails, key=lambda mail: len(text_of(mail)))
    assert "you wrote:\nIs the pool open?" in text_of(transcript)
    assert "Amina wrote:\nYes, until nine." in text_of(transcript)
    assert "regular guest" not in text_of(transcript)
    assert len({str(mail["Message-ID"]) for mail in mails}) == 2


# --- the channel itself --------------------------------------------------------------------------


async def test_a_door_that_cannot_be_opened_says_so(hall: MailTown, tmp_path: Path) -> None:
    port = hall.channel.smtp_port
    assert hall.channel.routes() == []
    assert hall.channel.imap_standing is None
    with pytest.raises(ExceptionGroup) as broken:
        async with mail_town(
            tmp_path / "b", change=lambda settings: replace(settings, smtp_port=port)
        ):
            raise AssertionError("it opened")
    assert broken.group_contains(SettingsError, match=str(port))


async def test_without_a_server_mail_waits_and_on_the_practice_line_it_is_a_file(
    tmp_path: Path,
) -> None:
    async with mail_town(tmp_path, change=lambda s: replace(s, smtp_url="")) as hall:
        await hall.mail(letter())
        await hall.pass_time(SECOND)
        assert hall.state.pending
    practice = practising(tmp_path / "outbox")
    async with mail_town(tmp_path / "b", change=practice) as hall:
        await hall.mail(letter())
        await hall.quiet()
        [file] = (tmp_path / "outbox").glob("*.eml")
        assert hall.item().id in text_of(read(file.read_bytes()))


def practising(folder: Path) -> Callable[[MailSettings], MailSettings]:
    return lambda settings: replace(settings, smtp_url="", outbox=folder)
