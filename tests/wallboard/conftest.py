"""A town, a real browser and a supervisor's wallboard in it; whatever the page does wrong fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from router.core.model import SECOND
from router.core.policy import Policy
from router.desk.browsers import COOKIE
from tests.chromium import FLAGS, axe_core, chromium
from tests.core.town import town
from tests.desk.house import House, house

OpenWall = Callable[..., Awaitable[Page]]


@pytest.fixture(autouse=True)
def quiet_logs() -> Any:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def policy() -> Policy:
    return town()


@pytest.fixture
async def hall(tmp_path: Path, policy: Policy) -> AsyncIterator[House]:
    async with house(tmp_path, policy=policy) as made:
        yield made


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def contexts(
    browser: Browser, hall: House
) -> AsyncIterator[Callable[..., Awaitable[BrowserContext]]]:
    """Return a maker of browsers in which somebody is signed in; each watches what its pages do."""
    made: list[BrowserContext] = []
    wrong: list[str] = []

    async def make(name: str, **options: Any) -> BrowserContext:
        size = {"width": 1400, "height": 850}
        context = await browser.new_context(**{"locale": "en-CA", "viewport": size, **options})
        context.set_default_timeout(20_000)
        token = await hall.token(name)
        await context.add_cookies([{"name": COOKIE, "value": token, "url": hall.url}])
        context.on("weberror", lambda error: wrong.append(str(error.error)))
        context.on("console", lambda said: wrong.append(said.text) if _is_wrong(said) else None)
        context.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        made.append(context)
        return context

    def _is_wrong(said: Any) -> bool:
        return "Content Security Policy" in said.text or "Trusted" in said.text

    yield make
    for context in made:
        await context.close()
    assert wrong == []


@pytest.fixture
def wall(contexts: Callable[..., Awaitable[BrowserContext]], hall: House) -> OpenWall:
    """Return a function that opens the wallboard of somebody, in a browser of their own."""

    async def open_wall(name: str = "sam", **options: Any) -> Page:
        page = await (await contexts(name, **options)).new_page()
        await page.goto(f"{hall.url}/desk/wall")
        if name != "amina":
            await page.locator("tbody tr").first.wait_for()
        return page

    return open_wall


async def look(hall: House, seconds: int = 1) -> None:
    """Let time pass, and the wallboards be told."""
    await hall.pass_time(seconds * SECOND)
    for duty in hall.surface.duties():
        await duty()


@pytest.fixture
def axe() -> str:
    """Return the source of axe-core."""
    return axe_core()
