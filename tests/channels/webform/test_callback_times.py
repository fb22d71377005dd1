"""Forms on which one chooses when to be called back, and what the town says in front of them."""

from __future__ import annotations

import re
from html import unescape

from router.core import commands_hours as h
from router.core.model import HOUR, Form, ItemState
from tests.channels.webform.conftest import Site
from tests.core.town import OPEN

INQUIRY = {
    "question": "Is my permit ready?",
    "name": "Zoë Roy",
    "email": "zoe@example.org",
    "phone": "905-555-0123",
}


def times_on(page: str) -> list[str]:
    found = re.search(r'<select id="f-call".*?</select>', page, re.DOTALL)
    assert found is not None
    return re.findall(r'<option value="([^"]*)"', found[0])


async def test_the_times_that_are_left_are_offered_in_words(site: Site) -> None:
    page = (await site.client.get("/forms/inquiry")).text
    assert times_on(page)[:3] == ["", "soon", "2026-11-23T12:00-05:00"]
    assert "Monday, November 23, noon to 2 pm" in page
    french = unescape((await site.client.get("/forms/inquiry?lang=fr")).text)
    assert "lundi 23 novembre, midi à 14 h" in french


async def test_a_chosen_time_is_a_callback_and_is_thanked_with_it(site: Site) -> None:
    time = times_on((await site.client.get("/forms/inquiry")).text)[2]
    answer = await site.client.post("/forms/inquiry", data={**INQUIRY, "call": time})
    assert answer.status_code == 201
    assert "We will call you: Monday, November 23, noon to 2 pm." in answer.text
    [item] = site.inbox.state.items.values()
    assert (item.form, item.state) == (Form.CALLBACK, ItemState.DEFERRED)
    soon = await site.client.post("/forms/inquiry", data={**INQUIRY, "call": "soon"})
    assert "As soon as somebody is free" in soon.text


async def test_a_time_that_was_taken_meanwhile_comes_back_with_those_that_are_left(
    site: Site,
) -> None:
    time = times_on((await site.client.get("/forms/inquiry")).text)[2]
    for number in range(6):
        data = {**INQUIRY, "phone": f"905-555-010{number}", "call": time}
        assert (await site.client.post("/forms/inquiry", data=data)).status_code == 201
    answer = await site.client.post("/forms/inquiry", data={**INQUIRY, "call": time})
    assert answer.status_code == 422
    assert "That time was just taken" in answer.text
    assert time not in times_on(answer.text)
    assert "Is my permit ready?" in answer.text
    assert len(site.inbox.state.items) == 6


async def test_the_last_place_sent_twice_is_still_one_contact(site: Site) -> None:
    time = times_on((await site.client.get("/forms/inquiry")).text)[2]
    for number in range(5):
        data = {**INQUIRY, "phone": f"905-555-010{number}", "call": time}
        await site.client.post("/forms/inquiry", data=data)
    data = {**INQUIRY, "call": time, "_key": "p-1"}
    one = await site.client.post("/forms/inquiry", data=data)
    two = await site.client.post("/forms/inquiry", data=data)
    assert (one.status_code, two.status_code) == (201, 200)


async def test_a_time_without_a_number_asks_for_the_number(site: Site) -> None:
    data = {**INQUIRY, "phone": "", "call": "soon"}
    answer = await site.client.post("/forms/inquiry", json=data)
    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == ["phone"]


async def test_what_is_no_time_is_refused(site: Site) -> None:
    for time in ("tomorrow", "2026-11-23T12:00", "2026-11-23T12:01-05:00"):
        answer = await site.client.post("/forms/inquiry", json={**INQUIRY, "call": time})
        assert (answer.status_code, list(answer.json()["fields"])) == (422, ["call"])


async def test_a_surge_and_messages_stand_on_every_page_with_their_end(site: Site) -> None:
    desk = site.inbox.desk
    desk.do(h.BeginSurge(until=OPEN + 4 * HOUR, reason="storm", by="sam"))
    plows = {"en": "Plows <are> out.", "fr": "Les charrues sont sorties."}
    until = OPEN + 2 * HOUR
    desk.do(h.AnnounceMessage(id="plows", text=plows, until=until, numbers=(), by="sam"))
    by_phone = {"en": "For this number alone."}
    numbers = ("+19055550101",)
    desk.do(h.AnnounceMessage(id="one", text=by_phone, until=until, numbers=numbers, by="sam"))
    for path in ("/forms", "/forms/inquiry"):
        page = (await site.client.get(path)).text
        assert "What is known is on our home page." in page
        assert "Plows &lt;are&gt; out. (Until Monday, November 23, at noon.)" in page
        assert "For this number alone" not in page
    french = unescape((await site.client.get("/forms/inquiry?lang=fr")).text)
    assert "Les charrues sont sorties. (Jusqu'au lundi 23 novembre à midi.)" in french
    told = (await site.client.post("/forms/inquiry", json=INQUIRY)).json()["said"].splitlines()
    assert len(told) == 2
    assert "What is known is on our home page." in told[0]
    assert told[1] == "Plows <are> out. (Until Monday, November 23, at noon.)"
    await site.clock.advance_to(OPEN + 3 * HOUR)
    assert "Plows" not in (await site.client.get("/forms/inquiry")).text
