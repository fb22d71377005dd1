"""The town's own widget before the real channel, on the page for trying it."""

from __future__ import annotations

from playwright.async_api import expect

from tests.channels.chat.chat_town import ChatTown, serving
from tests.channels.chat.microsoft import browser_page
from tests.ports import free_port


async def test_a_resident_chats_and_comes_back_after_reloading_and_a_restart() -> None:
    port = free_port()
    town = ChatTown(url=f"http://127.0.0.1:{port}")
    await town.sign_in("amina")
    async with browser_page() as page, serving(town, port):
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(f"http://localhost:{port}/chat")
        await page.get_by_role("button", name="Chat with us").click()
        await page.get_by_text("Your name and e-mail").click()
        await page.get_by_label("E-mail").fill("robin@example.org")
        box = page.get_by_role("textbox", name="Your message")
        await box.fill("Is the pool open?")
        await box.press("Enter")
        await expect(page.get_by_text("You are next.").first).to_be_visible()
        item = await town.accept("amina")
        await expect(page.get_by_text("You are talking with Amina.").first).to_be_visible()
        await town.reply(item, "amina", "It is")
        await expect(page.get_by_text("It is", exact=True)).to_have_count(1)
        await town.channel.stop()
        town.restart()
        await page.reload()
        await town.reply(item, "amina", "until nine")
        await expect(page.get_by_text("until nine", exact=True)).to_have_count(1)
        await expect(page.get_by_text("It is", exact=True)).to_have_count(1)
        await expect(page.get_by_text("Is the pool open?", exact=True)).to_have_count(1)
        [row] = town.state.conversations.values()
        assert b"robin@example.org" in town.inbox.words[row.contact_ref].body
        assert wrong == []
