"""In a real browser, below a prefix: signing in at a provider, and the page about people."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.async_api import Page, async_playwright, expect
from starlette.types import ASGIApp, Receive, Scope, Send

from router.desk.browsers import COOKIE
from tests.chromium import FLAGS, axe_core, chromium, faults
from tests.desk.house import House, house, served
from tests.fakes.false_provider import FalseProvider, false_provider
from tests.ports import free_port

LOOKS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
ADELE = "adele@example.org"


def below(prefix: str, app: ASGIApp) -> ASGIApp:
    """Do what a proxy does that puts everything below a prefix."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(prefix)
        assert path != scope["path"], f"{path} is not below {prefix}"
        await app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    return proxy


@pytest.fixture
async def directory() -> AsyncIterator[FalseProvider]:
    """Another site than the town: `localhost` is not `127.0.0.1`."""
    async with false_provider("localhost") as made:
        made.user = {"preferred_username": ADELE}
        yield made


@pytest.fixture
async def office(tmp_path: Path, directory: FalseProvider) -> AsyncIterator[House]:
    port = free_port()
    root = f"http://127.0.0.1:{port}/hall"
    async with house(tmp_path, serve=False, provider=directory.settings(), web_root=root) as made:
        async with served(below("/hall", made.app), port):
            made.url = root
            yield made
            await made.surface.stop()


@pytest.fixture
async def open_page() -> AsyncIterator[Callable[..., Any]]:
    """Return a maker of pages in browsers of their own; none may break the town's policy."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=FLAGS)

        async def make(**options: Any) -> Page:
            context = await browser.new_context(viewport={"width": 1200, "height": 800}, **options)
            context.set_default_timeout(20_000)
            context.on("weberror", lambda error: wrong.append(str(error.error)))
            context.on(
                "console",
                lambda said: wrong.append(said.text) if "Policy" in said.text else None,
            )
            return await context.new_page()

        yield make
        await browser.close()
    assert wrong == []


async def through_the_provider(page: Page) -> None:
    await page.get_by_role("button", name="Town Directory").click()
    await page.get_by_role("link", name="Yes").click()


async def test_signing_in_through_the_provider_and_the_prefix(
    office: House, directory: FalseProvider, open_page: Callable[..., Any]
) -> None:
    page = await open_page(locale="en-CA")
    await page.goto(f"{office.url}/desk/people")
    await through_the_provider(page)
    await expect(page.get_by_role("heading", name="You have no account here")).to_be_visible()
    await expect(page.get_by_text(ADELE)).to_be_visible()  # what an administrator must enter
    await office.names.give("adele", ADELE, keeps_password=False, by="test")
    await page.get_by_role("link", name="Back to signing in").click()
    await page.goto(f"{office.url}/desk/people")
    await through_the_provider(page)
    await expect(page.get_by_role("rowheader", name="adele")).to_be_visible()
    assert page.url == f"{office.url}/desk/people"
    (cookie,) = await page.context.cookies(f"{office.url}/")
    assert (cookie["name"], cookie["path"], cookie["httpOnly"]) == (COOKIE, "/hall/", True)

    await page.get_by_role("button", name="Sign-in… of boris").click()
    await page.get_by_label("Name at Town Directory").fill("boris@example.org")
    await page.get_by_label("May also sign in with a password here").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("signs in as boris@example.org")).to_be_visible()
    assert not (await office.names.account_of("boris@example.org")).has_password  # type: ignore[union-attr]

    await page.get_by_role("button", name="Disable… of amina").press("Enter")
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Disable account").press("Enter")
    row = page.get_by_role("row", name="amina")
    await expect(row.get_by_role("cell", name="disabled", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Disable… of adele")).to_be_disabled()
    await page.get_by_role("button", name="Enable… of amina").click()
    await dialog.get_by_role("button", name="Enable account").click()
    await expect(row.get_by_role("cell", name="in use")).to_be_visible()

    await page.get_by_role("button", name="Signed in as adele").click()
    await expect(page.get_by_role("button", name="Change password")).to_have_count(0)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in with Town Directory")).to_be_visible()
    assert await page.context.cookies(f"{office.url}/") == []


async def test_axe_finds_nothing_on_signing_in_and_on_people(
    office: House, directory: FalseProvider, open_page: Callable[..., Any]
) -> None:
    axe, found = axe_core(), dict[str, list[str]]()
    page = await open_page(locale="fr-CA", bypass_csp=True)  # for axe's script

    async def check(part: str) -> None:
        for looks in LOOKS:
            await page.emulate_media(color_scheme=looks, reduced_motion="reduce")
            if wrong := await faults(page, axe):
                found[f"{part}, {looks}"] = wrong

    await page.goto(f"{office.url}/desk/people")
    await page.get_by_role("button", name="Town Directory").wait_for()
    await check("signing in")
    directory.user = {"preferred_username": "zoe@example.org"}
    await through_the_provider(page)
    await page.get_by_text("zoe@example.org").wait_for()
    await check("no account")
    directory.user = {"preferred_username": ADELE}
    await office.names.give("adele", ADELE, keeps_password=True, by="test")
    await office.accounts.disable("boris", by="test")
    await page.goto(f"{office.url}/desk/people")
    await through_the_provider(page)
    await page.get_by_role("rowheader", name="amina").wait_for()
    await check("people")
    row = page.get_by_role("row", name="amina")
    for index in range(5):
        await row.get_by_role("button").nth(index).click()
        await page.get_by_role("dialog").wait_for()
        await check(f"dialog {index}")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.locator("header button.main").last.click()
    await page.get_by_role("dialog").wait_for()
    await check("new account")
    assert found == {}
