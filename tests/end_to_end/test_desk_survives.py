"""What is written at a desk in a browser arrives once, whatever breaks meanwhile."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from tests.end_to_end.browsers import WAIT_MS, Browsers, Desk
from tests.end_to_end.process import reached
from tests.end_to_end.rig import Rig
from tests.end_to_end.test_desk_in_browser import open_town
from tests.fakes.prefix_proxy import prefix_proxy

expect.set_options(timeout=WAIT_MS)

RESIDENT = "sam@example.org"


async def with_a_mail(rig: Rig, made: Browsers, url: str) -> Desk:
    """An agent who holds a mail, at the desk at that address."""
    desk = await made.desk(url)
    await desk.open("amara")
    await desk.available()
    await rig.letters.send(RESIDENT, "Garbage", "When is it collected?")
    await desk.accept()
    await desk.page.get_by_label("Your answer").wait_for()
    await desk.choose("Then", "stay with it")
    return desk


async def arrived(rig: Rig, text: str) -> int:
    """Wait until the resident has an answer with that text; return how many they have."""

    def copies() -> int:
        return sum(text in copy.text for copy in rig.world.to(RESIDENT))

    await reached("the answer arrives", lambda: copies() > 0)
    return copies()


async def test_behind_a_prefix_a_cut_network_loses_nothing(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        async with prefix_proxy(rig.daemon.port) as network:
            desk = await with_a_mail(rig, made, network.url)
            page = desk.page
            (cookie,) = await page.context.cookies()
            assert (cookie["path"], cookie["httpOnly"]) == ("/town/", True)
            network.cut()
            await expect(page.get_by_text("Not connected. Trying again")).to_be_visible()
            await desk.write("On Monday, said while the network was away.")
            await page.get_by_role("button", name="Send").click()
            await expect(page.get_by_text("waits for the connection…")).to_be_visible()
            await desk.write("And this was begun then.")
            network.mend()
            await expect(page.get_by_text("waits for the connection…")).to_have_count(0)
            assert await arrived(rig, "said while the network was away") == 1
            await page.reload()
            await expect(page.get_by_label("Your answer")).to_have_value("And this was begun then.")
            log = page.get_by_role("log")
            await expect(log.get_by_text("said while the network was away")).to_have_count(1)
            assert all(" /town/" in line for line in network.asked), network.asked


async def test_a_killed_daemon_loses_nothing(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await with_a_mail(rig, made, rig.daemon.url)
        page = desk.page
        await desk.write("Half a sentence,")
        await rig.daemon.kill()
        await expect(page.get_by_text("Not connected. Trying again")).to_be_visible()
        area = page.get_by_label("Your answer")
        await area.press("Control+End")
        await page.keyboard.type(" and the other half.")
        await page.get_by_role("button", name="Send").click()
        await rig.daemon.start()
        await expect(page.get_by_text("Not connected. Trying again")).to_have_count(0)
        assert await arrived(rig, "Half a sentence, and the other half.") == 1
        await expect(page.get_by_role("button", name="Status: Available")).to_be_visible()


async def test_an_answer_whose_ok_was_lost_is_not_sent_twice(tmp_path: Path) -> None:
    """The reply is stored, the connection breaks before `ok`: the same key goes out again."""
    async with open_town(tmp_path) as (rig, made):
        desk = await with_a_mail(rig, made, rig.daemon.url)
        page = desk.page
        # the tab forgets that it was answered, as if it had been closed a moment too early
        await page.evaluate(
            """() => {
              const set = Storage.prototype.setItem;
              window.first = '';
              Storage.prototype.setItem = function (key, value) {
                if (key.startsWith('townline.outbox')) window.first ||= value;
                return set.call(this, key, value);
              };
            }"""
        )
        await desk.write("Once is enough.")
        await page.get_by_role("button", name="Send").click()
        assert await arrived(rig, "Once is enough.") == 1
        await expect(page.get_by_text("being sent…")).to_have_count(0)
        await page.evaluate("localStorage.setItem('townline.outbox.amara', window.first)")
        await page.reload()
        await page.get_by_label("Your answer").wait_for()
        await expect(page.get_by_text("being sent…")).to_have_count(0)
        assert await page.evaluate("localStorage.getItem('townline.outbox.amara')") is None
        await expect(page.get_by_role("log").get_by_text("Once is enough.")).to_have_count(1)
        assert await arrived(rig, "Once is enough.") == 1


async def test_a_second_tab_takes_over_and_gives_back(tmp_path: Path) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await with_a_mail(rig, made, rig.daemon.url)
        first = desk.page
        await desk.write("Begun in the first tab")
        second = await first.context.new_page()
        await second.goto(f"{rig.daemon.url}/desk/")
        await expect(second.get_by_label("Your answer")).to_have_value("Begun in the first tab")
        await expect(first.get_by_text("This desk is open somewhere else")).to_be_visible()
        await second.get_by_label("Your answer").fill("Begun in the first tab, gone on with")
        await first.get_by_role("button", name="Work here instead").click()
        await expect(second.get_by_text("This desk is open somewhere else")).to_be_visible()
        area = first.get_by_label("Your answer")
        await expect(area).to_have_value("Begun in the first tab, gone on with")


async def test_a_session_that_ends_asks_for_the_password_and_keeps_the_text(
    tmp_path: Path,
) -> None:
    async with open_town(tmp_path) as (rig, made):
        desk = await with_a_mail(rig, made, rig.daemon.url)
        page = desk.page
        await desk.write("Do not lose this")
        await page.context.clear_cookies()
        await rig.daemon.stop()
        await rig.daemon.start()
        await expect(page.get_by_text("Your session has ended.")).to_be_visible()
        await desk.sign_in("amara")
        await expect(page.get_by_label("Your answer")).to_have_value("Do not lose this")
