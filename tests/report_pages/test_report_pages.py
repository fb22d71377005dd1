"""The report pages in a real browser: what those who lead choose, read and take away."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Route, expect

from tests.desk.house import House
from tests.report_pages.conftest import OpenReports, settled

TODAY = "2026-11-23"


async def test_a_day_is_told_as_the_daemon_counted_it(morning: House, reports: OpenReports) -> None:
    page = await reports()
    await settled(page)
    await expect(page.locator("h1")).to_contain_text("Monday, November 23, 2026 (so far)")
    summary = page.locator("dl").first
    await expect(summary).to_contain_text(re.compile(r"Received\s*3"), use_inner_text=True)
    await page.get_by_role("button", name="Waiting", exact=True).click()
    calls = page.locator("tbody tr", has_text="general").filter(has_text="Calls")
    for figure in ("50.0", "70% in 30 s"):
        await expect(calls).to_contain_text(figure)
    await expect(page.locator("figure[aria-label='Service level: Calls']")).to_contain_text(
        "promised 70.0"
    )
    await expect(page.locator("main")).to_contain_text("answered in time / offered")


async def test_every_grouping_shows(morning: House, reports: OpenReports) -> None:
    page = await reports("?kind=week")
    await settled(page)
    table = page.locator("section[aria-label=Table]")
    groups = {
        "Queue": "general",
        "Channel": "Calls",
        "Category": "pothole",
        "Ward": "(none)",
        "Agent": "Amina",
        "Day": TODAY,
    }
    for by, row in groups.items():
        await page.get_by_label("By", exact=True).select_option(by)
        await expect(table.locator("thead th").first).to_have_text(by)
        await expect(table.locator("tbody th", has_text=row).first).to_be_visible()
    await page.get_by_role("button", name="Day", exact=True).click()  # days become hours
    await expect(table.locator("tbody th", has_text="10:00").first).to_be_visible()


async def test_the_address_holds_the_choice(morning: House, reports: OpenReports) -> None:
    page = await reports()
    await settled(page)
    await page.get_by_role("button", name="Month", exact=True).click()
    await page.get_by_label("By", exact=True).select_option("agent")
    await page.get_by_role("button", name=re.compile("Agents. time")).click()
    await expect(page).to_have_url(re.compile(r"\?kind=month&by=agent&figures=time$"))
    await expect(page.locator("h1")).to_contain_text("November 2026")
    await page.reload()
    await settled(page)
    await expect(page.locator("section[aria-label=Table] thead")).to_contain_text("Occupancy")
    await page.go_back()
    await page.go_back()
    await expect(page.get_by_label("By", exact=True)).to_have_value("queue")
    await expect(page.locator("section[aria-label=Table] thead")).to_contain_text("Received")
    await page.get_by_role("link", name="Wallboard").click()
    await page.go_back()
    await expect(page.locator("h1")).to_contain_text("November 2026")


async def test_the_period_before_stands_beside(morning: House, reports: OpenReports) -> None:
    page = await reports()
    await settled(page)
    await page.get_by_role("button", name="Period before").click()
    await expect(page).to_have_url(re.compile(r"\?day=2026-11-22$"))
    await expect(page.locator(".told")).to_have_text("Nothing was counted in this period.")
    await page.get_by_role("button", name="Period after").click()
    await settled(page)
    await expect(page.get_by_role("button", name="Period after")).to_be_disabled()
    await page.get_by_label("Any day of it").fill("2026-11-24")
    await page.get_by_label("Any day of it").press("Tab")
    summary = page.locator("dl").first
    fewer = re.compile(r"Received\s*0\s*.100.%\s*before: 3")
    await expect(summary).to_contain_text(fewer, use_inner_text=True)
    await expect(page.locator("main")).to_contain_text("This period is not over")
    await page.get_by_label("Beside the period before").uncheck()
    await expect(summary).not_to_contain_text("before:")


async def test_a_figure_says_what_it_means_when_pointed_at_focused_and_read_out(
    morning: House, reports: OpenReports
) -> None:
    page = await reports()
    await settled(page)
    meaning = "Items that came in on these days."
    tip = page.locator(".tip")
    term = page.locator("section[aria-label=Table] thead button").first
    await term.focus()
    await expect(tip).to_have_text(meaning)
    await page.keyboard.press("Escape")
    await expect(tip).to_be_hidden()
    await expect(term).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(tip).to_contain_text("divided by the calendar days")
    await page.locator("h1").click()
    await expect(tip).to_be_hidden()
    await term.hover()
    await expect(tip).to_have_text(meaning)
    await tip.hover()  # whoever enlarges the screen has to get there
    await expect(tip).to_be_visible()
    await page.locator("section[aria-label=Table] tbody td.figures").first.hover()
    await expect(tip).to_contain_text(meaning)
    terms = page.locator("main button[aria-describedby]")
    told = await terms.evaluate_all(
        "all => all.map(e => document.getElementById(e.getAttribute('aria-describedby')))"
        ".map(e => e.textContent.length)"
    )
    assert len(told) > 10
    assert min(told) > 10


async def test_what_is_drawn_stands_in_a_table_too(morning: House, reports: OpenReports) -> None:
    page = await reports()
    chart = page.locator("figure[aria-label='Received by hour']")
    await expect(chart.locator("svg[role=img]")).to_have_attribute(
        "aria-label", re.compile("Calls, most 10:00: 2; Forms, most 10:00: 1")
    )
    assert await chart.locator("rect").count() == 4  # two layers, two signs beside their names
    await chart.locator("summary").click()
    line = await chart.locator("tbody tr").first.locator("th, td").all_inner_texts()
    assert line == ["10:00", "2", "1"]


async def test_files_and_the_page_for_council_are_taken_away(
    morning: House, reports: OpenReports, tmp_path: Path
) -> None:
    page = await reports("?kind=month&by=channel")
    await settled(page)
    for name, file in (("CSV", "2026-11-channel.csv"), ("Excel", "2026-11-channel.xlsx")):
        async with page.expect_download() as download:
            await page.get_by_role("link", name=name).click()
        got = await download.value
        assert got.suggested_filename == f"townline-{file}"
        await got.save_as(tmp_path / name)
    lines = list(csv.DictReader(io.StringIO((tmp_path / "CSV").read_text(encoding="utf-8"))))
    assert {line["value"]: line["received"] for line in lines}["voice"] == "2"
    assert (tmp_path / "Excel").read_bytes().startswith(b"PK")
    async with page.expect_popup() as popup:
        await page.get_by_role("link", name="Page for Council").click()
    council = await popup.value
    await council.wait_for_load_state()
    await expect(council.locator("h1")).to_contain_text("2026-11")
    assert await council.evaluate("document.styleSheets[0].cssRules.length") > 3


async def test_agents_have_no_reports(morning: House, reports: OpenReports) -> None:
    page = await reports(who="amina")
    await expect(page.locator("main h1")).to_have_text("This page is not for your role.")
    await expect(page.get_by_role("link", name="Reports")).to_have_count(0)


async def test_an_address_that_means_nothing_says_so(morning: House, reports: OpenReports) -> None:
    page = await reports("?day=2026-02-30")
    await expect(page.get_by_role("alert")).to_contain_text("a report that there is not")
    await page.get_by_role("button", name="Show today").click()
    await settled(page)


def holding(gate: asyncio.Event, asked: list[str]) -> Callable[[Route], object]:
    """Return a handler that lets nothing through before the gate is open."""

    async def handle(route: Route) -> None:
        asked.append(route.request.url)
        await gate.wait()
        await route.continue_()

    return handle


async def test_a_slow_answer_is_waited_for_and_an_older_one_given_up(
    morning: House, reports: OpenReports
) -> None:
    page = await reports()
    await settled(page)
    gate, asked, given_up = asyncio.Event(), list[str](), list[str]()
    page.on("requestfailed", lambda request: given_up.append(request.url))
    await page.route("**/api/v1/reports/month*", holding(gate, asked))
    await page.get_by_role("button", name="Month", exact=True).click()
    await expect(page.locator(".shown")).to_have_attribute("aria-busy", "true")
    await expect(page.locator("main p[role=status]")).to_have_text("The report is being made…")
    await page.get_by_role("button", name="Week", exact=True).click()
    await expect(page.locator("h1")).to_contain_text("Week of November 23")
    await settled(page)
    assert len(asked) == len(given_up) == 1
    gate.set()
    await expect(page.locator("h1")).to_contain_text("Week of November 23")


async def test_a_mistake_of_the_daemon_is_told_and_can_be_tried_again(
    morning: House, reports: OpenReports
) -> None:
    page = await reports("?kind=week")
    await settled(page)
    broken = '{"code": "storage-unavailable", "message": "disk"}'
    await page.route(
        "**/api/v1/reports/month*", lambda route: route.fulfill(status=503, body=broken)
    )
    await page.get_by_role("button", name="Month", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("It could not be stored now.")
    await expect(page.locator("section")).to_have_count(0)  # no figures of another period
    await page.unroute("**/api/v1/reports/month*")
    await page.get_by_role("button", name="Try again").click()
    await settled(page)
    await expect(page.locator("h1")).to_contain_text("November 2026")
