"""The first day of a town, by hand: everything a newcomer is told to try, from outside."""

from __future__ import annotations

import asyncio
import re
import signal
from pathlib import Path

from channels.voice.practice.call import Call
from channels.voice.practice.handset import Behaviour, Handset, presses
from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.desk_client import AgentDesk, Habits
from tests.end_to_end.evidence import on_disk
from tests.end_to_end.mail_residents import Delivered, parsed
from tests.end_to_end.process import morning, reached, saturday_night, scaled
from tests.end_to_end.rig import SOON, Rig, town

STOP_S = 5.0
START_S = 3.0 * 3  # three times what a second start takes on a machine that does nothing else
RESTART = 1012  # close code: the daemon restarts


async def explained(rig: Rig, reference: str) -> str:
    return " ".join((await rig.daemon.cli("explain", reference)).split())


async def a_call_in_french(rig: Rig) -> None:
    benoit = await rig.at_desk("benoit", Habits(talks_s=None))
    dmitri = await rig.at_desk("dmitri")  # speaks no French
    call = rig.call()
    await rig.press(call, "2", "0")
    await rig.at(call, "conference")
    item = rig.item_of(call)
    heard = rig.carrier.ledger.heard(call.sid)
    assert any(text.startswith("Si quelqu'un est en danger") for text in heard), heard
    (leg,) = [each for each in rig.carrier.exchange.calls.values() if each.to == "+19055550122"]
    assert leg.place == "conference"
    assert (await rig.item(item, await rig.session("benoit")))["who"]["number"] == call.from_

    assert await benoit.click("finish", item, item=item) == "ok"
    await rig.at(call, "over")
    await reached("the agent's leg ends, too", lambda: leg.over)
    await reached("the item is closed", lambda: item in benoit.acknowledged("close"))
    assert dmitri.clicks == [each for each in dmitri.clicks if each.what == "status"]
    story = await explained(rig, item)
    assert f"{item} is closed" in story
    for word in ("general", "benoît", "french", "answered"):
        assert word in story.lower(), story


async def a_form_and_its_status_page(rig: Rig) -> None:
    desks = [rig.desks["benoit"], rig.desks["dmitri"]]
    for desk in desks:
        desk.habits = Habits(accepts=False)
    receipt = await rig.forms.send("a form of the first day")
    again = await rig.forms.send("a form of the first day")
    assert (again.reference, again.repeated) == (receipt.reference, True)
    page = f"/forms/status/{receipt.reference}"
    before = await rig.daemon.get(page)
    assert "in line" in before.text.lower(), before.text
    for desk in desks:
        desk.habits = Habits()
    await reached(
        "the form is done",
        lambda: any(receipt.reference in desk.acknowledged("close") for desk in desks),
    )
    after = await rig.daemon.get(page)
    assert "in line" not in after.text.lower()
    state = (await rig.daemon.get(page, Accept="application/json")).json()
    assert state["state"] == "closed", state
    assert f"{receipt.reference} is closed" in await explained(rig, receipt.reference)


async def hold_and_cold_transfer(rig: Rig) -> None:
    for desk in rig.desks.values():
        desk.habits = Habits(talks_s=None)
    marc = await rig.at_desk("marc", Habits(talks_s=None))
    call = rig.call()
    await rig.press(call, "1", "0")
    await rig.at(call, "conference")
    item = rig.item_of(call)
    await reached("the room is known", lambda: "conference" in _purposes(rig, call.sid))
    first = next(desk for desk in rig.desks.values() if item in desk.items)
    assert await first.click("hold", item, item=item) == "ok"
    hold = "One moment please."
    await reached("hold is heard", lambda: rig.carrier.ledger.heard(call.sid)[-1:] == [hold])
    assert await first.click("resume", item, item=item) == "ok"
    assert await first.click("transfer", item, item=item, queue="building") == "ok"
    await reached("the next agent talks", lambda: item in marc.items)
    await reached("both legs talk", lambda: _talking(marc.items[item]))
    await rig.at(call, "conference")
    assert await marc.click("finish", item, item=item) == "ok"
    await rig.at(call, "over")
    await reached("the item is closed", lambda: item in marc.acknowledged("close"))
    story = await explained(rig, item)
    assert "marc" in story.lower(), story
    assert "building" in story.lower(), story


def _purposes(rig: Rig, call_sid: str) -> set[str]:
    return {sent.purpose for sent in rig.carrier.ledger.sent(call_sid=call_sid)}


