"""The desk as telephone in a real browser: the carrier's library runs under the pages' policy.

The carrier is not reached: what the library asks for is seen, and leads nowhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, async_playwright, expect

from router.desk.browsers import COOKIE
from tests.chromium import FLAGS, chromium
from tests.desk.house import House, house
from tests.desk.test_softphone import PASSES

MEDIA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
NOWHERE = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


class Seen:
    """What a page asked for, and what its policy kept from it."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.wrong: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("console", lambda said: self._hear(said.text))

    def _hear(self, text: str) -> None:
        if "Content Security Policy" in text or "Trusted" in text:
            self.wrong.append(text)

    def strangers(self) -> set[str]:
        hosts = {urlsplit(url).hostname for url in self.asked if not url.startswith("blob:")}
        return {host for host in hosts if host is not None and host != "127.0.0.1"}

    def has_library(self) -> bool:
        return any("/assets/sdk-" in url for url in self.asked)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=[*FLAGS, *MEDIA, *NOWHERE]
        )
        yield await browser.new_page(locale="en-CA")
        await browser.close()


async def _open(page: Page, hall: House) -> Seen:
    token = await hall.token("amina")
    await page.context.add_cookies([{"name": COOKIE, "value": token, "url": hall.url}])
    seen = Seen(page)
    await page.goto(f"{hall.url}/desk/")
    await page.locator(".rail").wait_for()
    return seen


async def test_without_a_key_nothing_is_offered_and_nobody_else_is_asked(
    page: Page, tmp_path: Path
) -> None:
    async with house(tmp_path) as hall:
        async with page.expect_response(lambda said: said.url.endswith("/softphone")):
            seen = await _open(page, hall)
        await expect(page.get_by_role("button", name="Use this browser")).to_have_count(0)
        assert (seen.strangers(), seen.has_library(), seen.wrong) == (set(), False, [])


async def test_with_a_key_the_library_comes_when_it_is_switched_on_and_may_reach_the_carrier(
    page: Page, tmp_path: Path
) -> None:
    async with house(tmp_path, softphone=PASSES) as hall:
        seen = await _open(page, hall)
        switch = page.get_by_role("button", name="Use this browser as telephone")
        await switch.wait_for()
        assert (seen.strangers(), seen.has_library()) == (set(), False)
        async with page.expect_websocket(lambda socket: "twilio.com" in socket.url):
            await switch.click()
        assert seen.has_library()
        assert "voice-js.roaming.twilio.com" in seen.strangers()
        await expect(page.locator("section[aria-label='Telephone in the browser']")).to_be_visible()
        assert seen.wrong == []
