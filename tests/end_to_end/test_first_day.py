"""The first day of a town, by hand: everything a newcomer is told to try, from outside."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from channels.voice.practice.call import Call
from channels.voice.practice.handset import Behaviour, Handset
from tests.end_to_end.desk_client import Habits
from tests.end_to_end.process import morning, reached, saturday_night
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
    assert await rig.daemon.stop() < STOP_S
    assert all(RESTART in desk.closed_with for desk in rig.desks.values())
    assert all("restart" in desk.notices for desk in rig.desks.values())
    assert await rig.daemon.start() < START_S
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
        assert await rig.daemon.stop() < STOP_S


async def test_a_call_on_saturday_night(tmp_path: Path) -> None:
    async with town(tmp_path, edits=SOON) as rig:
        await rig.daemon.start("--at", saturday_night())
        # a hazard on the road: security and those on call are busy, the supervisor answers
        for number in ("+19055550180", "+19055550182", "+19055550183"):
            rig.carrier.register(number, Handset(Behaviour.BUSY))
        rig.carrier.register("+19055550184", Handset(after_s=0.1))
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

        # everything else: a polite message, and an item for the next day
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
