"""Desks and calls: asking a third party, promising to ring back, what is not returned yet."""

from __future__ import annotations

from io import StringIO

import msgspec
import pytest
from rich.console import Console

from router.core import commands as c
from router.core import commands_calls as k
from router.core.model import HOUR, SECOND, AgentId, LegResult
from router.core.policy_calls import Agreement
from router.desk import messages as m
from router.desk import messages_calls as x
from router.desk.actions import policy_texts
from router.desk.pictures import item_view, offer_shown
from router.desk.recalls import recalls_of
from router.desk.terminal_commands import Shown, Unclear, understood
from router.desk.terminal_screen import Screen
from router.desk.view_types import NamedView
from router.desk.views_calls import AgreementView
from router.ports import Contact
from tests.core.test_callbacks import book
from tests.core.town import Desk, both, town
from tests.desk.house import Client, House


async def talking(town_hall: House, desk: Client) -> str:
    """Amina talks with a caller."""
    await desk.do("status", status="available")
    item = await town_hall.call("C1", "1", "2")
    await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
    await town_hall.pick_up(item, "amina")
    return item


async def test_a_desk_asks_a_department_and_leaves_the_resident_with_it(town_hall: House) -> None:
    async with town_hall.desk("amina") as desk:
        item = await talking(town_hall, desk)
        refused = await desk.ask("complete", item=item)
        assert refused["code"] == "not-now"
        await desk.do("consult", item=item, contact="officer")
        consult = desk.last("item")["item"]["consult"]
        assert (consult["to"], consult["name"], consult["state"]) == (
            "contact:officer",
            "officer",
            "ringing",
        )
        news = c.ReportLeg(item, leg="third", call_id="T", result=LegResult.ANSWERED)  # type: ignore[arg-type]
        await town_hall.inbox.submit(news, lambda _: None)
        pushed = await desk.until("item", lambda each: each["item"]["consult"] is not None)
        while pushed["item"]["consult"]["state"] != "talking":
            pushed = await desk.until("item")
        await desk.do("complete", item=item)
        left = desk.last("item")
        assert (left["yours"], left["item"]["outcome"]) == (False, "officer")


async def test_a_number_is_asked_within_the_rules_for_dialling_and_is_nowhere_in_the_journal(
    town_hall: House,
) -> None:
    async with town_hall.desk("amina") as desk:
        item = await talking(town_hall, desk)
        refused = await desk.ask("consult", item=item, number="+442079460000")
        assert refused["code"] == "not-allowed"
        await desk.do("consult", item=item, number="+1 905 555 0177")
        (dial,) = [e for e in town_hall.engine.state.pending.values() if hasattr(e, "contact_ref")]
        found = await town_hall.find_words([dial.contact_ref])
        kept = msgspec.json.decode(found[dial.contact_ref].body, type=Contact)
        assert kept.number == "+19055550177"
        stored = str(town_hall.store.batches)
        assert "0177" not in stored.replace("f-+19055550177", "")  # the house's digest
        await desk.do("unconsult", item=item)
        assert desk.last("item")["item"]["consult"] is None


async def test_calls_not_returned_yet_are_listed_with_their_reasons(town_hall: House) -> None:
    item = await town_hall.call("C1", "1", "2")
    await town_hall.keep_alive(25 * SECOND)
    for command in (
        c.AskWait(item, turn=1),
        c.ChooseWhileWaiting(item, digits="1"),
    ):
        await town_hall.inbox.submit(command, lambda _: None)
    flow = town_hall.engine.state.items[item].flow
    assert flow is not None
    given = c.AdvanceFlow(item, flow.step, number_ref="w-1", address_key="k-1")
    await town_hall.inbox.submit(given, lambda _: None)
    token = await town_hall.token("amina")
    async with town_hall.http() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        for state, names in (("unreturned", ["C1"]), ("waiting", ["C1"]), ("given_up", [])):
            listed = (await http.get(f"/callbacks?state={state}")).json()
            assert [each["item"] for each in listed] == names
        (call,) = (await http.get("/callbacks")).json()
        assert (call["why"], call["attempts"]) == ("waits in line for an agent", 0)
        assert (await http.get("/status")).json()["unreturned"] == [call]
        assert (await http.get("/callbacks?state=lost")).status_code == 422


