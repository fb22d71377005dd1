"""What towns asked of their inbox, played with the shipped town's own policy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.model import MINUTE, SECOND, AgentId, AgentStatus, Instant, ItemId, ItemState
from router.core.policy import Policy
from router.core.records import Item
from router.desk.pictures import item_view, refs_shown, told
from router.desk.town import duplicates_avoided
from router.desk.views import ItemView
from router.errors import NotAllowed
from router.policy.load import load
from router.ports import Words
from router.runtime.channels import key_of
from tests.channels.mail.mail_town import (
    SAM,
    SECRET,
    MailTown,
    answer_to,
    letter,
    mail_town,
    text_of,
)

ROOT = Path(__file__).parents[3]
INFO = "info@willowmere.example.org"
TODAY = date(2026, 11, 22)
MONDAY = "2026-11-23T10:05"


def at(text: str) -> Instant:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Toronto"))
    return int(moment.timestamp()) * SECOND


@cache
def willowmere() -> Policy:
    return loaded(ROOT)


def loaded(folder: Path) -> Policy:
    found = load(folder, today=TODAY)
    assert found.complaints == ()
    assert found.policy is not None
    return found.policy


def changed(folder: Path, file: str, change: Callable[[str], str]) -> Policy:
    """Return the shipped town with one of its files changed, as an administrator would."""
    copy = folder / "town"
    for name in ("config", "ivr_flows"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "skills.yaml", copy)
    path = copy / file
    before = path.read_text(encoding="utf-8")
    path.write_text(change(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    return loaded(copy)


async def write(hall: MailTown, text: str, *, to: str = INFO, sender: str = SAM) -> Item:
    """A resident writes; return the newest item."""
    before = set(hall.state.items)
    assert (await hall.mail(letter(text, to=to, sender=sender), to))[:3] == "250"
    [new] = set(hall.state.items) - before
    return hall.item(new)


async def sign_in(hall: MailTown, agent: str) -> None:
    who = AgentId(agent)
    await hall.inbox.submit(c.SignIn(who, f"desk-{agent}"), lambda _: None)
    await hall.inbox.submit(c.SetStatus(who, AgentStatus.AVAILABLE), lambda _: None)


def offered_to(hall: MailTown, agent: str) -> ItemId:
    offer = hall.state.agents[AgentId(agent)].offer
    assert offer is not None
    return hall.state.offers[offer].item


async def test_3_a_parking_complaint_by_mail_is_pointed_to_the_phone(tmp_path: Path) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at(MONDAY)) as hall:
        item = await write(hall, "A car is parked illegally at 5 Main Street.")
        assert (item.state, item.outcome) == (ItemState.CLOSED, "refused")
        assert item.queue is None, "nobody has to do anything"
        [sent] = await hall.sent(1)
        assert "report parking by phone at 905-555-0101" in " ".join(text_of(sent).split())
        assert "or send a photo" in " ".join(text_of(sent).split())

        french = "Bonjour, une auto est stationnée illégalement, mal stationné dans ma rue."
        item = await write(hall, french, sender="bo@home.test")
        assert item.outcome == "refused"
        assert "veuillez la signaler par téléphone" in " ".join(
            text_of((await hall.sent(2))[1]).split()
        )


async def test_3_a_parking_complaint_with_a_photo_is_work_for_the_officers(
    tmp_path: Path,
) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at(MONDAY)) as hall:
        mail = letter("A car is parked illegally at 5 Main Street.", to=INFO)
        mail.add_attachment(b"jpeg", maintype="image", subtype="jpeg", filename="car.jpg")
        await hall.mail(mail, INFO)
        item = hall.item()
        assert (item.state, item.queue, item.subject) == (ItemState.QUEUED, "bylaw", "parking")
        await sign_in(hall, "farah")
        assert offered_to(hall, "farah") == item.id
        older = await write(hall, "How do I pay a fine?", to="bylaw@willowmere.example.org")
        assert hall.item(item.id).urgency_at < older.urgency_at, "while it is still there"


async def test_4_an_urgent_mail_by_day_reaches_a_person_before_older_ones(tmp_path: Path) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at("2026-11-23T09:00")) as hall:
        for number in range(3):
            sender = f"ann{number}@home.test"
            await write(hall, "There is a pothole on Main Street.", sender=sender)
        await hall.pass_time(65 * MINUTE)
        urgent = await write(hall, "The stop sign is down at Main and 5th!", sender="bo@home.test")
        await sign_in(hall, "hannah")
        assert offered_to(hall, "hannah") == urgent.id


async def test_4_the_same_mail_at_night_is_told_to_people_on_call(tmp_path: Path) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at("2026-11-23T21:00")) as hall:
        item = await write(hall, "The stop sign is down at Main and 5th!")
        assert item.state is ItemState.DEFERRED
        told = {str(mail["To"]): mail for mail in await hall.sent(2)}
        page = told["Corporate Security <security@willowmere.example.org>"]
        assert "The stop sign is down at Main and 5th!" in text_of(page)
        acknowledgement = " ".join(text_of(told["Sam Example <sam@home.test>"]).split())
        assert "has been passed to the person on call" in acknowledgement
        assert item.id in acknowledgement
        await hall.pass_time(5 * MINUTE + SECOND)
        assert "operations.a@" in str((await hall.sent(3))[2]["To"])
        taken = answer_to(page, "I am on my way.", sender="security@willowmere.example.org")
        await hall.mail(taken, str(page["Reply-To"]))
        await hall.pass_time(30 * MINUTE)
        await hall.sent(3)
        assert hall.item().text.page_answered_by == "security"  # type: ignore[union-attr]


async def test_4_a_false_alarm_is_taken_back_in_one_step_and_logged(tmp_path: Path) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at(MONDAY)) as hall:
        item = await write(hall, "Thank you, the stop sign is down no longer: you fixed it.")
        assert (item.queue, item.text and item.text.urgent) == ("roads", True)
        undone = t.UndoRule(item.id, AgentId("hannah"), "a thank-you")
        await hall.inbox.submit(undone, lambda _: None)
        item = hall.item()
        assert (item.queue, item.text and item.text.urgent) == ("general", False)
        [logged] = [ev for ev in hall.events() if isinstance(ev, e.RuleUndone)]
        assert (logged.by, logged.rule, logged.reason) == (
            "hannah",
            "stop_sign_down",
            "a thank-you",
        )


async def test_9_two_agents_open_one_mail_and_one_answer_leaves(tmp_path: Path) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at(MONDAY)) as hall:
        item = await write(hall, "When is the library open?")
        await hall.take(item, "amara")
        with pytest.raises(NotAllowed, match="with amara"):
            await hall.take(item, "chitra")
        wanted = t.SendReply(item.id, AgentId("chitra"), "k-chitra", "w-chitra")
        with pytest.raises(NotAllowed):
            await hall.inbox.submit(wanted, lambda _: None)
        await hall.reply(item, "Until nine.", then="close", code="answered")
        replies = [mail for mail in await hall.sent(2) if "Until nine." in text_of(mail)]
        assert len(replies) == 1
        assert hall.item().state in (ItemState.WRAP_UP, ItemState.CLOSED)


async def test_10_one_pothole_in_two_mails_is_answered_once_to_both(
    tmp_path: Path,
) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at(MONDAY)) as hall:
        first = await write(hall, "There is a pothole on Main Street.", sender="ann@home.test")
        second = await write(hall, "Pothole, Main Street!", sender="bo@home.test")
        await hall.take(first, "hannah")
        await hall.inbox.submit(
            t.MergeItems(second.id, first.id, AgentId("hannah")), lambda _: None
        )
        await hall.reply(first, "Filled this morning.")
        sent = await hall.sent(4)
        told = {str(mail["To"]) for mail in sent if "Filled this" in text_of(mail)}
        assert told == {"ann@home.test", "bo@home.test"}
        assert not any("ann@" in text_of(mail) for mail in sent if "bo@" in str(mail["To"]))
        await hall.inbox.submit(t.UnmergeItem(second.id, AgentId("hannah")), lambda _: None)
        assert hall.item(second.id).state in (ItemState.QUEUED, ItemState.OFFERED)


async def test_10_a_call_a_form_and_a_mail_about_one_pothole_get_one_reply(tmp_path: Path) -> None:
    """The councillor forwards to info@ what they were written."""
    async with mail_town(tmp_path, policy=willowmere(), now=at(MONDAY)) as hall:
        await call_about_a_pothole(hall)
        call = hall.item("C1")
        form = c.SubmitForm(
            item_id=ItemId("F1"),
            key="form:F1",
            form="report",
            subject="pothole",
            address_key=key_of(SECRET)("sam@home.test"),
            contact_ref="c-F1",
            words_ref="w-F1",
            language="en",
        )
        who = Words("c-F1", "contact", b'{"name":"Sam","number":"","email":"sam@home.test"}')
        fields = Words("w-F1", "form", b'{"place":"Main Street"}')
        await hall.inbox.submit(form, lambda _: None, words=(who, fields))
        mail = await write(hall, "There is a pothole on Main Street.")
        shown = item_view(hall.state, mail)
        assert {(each.item, each.why) for each in shown.duplicates} == {("F1", "same sender")}

        await hall.take(mail, "hannah")
        for other in ("F1", "C1"):
            merged = t.MergeItems(ItemId(other), mail.id, AgentId("hannah"))
            await hall.inbox.submit(merged, lambda _: None)
        view = await told_view(hall, mail.id)
        assert [(each.item, each.told_by) for each in view.contacts] == [
            (mail.id, "mail"),
            ("F1", "mail"),
            ("C1", "telephone"),
        ]
        assert view.contacts[1].words is not None
        assert view.contacts[1].words.fields == {"place": "Main Street"}
        assert view.contacts[2].who is not None
        assert view.contacts[2].who.number == "+19055550123"
        assert duplicates_avoided(hall.state, "2026-11-23") == 2

        await hall.reply(mail, "Filled this morning.")
        sent = [str(each["To"]) for each in await hall.sent(2) if "Filled" in text_of(each)]
        assert len(sent) == 1
        written = (await told_view(hall, mail.id)).text
        assert written is not None
        assert sum("Filled" in each.text for each in written.messages) == 1

        for other in ("F1", "C1"):
            await hall.inbox.submit(t.UnmergeItem(ItemId(other), AgentId("hannah")), lambda _: None)
        assert hall.item("F1").state in (ItemState.QUEUED, ItemState.OFFERED)
        assert hall.item("C1") == call
        assert hall.item(mail.id).agent == "hannah"
        assert duplicates_avoided(hall.state, "2026-11-23") == 0


async def call_about_a_pothole(hall: MailTown) -> None:
    """A resident calls, waits for somebody who knows about roads, and hangs up."""
    call = c.StartCall(
        item_id=ItemId("C1"),
        key="call:C1",
        call_id="CA1",
        called="+19055550100",
        address_key="sam-tel",
        contact_ref="c-C1",
    )
    contact = Words("c-C1", "contact", b'{"name":"","number":"+19055550123","email":""}')
    await hall.inbox.submit(call, lambda _: None, words=(contact,))
    for digits in ("1", "2"):
        flow = hall.item("C1").flow
        assert flow is not None
        step = c.AdvanceFlow(item_id=ItemId("C1"), step=flow.step, digits=digits)
        await hall.inbox.submit(step, lambda _: None)
    await hall.inbox.submit(c.EndCall(ItemId("C1"), "CA1", "completed"), lambda _: None)
    assert hall.item("C1").state is ItemState.ABANDONED


async def told_view(hall: MailTown, item: ItemId) -> ItemView:
    """Return the item with its words, as a desk shows it."""
    row = hall.item(item)
    view = item_view(hall.state, row)
    return told(view, row, await hall.journal.words(refs_shown(view, row)))


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("2026-11-23T10:00", "2026-11-24T18:00"),  # by the end of the next business day
        ("2026-11-23T21:00", "2026-11-25T18:00"),  # written while closed: on Tuesday
        ("2026-12-24T10:00", "2026-12-29T18:00"),  # Christmas, a weekend, Boxing Day on Monday
    ],
)
async def test_12_the_answer_is_due_as_the_policy_says_and_the_resident_is_told(
    tmp_path: Path, written: str, due: str
) -> None:
    policy = changed(
        tmp_path,
        "config/queues.yaml",
        lambda text: text.replace("2 business days", "1 business day"),
    )
    async with mail_town(tmp_path, policy=policy, now=at(written)) as hall:
        item = await write(hall, "How do I order a bin?")
        assert datetime.fromtimestamp((item.due_at or 0) / SECOND, ZoneInfo("America/Toronto")) == (
            datetime.fromisoformat(due).replace(tzinfo=ZoneInfo("America/Toronto"))
        )
        [sent] = await hall.sent(1)
        day = int(due[8:10])
        assert f" {day}, at 6 pm" in text_of(sent)


@pytest.mark.parametrize(
    ("written", "text", "due"),
    [
        ("2026-11-23T10:00", "How do I order a bin?", "2026-11-25T18:00"),
        ("2026-11-23T10:00", "My tax bill is wrong", "2026-11-24T18:00"),
        ("2026-11-19T21:00", "How do I order a bin?", "2026-11-23T18:00"),  # as if on Friday
        ("2026-11-19T21:00", "My tax bill is wrong", "2026-11-21T13:00"),  # Saturday is one, too
    ],
)
async def test_12_what_matters_more_has_a_sooner_promise_by_its_queue(
    tmp_path: Path, written: str, text: str, due: str
) -> None:
    """General mail: two business days of the next business day; high priority: one."""
    sooner = "  tax:\n    first_response: 1 business day\n"
    policy = changed(
        tmp_path, "config/queues.yaml", lambda before: before.replace("  tax:\n", sooner, 1)
    )
    async with mail_town(tmp_path, policy=policy, now=at(written)) as hall:
        item = await write(hall, text)
        assert datetime.fromtimestamp((item.due_at or 0) / SECOND, ZoneInfo("America/Toronto")) == (
            datetime.fromisoformat(due).replace(tzinfo=ZoneInfo("America/Toronto"))
        )


async def test_16_what_the_answering_service_mails_at_night_waits_before_opening(
    tmp_path: Path,
) -> None:
    rule = (
        "rules:\n  - rule: answering_service\n    when: {sender: '@desk.example.com'}\n"
        "    route: roads\n    subject: pothole\n"
    )
    policy = changed(
        tmp_path, "config/mail.yaml", lambda text: text.replace("\nrules:\n", f"\n{rule}", 1)
    )
    async with mail_town(tmp_path, policy=policy, now=at("2026-11-24T02:10")) as hall:
        for number in range(3):
            text = f"Caller {number}: pothole, can wait. +1 905 555 0123"
            item = await write(hall, text, sender="night@desk.example.com")
            assert (item.state, item.queue) == (ItemState.DEFERRED, "roads")
        await hall.pass_time(at("2026-11-24T08:00") - hall.clock.now())
        assert [item.state for item in hall.items()] == [ItemState.QUEUED] * 3
        await sign_in(hall, "hannah")
        assert offered_to(hall, "hannah") == hall.items()[0].id


NIGHTS = "nights@answering.example.com"
VERDICT = "mx.willowmere.example.org; dkim=pass header.d=answering.example.com; dmarc=pass"


async def test_16_what_was_dealt_with_at_night_is_closed_and_counts_the_rest_waits(
    tmp_path: Path,
) -> None:
    async with mail_town(tmp_path, policy=willowmere(), now=at("2026-11-24T02:10")) as hall:
        names: dict[str, ItemId] = {}
        for subject, verdict in (
            ("Done: noise in Oak Street, officer went", VERDICT),
            ("Can wait: pothole in Elm Street", VERDICT),
            ("Done: forged", "mx.willowmere.example.org; dmarc=fail"),
        ):
            before = set(hall.state.items)
            text = "Sam, +1 905 555 0123, called at 2 am."
            mail = letter(text, to=INFO, sender=NIGHTS, subject=subject)
            mail["Authentication-Results"] = verdict
            assert (await hall.mail(mail, INFO, sender=NIGHTS))[:3] == "250"
            [names[subject[:8]]] = set(hall.state.items) - before
        done, wait, forged = (hall.item(name) for name in names.values())
        assert (done.state, done.code) == (ItemState.CLOSED, "answered")
        assert (done.queue, done.subject) == ("general", "overnight")
        assert (wait.state, wait.queue, wait.subject) == (
            ItemState.DEFERRED,
            "general",
            "overnight",
        )
        assert forged.state is ItemState.DEFERRED, "a person looks at what claims to be theirs"
        await hall.sent(0)

        await hall.pass_time(at("2026-11-24T08:00") - hall.clock.now())
        assert hall.item(wait.id).state is ItemState.QUEUED
        assert hall.item(done.id).state is ItemState.CLOSED
        await hall.inbox.submit(
            t.UndoRule(done.id, AgentId("hannah"), "nobody went"), lambda _: None
        )
        assert (hall.item(done.id).state, hall.item(done.id).subject) == (
            ItemState.QUEUED,
            "general",
        )
