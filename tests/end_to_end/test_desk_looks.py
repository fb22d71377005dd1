"""Every page by axe in both languages and both looks, at 200 % zoom, and quick to be useful."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime
from pathlib import Path

from playwright.async_api import Page, ViewportSize, expect

from tests.end_to_end.browsers import (
    OWN_PASSWORD,
    SIZE,
    WAIT_MS,
    Desk,
    browsers,
    first_start,
    give_role,
)
from tests.end_to_end.process import reached, scaled, shipped
from tests.end_to_end.rig import ALWAYS_OPEN, Rig, town
from tests.end_to_end.test_desk_in_browser import at_work, chat, open_town

expect.set_options(timeout=WAIT_MS)

# Names depend on the language alone. What lies on what, and so contrast and size, depends on the
# length of the words and on the looks: those rules are asked in all four.
BY_SIGHT = ("color-contrast", "target-size")
ALL: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("en", "light", ()),
    ("en", "dark", BY_SIGHT),
    ("fr", "light", BY_SIGHT),
    ("fr", "dark", ()),
)
USEFUL_S = 1.0  # from the address to something that can be used
FORMS_MOST = 3  # what an agent of the shipped town holds beside each other
PAINTED_S = 0.2  # from the engine's event to the picture of an offer
ZOOMED = ViewportSize(width=SIZE["width"] // 2, height=SIZE["height"] // 2)  # what 200 % leaves
SWITCH = """chosen => {
  localStorage.setItem('townline.preferences', JSON.stringify(chosen));
  window.dispatchEvent(new StorageEvent('storage', {key: 'townline.preferences'}));
}"""


async def judge(desk: Desk, state: str) -> list[str]:
    """Return what is wrong with the page in this state, in all languages and looks."""
    found = []
    for language, looks, rules in ALL:
        await desk.page.evaluate(SWITCH, {"language": language, "looks": looks})
        assert await desk.page.evaluate("document.documentElement.lang") == language
        found += [f"{state} {language} {looks}: {one}" for one in await desk.violations(rules)]
    await desk.page.evaluate(SWITCH, {"language": "en", "looks": "light"})
    return found


async def test_every_page_about_people_is_accessible(tmp_path: Path) -> None:
    async with browsers() as made, town(tmp_path, edits=ALWAYS_OPEN) as rig:
        one_time = await first_start(rig.daemon)
        desk = await made.desk(rig.daemon.url)
        page = desk.page
        await page.goto(f"{rig.daemon.url}/desk/people")
        await page.locator("form").wait_for()
        found = await judge(desk, "sign-in")
        await desk.sign_in("admin", "not the password")
        await expect(page.get_by_text("Name or password is wrong")).to_be_visible()
        found += await judge(desk, "refused")
        await desk.sign_in("admin", one_time)
        await expect(page.get_by_role("heading", name="Choose your own password")).to_be_visible()
        found += await judge(desk, "new password")
        await page.get_by_label("Present password", exact=True).fill(one_time)
        await page.get_by_label("New password", exact=True).fill(OWN_PASSWORD)
        await page.get_by_label("New password once more", exact=True).fill(OWN_PASSWORD)
        await page.get_by_role("button", name="Change password").click()
        await expect(page.get_by_role("row")).to_have_count(len(shipped().agents) + 2)
        found += await judge(desk, "people")
        await page.get_by_role("button", name="New account").click()
        found += await judge(desk, "new account")
        await page.get_by_label("Name", exact=True).fill("zoe")
        await desk.choose("Role", "Supervisor")
        await page.get_by_role("button", name="Create account").click()
        secret = page.locator(".secret")
        await expect(secret).to_have_text(re.compile(r"^\w{5}(?:-\w{5}){3}$"))
        given = await secret.inner_text()
        found += await judge(desk, "one-time password")
        await page.get_by_role("button", name="Close").last.click()
        row = page.get_by_role("row").filter(has_text="zoe")
        await expect(row).to_contain_text("has not chosen a password yet")
        await row.get_by_role("button", name="Role…").click()
        await desk.choose("Role", "Administrator")
        await page.get_by_role("button", name="Save").click()
        await expect(row).to_contain_text("Administrator")
        await row.get_by_role("button", name="Remove…").click()
        found += await judge(desk, "remove")
        await page.get_by_role("button", name="Remove account").click()
        await expect(row).to_have_count(0)
        assert given
        assert found == []


async def test_who_looks_at_another_page_stays_at_their_desk(tmp_path: Path) -> None:
    async with browsers() as made, town(tmp_path, edits=ALWAYS_OPEN) as rig:
        one_time = await first_start(rig.daemon)
        await give_role(rig.daemon, one_time, "amara", "administrator")
        desk = await at_work(rig, made)
        page = desk.page
        await page.get_by_role("link", name="People").click()
        await expect(page.get_by_role("heading", name="People")).to_be_visible()
        await rig.forms.send("while the accounts are looked at")
        await page.get_by_role("button", name="Offered to you: Form").click()
        await desk.accept()
        await expect(page.get_by_label("Your answer")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_role("heading", name="People")).to_be_visible()
        await expect(page.get_by_role("button", name="Status: Available")).to_be_visible()


async def test_a_page_that_is_not_for_the_role_is_not_shown(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await made.desk(rig.daemon.url)
        await desk.open("amara", "people")
        await expect(desk.page.get_by_text("This page is not for your role.")).to_be_visible()
        refused = await desk.page.request.get(f"{rig.daemon.url}/api/v1/accounts")
        assert refused.status == 403
        assert await judge(desk, "not for the role") == []


async def test_the_desk_is_accessible_whatever_it_shows(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        found = await judge(desk, "nothing in hand")
        found += await mail_states(rig, desk)
        await desk.page.get_by_role("button", name="Wait for the resident").click()
        async with asyncio.TaskGroup() as tasks:
            found += await chat_states(rig, desk, tasks)
        assert found == []


async def test_a_call_is_accessible(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        page = desk.page
        call = rig.call("+19055550191")
        await rig.press(call, "1", "0")
        await page.get_by_role("button", name=re.compile("^Accept")).wait_for()
        found = await judge(desk, "a call is offered")
        await desk.accept()
        await expect(page.get_by_text("On the line")).to_be_visible()
        found += await judge(desk, "on the line")
        for name in ("Ask somebody", "Transfer", "Promise a callback"):
            await page.get_by_role("button", name=name).click()
            found += await judge(desk, name)
            await page.keyboard.press("Escape")
        await page.get_by_role("button", name=re.compile("^Hang up")).click()
        await expect(page.get_by_text("Wrap-up ends in")).to_be_visible()
        await page.get_by_role("button", name="Close", exact=True).click()
        found += await judge(desk, "wrap-up without a code")
        assert found == []


async def mail_states(rig: Rig, desk: Desk) -> list[str]:
    page = desk.page
    await rig.letters.send("sam@example.org", "Garbage", "When is it collected?")
    await page.get_by_role("button", name=re.compile("^Accept")).wait_for()
    found = await judge(desk, "a mail is offered")
    await desk.accept()
    await page.get_by_label("Your answer").wait_for()
    found += await judge(desk, "a mail in hand")
    for opens in ("Status:", "Signed in as", "Canned answers", "More"):
        await page.get_by_role("button", name=re.compile(f"^{opens}")).click()
        found += await judge(desk, f"menu {opens}")
        await page.keyboard.press("Escape")
    await page.get_by_role("button", name="The whole story").click()
    found += await judge(desk, "story")
    await page.keyboard.press("Escape")
    for mode in ("Internal note", "Ask a department", "Answer"):
        await page.get_by_role("button", name=mode, exact=True).click()
        found += await judge(desk, mode)
    return found


async def chat_states(rig: Rig, desk: Desk, tasks: asyncio.TaskGroup) -> list[str]:
    residents = []
    for name in ("robin", "jo"):
        residents.append(await chat(rig, tasks, name, f"I am {name}."))
        await desk.accept()
        await expect(desk.page.get_by_role("log").get_by_text(f"I am {name}.")).to_be_visible()
    found = await judge(desk, "two chats")
    for resident in residents:
        resident.listening.cancel()  # type: ignore[attr-defined]
    return found


async def is_wide(page: Page) -> bool:
    return bool(await page.evaluate("document.documentElement.scrollWidth > innerWidth"))


async def test_at_200_percent_nothing_has_to_be_scrolled_sideways(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        page = desk.page
        await rig.letters.send("sam@example.org", "Garbage", "When is it collected?")
        await desk.accept()
        await page.get_by_label("Your answer").wait_for()
        await page.set_viewport_size(ZOOMED)
        assert not await is_wide(page)
        await page.get_by_role("button", name="Send").scroll_into_view_if_needed()
        await expect(page.get_by_role("button", name="Send")).to_be_in_viewport()
        await page.set_viewport_size({"width": 340, "height": 700})
        assert not await is_wide(page)


async def test_whoever_wants_no_motion_gets_none(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await made.desk(rig.daemon.url, reduced_motion="reduce")
        await desk.open("amara")
        await desk.available()
        await rig.letters.send("sam@example.org", "Garbage", "When is it collected?")
        await desk.page.get_by_role("button", name=re.compile("^Accept")).wait_for()
        moving = await desk.page.evaluate(
            "document.getAnimations().filter(one => one.effect.getTiming().duration > 1).length"
        )
        assert moving == 0


async def test_the_desk_is_useful_within_a_second(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        took: list[float] = []

        async def reload() -> bool:
            await desk.page.reload()
            await desk.page.get_by_role("button", name="Status:").wait_for()
            took.append(await desk.page.evaluate("performance.now()") / 1000)
            return took[-1] < await scaled(USEFUL_S)

        await reached(f"useful in time: {took}", reload)


async def test_the_town_s_own_names_follow_the_language(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        await desk.page.evaluate(SWITCH, {"language": "fr", "looks": "light"})
        await desk.page.get_by_role("button", name="Statut: Disponible").click()
        await expect(desk.page.get_by_role("button", name="Au comptoir")).to_be_visible()


PAINTED = """new Promise(done => {
  const look = () => {
    if (!document.querySelector('section[aria-label="Offered to you"]')) return;
    watching.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(Date.now())));
  };
  const watching = new MutationObserver(look);
  watching.observe(document.body, {childList: true, subtree: true});
})"""


async def test_an_offer_is_painted_at_once(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await at_work(rig, made)
        page, said = desk.page, list[str]()
        page.on(
            "websocket", lambda socket: socket.on("framereceived", lambda f: said.append(str(f)))
        )
        await page.reload()
        await page.get_by_role("button", name="Status: Available").wait_for()
        took: list[float] = []
        for count in range(FORMS_MOST):
            painted = asyncio.ensure_future(page.evaluate(PAINTED))
            await rig.forms.send(f"form {count}")
            at = await painted
            offer = next(m for m in map(json.loads, reversed(said)) if m["type"] == "offer")
            made_at = datetime.fromisoformat(offer["offer"]["made_at"]).timestamp() * 1000
            took.append((at - made_at) / 1000)
            if took[-1] < await scaled(PAINTED_S):
                return
            await desk.accept()
            await page.get_by_role("region", name="Offered to you").wait_for(state="detached")
        raise AssertionError(f"painted after {took} s")