def typed(shown: Shown, line: str) -> object:
    command, rest = understood(line)
    return command.act(shown, rest)


def test_what_is_typed_becomes_the_messages(town_hall: House) -> None:
    shown = Shown()
    shown.chosen = "C1"
    shown.items = {"C1": None}  # type: ignore[dict-item]
    shown.policy = policy_texts(town_hall.engine.state)
    assert typed(shown, "+ contact:officer") == x.Consult(item="C1", contact="officer")
    assert typed(shown, "consult general") == x.Consult(item="C1", queue="general")
    assert typed(shown, "+ +19055550177") == x.Consult(item="C1", number="+19055550177")
    assert typed(shown, "=") == x.Complete(item="C1")
    assert typed(shown, "-") == x.Unconsult(item="C1")
    assert typed(shown, "@") == x.Promise(item="C1")
    assert typed(shown, "t roads") == m.Transfer(item="C1", queue="roads")
    for line in ("+ nobody", "+", "@ soon"):
        with pytest.raises(Unclear):
            typed(shown, line)


def test_the_terminal_tells_the_agreement_with_the_offer_and_whom_you_ask_with_the_item() -> None:
    agreement = AgreementView(
        level="partial",
        department=NamedView(id="officer", name="officer"),
        link="https://intranet.example.org/tax",
        script="Ask for the roll number.",
    )
    policy = msgspec.structs.replace(
        town(),
        agreements={"tax": Agreement("partial", "officer", agreement.link, both(agreement.script))},
    )
    house = Desk(policy)
    house.sign_in("amina")
    item = house.call("C1", "1", "2")
    (offer,) = house.state.offers.values()
    shown = offer_shown(house.state, offer)
    assert shown is not None
    assert shown.view.agreement is not None
    assert shown.view.agreement.department == agreement.department
    written = StringIO()
    screen = Screen(Console(file=written, width=200))
    screen.offer(shown.view, 20.0)
    assert "agreement partial: " in written.getvalue()
    assert "+ contact:officer" in written.getvalue()
    assert "Ask for the roll number." in written.getvalue()
    house.answer("amina")
    house.do(c.NoteRoom(item, "CF1"))
    house.do(k.ConsultItem(item, AgentId("amina"), to_contact="officer"))
    screen.item(item_view(house.state, house.state.items[item]), yours=True)
    assert "asks officer, ringing" in written.getvalue()
    house.do(c.ReportLeg(item, "third", "T", LegResult.BUSY))
    screen.item(item_view(house.state, house.state.items[item]), yours=True)
    assert "asks officer, failed: busy" in written.getvalue()


def test_at_closing_time_each_call_that_was_not_returned_has_a_reason() -> None:
    house = Desk()
    waits, tried = book(house, "C1", "one"), book(house, "C2", "two")
    house.sign_in("amina")
    assert house.answer("amina") == waits
    house.do(c.ReportLeg(waits, "resident", "R", LegResult.FAILED))
    house.do(c.SignOut(AgentId("amina")))
    house.wait(12 * HOUR)  # ten in the evening
    listed = {view.item: view for view in recalls_of(house.state, "unreturned", 10)}
    assert (listed[waits].state, listed[waits].why) == ("given_up", "the number cannot be rung")
    assert listed[tried].state == "waiting"
    assert listed[tried].why == "waits for the hours in which residents may be rung"
    for state, names in (("waiting", {tried}), ("given_up", {waits})):
        assert {view.item for view in recalls_of(house.state, state, 10)} == names


def test_each_state_of_a_callback_has_its_reason() -> None:
    house = Desk()
    item = book(house)

    def why() -> str:
        return recalls_of(house.state, "waiting", 10)[0].why

    assert why() == "waits in line for an agent"
    house.sign_in("amina")
    house.answer("amina")
    assert why() == "amina is ringing, or talks with the resident"
    house.do(c.ReportLeg(item, "resident", "R", LegResult.BUSY))
    assert why() == "rung 1 times without an answer, waits for its next time"
