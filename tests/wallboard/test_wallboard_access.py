"""Everybody can use the wallboard: axe, keyboard, small screens."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from router.core.commands import SetEmergency
from router.core.model import MINUTE
from tests.chromium import faults
from tests.desk.house import House
from tests.wallboard.conftest import OpenWall, look


async def visit(page: Page, hall: House, check: Any) -> None:
    """Open every part of the wallboard, one after the other."""
    await check("now")
    await page.locator("tbody button").last.click()
    await page.locator(".side li button").first.wait_for()
    await check("queue")
    await page.locator(".side li button").first.click()
    await page.locator(".side .can button").first.wait_for()
    await check("item")
    await page.locator(".side .read button").click()
    await page.locator("#said").wait_for()
    await check("read")
    for index in range(3):
        await page.locator(".side .can button").nth(index).click()
        await page.locator("dialog").wait_for()
        await check(f"dialog {index} about an item")
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
    for index in range(3):
        await page.locator(".end .menu > button").click()
        await page.locator(".doings button").nth(index).click()
        await page.locator("dialog").wait_for()
        await check(f"dialog {index} about the town")
        await page.keyboard.press("Escape")
        await expect(page.locator("dialog")).to_have_count(0)
    for index in range(1, 5):
        await page.locator(".tabs button").nth(index).click()
        await page.wait_for_timeout(100)
        await check(f"part {index}")


async def busy(hall: House) -> None:
    """Somebody waits by telephone and in writing, and the town is closed by hand."""
    until = hall.clock.now() + 60 * MINUTE
    command = SetEmergency(hours="office", closed=False, until=until, reason="storm", by="sam")
    await hall.inbox.submit(command, lambda _: None)
    await hall.call("C1", "1", "1")
    await hall.form("F1")
    await look(hall, 65)


@pytest.mark.parametrize("looks", ["light", "dark"])
async def test_axe_finds_nothing(hall: House, wall: OpenWall, axe: str, looks: str) -> None:
    page = await wall(color_scheme=looks, locale="en-CA" if looks == "light" else "fr-CA")
    found: dict[str, list[str]] = {}

    async def check(part: str) -> None:
        wrong = await faults(page, axe)
        if wrong:
            found[part] = wrong

    await busy(hall)
    async with hall.desk("amina"):
        await look(hall)
        await visit(page, hall, check)
    assert found == {}


@pytest.mark.parametrize("width", [320, 390, 720])
async def test_narrow_and_enlarged_screens_scroll_in_one_direction(
    hall: House, wall: OpenWall, width: int
) -> None:
    """320 px is what 1280 px are at 400 %; 720 px what 1440 px are at 200 %."""
    page = await wall(viewport={"width": width, "height": 800})
    await busy(hall)
    wide: dict[str, int] = {}

    async def check(part: str) -> None:
        needed = await page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            wide[part] = needed

    await check("now")
    await page.locator("tbody button").last.click()
    await page.locator(".side li button").first.click()
    await page.locator(".side .can button").first.wait_for()
    await check("item")
    for index in range(1, 5):
        await page.locator(".tabs button").nth(index).click()
        await check(f"part {index}")
    assert wide == {}


async def test_by_keyboard_alone_and_back_where_it_began(hall: House, wall: OpenWall) -> None:
    page = await wall()
    await busy(hall)
    opener = page.get_by_role("button", name="Look into roads")
    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".side h2")).to_be_focused()
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.locator(".side li button:focus").count():
            break
    await page.keyboard.press("Enter")
    await expect(page.locator(".side .can")).to_be_visible()
    for _ in range(4):
        await page.keyboard.press("Tab")
        if await page.locator(".side .can button:focus").count():
            break
    await page.keyboard.press("Enter")
    await expect(page.locator("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(opener).to_be_focused()


async def test_a_screen_reader_hears_what_needs_attention_once(hall: House, wall: OpenWall) -> None:
    page = await wall()
    await look(hall, 65)  # nobody has been there for a minute
    spoken = page.locator(".page > p[role=status]")
    await hall.call("C1", "1", "1")
    await look(hall)
    await expect(spoken).to_contain_text("Needs attention")
    await page.evaluate(
        "() => { window.said = 0; new MutationObserver(() => window.said++)"
        ".observe(document.querySelector('.page > p[role=status]'),"
        " {childList: true, characterData: true, subtree: true}); }"
    )
    for number in range(3):
        await hall.call(f"D{number}", "1", "1")
        await look(hall)
    assert await page.evaluate("window.said") == 0
