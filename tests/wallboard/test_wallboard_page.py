"""The wallboard in a real browser: what a supervisor sees and does."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from router.core.commands import ShuntArrival
from router.core.model import MINUTE, Channel, ItemId, ItemState
from tests.desk.house import House
from tests.desk.test_api import _ask
from tests.wallboard.conftest import OpenWall, look


async def audit(hall: House) -> list[tuple[str, str, str]]:
    trail = (await _ask(hall, "adele", "GET", "/audit?limit=20")).json()
    return [(each["who"], each["what"], each["target"]) for each in trail]


async def test_a_call_arrives_is_looked_into_and_moved(hall: House, wall: OpenWall) -> None:
    page = await wall()
    roads = page.locator("tbody tr", has_text="roads").locator("td").first
    await expect(roads).to_have_text("0")
    await hall.call("C1", "1", "1")
    await look(hall)
    await expect(roads).to_have_text("1")
    await page.get_by_role("button", name="Look into roads").click()
    waiting = page.locator(".side li button")
    await expect(waiting).to_have_count(1)
    await expect(waiting).to_contain_text("asks for english and roads >= 5")
    await waiting.click()
    await expect(page.locator(".side ol")).to_contain_text("and was queued")
    await page.get_by_role("button", name="Move to another queue").click()
    await page.get_by_label("To queue").select_option("general")
    await page.get_by_label("Reason").fill("it is about taxes")
    await page.get_by_role("button", name="Move", exact=True).click()
    await expect(page.locator("dialog")).to_have_count(0)
    assert hall.engine.state.items[ItemId("C1")].queue == "general"
    assert ("sam", "item-moved", "C1 to general") in await audit(hall)
    await look(hall)
    await expect(roads).to_have_text("0")
    await page.get_by_role("button", name="Back", exact=True).click()
    await expect(page.locator(".side")).to_contain_text("Nobody waits here.")


async def test_rank_assign_and_pull_back(hall: House, wall: OpenWall) -> None:
    page = await wall()
    await hall.form("F1")
    async with hall.desk("amina"):
        await look(hall)
        await page.get_by_role("button", name="Look into roads").click()
        await page.locator(".side li button").click()
        await page.get_by_role("button", name="Another rank").click()
        await page.get_by_label("Head start").fill("5")
        await page.get_by_label("Reason").fill("the council asked")
        await page.get_by_role("button", name="Set rank").click()
        await expect(page.locator("dialog")).to_have_count(0)
        assert hall.engine.state.items[ItemId("F1")].head_start == 5 * MINUTE
        await page.get_by_role("button", name="Assign to an agent").click()
        await page.get_by_label("To agent").select_option("amina")
        await page.get_by_label("Reason").fill("knows the street")
        await page.get_by_role("button", name="Assign", exact=True).click()
        await expect(page.locator("dialog")).to_have_count(0)
        assert hall.engine.state.items[ItemId("F1")].agent == "amina"
        await page.get_by_role("button", name="Pull back").click()
        await page.get_by_label("Reason").fill("goes home")
        await page.locator("dialog").get_by_role("button", name="Pull back").click()
        await expect(page.locator("dialog")).to_have_count(0)
        assert hall.engine.state.items[ItemId("F1")].state is ItemState.QUEUED


async def test_what_is_refused_says_why_and_changes_nothing(hall: House, wall: OpenWall) -> None:
    page = await wall()
    await page.get_by_role("button", name="Town").click()
    await page.get_by_role("button", name="Surge").click()
    await expect(page.locator("dialog")).to_contain_text("say nothing about a surge")
    await page.get_by_role("button", name="1 h").click()
    await page.get_by_label("Reason").fill("ice")
    await page.get_by_role("button", name="Begin the surge").click()
    await expect(page.get_by_role("alert")).to_contain_text("Not allowed.")
    assert hall.engine.state.surges == {}


async def test_it_closes_early_until_an_instant_for_a_reason_and_opens_again(
    hall: House, wall: OpenWall
) -> None:
    page = await wall()
    await page.get_by_role("button", name="Town").click()
    await page.get_by_role("button", name="Close early").click()
    await page.get_by_role("button", name="30 min").click()
    await page.get_by_label("Reason").fill("freezing rain")
    await page.get_by_role("button", name="Switch").click()
    await expect(page.locator("dialog")).to_have_count(0)
    (closed,) = hall.engine.state.emergencies.values()
    assert (closed.closed, closed.reason, closed.by) == (True, "freezing rain", "sam")
    assert closed.until is not None
    assert abs(closed.until - hall.clock.now() - 30 * MINUTE) <= MINUTE  # fields know no seconds
    assert ("sam", "emergency-set", "office closed") in await audit(hall)
    await look(hall)
    banner = page.locator(".banners p", has_text="Closed by hand")
    await expect(banner).to_contain_text("freezing rain")
    await expect(page.locator("tbody tr", has_text="roads")).to_contain_text("closed")
    async with page.expect_response("**/emergency"):  # before the wallboards are told
        await banner.get_by_role("button").click()
    await look(hall)
    await expect(banner).to_have_count(0)
    assert hall.engine.state.emergencies == {}


async def test_a_message_in_front_of_every_call_has_all_languages_and_an_end(
    hall: House, wall: OpenWall
) -> None:
    page = await wall()
    await page.get_by_role("button", name="Town").click()
    await page.get_by_role("button", name="Message in front").click()
    await page.get_by_label("Name").fill("snow")
    await page.get_by_label("What callers hear (en)").fill("Plows are out.")
    await page.get_by_label("What callers hear (fr)").fill("Les charrues sont sorties.")
    await page.get_by_role("button", name="1 h").click()
    await page.get_by_role("button", name="Announce").click()
    await expect(page.locator("dialog")).to_have_count(0)
    await look(hall)
    await expect(page.locator(".banners")).to_contain_text("Plows are out.")
    assert ("sam", "message-announced", "snow") in await audit(hall)


async def test_agents_have_no_wallboard(hall: House, wall: OpenWall) -> None:
    page = await wall("amina")
    await expect(page.locator("main h1")).to_have_text("This page is not for your role.")
    await expect(page.get_by_role("link", name="Wallboard")).to_have_count(0)


async def test_agents_show_with_what_they_hold_and_since_when(hall: House, wall: OpenWall) -> None:
    page = await wall()
    await expect(page.locator(".side")).to_contain_text("Nobody is signed in.")
    await hall.form("F1")
    async with hall.desk("amina") as amina:
        await amina.do("take", item="F1")
        await look(hall, 65)
        held = page.get_by_role("button", name="Form F1, Amina")
        await expect(held).to_contain_text("1:05")
        await held.click()
        await expect(page.locator(".side h2")).to_have_text("Form F1")


async def test_when_the_daemon_is_gone_the_figures_are_said_to_be_old(
    hall: House, wall: OpenWall
) -> None:
    page = await wall()
    await expect(page.get_by_text("Live", exact=True)).to_be_visible()
    await hall.surface.stop()
    await expect(page.get_by_text("figures are old").first).to_be_visible()
    await expect(page.locator("tbody tr")).to_have_count(2)  # what was known stays


async def test_it_is_remembered_that_this_screen_hangs_on_the_wall(
    hall: House, wall: OpenWall
) -> None:
    page = await wall()
    await hall.call("C1", "1", "1")
    await look(hall)
    await page.get_by_role("button", name="Wall", exact=True).click()
    await expect(page.locator("li", has_text="roads").locator(".waiting")).to_contain_text("1")
    await page.reload()
    await expect(page.locator("li", has_text="roads").locator(".waiting")).to_contain_text("1")


@pytest.mark.parametrize("language", ["en-CA", "fr-CA"])
async def test_what_waits_for_a_person_is_listed(
    hall: House, wall: OpenWall, language: str
) -> None:
    french = language.startswith("fr")
    about = (Channel.MAIL, "k", "", "", "", "cannot be read", "mail:S1")
    shunt = ShuntArrival(ItemId("S1"), *about)
    await hall.inbox.submit(shunt, lambda _: None)
    page = await wall(locale=language)
    await page.get_by_role("button", name="Mis de côté" if french else "Set aside").click()
    entry = page.locator(".main li button")
    await expect(entry).to_contain_text("cannot be read")
    await entry.click()
    await page.get_by_role("button", name="Remettre" if french else "Release").click()
    dialog = page.locator("dialog")
    await dialog.locator("select").select_option("general")
    await dialog.get_by_role("button", name="Remettre" if french else "Release").click()
    await expect(dialog).to_have_count(0)
    assert hall.engine.state.items[ItemId("S1")].queue == "general"
    await expect(page.locator(".main li")).to_have_count(0)
