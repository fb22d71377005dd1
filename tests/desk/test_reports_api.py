"""Reports over HTTP: the same figures as JSON, as files and as a page, for those who lead."""

from __future__ import annotations

import csv
import io

import httpx
import openpyxl
import pytest

from router.core import commands as c
from router.core.model import MINUTE, SECOND, AgentId, AgentStatus, ItemId
from router.desk.api_reports import XLSX
from router.history.audit import Audit
from tests.desk.house import House


async def a_morning(office: House) -> None:
    """Amina answers one of two callers; the other one gives up after 40 s."""
    amina = AgentId("amina")
    await office.inbox.submit(c.SignIn(amina, "d"), lambda _: None)
    await office.inbox.submit(c.SetStatus(amina, AgentStatus.AVAILABLE), lambda _: None)
    first = await office.call("A", "1", "2")
    offer = next(iter(office.engine.state.offers))
    await office.inbox.submit(c.AcceptOffer(offer, amina), lambda _: None)
    await office.pick_up(first, "amina")
    await office.call("B", "1", "2")
    await office.pass_time(20 * SECOND)
    await office.inbox.submit(c.RenewLeases(((amina, "d"),)), lambda _: None)
    await office.pass_time(20 * SECOND)
    end = c.EndCall(ItemId("B"), "CAB", "completed")
    await office.inbox.submit(end, lambda _: None)
    await office.inbox.submit(c.CloseItem(first, amina, code="answered"), lambda _: None)
    await office.feed_reports()


async def got(office: House, path: str, who: str = "sam") -> httpx.Response:
    headers = {"Authorization": f"Bearer {await office.token(who)}"}
    async with office.http() as http:
        return await http.get(path, headers=headers)


async def test_a_day_is_told_with_every_definition(office: House) -> None:
    await a_morning(office)
    report = (await got(office, "/reports/day?by=queue&day=2026-11-23")).json()
    (row,) = [each for each in report["rows"] if each["channel"] == "voice"]
    told = row["figures"]
    assert (row["value"], row["name"], row["promised"]) == ("general", "general", "70% in 30 s")
    assert (told["received"], told["offered"], told["answered"]) == (2, 2, 1)
    assert (told["service_level"], told["abandoned_share"]) == (0.5, 0.5)
    assert (told["handled"], told["handle_time"]) == (1, 40.0)
    assert {each["key"] for each in report["definitions"]} == set(told)
    assert all(each["definition"] for each in report["definitions"])
    assert report["formulas"]["townline/1"].startswith("answered in time / offered")
    assert (report["period"], report["is_over"]) == ("2026-11-23", False)


async def test_channels_are_never_added_up(office: House) -> None:
    await a_morning(office)
    report = (await got(office, "/reports/month?by=category")).json()
    for row in (*report["rows"], *report["total"]):
        waiting = ("service_level", "offered", "answer_time", "abandoned_share")
        assert [row["figures"][key] is None for key in waiting] == [row["channel"] == ""] * 4


@pytest.mark.parametrize("by", ["queue", "channel", "category", "ward", "agent", "day"])
async def test_each_choice_is_the_same_in_json_csv_and_xlsx(office: House, by: str) -> None:
    await a_morning(office)
    report = (await got(office, f"/reports/week?by={by}")).json()
    assert report["rows"]
    as_csv = await got(office, f"/reports/week/csv?by={by}")
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="townline-2026-W48-{by}.csv"' in as_csv.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(as_csv.text)))
    rows = [*report["rows"], *report["total"]]
    told = [{k: "" if v is None else str(v) for k, v in row["figures"].items()} for row in rows]
    assert [{k: line[k] for k in told[0]} for line in lines] == told
    workbook = await got(office, f"/reports/week/xlsx?by={by}")
    assert workbook.headers["content-type"] == XLSX
    sheet, means = openpyxl.load_workbook(io.BytesIO(workbook.content)).worksheets
    head, *body = sheet.iter_rows(values_only=True)
    assert [line[8:] for line in body] == [tuple(row["figures"].values()) for row in rows]
    assert list(head[8:]) == [each["name"] for each in report["definitions"]]
    assert means.max_row == 1 + len(report["definitions"]) + len(report["formulas"])


async def test_the_page_has_no_style_and_no_script_in_it_and_names_no_agent(office: House) -> None:
    await a_morning(office)
    page = await got(office, "/reports/month/page?language=fr")
    assert page.headers["content-type"].startswith("text/html")
    assert '<html lang="fr">' in page.text
    assert "Rapport mensuel 2026-11" in page.text
    assert '<link rel="stylesheet" href="../print.css">' in page.text
    for forbidden in ("style=", "<style", "<script", "onclick", "Amina"):
        assert forbidden not in page.text
    async with office.http() as http:
        style = await http.get("/reports/print.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "@page" in style.text


async def test_who_took_a_file_away_stands_in_the_audit_log(office: House) -> None:
    await a_morning(office)
    for path in ("/reports/day", "/reports/day/csv?by=agent", "/reports/month/page"):
        assert (await got(office, path)).status_code == 200
    trail = await Audit(office.database, office.clock).recent()
    told = [(each.who, each.what, each.target) for each in trail]
    assert told[:2] == [
        ("sam", "report-printed", "2026-11 by council"),
        ("sam", "report-downloaded", "2026-11-23 by agent as csv"),
    ]


async def test_an_agent_may_read_what_figures_mean_and_nothing_else(office: House) -> None:
    assert (await got(office, "/reports/figures?language=fr", "amina")).status_code == 200
    assert (await got(office, "/reports/day", "amina")).json()["code"] == "not-permitted"


@pytest.mark.parametrize(
    "path",
    [
        "/reports/year",
        "/reports/day?day=yesterday",
        "/reports/day?by=resident",
        "/reports/week?by=hour",
    ],
)
async def test_what_there_is_not_is_refused(office: House, path: str) -> None:
    answer = await got(office, path)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")


async def test_a_day_of_which_nothing_is_known_is_empty(office: House) -> None:
    await office.pass_time(MINUTE)
    await office.feed_reports()
    report = (await got(office, "/reports/day?day=2020-02-29")).json()
    assert (report["rows"], report["total"], report["is_over"]) == ([], [], True)
    page = await got(office, "/reports/day/page?day=2020-02-29")
    assert "Nothing was counted" in page.text
