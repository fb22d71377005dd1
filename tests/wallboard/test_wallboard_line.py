"""The whole program: somebody rings on the practice line, a supervisor sees it and moves it."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.end_to_end.desk_client import Habits
from tests.end_to_end.process import morning, reached
from tests.end_to_end.rig import town

OWN = "four plain words here"


async def test_a_call_on_the_practice_line_is_seen_looked_into_and_moved(
    tmp_path: Path, browser: Browser
) -> None:
    async with town(tmp_path) as rig:
        await rig.daemon.start("--at", morning())
        await rig.at_desk("farah", Habits(accepts=False))
        given = await rig.daemon.cli("account", "add", "zoe", "--role", "supervisor")
        context = await browser.new_context(locale="en-CA")
        context.set_default_timeout(60_000)
        page = await context.new_page()
        await page.goto(f"{rig.daemon.url}/desk/wall")
        await page.get_by_label("Name").fill("zoe")
        await page.get_by_label("Password").fill(given.split()[-1])
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_label("Present password").fill(given.split()[-1])
        await page.get_by_label("New password", exact=True).fill(OWN)
        await page.get_by_label("New password once more").fill(OWN)
        await page.get_by_role("button", name="Change password").click()
        row = page.locator("tbody tr", has_text="General information")
        await expect(row.locator("td").first).to_have_text("0", timeout=60_000)
        call = rig.call()
        await rig.press(call, "1", "0")
        await rig.at(call, "queue")
        item = rig.item_of(call)
        await expect(row.locator("td").first).to_have_text("1", timeout=20_000)
        await row.get_by_role("button").click()
        await page.locator(".side li button", has_text=item).click()
        await expect(page.locator(".side ol")).to_contain_text("in line", timeout=20_000)
        await page.get_by_role("button", name="Move to another queue").click()
        await page.get_by_label("To queue").select_option("bylaw")
        await page.get_by_label("Reason").fill("a question about parking fees")
        await page.get_by_role("button", name="Move", exact=True).click()
        await expect(page.locator("dialog")).to_have_count(0)
        headers = await rig.session("farah")
        assert (await rig.item(item, headers))["queue"]["id"] == "bylaw"
        await expect(row.locator("td").first).to_have_text("0", timeout=20_000)
        await reached("the caller still waits", lambda: call.place == "queue")
        story = " ".join((await rig.daemon.cli("explain", item)).split())
        assert "moved by zoe" in story
        await context.close()