def _talking(item: dict[str, object]) -> bool:
    legs = item["legs"]
    assert isinstance(legs, list)
    return [leg["state"] for leg in legs] == ["connected", "connected"]


async def a_callback_keeps_its_place(rig: Rig) -> None:
    benoit, dmitri, marc = (rig.desks[name] for name in ("benoit", "dmitri", "marc"))
    for desk in (benoit, dmitri, marc):
        desk.habits = Habits(accepts=False, talks_s=None)
    busy = rig.call("+19055550191")
    await rig.press(busy, "1", "5")
    await rig.at(busy, "queue")
    marc.habits = Habits(talks_s=None)
    await rig.at(busy, "conference")
    callers = [rig.call(f"+1905555017{n}") for n in range(3)]
    for caller in callers:
        await rig.press(caller, "1", "5")
        await rig.at(caller, "queue")
    first, second, third = callers
    rig.carrier.register(second.from_, Handset(after_s=0.1))
    await reached("a callback is offered", lambda: second.expects == "digits")
    second.press("1")
    asked = "as soon as it is your turn"
    heard = rig.carrier.ledger.heard
    await reached("a time is asked for", lambda: any(asked in x for x in heard(second.sid)))
    await rig.press(second, "1")
    await reached("a number is asked for", lambda: "pound key" in _last_heard(rig, second.sid))
    await rig.press(second, "1#")
    await rig.at(second, "over")
    items = [rig.item_of(call) for call in (first, second, third)]

    served: list[str] = []
    held = rig.item_of(busy)
    for _ in range(4):
        if held not in items:
            assert await marc.click("finish", held, item=held) == "ok"
        await reached("marc has nothing", lambda held=held: held in marc.acknowledged("close"))
        if len(served) == len(items):
            break
        await reached("marc talks to the next", lambda: any(_is_talked_about(marc, served)))
        held = next(name for name in marc.items if name not in served)
        served.append(held)
        assert await marc.click("finish", held, item=held) == "ok"
    assert served == items
    assert [call.over for call in callers] == [True] * 3
    back = [each for each in rig.carrier.exchange.calls.values() if each.to == second.from_]
    assert len(back) == 1
    assert "callback" in (await explained(rig, items[1])).lower()


def _last_heard(rig: Rig, call_sid: str) -> str:
    return "".join(rig.carrier.ledger.heard(call_sid)[-1:])


def _is_talked_about(desk: object, served: list[str]) -> list[bool]:
    items = desk.items  # type: ignore[attr-defined] # an AgentDesk
    return [_talking(item) for name, item in items.items() if name not in served]


async def a_broken_policy_changes_nothing(rig: Rig) -> None:
    path = rig.daemon.policy / "config" / "queues.yaml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("building >= 6", "bilding >= 6"), encoding="utf-8")
    rig.daemon.tell(signal.SIGHUP)
    await reached("the policy is refused", lambda: bool(rig.daemon.logged("policy_refused")))
    why = rig.daemon.logged("policy_refused")[-1]
    assert re.search(r"queues\.yaml:\d+:\d+", why), why
    assert "bilding" in why
    assert (await rig.daemon.get("/readyz")).status_code == 200
    path.write_text(good, encoding="utf-8")


async def stop_and_go_on(rig: Rig) -> None:
    """Callers who wait when the daemon stops stand at their places when it is back."""
    for desk in rig.desks.values():
        desk.habits = Habits(accepts=False)
    callers = [rig.call(f"+1905555016{n}") for n in range(3)]
    for caller in callers:
        await rig.press(caller, "1", "6")
        await rig.at(caller, "queue")
    places = [f"You are number {n} in line." for n in (1, 2, 3)]
    await reached("each has heard a place", lambda: _places(rig, callers) == places)
    stopped_s = await rig.daemon.stop()
    assert stopped_s < await scaled(STOP_S)
    assert all(RESTART in desk.closed_with for desk in rig.desks.values())
    assert all("restart" in desk.notices for desk in rig.desks.values())
    started_s = await rig.daemon.start()
    assert started_s < await scaled(START_S)
    asked = len(rig.carrier.ledger.sent("wait"))
    await reached("they are told again", lambda: len(rig.carrier.ledger.sent("wait")) > asked + 6)
    assert [call.place for call in callers] == ["queue"] * 3
    assert _places(rig, callers) == places


