"""Everybody can use the report pages: axe, keyboard, small screens, paper."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.chromium import faults
from tests.desk.house import House
from tests.report_pages.conftest import OpenReports, settled

SETS = 5


@pytest.mark.parametrize(("looks", "language"), [("light", "en-CA"), ("dark", "fr-CA")])
async def test_axe_finds_nothing(
    morning: House, reports: OpenReports, axe: str, looks: str, language: str
) -> None:
    page = await reports(color_scheme=looks, locale=language)
    await settled(page)
    wrong: dict[str, list[str]] = {}
    await page.locator("summary").first.click()
    for number in (1, SETS - 1):
        await page.locator(".sets button").nth(number).click()
        await page.locator("section thead button").last.focus()
        await expect(page.locator(".tip")).to_be_visible()
        wrong[f"figures {number}"] = await faults(page, axe)
    await page.locator(".kinds button").nth(1).click()
    await settled(page)
    wrong["week"] = await faults(page, axe)
    await page.goto(f"{morning.url}/desk/reports?day=2020-02-29")
    await page.locator(".told").wait_for()
    wrong["empty"] = await faults(page, axe)
    assert {part: found for part, found in wrong.items() if found} == {}


@pytest.mark.parametrize(("width", "language"), [(320, "fr-CA"), (720, "en-CA")])
async def test_narrow_and_enlarged_screens_scroll_in_one_direction(
    morning: House, reports: OpenReports, width: int, language: str
) -> None:
    """320 px is what 1280 px are at 400 %; 720 px what 1440 px are at 200 %."""
    page = await reports(viewport={"width": width, "height": 800}, locale=language)
    await settled(page)
    wide: dict[str, int] = {}
    for number in range(SETS):
        await page.locator(".sets button").nth(number).click()
        wide[f"figures {number}"] = await page.evaluate("document.documentElement.scrollWidth")
        await page.locator("section thead button").last.focus()
        box = await page.locator(".tip").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    await page.locator(".kinds button").nth(2).click()
    await expect(page.locator("h1")).to_contain_text(re.compile("November 2026|novembre 2026"))
    await settled(page)
    wide["month"] = await page.evaluate("document.documentElement.scrollWidth")
    assert {part: found for part, found in wide.items() if found > width} == {}


async def test_by_keyboard_alone(morning: House, reports: OpenReports) -> None:
    page = await reports()
    await settled(page)
    await page.locator(".kinds button").first.focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Week of")
    await settled(page)
    await expect(page.locator(".kinds button").nth(1)).to_be_focused()
    reached: set[str] = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        await page.wait_for_function("document.activeElement !== null")
        reached.add(await page.evaluate("document.activeElement.innerText.trim()"))
    assert {"Handling", "Closed", "As a table", "Received by day"} <= reached
    await page.locator("summary").first.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("details").first).to_have_attribute("open", "")
    await page.get_by_label("By", exact=True).focus()
    await page.keyboard.press("ArrowDown")
    await expect(page).to_have_url(re.compile("by=channel"))


async def test_paper_has_figures_and_nothing_to_click(morning: House, reports: OpenReports) -> None:
    page = await reports(color_scheme="dark")
    await settled(page)
    await page.emulate_media(media="print")
    for gone in ("body > header", ".controls", ".exports", ".sets"):
        await expect(page.locator(gone)).to_be_hidden()
    await expect(page.locator("section[aria-label=Table] table")).to_be_visible()
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert await page.evaluate(paper) == "rgb(255, 255, 255)"
