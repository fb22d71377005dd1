"""One mail at a time: stored before it is confirmed, placed once, its words out of the journal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import pytest
import structlog

from channels.mail import receiving
from channels.mail.budgets import Budgets
from channels.mail.intake import Answer, Envelope
from channels.mail.receiving import Receiver
from router.core import events as e
from router.core.model import HOUR, ItemState, QueueId
from router.core.policy_text import Mailbox
from router.runtime.clock import VirtualClock
from router.runtime.ids import SeededIds
from router.runtime.journal_faults import AppendFault, Ending, ScriptedFaults
from tests.channels.mail.mail_town import SECRET, MailTown, letter, mail_town, nothing, text_of
from tests.core.text_town import TextDesk, mail_policy, mail_rule, writing_town
from tests.core.town import OPEN, both
from tests.fakes.inbox import FakeInbox
from tests.fakes.memory_texts import MemoryBlobs

REFUSED = AppendFault(ending=Ending.REFUSED)
SUBJECTS = (
    "Laub", "Déneigement", "Vuilnis", "Śmieci", "Сміття", "垃圾收集", "쓰레기",
    "قمامة", "אשפה", "ਕੂੜਾ",
)  # fmt: skip


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[MailTown]:
    async with mail_town(tmp_path) as made:
        yield made


def two_boxes() -> dict[str, Mailbox]:
    info = mail_policy().mailboxes["info"]
    roads = Mailbox(
        id="roads",
        address="Roads@Town.TEST",
        aliases=(),
        name=both("Roads"),
        queue=QueueId("roads"),
        subject="pothole",
        acknowledge=True,
        file="mail.yaml",
        line=9,
    )
    return {"info": info, "roads": roads}


async def test_a_mail_is_an_item_and_is_acknowledged(hall: MailTown) -> None:
    assert (await hall.mail(letter()))[:3] == "250"
    item = hall.item()
    assert (item.state, item.queue, item.called) == (ItemState.QUEUED, "general", "info")
    [sent] = await hall.sent(1)
    assert item.id in text_of(sent)
    assert sent["To"] == "Sam Example <sam@home.test>"
    assert sent["Subject"] == "Re: Leaves"
    assert sent["Auto-Submitted"] == "auto-replied"
    assert hall.post.mails[0].mail_from == "<>"  # nobody answers it


async def test_the_original_stays_as_it_came(hall: MailTown) -> None:
    raw = letter("tabs\tand trailing  \n.dot").as_bytes()
    await hall.mail(raw)
    [said] = await hall.said(hall.item())
    original = json.loads(said)["original"]
    assert await hall.blobs.get(original) == raw
    assert original == hashlib.sha256(raw).hexdigest()


async def test_the_same_mail_twice_is_one_item(hall: MailTown) -> None:
    mail = letter()
    await hall.mail(mail)
    mail["Received"] = "from elsewhere by another.test; Mon, 23 Nov 2026 10:00:00 -0500"
    assert (await hall.mail(mail))[:3] == "250"
    assert len(hall.items()) == 1
    await hall.sent(1)


async def test_two_mails_under_one_id_are_two(hall: MailTown) -> None:
    for text in ("one", "another"):
        await hall.mail(letter(text, number=7_000_000))
    assert len(hall.items()) == 2


async def test_a_mail_to_two_of_our_addresses_is_one_item_of_the_first(tmp_path: Path) -> None:
    policy = writing_town(mail=mail_policy(mailboxes=two_boxes()))
    async with mail_town(tmp_path, policy=policy) as hall:
        mail = letter(to="info@town.test, roads@town.test")
        await hall.mail(mail, "roads@town.test", "info@town.test")
        assert hall.item().called == "roads"
        mail["Delivered-To"] = "info@town.test"  # as each mailbox would hold it
        await hall.mail(mail, "info@town.test")
        assert hall.item().called == "roads"
        assert len(await hall.sent(1)) == 1


async def test_nothing_is_confirmed_that_is_not_stored(tmp_path: Path) -> None:
    faults = ScriptedFaults([AppendFault(), *[REFUSED] * 2])
    async with mail_town(tmp_path, faults=faults) as hall:
        mail = letter()
        for _ in range(2):
            assert (await hall.mail(mail))[:3] == "451"
            assert hall.items() == []
        assert (await hall.mail(mail))[:3] == "250"
        assert len(hall.items()) == 1
        await hall.sent(1)


async def test_mail_for_others_is_not_taken(hall: MailTown) -> None:
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await hall.mail(letter(), "somebody@elsewhere.test")
    assert hall.items() == []


@pytest.mark.parametrize("raw", [b"\x00" * 300, b"\xff\xfe\x00\x01" * 100, b"PK\x03\x04" * 50])
async def test_what_nobody_can_read_is_set_aside(hall: MailTown, raw: bytes) -> None:
    assert (await hall.mail(raw))[:3] == "250"
    assert hall.item().state is ItemState.SHUNTED
    await hall.sent(0)


async def test_a_mistake_of_ours_costs_nobody_their_mail(
    hall: MailTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(receiving, "arrival_of", broken)
    monkeypatch.setattr(receiving.log, "exception", lambda *_, **__: None, raising=False)
    assert (await hall.mail(letter()))[:3] == "250"
    assert hall.item().state is ItemState.SHUNTED
    assert "When are leaves" in (await hall.said(hall.item()))[0]


async def test_html_alone_is_read_and_its_source_kept(hall: MailTown) -> None:
    mail = letter()
    mail.set_content("<p>The <b>bin</b> is full.</p><script>x()</script>", subtype="html")
    await hall.mail(mail)
    said = json.loads((await hall.said(hall.item()))[0])
    assert said["text"].strip() == "The bin is full."
    assert b"<b>bin</b>" in (await hall.blobs.get(said["html"]) or b"")


async def test_files_are_kept_with_names_and_kinds(hall: MailTown) -> None:
    mail = letter()
    mail.add_attachment(b"\x89PNG...", maintype="image", subtype="png", filename="trou à côté.png")
    await hall.mail(mail)
    [file] = json.loads((await hall.said(hall.item()))[0])["files"]
    assert (file["name"], file["kind"], file["size"]) == ("trou à côté.png", "image/png", 7)
    assert await hall.blobs.get(file["blob"]) == b"\x89PNG..."


async def test_subjects_of_all_languages_come_back_in_the_answer(hall: MailTown) -> None:
    for number, subject in enumerate(SUBJECTS):
        sender = f"Ann {number} <ann{number}@home.test>"
        await hall.mail(letter(subject=subject, sender=sender))
    mails = await hall.sent(len(SUBJECTS))
    assert {str(mail["Subject"]) for mail in mails} == {f"Re: {subject}" for subject in SUBJECTS}


async def test_a_form_mailers_mail_is_of_who_filled_the_form_in(hall: MailTown) -> None:
    """A no-reply address that names somebody in Reply-To speaks for that person."""
    await hall.mail(letter(sender="Forms <no-reply@forms.test>", Reply_To="Ann <ann@home.test>"))
    await hall.mail(letter(sender="Ann <ann@home.test>"))
    one, other = hall.items()
    assert one.address_key == other.address_key != ""
    assert {mail["To"] for mail in await hall.sent(2)} == {"Ann <ann@home.test>"}


@pytest.mark.parametrize("useless", ["no-reply@home.test", "INFO@town.test", "hello@town.test"])
async def test_an_answer_never_goes_where_nobody_reads_it(hall: MailTown, useless: str) -> None:
    await hall.mail(letter(Reply_To=useless))
    [sent] = await hall.sent(1)
    assert sent["To"] == "Sam Example <sam@home.test>"


async def test_a_flood_is_set_aside_and_forgotten_within_the_hour(tmp_path: Path) -> None:
    policy = writing_town(mail=mail_policy(per_hour_max=3, answers_per_day_max=50))
    async with mail_town(tmp_path, policy=policy) as hall:
        for _ in range(5):
            await hall.mail(letter())
        assert [item.state is ItemState.SHUNTED for item in hall.items()] == [
            *[False] * 3,
            *[True] * 2,
        ]
        await hall.mail(letter(sender="bo@home.test"))
        await hall.pass_time(HOUR)
        await hall.mail(letter())
        assert [item.state is ItemState.SHUNTED for item in hall.items()][5:] == [False, False]
        await hall.sent(5)


async def test_a_copy_uses_up_no_budget(tmp_path: Path) -> None:
    policy = writing_town(mail=mail_policy(per_hour_max=2))
    async with mail_town(tmp_path, policy=policy) as hall:
        mail = letter()
        for each in (mail, mail, letter()):
            await hall.mail(each)
        assert [item.state for item in hall.items()] == [ItemState.QUEUED] * 2


async def test_machines_open_nothing_and_hear_nothing(hall: MailTown) -> None:
    await hall.mail(letter(Auto_Submitted="auto-replied"))
    await hall.mail(letter(List_Id="news <news.home.test>"))
    await hall.mail(letter(sender="no-reply@shop.test"))
    await hall.mail(letter(), sender="")
    assert hall.items() == []
    kept = [ev.kind for ev in hall.events() if isinstance(ev, e.MailKept)]
    assert kept == ["auto_reply", "list", "no_reply", "auto_reply"]
    await hall.sent(0)


async def test_a_rule_refuses_and_points_elsewhere(tmp_path: Path) -> None:
    rule = mail_rule(
        "parking", "refuse", words=("parked",), attachment=False, text=both("Phone {town}, {name}.")
    )
    policy = writing_town(mail=mail_policy(rules=(rule,)))
    async with mail_town(tmp_path, policy=policy) as hall:
        await hall.mail(letter("A car is parked on the sidewalk.", sender="ann@home.test"))
        assert hall.item().outcome == "refused"
        [sent] = await hall.sent(1)
        assert text_of(sent).strip() == "Phone Testville."
        photo = letter("A car is parked on the sidewalk.", sender="bo@home.test")
        photo.add_attachment(b"jpeg", maintype="image", subtype="jpeg", filename="car.jpg")
        await hall.mail(photo)
        assert [item.state for item in hall.items()] == [ItemState.CLOSED, ItemState.QUEUED]


async def test_words_and_addresses_stay_out_of_journal_and_logs(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with mail_town(tmp_path) as hall:
            hall.post.replies["RCPT"] = "550 5.1.1 <sam@home.test> is nobody here"
            await hall.mail(letter("my secret sorrow", subject="Private matter"))
            await hall.mail(b"From: sam@home.test\r\n\r\n" + b"\0" * 99)
            await hall.quiet()
            journal = b"".join(batch.events for batch in hall.store.batches[1:])
    logs = [line for line in logs if line["log_level"] != "debug"]
    assert {"mail_received", "effect_failed"} <= {line["event"] for line in logs}
    for secret in ("sorrow", "Private", "sam@home", "Sam", "Example"):
        assert secret.encode() not in journal
        assert secret not in str(logs)


async def test_without_rules_for_mail_it_stays_with_the_sender() -> None:
    inbox = FakeInbox(TextDesk(writing_town(mail=None)))
    receiver = Receiver(
        inbox, SeededIds(1), MemoryBlobs(), Budgets(VirtualClock(OPEN)), SECRET, nothing
    )
    envelope = Envelope("sam@home.test", ("info@town.test",), "smtp", "127.0.0.1")
    assert await receiver(letter().as_bytes(), envelope) is Answer.LATER
    assert inbox.submitted == []


async def test_the_beginning_of_a_mail_that_is_too_large_is_set_aside() -> None:
    """As the IMAP door hands it over: the rest stays in the mailbox."""
    inbox = FakeInbox(TextDesk(writing_town()))
    receiver = Receiver(
        inbox, SeededIds(1), MemoryBlobs(), Budgets(VirtualClock(OPEN)), SECRET, nothing
    )
    envelope = Envelope(None, (), "imap", "127.0.0.1", cut_from=90_000_000)
    assert await receiver(letter().as_bytes(), envelope) is Answer.TAKEN
    [item] = inbox.state.items.values()
    assert item.state is ItemState.SHUNTED
    assert "too large" in str(inbox.stored)
