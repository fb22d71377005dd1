"""A morning in three browsers: two agents and a supervisor, every channel, and what goes wrong.

Who is free is chosen by breaks, so that each contact has one agent to whom it can be offered.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Page, expect

from router.core.model import ENDED, Channel, ItemState
from tests.end_to_end.browsers import WAIT_MS, Browsers, Desk, browsers, first_start, give_role
from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.evidence import on_disk
from tests.end_to_end.process import morning, reached, scaled
from tests.end_to_end.rig import SOON, Rig, town
from tests.end_to_end.test_desk_in_browser import chat
from tests.fakes.prefix_proxy import PrefixProxy, prefix_proxy

expect.set_options(timeout=WAIT_MS)

MORNING_S = 60.0
RESIDENT = "sam@example.org"
CUT = "On Monday, said while the network was away."
CONTACTS = {Channel.VOICE: 3, Channel.CHAT: 1, Channel.MAIL: 1, Channel.WEBFORM: 1}


@dataclass
class Morning:
    """The town and who is inside: amara behind a network that can be cut, benoit, and elise."""

    rig: Rig
    network: PrefixProxy
    amara: Desk
    benoit: Desk
    elise: Desk

    @property
    def wall(self) -> Page:
        return self.elise.page


@asynccontextmanager
async def three_browsers(folder: Path) -> AsyncIterator[Morning]:
    """Everybody has signed in at the beginning of a morning; amara and benoit are away."""
    async with browsers() as made, town(folder, edits=SOON) as rig:
        one_time = await first_start(rig.daemon, "--at", morning())
        await give_role(rig.daemon, one_time, "elise", "supervisor")
        async with prefix_proxy(rig.daemon.port) as network:
            yield await _sign_in(rig, network, made)


async def _sign_in(rig: Rig, network: PrefixProxy, made: Browsers) -> Morning:
    amara, benoit, elise = await asyncio.gather(
        made.desk(network.url), made.desk(rig.daemon.url), made.desk(rig.daemon.url)
    )
    await asyncio.gather(amara.open("amara"), benoit.open("benoit"), elise.open("elise", "wall"))
    await expect(elise.page.locator(".standing")).to_have_text("Live")
    return Morning(rig, network, amara, benoit, elise)


async def on_break(desk: Desk) -> None:
    await desk.page.get_by_role("button", name="Status:").click()
    await desk.page.get_by_role("button", name="Break", exact=True).click()
    await desk.page.get_by_role("button", name="Status: Away: Break").wait_for()


async def close(desk: Desk, button: str = "^Close$") -> None:
    """Give the item its code and close it."""
    await desk.choose("Code", "Answered")
    await desk.page.get_by_role("button", name=re.compile(button)).click()
    await expect(desk.page.get_by_text("Nothing in hand.").first).to_be_visible()


async def a_call_that_is_handed_over(day: Morning) -> None:
    """Amara talks, benoit is there meanwhile, she hands the caller over to him."""
    await day.amara.available()
    call = day.rig.call("+19055550191")
    await day.rig.press(call, "1", "0")
    await day.amara.accept()
    await day.rig.at(call, "conference")
    await expect(day.amara.page.get_by_text("On the line")).to_be_visible()
    await expect(day.wall.locator(".agent", has_text="Amara")).to_contain_text("At work")
    await day.benoit.available()
    await day.amara.page.get_by_role("button", name="Transfer").click()
    await day.amara.choose("To whom", "Benoît Tremblay")
    await day.amara.page.get_by_role("button", name="Hand over").click()
    await day.benoit.accept()
    await expect(day.benoit.page.get_by_text("On the line")).to_be_visible()
    await expect(day.amara.page.get_by_text("Nothing in hand.").first).to_be_visible()
    await day.rig.at(call, "conference")
    await day.benoit.page.get_by_role("button", name="Hang up").click()
    await day.rig.at(call, "over")
    await close(day.benoit)


async def a_chat(day: Morning, tasks: asyncio.TaskGroup) -> ChatResident:
    """Benoit is on his break; amara answers."""
    await on_break(day.benoit)
    await expect(day.wall.locator(".agent", has_text="Benoît")).to_contain_text("Break")
    resident = await chat(day.rig, tasks, "robin", "Is the pool open?")
    await day.amara.accept()
    page = day.amara.page
    await expect(page.get_by_role("log").get_by_text("Is the pool open?")).to_be_visible()
    before = resident.answers
    await day.amara.write("Until eight.")
    await page.get_by_label("Your answer").press("Enter")
    await reached("it is told", lambda: resident.has_more_than(before))
    assert resident.told[-1].text == "Until eight."
    await resident.leave()
    await expect(page.get_by_text("Wrap-up", exact=False).first).to_be_visible()
    await close(day.amara)
    return resident


async def a_mail_over_a_broken_network(day: Morning) -> None:
    """What amara writes while her network is away arrives once."""
    page = day.amara.page
    await day.rig.letters.send(RESIDENT, "Garbage", "When is it collected?")
    await day.amara.accept()
    await page.get_by_label("Your answer").wait_for()
    day.network.cut()
    await expect(page.get_by_text("Not connected. Trying again")).to_be_visible()
    await day.amara.write(CUT)
    await day.amara.choose("Code", "Answered")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_text("waits for the connection…")).to_be_visible()
    day.network.mend()
    await expect(page.get_by_text("Nothing in hand.").first).to_be_visible()

    def copies() -> list[str]:
        return [copy.text for copy in day.rig.world.to(RESIDENT) if CUT in copy.text]

    await reached("the answer arrives", lambda: bool(copies()))
    await on_break(day.amara)


async def a_form_over_a_killed_daemon(day: Morning) -> None:
    """Benoit is back and holds a form when the daemon dies; he goes on where he was."""
    page = day.benoit.page
    await day.benoit.available()
    await day.rig.forms.send("the form of the morning")
    await day.benoit.accept()
    await day.benoit.write("Every Saturday")
    await day.rig.daemon.kill()
    await expect(page.get_by_text("Not connected. Trying again")).to_be_visible()
    await day.rig.daemon.start()
    await expect(page.get_by_text("Not connected. Trying again")).to_have_count(0)
    await expect(page.get_by_role("button", name="Status: Available")).to_be_visible()
    await expect(page.get_by_label("Your answer")).to_have_value("Every Saturday")
    await expect(day.wall.locator(".standing")).to_have_text("Live")
    await close(day.benoit, "^Send")


async def closing_early(day: Morning) -> str:
    """One talks, one waits, the supervisor closes: the talk goes on, who waits is told.

    Return the item of who waited; it is kept for the next opening.
    """
    talks, waits = day.rig.call("+19055550192"), day.rig.call("+19055550193")
    await day.rig.press(talks, "1", "0")
    await day.benoit.accept()
    await day.rig.at(talks, "conference")
    await day.rig.press(waits, "1", "0")
    await day.rig.at(waits, "queue")
    row = day.wall.locator("tbody tr", has_text="General")
    await expect(row.locator("td").first).to_have_text("1")
    await day.wall.get_by_role("button", name="Town", exact=True).click()
    await day.wall.get_by_role("button", name="Close early").click()
    await day.wall.get_by_label("Opening hours of").select_option("town_hall")
    await day.wall.get_by_role("button", name="15 min").click()
    await day.wall.get_by_label("Reason").fill("freezing rain")
    await day.wall.get_by_role("button", name="Switch").click()
    await expect(day.wall.locator(".banners")).to_contain_text("freezing rain")
    await expect(row).to_contain_text("closed")
    await day.rig.at(waits, "over")
    heard = " ".join(day.rig.carrier.ledger.heard(waits.sid))
    assert "closed because of an emergency" in heard, heard
    assert talks.place == "conference"
    await day.benoit.page.get_by_role("button", name="Hang up").click()
    await day.rig.at(talks, "over")
    await close(day.benoit)
    return day.rig.item_of(waits)


async def the_figures(day: Morning) -> None:
    """The supervisor asks for the day, from the wallboard's page and with its session."""
    address = f"{day.rig.daemon.url}/api/v1/reports/day?by=channel"

    async def told() -> bool:
        rows = (await (await day.wall.request.get(address)).json())["rows"]
        received = {row["value"]: row["figures"]["received"] for row in rows}
        return received == {channel.value: many for channel, many in CONTACTS.items()}

    await reached("every contact is in the day's figures", told)