def _places(rig: Rig, callers: list[Call]) -> list[str]:
    """Return what each of them has heard last of their place in line."""
    heard = [[t for t in rig.carrier.ledger.heard(c.sid) if "You are number" in t] for c in callers]
    return [said[-1] if said else "" for said in heard]


async def test_a_day_in_town(tmp_path: Path) -> None:
    async with town(tmp_path, edits=SOON) as rig:
        await rig.daemon.start("--at", morning())
        await a_call_in_french(rig)
        await a_form_and_its_status_page(rig)
        await hold_and_cold_transfer(rig)
        await a_callback_keeps_its_place(rig)
        await a_broken_policy_changes_nothing(rig)
        await stop_and_go_on(rig)
        stopped_s = await rig.daemon.stop()
        assert stopped_s < await scaled(STOP_S)


async def test_a_call_on_saturday_night(tmp_path: Path) -> None:
    async with town(tmp_path, edits=SOON) as rig:
        await rig.daemon.start("--at", saturday_night())
        # a hazard on the road: security and those on call are busy, the supervisor answers
        for number in ("+19055550180", "+19055550182", "+19055550183"):
            rig.carrier.register(number, Handset(Behaviour.BUSY))
        rig.carrier.register("+19055550184", Handset(after_s=0.1, script=presses("1")))
        urgent = rig.call()
        await rig.press(urgent, "1", "1")
        await rig.at(urgent, "talking")
        rung = [c.to for c in rig.carrier.exchange.calls.values() if c.parent_sid == urgent.sid]
        assert rung[0] == "+19055550180"
        assert rung[-1] == "+19055550184"
        urgent.hang_up()
        item = rig.item_of(urgent)
        await reached("it is known", lambda: "dial" in _purposes(rig, urgent.sid))
        story = await explained(rig, item)
        assert "road_or_animal_in_danger" in story, story
        assert "diverted" in story, story

        # everything else: the line of the hour is busy, so a polite message, and an item for the
        # next day
        for number in ("+19055550177", "+19055550178"):
            rig.carrier.register(number, Handset(Behaviour.BUSY))
        other = rig.call("+19055550192")
        await rig.press(other, "1", "0")
        await reached("a message is recorded", lambda: other.expects == "recording")
        other.speak("My garbage was not collected.", seconds=0.1)
        await reached("the recording is known", lambda: "record" in _purposes(rig, other.sid))
        await rig.at(other, "over")
        assert any("We are open" in text for text in rig.carrier.ledger.heard(other.sid))
        headers = await rig.session("benoit")
        left = await rig.item(rig.item_of(other), headers)
        assert left["form"] == "message"
        assert left["state"] == "deferred"
        assert left["deferred_until"] is not None
        assert "message" in await explained(rig, left["item"])


# --- in writing ----------------------------------------------------------------------------------


def mails_to(rig: Rig, address: str) -> list[Delivered]:
    """Return what lies in the outbox for somebody, where practice puts mail, in order."""
    found = []
    for path in (rig.daemon.data / "outbox").glob("*.eml"):
        mail = parsed(path.read_bytes())
        if address in str(mail["To"]):
            found.append(Delivered(str(mail["Message-ID"]), address, path.read_bytes()))
    return sorted(found, key=lambda mail: int(mail.message_id.split(".")[1]))


async def nth_mail(rig: Rig, address: str, number: int) -> Delivered:
    await reached(f"{number} mails to {address}", lambda: len(mails_to(rig, address)) >= number)
    return mails_to(rig, address)[number - 1]


async def new_mail(rig: Rig, sender: str, subject: str, text: str) -> str:
    """Write to the town; return the reference number of the acknowledgement."""
    await rig.letters.send(sender, subject, text)
    acknowledgement = await nth_mail(rig, sender, 1)
    found = re.search(r"reference number is ([0-9A-Z]{10})", acknowledgement.text)
    assert found is not None, acknowledgement.text
    return found[1]


async def an_urgent_mail_is_first(rig: Rig) -> None:
    ordinary = await new_mail(rig, "ann@example.com", "Road", "There is a pothole in King Street.")
    urgent = await new_mail(rig, "ben@example.com", "Corner", "The stop sign is down, I saw it.")
    hannah = await rig.at_desk("hannah", Habits(accepts=False))
    await reached("hannah is offered something", lambda: hannah.offer is not None)
    assert hannah.offer is not None
    assert hannah.offer["item"] == urgent
    hannah.habits = Habits()
    await reached("both are closed", lambda: len(hannah.acknowledged("close")) == 2)
    assert hannah.acknowledged("close") == [urgent, ordinary]
    story = await explained(rig, urgent)
    assert "mail rule stop_sign_down (config/mail.yaml:" in story, story
    assert ": route, urgent" in story, story
    assert "mail rule potholes" in await explained(rig, ordinary)


