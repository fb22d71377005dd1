"""Being in an agent's call from the wallboard, by keyboard, and leaving it; judged by axe."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from router.core import commands as c
from router.core.model import AgentId, ItemId, LegResult
from router.history.account_rows import Role
from tests.chromium import WCAG, axe_core
from tests.desk.house import Client, House
from tests.end_to_end.process import reached
from tests.wallboard.conftest import OpenWall, look

PASSWORD = "four plain words here"


async def _supervisor(hall: House) -> None:
    made = await hall.accounts.create(
        "chloe.s", Role.SUPERVISOR, agent_id=AgentId("chloe"), by="test"
    )
    await hall.accounts.change_password("chloe.s", made, PASSWORD)


async def _talking(hall: House, desk: Client) -> ItemId:
    await desk.do("status", status="available")
    item = await hall.call("C1", "1", "2")
    await desk.do("accept", offer=(await desk.until("offer"))["offer"]["offer"])
    await hall.pick_up(item, "amina")
    return item


async def _clean(page: Page) -> None:
    await page.evaluate(axe_core())
    found = await page.evaluate(
        "tags => axe.run({runOnly: tags}).then(r => r.violations.map(v => v.id))", WCAG
    )
    assert found == []


@pytest.mark.parametrize(
    ("locale", "names"),
    [
        ("en-CA", ("Listen", "Whisper", "Leave")),
        ("fr-CA", ("Écouter", "Souffler", "Quitter")),
    ],
)
async def test_a_supervisor_listens_whispers_and_leaves(
    hall: House, wall: OpenWall, locale: str, names: tuple[str, str, str]
) -> None:
    await _supervisor(hall)
    listen, whisper, leave = names
    async with hall.desk("amina") as desk:
        item = await _talking(hall, desk)
        page = await wall("chloe.s", locale=locale)
        await page.locator(f".holds button[aria-label*='{item}']").click()
        await page.get_by_role("button", name=listen, exact=True).focus()
        await page.keyboard.press("Enter")
        await reached("somebody listens", lambda: item in hall.engine.state.listeners)
        await look(hall)
        await expect(page.locator(".side")).to_contain_text("Chloe", timeout=20_000)
        news = c.ReportLeg(item, leg="listener", call_id="S", result=LegResult.ANSWERED)
        await hall.inbox.submit(news, lambda _: None)
        await look(hall)
        await page.get_by_role("button", name=whisper, exact=True).click()
        rows = hall.engine.state.listeners
        await reached("they whisper", lambda: rows[item].mode == "whisper")
        await look(hall)
        chosen = page.get_by_role("button", name=whisper, exact=True)
        await expect(chosen).to_have_attribute("aria-pressed", "true", timeout=20_000)
        await _clean(page)
        await page.get_by_role("button", name=leave).click()
        await reached("they left", lambda: hall.engine.state.listeners == {})
        await look(hall)
        await expect(page.get_by_role("button", name=leave)).to_have_count(0, timeout=20_000)
        assert hall.engine.state.items[item].state == "handling"


async def test_who_has_no_telephone_is_told_why(hall: House, wall: OpenWall) -> None:
    async with hall.desk("amina") as desk:
        item = await _talking(hall, desk)
        page = await wall("sam")
        await page.locator(f".holds button[aria-label*='{item}']").click()
        await page.get_by_role("button", name="Listen", exact=True).click()
        await expect(page.locator(".side [role=alert]")).not_to_be_empty(timeout=20_000)
        assert hall.engine.state.listeners == {}
