"""A desk in French: what the daemon knows is said in French, too."""

from __future__ import annotations

import json
import re

from playwright.async_api import expect

from tests.desk.house import House
from tests.desk_page.conftest import OpenDesk
from tests.desk_page.test_desk_page import SWITCH


async def test_reason_and_story_are_in_french(hall: House, desk: OpenDesk) -> None:
    page = await desk()
    await page.evaluate(f"({SWITCH})({json.dumps({'language': 'fr'})})")
    await page.get_by_role("button", name=re.compile("^Statut")).click()
    await page.get_by_role("button", name="Disponible").click()
    await hall.form("F1")
    card = page.get_by_role("region", name="Offert à vous")
    await expect(card).to_contain_text("libre depuis le plus longtemps")
    await page.keyboard.press("Alt+a")
    side = page.locator("aside")
    await expect(side).to_contain_text("a envoyé le formulaire report à 10 h 00")
    await expect(side).to_contain_text("en file à")
    await expect(side.locator("dt", has_text="Catégorie")).to_be_visible()
    await expect(side).not_to_contain_text("in line")
