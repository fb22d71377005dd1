"""Microsoft's own clients, unmodified, in a real browser on a page of another site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from playwright.async_api import Page, expect
from starlette.applications import Starlette

from router.core.policy_text import ChatDoor
from tests.channels.chat.chat_town import (
    BASE,
    ChatTown,
    chatty_town,
    serve_app,
    serving,
)
from tests.channels.chat.microsoft import browser_page, bundle, pages
from tests.ports import free_port

PICTURE = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
LINE = """<!doctype html><meta charset="utf-8"><title>Line</title>
<script src="directline.js"></script><script>
  Math.random = () => 0; // the client comes back after three seconds, not up to fifteen
  window.heard = [];
  window.states = [];
  window.open = async (domain, options) => {
    const answer = await fetch(`${domain}/tokens/generate`, { method: "POST" });
    const { token } = await answer.json();
    window.line = new DirectLine.DirectLine({ token, domain, ...options });
    line.connectionStatus$.subscribe((state) => states.push(state));
    line.activity$.subscribe((activity) => heard.push(activity), (error) => states.push(error));
  };
  window.post = (activity) => new Promise((done) =>
    line.postActivity(activity).subscribe(done, (error) => done(`refused ${error.status}`)));
  window.texts = () => heard.filter(({ id }) => /\\|\\d+$/.test(id)).map(({ text }) => text);
</script>"""
CHAT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat</title>
<script src="webchat.js"></script><style>html, body, #chat { height: 100%; margin: 0 }</style>
<div id="chat"></div><script>
  window.begin = async (domain) => {
    const answer = await fetch(`${domain}/tokens/generate`, { method: "POST" });
    const { token } = await answer.json();
    const directLine = WebChat.createDirectLine({ token, domain });
    WebChat.renderWebChat({ directLine, sendTypingIndicator: true, locale: "en-US" },
      document.getElementById("chat"));
  };
</script>"""


@dataclass
class Meeting:
    """A town, and a page of another site that talks to it."""

    town: ChatTown
    page: Page

    @property
    def domain(self) -> str:
        return f"{self.town.url}{BASE}"

    async def run(self, script: str, argument: Any = None) -> Any:
        return await self.page.evaluate(script, argument)

    async def until(self, condition: str) -> None:
        await self.page.wait_for_function(condition, timeout=60_000)


@asynccontextmanager
async def meeting(html: str) -> AsyncIterator[Meeting]:
    port, site = free_port(), free_port()
    policy = chatty_town()
    assert policy.chat is not None
    door: ChatDoor = policy.chat.doors["site"]
    door = msgspec.structs.replace(door, origins=(f"http://localhost:{site}",))
    town = ChatTown(chatty_town(doors={"site": door}), url=f"http://127.0.0.1:{port}")
    await town.sign_in("amina")
    async with (
        serve_app(Starlette(routes=pages(html)), site),
        browser_page() as page,
        serving(town, port),
    ):
        await page.goto(f"http://localhost:{site}/")
        yield Meeting(town, page)


@pytest.mark.parametrize("options", [{}, {"webSocket": False, "pollingInterval": 200}], ids=str)
async def test_directlinejs_talks_and_listens(options: dict[str, Any]) -> None:
    bundle("directline.js")
    async with meeting(LINE) as m:
        await m.run("([domain, options]) => open(domain, options)", [m.domain, options])
        await m.until("heard.some(({text}) => text === 'Hello')")
        message = {"type": "message", "text": "Is the pool open?", "from": {"id": "me"}}
        sent = await m.run("post", message)
        assert sent.endswith("|0000001")
        item = await m.town.accept("amina")
        await m.town.reply(item, "amina", "It is")
        await m.until("texts().includes('It is')")
        assert await m.run("texts()") == ["Is the pool open?", "It is"]
        talking = "heard.some(({text}) => text === 'Amina is with you now.')"
        await m.until(talking)
        assert await m.run(
            "post", {"type": "message", "text": "x" * 5000, "from": {"id": "me"}}
        ) == ("refused 400")
        picture = {"contentType": "image/gif", "contentUrl": PICTURE, "name": "pit.gif"}
        sent = await m.run(
            "post", {"type": "message", "from": {"id": "me"}, "attachments": [picture]}
        )
        assert sent.endswith("|0000003")
        await m.until("texts().length === 3")
        url = await m.run("heard.find(({attachments}) => attachments).attachments[0].contentUrl")
        got = await m.page.request.get(url)
        assert (await got.body()).startswith(b"GIF89a")
        assert await m.run("line.connectionStatus$.getValue()") == 2  # online


async def test_directlinejs_misses_and_doubles_nothing_over_a_restart() -> None:
    bundle("directline.js")
    async with meeting(LINE) as m:
        await m.run("([domain, options]) => open(domain, options)", [m.domain, {}])
        for text in ("one", "two"):
            await m.run("post", {"type": "message", "text": text, "from": {"id": "me"}})
        await m.until("texts().length === 2")
        await m.town.channel.stop()  # the stream closes with 1012; what serves requests goes on
        m.town.restart()
        item = await m.town.accept("amina")
        await m.town.reply(item, "amina", "while you were away")
        await m.until("texts().length === 3")
        await m.run("post", {"type": "message", "text": "three", "from": {"id": "me"}})
        await m.until("texts().length === 4")
        assert await m.run("texts()") == ["one", "two", "while you were away", "three"]


@pytest.mark.full
async def test_webchat_shows_a_whole_chat() -> None:
    bundle("webchat.js")
    async with meeting(CHAT) as m:
        page = m.page
        await m.run("begin", m.domain)
        await expect(page.get_by_text("In danger? Dial 911").first).to_be_visible(timeout=60_000)
        box = page.get_by_placeholder("Type your message")
        await box.fill("Is the pool open?")
        await box.press("Enter")
        waiting = page.get_by_text("You are next in line.").first
        await expect(waiting).to_be_visible(timeout=60_000)
        item = await m.town.accept("amina")
        await expect(page.get_by_text("Amina is with you now.").first).to_be_visible()
        await m.town.reply(item, "amina", "It is, until nine")
        await expect(page.get_by_text("It is, until nine").first).to_be_visible()
        bubbles = page.locator(".webchat__bubble__content")
        await expect(bubbles.filter(has_text="Is the pool open?")).to_have_count(1)
        assert m.town.typed  # WebChat told that somebody was writing