async def everything_is_accounted_for(
    day: Morning, resident: ChatResident, kept: str, scratch: Path
) -> None:
    """Every contact is one item and has ended or is kept; nobody was told anything twice."""
    await day.rig.daemon.stop()
    found = await on_disk(day.rig.daemon.data, scratch)
    items = list(found.state.items.values())
    came = {channel: sum(i.channel is channel for i in items) for channel in CONTACTS}
    assert came == CONTACTS, found.last_events()
    states = {item.id: item.state for item in items if item.state not in ENDED}
    assert states == {kept: ItemState.DEFERRED}, found.last_events()
    assert not found.state.offers
    assert not found.state.pending
    assert all(not agent.holdings for agent in found.state.agents.values())
    assert resident.repeated == []
    assert sum(CUT in copy.text for copy in day.rig.world.to(RESIDENT)) == 1


async def test_two_agents_and_a_supervisor_through_a_morning(tmp_path: Path) -> None:
    began = time.monotonic()
    async with three_browsers(tmp_path) as day, asyncio.TaskGroup() as tasks:
        await a_call_that_is_handed_over(day)
        resident = await a_chat(day, tasks)
        await a_mail_over_a_broken_network(day)
        await a_form_over_a_killed_daemon(day)
        kept = await closing_early(day)
        await the_figures(day)
        await everything_is_accounted_for(day, resident, kept, tmp_path)
        resident.listening.cancel()  # type: ignore[attr-defined]
    assert time.monotonic() - began < await scaled(MORNING_S)
