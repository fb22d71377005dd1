"""What an agent sees of a resident who has come before: by every channel, and nobody else's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from router.core import commands as c
from router.core.model import SECOND, ItemId
from router.history import earlier as found
from router.history import words as kept
from router.history.blocked import Blocked
from router.ports import Words
from tests.core.text_town import writing_town
from tests.desk.house import House, house
from tests.desk.test_api import _ask

NUMBER = "+19055550123"  # of who sends forms in `house`


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, policy=writing_town()) as made:
        yield made


async def call(hall: House, name: str, *keys: str, number: str = NUMBER) -> None:
    """Somebody phones with their number shown, and presses keys."""
    item, ref = ItemId(name), f"c-{name}"
    contact = Words(
        ref, "contact", msgspec.json.encode({"number": number, "name": "", "email": ""})
    )
    start = c.StartCall(
        item_id=item,
        key=f"call:{name}",
        call_id=f"CA{name}",
        called="+19055550100",
        address_key=f"phone-{number}",
        contact_ref=ref,
    )
    await hall.inbox.submit(start, lambda _: None, words=(contact,))
    for key in keys:
        flow = hall.engine.state.items[item].flow
        assert flow is not None
        await hall.inbox.submit(c.AdvanceFlow(item, flow.step, digits=key), lambda _: None)


async def past(hall: House) -> None:
    """Robin has sent a form and written a mail, which waits for them; somebody else has written."""
    async with hall.desk("chloe") as chloe:
        await hall.form("F1")  # with number and address, filed under a key of its own
        await chloe.do("take", item="F1")
        await chloe.do("close", item="F1", code="answered", note="a crew is sent")
        await hall.pass_time(5 * SECOND)
        await hall.mail("M1", "And the lamp is out.", sender="r")
        await chloe.do("take", item="M1")
        await chloe.do("wait", item="M1")
        await hall.pass_time(5 * SECOND)
        await hall.mail("X1", "Something else.", sender="stranger")
        await chloe.do("take", item="X1")
        await chloe.do("close", item="X1", code="answered")
        await chloe.do("sign_out")


async def earlier(hall: House, item: str, name: str = "amina", rest: str = "") -> Any:
    return await _ask(hall, name, "GET", f"/items/{item}/earlier{rest}")


async def test_a_caller_is_known_by_the_number_and_by_the_address_that_stood_beside_it(
    hall: House,
) -> None:
    await past(hall)
    async with hall.desk("amina") as amina:
        await amina.do("status", status="available")
        await call(hall, "C1", "1", "1")
        await amina.until("offer")
        await hall.feed_history()
        page = (await earlier(hall, "C1")).json()
    assert [each["item"] for each in page["items"]] == ["M1", "F1"]
    assert (page["more"], page["blocked"]) == (False, False)
    mail, form = page["items"]
    assert (mail["form"], mail["state"], mail["agent"]) == ("mail", "deferred", form["agent"])
    assert mail["subject"] == "Leaves"  # as its resident wrote
    assert form["agent"] == {"id": "chloe", "name": "Chloe"}
    assert (form["state"], form["code"], form["note"]) == ("closed", "answered", "a crew is sent")
    assert (form["name"], form["subject"]) == ("Robin Example", "pothole")


async def test_the_step_to_other_addresses_has_a_measure(
    hall: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await past(hall)
    monkeypatch.setattr(found, "NEAR_MAX", 0)
    async with hall.desk("amina") as amina:
        await amina.do("status", status="available")
        await call(hall, "C1", "1", "1")
        await amina.until("offer")
        await hall.feed_history()
        page = (await earlier(hall, "C1")).json()
    assert [each["item"] for each in page["items"]] == ["F1"]  # by the number alone


async def test_they_come_by_pages_and_end(hall: House) -> None:
    await past(hall)
    await hall.form("F2")
    async with hall.desk("amina") as amina:
        await amina.do("take", item="F2")
        await hall.feed_history()
        first = (await earlier(hall, "F2", rest="?limit=1")).json()
        assert ([each["item"] for each in first["items"]], first["more"]) == (["M1"], True)
        rest = (await earlier(hall, "F2", rest="?limit=1&after=M1")).json()
        assert ([each["item"] for each in rest["items"]], rest["more"]) == (["F1"], False)


async def test_one_is_read_with_its_words_and_the_reading_stands_in_the_trail(
    hall: House,
) -> None:
    await past(hall)
    await hall.form("F2")
    async with hall.desk("amina") as amina:
        await amina.do("take", item="F2")
        await hall.feed_history()
        read = (await earlier(hall, "F2", rest="/M1")).json()
        form = (await earlier(hall, "F2", rest="/F1")).json()
        foreign = await earlier(hall, "F2", rest="/X1")
    message = read["messages"][0]
    assert (message["by"], message["text"]) == ("resident", "And the lamp is out.")
    assert (form["words"]["fields"], form["messages"]) == ({"where": "Main St"}, [])
    assert (foreign.status_code, foreign.json()["code"]) == (404, "unknown-item")
    trail = (await _ask(hall, "adele", "GET", "/audit?limit=20")).json()
    noted = [(each["who"], each["what"], each["target"]) for each in trail]
    assert ("amina", "history-read", "M1 at F2") in noted
    assert ("amina", "history-read", "X1 at F2") not in noted


async def test_only_who_has_the_item_at_hand_looks_and_supervisors(hall: House) -> None:
    await past(hall)
    await hall.form("F2")
    await hall.feed_history()
    for rest in ("", "/F1"):
        refused = await earlier(hall, "F2", rest=rest)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
        async with hall.desk("amina"):  # at work, but it is not in her hands
            refused = await earlier(hall, "F2", rest=rest)
            assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
        assert (await earlier(hall, "F2", "sam", rest)).status_code == 200
    assert (await earlier(hall, "no-such-item", "sam")).status_code == 404


async def test_who_was_forgotten_has_no_history(hall: House) -> None:
    await past(hall)
    await hall.mail("M2", "Here I am again.", sender="r")  # filed as the mail before
    await hall.feed_history()
    assert len((await earlier(hall, "M2", "sam")).json()["items"]) == 2
    now = hall.clock.now()
    await hall.database.write(
        lambda connection: kept.empty(connection, ["c-F1", "w-F1", "c-M1"], now)
    )
    page = (await earlier(hall, "M2", "sam")).json()
    assert page["items"] == []
    for gone in ("F1", "M1"):
        assert (await earlier(hall, "M2", "sam", f"/{gone}")).status_code == 404


async def test_who_withheld_everything_has_no_history(hall: House) -> None:
    await call(hall, "C1", number="")
    await hall.mail("M1", "Hello.", address_key="", contact_ref="")
    await hall.mail("M2", "Hello.", address_key="", contact_ref="")
    await hall.feed_history()
    assert (await earlier(hall, "M2", "sam")).json()["items"] == []


async def test_who_may_not_chat_is_shown_as_such(hall: House) -> None:
    await hall.mail("M1", "Hello.")
    await hall.feed_history()
    await Blocked(hall.database, hall.clock).block("sam", None, "abuse", "adele")
    assert (await earlier(hall, "M1", "sam")).json()["blocked"] is True