async def a_parking_mail_is_refused(rig: Rig) -> None:
    await rig.letters.send("carl@example.com", "A car", "A car is parked illegally over there.")
    refusal = await nth_mail(rig, "carl@example.com", 1)
    assert "Nothing has been opened" in " ".join(refusal.text.split())
    assert "905-555-0101" in refusal.text


async def a_question_is_answered_with_a_question(rig: Rig, agent: AgentDesk) -> str:
    item = await new_mail(rig, "dora@example.com", "Market", "When is the market?")
    await reached(f"{agent.name} has it", lambda: item in agent.items)
    assert await agent.reply(item, "back", "Which market do you mean?", then="wait") == "ok"
    answer = await nth_mail(rig, "dora@example.com", 2)
    assert "Which market do you mean?" in answer.text
    assert "Amara Osei" in answer.text
    return item


async def the_answer_comes_to_the_same_agent(rig: Rig, agent: AgentDesk, item: str) -> None:
    question = await nth_mail(rig, "dora@example.com", 2)
    await rig.letters.send(
        "dora@example.com", "Re: Market", "The farmers' market.", answers=question
    )
    await reached(f"{agent.name} has it again", lambda: item in agent.items)
    others = [desk for desk in rig.desks.values() if desk is not agent]
    assert not any(item in desk.items for desk in others)
    assert await agent.reply(item, "end", "On Saturday, from 8.", then="close") == "ok"
    answer = await nth_mail(rig, "dora@example.com", 3)
    assert "On Saturday, from 8." in answer.text
    story = await explained(rig, item)
    assert f"{item} is closed" in story
    assert "amara" in story.lower(), story


async def a_chat_is_answered(rig: Rig, resident: ChatResident, number: int) -> AgentDesk:
    """Have the resident say something; return who has answered it."""

    def holders() -> list[AgentDesk]:
        return [d for d in rig.desks.values() if any(_is_chat(item) for item in d.items.values())]

    await resident.say(f"Question {number}")
    await reached("somebody has the chat", lambda: len(holders()) == 1)
    (desk,) = holders()
    (item,) = [name for name, item in desk.items.items() if _is_chat(item)]
    assert await desk.reply(item, f"chat-{number}", f"Answer {number}") == "ok"
    await reached("the resident has read it", lambda: resident.answers == number)
    return desk


def _is_chat(item: dict[str, object]) -> bool:
    return item["form"] == "chat"


async def test_a_day_in_writing(tmp_path: Path) -> None:
    """What is written before a restart is answered after it."""
    async with town(tmp_path, TOWNLINE_MAIL__SMTP_URL="") as rig, asyncio.TaskGroup() as residents:
        await rig.daemon.start("--at", morning())
        await an_urgent_mail_is_first(rig)
        await a_parking_mail_is_refused(rig)
        amara = await rig.at_desk("amara", Habits(closes=False))
        await rig.at_desk("nadia", Habits(closes=False))
        item = await a_question_is_answered_with_a_question(rig, amara)
        eva = ChatResident(rig.daemon, "eva")
        await eva.come()
        listening = residents.create_task(eva.listen())
        first = await a_chat_is_answered(rig, eva, 1)

        await rig.daemon.stop()
        await rig.daemon.start()
        desks = rig.desks.values()
        await reached("all are back", lambda: all(desk.is_connected for desk in desks))
        await the_answer_comes_to_the_same_agent(rig, amara, item)
        assert await a_chat_is_answered(rig, eva, 2) is first
        texts = [told.text for told in eva.told]
        assert texts == ["Question 1", "Answer 1", "Question 2", "Answer 2"]
        assert not eva.repeated
        await eva.leave()
        await reached("the chat is over", lambda: eva.state == "ended")
        listening.cancel()
        await rig.daemon.stop()
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        disk = await on_disk(rig.daemon.data, scratch)
        assert sorted(row.outcome for row in disk.state.items.values() if row.outcome) == (
            ["done", "done", "done", "refused"]
        )
