"""An agent's day in a real browser: calls, chats, mail, on the real process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Page, expect

from tests.end_to_end.browsers import WAIT_MS, Browsers, Desk, browsers, first_start
from tests.end_to_end.chat_residents import ChatResident
from tests.end_to_end.process import reached
from tests.end_to_end.rig import ALWAYS_OPEN, Rig, town

expect.set_options(timeout=WAIT_MS)

# Each would do something if any page took it as more than text.
HOSTILE = (
    "<script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "{@html '<b onmouseover=window.hurt=1>x</b>'} {{7*7}} ${window.hurt=1}",
    '"><svg/onload=window.hurt=1>',
    "</textarea><iframe srcdoc='<script>parent.hurt=1</script>'>",
    "javascript:window.hurt=1",
)


LISTEN = """() => {
  window.tones = 0;
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...at) {
    window.tones += 1;
    return start.apply(this, at);
  };
}"""


async def heard(page: Page, tones: int) -> bool:
    return bool(await page.evaluate("window.tones") >= tones)


@asynccontextmanager
async def open_town(folder: Path) -> AsyncIterator[tuple[Rig, Browsers]]:
    """A town that is always open, with everybody at home, and a browser."""
    async with browsers() as made, town(folder, edits=ALWAYS_OPEN) as rig:
        await first_start(rig.daemon)
        yield rig, made


async def at_work(rig: Rig, made: Browsers, name: str = "amara") -> Desk:
    desk = await made.desk(rig.daemon.url)
    await desk.open(name)
    await desk.available()
    return desk


async def chat(rig: Rig, tasks: asyncio.TaskGroup, name: str, text: str) -> ChatResident:
    resident = ChatResident(rig.daemon, name)
    await resident.come()
    resident.listening = tasks.create_task(resident.listen())  # type: ignore[attr-defined]
    await resident.say(text)
    return resident


async def test_a_call_from_the_offer_to_the_wrap_up(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        page = desk.page
        await page.evaluate(LISTEN)
        call = rig.call("+19055550191")
        await rig.press(call, "1", "0")
        offer = page.get_by_role("region", name="Offered to you")
        await expect(offer.get_by_role("heading", level=2)).to_have_text("Call from +19055550191")
        await expect(offer).to_contain_text("General information")
        await expect(offer).to_contain_text("Why you")
        assert re.match(r"● 0:\d\d · Desk · ", await page.title())
        await reached("it is heard twice", lambda: heard(page, 4))  # two tones each time
        await page.keyboard.press("Alt+a")
        await rig.at(call, "conference")
        await expect(page.get_by_text("On the line")).to_be_visible()
        assert re.match(r"Desk · ", await page.title())
        rung = await page.evaluate("window.tones")
        item = rig.item_of(call)

        await page.keyboard.press("Alt+h")
        await expect(page.get_by_text("On hold").first).to_be_visible()
        await page.get_by_role("button", name="Back to the resident").click()
        await expect(page.get_by_text("On the line")).to_be_visible()

        await page.get_by_role("button", name="Ask somebody").click()
        await desk.choose("To whom", "Another number")
        await page.get_by_label("Another number", exact=True).fill("+1 905 555 0177")
        await page.get_by_role("button", name="Ring", exact=True).click()
        await expect(page.get_by_text("is on the line", exact=False)).to_be_visible()
        await page.get_by_role("button", name="Let them go").click()
        await expect(page.get_by_text("is on the line", exact=False)).to_have_count(0)

        await page.get_by_label("Note").fill("Asked about the library.")
        await page.get_by_role("button", name="Hang up").click()
        await rig.at(call, "over")
        await expect(page.get_by_text("Wrap-up ends in")).to_be_visible()
        await page.get_by_role("button", name="Close", exact=True).click()
        await expect(page.get_by_text("A code is needed here.")).to_be_visible()
        await desk.choose("Code", "Answered")
        await page.get_by_role("button", name="Close", exact=True).click()
        await expect(page.get_by_text("Nothing in hand.").first).to_be_visible()
        await expect(page.get_by_text(item)).to_be_visible()  # still to be read out
        found = await rig.item(item, await rig.session("amara"))
        assert (found["state"], found["code"]) == ("closed", "answered")
        assert await page.evaluate("window.tones") == rung, "it rang on after it was answered"

        await page.get_by_role("button", name="Signed in as").click()
        await page.get_by_role("button", name="Sign out").click()
        await page.locator("input[autocomplete=username]").wait_for()
        seen = await rig.daemon.get("/api/v1/agents", **await rig.session("elise"))
        status = {one["agent"]: one["status"] for one in seen.json()}
        assert status["amara"] == "offline"


async def test_two_chats_side_by_side_are_answered(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made), asyncio.TaskGroup() as tasks:
        desk = await at_work(rig, made)
        page = desk.page
        first = await chat(rig, tasks, "robin", "Is the pool open?")
        await desk.accept()
        await expect(page.get_by_role("log").get_by_text("Is the pool open?")).to_be_visible()
        second = await chat(rig, tasks, "jo", "Where is the library?")
        await desk.accept()
        await expect(page.get_by_role("log").get_by_text("Where is the library?")).to_be_visible()
        await expect(page.get_by_role("log").get_by_text("Is the pool open?")).to_be_visible()
        works = page.get_by_role("article")
        await expect(works).to_have_count(2)
        for resident, work, answer in (
            (first, works.first, "Until eight."),
            (second, works.last, "On Mill Street."),
        ):
            before = resident.answers
            await work.get_by_label("Your answer").fill(answer)
            await work.get_by_label("Your answer").press("Enter")
            await reached("it is told", lambda r=resident, b=before: r.has_more_than(b))
            assert resident.told[-1].text == answer
            await expect(work.get_by_role("log").get_by_text(answer)).to_have_count(1)
            await expect(work.get_by_label("Your answer")).to_have_value("")
        for resident in (first, second):
            resident.listening.cancel()  # type: ignore[attr-defined]


async def test_a_mail_is_quoted_answered_and_closed(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        page = desk.page
        await rig.letters.send("sam@example.org", "Garbage", "When is it collected?\nThanks")
        await desk.accept()
        await page.get_by_role("button", name="Quote").click()
        area = page.get_by_label("Your answer")
        await expect(area).to_have_value("> When is it collected?\n> Thanks\n\n")
        await area.press("Control+End")
        await page.keyboard.type("On Monday.")
        await page.get_by_role("button", name="Canned answers").click()
        await page.keyboard.press("Escape")
        await page.set_input_files(
            "input[type=file]",
            {"name": "map.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 map"},
        )
        await expect(page.get_by_label("Attached files")).to_contain_text("map.pdf")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("A code is needed here.")).to_be_visible()
        await desk.choose("Code", "Answered")
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("Nothing in hand.").first).to_be_visible()

        def answered() -> bool:
            return any("On Monday." in copy.text for copy in rig.world.to("sam@example.org"))

        await reached("the answer arrives", answered)
        (copy,) = [c for c in rig.world.to("sam@example.org") if "On Monday." in c.text]
        assert "> When is it collected?" in copy.text
        assert b"map.pdf" in copy.raw


async def test_a_mail_is_read_in_the_shared_inbox_and_taken(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await made.desk(rig.daemon.url)
        await desk.open("amara")
        page = desk.page
        await rig.letters.send("sam@example.org", "Leaves", "When are leaves collected?")
        row = page.get_by_role("region", name="Shared inbox").get_by_role("button")
        await row.click()
        await expect(page.get_by_text("When are leaves collected?")).to_be_visible()
        await expect(page.get_by_text("Only reading")).to_be_visible()
        await page.get_by_role("button", name="Take it").click()
        await expect(page.get_by_label("Your answer")).to_be_visible()
        await page.get_by_role("button", name="Internal note").click()
        await page.get_by_label("Your note").fill("Asked the roads people.")
        await page.get_by_role("button", name="Keep note").click()
        await expect(page.get_by_text("internal note", exact=True)).to_be_visible()
        await page.reload()  # the daemon's draft is not the note that was kept
        await expect(page.get_by_text("internal note", exact=True)).to_be_visible()
        await expect(page.get_by_label("Your answer")).to_have_value("")
        await page.get_by_role("button", name=re.compile("^More")).click()
        await page.get_by_role("button", name="Put away until…").click()
        await page.get_by_role("button", name="In an hour").click()
        await page.get_by_role("button", name="Put away", exact=True).click()
        await expect(page.get_by_text("Nothing in hand.").first).to_be_visible()
        await expect(row).to_contain_text("put away")


async def test_nothing_that_residents_write_is_more_than_text(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made), asyncio.TaskGroup() as tasks:
        desk = await at_work(rig, made)
        page = desk.page
        page.on("dialog", lambda dialog: made.wrong.append(dialog.message))
        hostile = "\n".join(HOSTILE)
        await rig.letters.send('"<img src=x onerror=hurt=1>" <x@example.org>', HOSTILE[0], hostile)
        await desk.accept()
        await expect(page.get_by_role("log").get_by_text(HOSTILE[1])).to_be_visible()
        await page.get_by_role("button", name="Quote").click()
        resident = await chat(rig, tasks, "<b onclick=hurt()>jo", hostile)
        await desk.accept()
        await expect(page.get_by_role("log").get_by_text(HOSTILE[3])).to_be_visible()
        receipt = await rig.forms.send(
            "hostile", question=hostile, name=HOSTILE[1], email="x@example.org"
        )
        assert receipt.reference
        assert await page.evaluate("window.hurt") is None
        for foreign in ("script:not([src])", "svg[onload]", "iframe", "img", "[onerror]"):
            assert await page.locator(foreign).count() == 0, foreign
        resident.listening.cancel()  # type: ignore[attr-defined]


async def test_html_of_a_mail_stays_in_a_frame_that_may_do_nothing(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        page = desk.page
        await send_html(rig, "<h1>Fair</h1><script>top.hurt=1</script><p onclick=x>When?</p>")
        await desk.accept()
        await page.get_by_role("button", name="As it was formatted").click()
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_role("heading", name="Fair")).to_be_visible()
        assert await page.locator("iframe").get_attribute("sandbox") == ""
        assert await frame.locator("script").count() == 0
        assert await page.evaluate("window.hurt") is None


async def send_html(rig: Rig, html: str) -> None:
    """Hand a mail with HTML to the town."""
    from email.message import EmailMessage

    import aiosmtplib

    mail = EmailMessage()
    mail["Message-ID"], mail["From"] = "<html@example.com>", "sam@example.org"
    mail["To"], mail["Subject"] = "info@willowmere.example.org", "Fair"
    mail.set_content("When is the fair?")
    mail.add_alternative(html, subtype="html")
    port = rig.daemon.smtp_port
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=port, start_tls=False)


async def focused(page: Page) -> str:
    """Return the name of what has the focus."""
    return str(
        await page.evaluate(
            "(at => at === document.body ? '' : (at.labels?.[0]?.innerText || at.ariaLabel"
            " || at.innerText || '').trim())(document.activeElement)"
        )
    )


async def tab_to(page: Page, name: str, most: int = 40) -> None:
    """Press Tab until something of that name has the focus, and can be seen to have it."""
    seen = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        seen.append(await focused(page))
        if name in seen[-1]:
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", name
            return
    raise AssertionError(f"{name!r} is not reached by Tab: {seen}")


async def test_everything_goes_by_keyboard_alone(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await made.desk(rig.daemon.url)
        page = desk.page
        await page.goto(f"{rig.daemon.url}/desk/")
        await page.locator("form").wait_for()
        await page.keyboard.type("amara")  # the first field has the focus
        await page.keyboard.press("Tab")
        await page.keyboard.type("practice")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Status:").wait_for()
        await tab_to(page, "Away")
        await page.keyboard.press("Enter")
        await tab_to(page, "Available")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Status: Available").wait_for()
        await rig.letters.send("sam@example.org", "Garbage", "When is it collected?")
        await page.get_by_role("region", name="Offered to you").wait_for()
        await page.keyboard.press("Alt+a")
        await page.get_by_label("Your answer").wait_for()
        await page.keyboard.press("Alt+w")
        await page.keyboard.type("On Monday.")
        await tab_to(page, "Code")
        await page.keyboard.type("Answered")
        await tab_to(page, "Send")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Nothing in hand.").first).to_be_visible()
