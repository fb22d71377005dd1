"""Agents in browsers: real Chromium, one profile each, everything they do wrong written down.

A page of another site that is asked for, an error of a script, anything that the pages' policy had
to stop: each fails the test that caused it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.chromium import FLAGS, WCAG, axe_core, chromium
from tests.end_to_end.desk_client import PASSWORD
from tests.end_to_end.process import Daemon, reached

WAIT_MS: Final = 45_000
OWN_PASSWORD: Final = "four words of my own"  # that the administrator chooses
SIZE: Final = {"width": 1360, "height": 860}
# What Chromium says of its own about answers that our pages expect and handle.
EXPECTED: Final = re.compile(r"status of (?:401|403|404|409|422|503)|ERR_|WebSocket connection to")


async def first_start(daemon: Daemon, *words: str) -> str:
    """Start it and wait for its first accounts; return the administrator's one-time password."""
    await daemon.start(*words)

    def said() -> str:
        return daemon.log.read_text(encoding="utf-8", errors="replace")

    await reached("the practice accounts are there", lambda: "practice accounts" in said())
    found = re.search(r"one-time password (\S+)", said())
    assert found is not None, daemon.tail()
    return found[1]


async def give_role(daemon: Daemon, one_time: str, agent: str, role: str) -> None:
    """Have an agent supervise or administer the town, too."""
    http, api = daemon.http, f"{daemon.url}/api/v1"
    body = {"name": "admin", "password": one_time}
    token = (await http.post(f"{api}/sessions", json=body)).json()["token"]
    body = {"old": one_time, "new": OWN_PASSWORD}
    headers = {"Authorization": f"Bearer {token}"}
    token = (await http.post(f"{api}/password", json=body, headers=headers)).json()["token"]
    answer = await http.post(
        f"{api}/accounts/{agent}/role",
        json={"role": role, "agent": agent},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text


@dataclass
class Desk:
    """One agent's page."""

    page: Page
    url: str

    async def open(self, name: str, page: str = "", password: str = PASSWORD) -> None:
        """Go to a page and sign in there."""
        await self.page.goto(f"{self.url}/desk/{page}")
        await self.sign_in(name, password)
        await self.page.get_by_role("button", name=re.compile("Signed in|Connecté")).wait_for()

    async def sign_in(self, name: str, password: str = PASSWORD) -> None:
        await self.page.locator("input[autocomplete=username]").fill(name)
        await self.page.locator("input[autocomplete=current-password]").fill(password)
        await self.page.locator("form button[type=submit]").click()

    async def available(self) -> None:
        await self.page.get_by_role("button", name="Status:").click()
        await self.page.get_by_role("button", name="Available", exact=True).click()
        await self.page.get_by_role("button", name="Status: Available").wait_for()

    async def accept(self) -> None:
        await self.page.get_by_role("button", name=re.compile("^Accept")).click()

    async def write(self, text: str) -> None:
        await self.page.get_by_label("Your answer").fill(text)

    async def choose(self, label: str, option: str) -> None:
        await self.page.get_by_label(label).select_option(label=option)

    async def violations(self, rules: Sequence[str] = ()) -> list[str]:
        """Return what axe-core finds wrong with the page; by these rules alone, if any."""
        if not await self.page.evaluate("'axe' in window"):
            await self.page.evaluate(axe_core())
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
        found: dict[str, Any] = await self.page.evaluate(
            "only => axe.run(document, {runOnly: only})", only
        )
        return [
            f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


class Browsers:
    """Makes profiles and watches them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.wrong: list[str] = []

    async def profile(self, url: str, **options: Any) -> BrowserContext:
        """A new profile that may ask nobody but `url`."""
        settings = {"viewport": SIZE, "locale": "en-CA", **options}
        context = await self._browser.new_context(**settings)
        context.set_default_timeout(WAIT_MS)
        host = re.sub(r"(https?://[^/]+).*", r"\1", url)
        context.on("weberror", lambda error: self.wrong.append(str(error.error)))
        context.on("console", self._heard)
        context.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith((host, "data:", "about:", "blob:"))
                else self.wrong.append(asked.url)
            ),
        )
        return context

    async def desk(self, url: str, **options: Any) -> Desk:
        """A new page in a new profile."""
        context = await self.profile(url, **options)
        return Desk(await context.new_page(), url)

    def _heard(self, said: ConsoleMessage) -> None:
        is_policy = "Content Security Policy" in said.text or "Trusted" in said.text
        if is_policy or (said.type == "error" and not EXPECTED.search(said.text)):
            self.wrong.append(said.text)


@asynccontextmanager
async def browsers() -> AsyncIterator[Browsers]:
    """Start Chromium; on leaving, nothing may have been wrong. Skips where there is none."""
    program = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        made = Browsers(browser)
        try:
            yield made
        finally:
            await browser.close()
        assert made.wrong == []
