"""An agent's own figures: the report's, for oneself alone, and up to the minute."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from router.core.model import HOUR, SECOND
from tests.core.text_town import writing_town
from tests.desk.house import House, house
from tests.desk.test_api import _ask


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, policy=writing_town()) as made:
        yield made


async def figures(hall: House, name: str, language: str = "en") -> Any:
    answer = await _ask(hall, name, "GET", f"/agents/me/figures?language={language}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def worked(hall: House) -> None:
    """Amina deals with a form and a mail and leaves a mail to Boris, who lets it pass."""
    async with hall.desk("amina") as amina:
        await hall.form("F1")
        await amina.do("take", item="F1")
        await hall.pass_time(5 * SECOND)
        await amina.do("close", item="F1", code="answered")
        await amina.do("status", status="available")
        await hall.mail("M1", "When are leaves collected?")
        offer = (await amina.until("offer"))["offer"]["offer"]
        await amina.do("accept", offer=offer)
        await hall.pass_time(3 * SECOND)
        await amina.do("close", item="M1", code="answered")
        await hall.mail("M2", "And branches?", sender="pat")
        offer = (await amina.until("offer"))["offer"]["offer"]
        await amina.do("decline", offer=offer)
        await amina.do("sign_out")
    async with hall.desk("boris") as boris:
        await boris.do("take", item="M2")
        await hall.pass_time(4 * SECOND)
        await boris.do("close", item="M2", code="answered")
    await hall.feed_history()
    await hall.feed_reports()


async def test_they_are_those_of_the_report_by_agent_and_of_nobody_else(hall: House) -> None:
    await worked(hall)
    report = (await _ask(hall, "sam", "GET", "/reports/day?by=agent")).json()
    for name in ("amina", "boris"):
        own = await figures(hall, name)
        theirs = {r["channel"]: r["figures"] for r in report["rows"] if r["value"] == name}
        assert [row["channel"] for row in own["rows"]][-1] == ""
        for row in own["rows"]:
            expected = theirs.pop(row["channel"])
            shown = {key: value for key, value in row["figures"].items() if key in expected}
            if name == "amina":  # who is at a desk still goes on counting
                assert shown == expected
            assert shown["handled"] == expected["handled"]
        assert theirs == {}
    own = await figures(hall, "amina")
    by_channel = {row["channel"]: row["figures"] for row in own["rows"]}
    assert {channel: row["handled"] for channel, row in by_channel.items()} == {
        "webform": 1,
        "mail": 1,
        "": 2,
    }
    assert by_channel[""]["handle_time"] == 4.0
    assert (by_channel[""]["declined"], by_channel[""]["missed"]) == (1, 0)
    assert (await figures(hall, "boris"))["rows"][-1]["figures"]["declined"] == 0


async def test_every_figure_is_defined_in_both_languages(hall: House) -> None:
    await worked(hall)
    for language, handled in (("en", "Handled"), ("fr", "Traitements")):
        own = await figures(hall, "amina", language)
        names = {each["key"]: each["name"] for each in own["definitions"]}
        assert names["handled"] == handled
        assert set(names) == set(own["rows"][-1]["figures"])
        assert all(each["definition"] for each in own["definitions"])


async def test_time_at_the_desk_counts_up_to_now(hall: House) -> None:
    async with hall.desk("amina") as amina:
        await amina.do("status", status="available")
        await hall.feed_history()
        await hall.feed_reports()
        await hall.keep_alive(60 * SECOND)
        last = (await figures(hall, "amina"))["rows"][-1]["figures"]
    assert last["ready"] == pytest.approx(60 / 3600, abs=0.002)
    assert last["away"] == 0


async def test_yesterday_is_over(hall: House) -> None:
    await worked(hall)
    await hall.pass_time(24 * HOUR)
    assert (await figures(hall, "amina"))["rows"] == []


async def test_who_takes_no_items_has_none(hall: House) -> None:
    answer = await _ask(hall, "sam", "GET", "/agents/me/figures")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")
