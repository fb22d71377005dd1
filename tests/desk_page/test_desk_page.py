"""The desk in a real browser: the town's time, what came before, one's own figures."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import Any

from playwright.async_api import Page, expect

from router.core.commands import SetEmergency
from router.core.model import HOUR, SECOND, ItemId
from tests.chromium import WCAG
from tests.core.town import OPEN
from tests.desk.house import Client, House
from tests.desk_page.conftest import OpenDesk
from tests.wallboard.conftest import OpenWall

HOSTILE = "<img src=x onerror=alert(1)>"
SWITCH = """chosen => {
  localStorage.setItem('townline.preferences', JSON.stringify(chosen));
  window.dispatchEvent(new StorageEvent('storage', {key: 'townline.preferences'}));
}"""


async def deal_with(chloe: Client, hall: House, item: str, note: str) -> None:
    await chloe.do("take", item=item)
    await hall.pass_time(SECOND)
    await chloe.do("close", item=item, code="answered", note=note)


async def come_before(hall: House, mails: int = 2) -> None:
    """Robin has sent a form, and then mails; Chloe has dealt with them."""
    async with hall.desk("chloe") as chloe:
        await hall.form("F1")
        await deal_with(chloe, hall, "F1", f"a crew is sent {HOSTILE}")
        for number in range(mails):
            item = await hall.mail(f"M{number}", f"Lamp {number} {HOSTILE}", sender="r")
            await deal_with(chloe, hall, item, "")
        await chloe.do("sign_out")
    await hall.feed_history()


async def open_first(page: Page) -> None:
    """Take what stands first in the shared inbox."""
    await page.locator("section[aria-labelledby=inbox] li button").first.click()
    await page.get_by_role("button", name="Take it").click()
    await page.locator("aside").wait_for()


async def test_every_time_is_the_towns_wherever_the_browser_stands(
    hall: House, desk: OpenDesk, wall: OpenWall
) -> None:
    await hall.mail("M1", "When are leaves collected?")
    page = await desk(timezone_id="Asia/Tokyo")  # where it is the next day already
    await open_first(page)
    side = page.locator("aside")
    await expect(side.locator("dl")).to_contain_text(re.compile(r"10:00.a\.m\."))
    await expect(side).to_contain_text("wrote to info at 10:00")
    await page.get_by_role("button", name=re.compile("^More")).click()
    await page.get_by_role("button", name="Put away until").click()
    await page.get_by_role("button", name="In an hour").click()
    await expect(page.get_by_role("textbox", name="Until")).to_have_value("2026-11-23T11:00")
    await page.get_by_role("button", name="Tomorrow").click()
    await expect(page.get_by_role("textbox", name="Until")).to_have_value("2026-11-24T09:00")
    await page.get_by_role("button", name="Put away", exact=True).click()
    await expect(page.locator("dialog")).to_have_count(0)
    assert hall.engine.state.items[ItemId("M1")].deferred_until == OPEN + 23 * HOUR
    await hall.inbox.submit(SetEmergency("office", True, OPEN + 9 * HOUR, "ice", "sam"), nothing)
    board = await wall(timezone_id="Asia/Tokyo")
    await expect(board.locator(".banners")).to_contain_text(re.compile(r"until 7:00.p\.m\."))


async def test_what_a_resident_came_for_before_is_listed_and_read_as_text(
    hall: House, desk: OpenDesk
) -> None:
    await come_before(hall, mails=6)
    page = await desk()
    await page.get_by_role("button", name=re.compile("^Status")).click()
    await page.get_by_role("button", name="Available").click()
    await hall.form("F2")
    card = page.get_by_role("region", name="Offered to you")
    rows = page.get_by_role("region", name="Came before").locator("li")
    await expect(rows).to_have_count(3)
    await expect(card).to_contain_text("M5")
    await page.keyboard.press("Alt+a")
    side = page.locator("aside").get_by_role("region", name="Came before")
    await expect(side.locator("li")).to_have_count(5)
    await side.get_by_role("button", name="Earlier ones").click()
    await expect(side.locator("li")).to_have_count(7)
    await expect(side.get_by_role("button", name="Earlier ones")).to_have_count(0)
    form = side.get_by_role("button", name=re.compile("F1"))
    await expect(form).to_contain_text("a crew is sent <img")
    await form.click()
    await expect(page.locator("dialog")).to_contain_text("Main St")
    await expect(page.locator("dialog")).to_contain_text("Chloe")
    await page.keyboard.press("Escape")
    await side.get_by_role("button", name=re.compile("M3")).click()
    await expect(page.locator("dialog article").first).to_contain_text(f"Lamp 3 {HOSTILE}")
    await page.keyboard.press("Escape")
    await expect(page.locator("dialog")).to_have_count(0)


async def test_an_agent_sees_their_own_day_with_what_each_figure_means(
    hall: House, desk: OpenDesk
) -> None:
    await come_before(hall)
    await hall.feed_reports()
    page = await desk("chloe")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.get_by_role("heading", name="My day").click()
    own = page.locator("details", has=page.get_by_role("heading", name="My day"))
    await expect(own.locator(".channels")).to_have_text(re.compile(r"Forms\s*1\s*Mail\s*2"))
    first = own.locator("dl > div").first
    await expect(first.get_by_role("button")).to_have_text("Handled")
    await expect(first.locator("dd")).to_have_text("3")
    meaning = own.get_by_role("tooltip")
    await own.get_by_role("button", name="Handled").focus()
    await expect(meaning).to_contain_text("Times that an agent had an item")
    await page.keyboard.press("Escape")
    await expect(meaning).to_be_hidden()
    await own.get_by_role("button", name="Occupancy").hover()
    await expect(meaning).to_be_visible()
    assert sum("/agents/me/figures" in url for url in asked) == 1


async def test_the_desks_states_are_accessible_in_every_language_and_look(
    hall: House, desk: OpenDesk, axe: str
) -> None:
    await come_before(hall)
    await hall.feed_reports()
    page = await desk()
    await page.evaluate(axe)
    found = await faults(page, "nothing in hand")
    await page.get_by_role("heading", name="My day").click()
    await page.locator("details dl, details p").first.wait_for()
    found += await faults(page, "my day")
    await page.get_by_role("button", name=re.compile("^Status")).click()
    await page.get_by_role("button", name="Available").click()
    await hall.form("F2")
    await page.get_by_role("region", name="Came before").locator("li").first.wait_for()
    found += await faults(page, "an offer")
    await page.get_by_role("button", name=re.compile("^Accept")).click()
    await page.locator("aside li button").first.wait_for()
    found += await faults(page, "in hand")
    await page.locator("aside li button").first.click()
    await page.locator("dialog dl").wait_for()
    found += await faults(page, "what came before")
    assert found == []


async def faults(page: Page, state: str) -> list[str]:
    """Return what axe finds in both languages and both looks."""
    options = json.dumps({"runOnly": {"type": "tag", "values": WCAG}})
    found = []
    for language, looks in product(("en", "fr"), ("light", "dark")):
        await page.evaluate(SWITCH, {"language": language, "looks": looks})
        await expect(page.locator("html")).to_have_attribute("lang", language)
        told: dict[str, Any] = await page.evaluate(f"() => axe.run(document, {options})")
        assert told["passes"]
        found += [
            f"{state} {language} {looks} {fault['id']}: {node['html']} {node['failureSummary']}"
            for fault in told["violations"]
            for node in fault["nodes"]
        ]
    await page.evaluate(SWITCH, {"language": "en", "looks": "light"})
    return found


def nothing(_: object) -> None:
    """What became of it is seen in the state."""
