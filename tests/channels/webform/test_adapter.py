"""Web forms over HTTP: stored once, never lost, never a 500."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.buckets import Buckets
from router.core import commands as c
from router.core.model import DAY, HOUR, MINUTE, AgentId, Channel, ItemId
from router.errors import Overloaded, StorageUnavailable, UnknownTarget
from router.history.ledger import ItemRow
from tests.core.town import NIGHT

from .conftest import URL, Site

REPORT = {
    "problem": "pothole",
    "place": "12 Main Street",
    "description": "Deep one.\r\nCar damaged.",
    "name": "Zoë Roy",
    "email": "zoe@example.org",
    "phone": "(905) 555-0123",
}
JSON = {"content-type": "application/json"}


def reference_on(page: str) -> str:
    found = re.search(r'class="reference">([0-9A-Z]{10})<', page)
    assert found is not None
    return found[1]


def submitted(site: Site) -> list[c.SubmitForm]:
    return [command for command in site.inbox.submitted if isinstance(command, c.SubmitForm)]


# --- pages ---------------------------------------------------------------------------------------


async def test_the_list_leads_to_every_form(site: Site) -> None:
    page = (await site.client.get("/forms")).text
    assert re.findall(r'href="/forms/(\w+)\?lang=en"', page) == ["report", "inquiry", "licence"]
    assert re.findall(r">Forms</(\w+)>", page) == ["h1"]


async def test_a_form_has_all_fields_a_key_and_a_label_for_each(site: Site) -> None:
    answer = await site.client.get("/forms/report")
    assert answer.status_code == 200
    for field in REPORT:
        assert f'name="{field}"' in answer.text
        assert f'for="f-{field}"' in answer.text
    assert re.search(r'name="_key" value="p-[0-9A-Z]{20}"', answer.text)
    assert "dial 911" in answer.text
    assert '<html lang="en-CA">' in answer.text


@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en-CA"),
        ("?lang=fr", "en", "fr-CA"),
        ("", "fr-FR,fr;q=0.9,en;q=0.5", "fr-CA"),
        ("", "de, fr;q=0.2, en;q=0.1", "fr-CA"),
        ("", "fr;q=0", "en-CA"),
        ("", "fr;q=nan, en;q=0.1", "en-CA"),
        ("", ";;q=,=,fr;x=1" * 500, "en-CA"),
        ("?lang=%00", "*", "en-CA"),
    ],
)
async def test_the_language_is_asked_for_or_accepted(
    site: Site, query: str, header: str, language: str
) -> None:
    answer = await site.client.get(f"/forms/report{query}", headers={"accept-language": header})
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language


async def test_few_choices_of_which_one_is_needed_are_buttons_with_a_legend(site: Site) -> None:
    page = (await site.client.get("/forms/licence")).text
    assert "<legend>Which licence?</legend>" in page
    assert re.findall(r'type="radio" id="([\w-]+)" name="kind" value="(\w+)" required', page) == [
        ("f-kind", "marriage"),
        ("f-kind-2", "business"),
        ("f-kind-3", "other"),
    ]
    answer = await site.client.post("/forms/licence", data={"kind": "business"})
    assert 'value="business" checked required' in answer.text
    assert 'aria-describedby="wrong-email"' in answer.text


async def test_every_page_is_closed_to_scripts_and_frames(site: Site) -> None:
    for path in ("/forms", "/forms/report", "/forms/none", "/forms/status/0000000000"):
        answer = await site.client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "<script" not in answer.text
        assert "set-cookie" not in answer.headers


# --- submissions ---------------------------------------------------------------------------------


async def test_a_form_is_stored_with_words_apart_and_thanked_with_its_due_time(site: Site) -> None:
    answer = await site.client.post("/forms/report", data=REPORT)
    assert answer.status_code == 201
    reference = reference_on(answer.text)
    [command] = submitted(site)
    assert command.item_id == reference
    assert (command.form, command.subject, command.language) == ("report", "pothole", "en")
    assert command.attributes == {"problem": "pothole"}
    assert len(command.address_key) == 32
    contact = json.loads(site.inbox.words[command.contact_ref].body)
    assert contact == {"number": "+19055550123", "name": "Zoë Roy", "email": "zoe@example.org"}
    form = json.loads(site.inbox.words[command.words_ref].body)
    assert form == {
        "problem": "pothole",
        "place": "12 Main Street",
        "description": "Deep one.\nCar damaged.",
    }
    assert "by Wednesday, November 25, at" in answer.text
    assert "Roy" not in str(command)
    assert "Roy" not in answer.text


async def test_what_a_chain_says_to_who_comes_now_stands_on_the_page(site: Site) -> None:
    site.inbox.desk.now = NIGHT
    hazard = {**REPORT, "problem": "stop_sign_down"}
    answer = await site.client.post("/forms/report?lang=fr", data=hazard)
    assert "Si c'est urgent, appelez le 905-555-0100" in unescape(answer.text)
    other = await site.client.post("/forms/report", json={**hazard, "place": "13 Main Street"})
    assert "call 905-555-0100 now" in other.json()["said"]


async def test_who_just_waits_is_told_nothing_more(site: Site) -> None:
    answer = await site.client.post("/forms/report", json=REPORT)
    assert answer.json()["said"] is None


async def test_french_is_thanked_in_french(site: Site) -> None:
    answer = await site.client.post("/forms/report?lang=fr", data=REPORT)
    assert "d'ici le mercredi 25 novembre à" in unescape(answer.text)
    assert submitted(site)[0].language == "fr"


async def test_multipart_and_json_say_the_same(site: Site) -> None:
    parts = {name: (None, text.encode()) for name, text in REPORT.items()}
    assert (await site.client.post("/forms/report", files=parts)).status_code == 201
    answer = await site.client.post("/forms/report", json=REPORT)
    assert answer.status_code == 200  # the same texts of the same sender: the same contact
    body = answer.json()
    [first, second] = submitted(site)
    assert body["reference"] == first.item_id != second.item_id
    assert body["status_url"] == f"{URL}/forms/status/{first.item_id}"
    assert body["due"].startswith("2026-11-25T")


async def test_the_same_page_sent_twice_is_one_contact(site: Site) -> None:
    data = {**REPORT, "_key": "p-1"}
    one = await site.client.post("/forms/report", data=data)
    two = await site.client.post("/forms/report", data=data)
    assert (one.status_code, two.status_code) == (201, 200)
    assert reference_on(one.text) == reference_on(two.text)
    assert len(site.inbox.state.items) == 1


async def test_the_same_page_sent_with_other_texts_is_another_contact(site: Site) -> None:
    for place in ("12 Main Street", "13 Main Street"):
        data = {**REPORT, "place": place, "_key": "p-1"}
        assert (await site.client.post("/forms/report", data=data)).status_code == 201
    assert len(site.inbox.state.items) == 2


async def test_two_people_with_the_same_words_are_two_contacts(site: Site) -> None:
    for key in ("p-1", "p-2"):
        data = {**REPORT, "_key": key}
        assert (await site.client.post("/forms/report", data=data)).status_code == 201
    assert len(site.inbox.state.items) == 2


async def test_the_idempotency_key_header_wins_over_the_field(site: Site) -> None:
    for field in ("p-1", "p-2"):
        headers = {"Idempotency-Key": "abc"}
        await site.client.post("/forms/report", json={**REPORT, "_key": field}, headers=headers)
    assert len(site.inbox.state.items) == 1


async def test_a_repeat_is_answered_after_the_item_was_let_go(site: Site) -> None:
    data = {**REPORT, "_key": "p-1"}
    one = await site.client.post("/forms/report", data=data)
    desk = site.inbox.desk
    desk.sign_in(*sorted(desk.policy.agents))
    reference = reference_on(one.text)
    finish(site, reference)
    desk.wait(4 * DAY)
    assert reference not in site.inbox.state.items
    two = await site.client.post("/forms/report", data=data)
    assert two.status_code == 200
    assert f"Your reference number is {reference}." in two.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"place": " "}, "Where is it? — Please fill this in."),
        ({"problem": "war"}, "What is the problem? — Choose one of the answers."),
        ({"description": "x" * 4001}, "Shorten it to 4000 characters, it has 4001."),
        ({"email": "zoe@example"}, "Write an address like"),
        ({"phone": "12"}, "Write a number with area code"),
        ({"<b>": "x"}, "“<b>” — The form has no such field."),
        ({"_website": "http://spam.example.com"}, "Leave this field empty — It is there"),
    ],
)
async def test_a_refused_form_comes_back_with_all_that_was_typed(
    site: Site, changes: dict[str, str], said: str
) -> None:
    answer = await site.client.post("/forms/report", data={**REPORT, **changes, "_key": "p-1"})
    assert answer.status_code == 422
    page = unescape(answer.text)
    assert said in page
    assert "Error: " in page
    assert "Zoë Roy" in page
    assert "hreflang" not in page  # another language would be an empty form
    assert 'value="p-1"' in page
    assert "<b>" not in answer.text
    assert submitted(site) == []


async def test_refused_json_says_why_by_field(site: Site) -> None:
    answer = await site.client.post("/forms/report?lang=fr", json={"place": "x", "what": "y"})
    assert answer.status_code == 422
    body = answer.json()
    assert body["code"] == "not-valid"
    assert sorted(body["fields"]) == ["description", "problem", "what"]
    assert body["fields"]["problem"] == "Veuillez remplir ce champ."


async def test_markup_that_was_typed_stays_text(site: Site) -> None:
    evil = '"><script>alert(1)</script>'
    answer = await site.client.post("/forms/report", data={"place": evil, "description": evil})
    assert "<script" not in answer.text
    assert evil in unescape(answer.text)


# --- when things go wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "retry"), [(StorageUnavailable("disk"), "30"), (Overloaded(7), "7")]
)
async def test_what_cannot_be_stored_stays_on_the_page(
    site: Site, error: Exception, retry: str
) -> None:
    await site.client.get("/forms/report")
    site.inbox.trouble = error
    answer = await site.client.post("/forms/report", data={**REPORT, "_key": "p-1"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == retry
    page = unescape(answer.text)
    assert "Deep one." in page
    assert "Nothing is lost" in page
    answer = await site.client.post("/forms/report", json={**REPORT, "_key": "p-1"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, retry)
    site.inbox.trouble = None
    again = await site.client.post("/forms/report", data={**REPORT, "_key": "p-1"})
    assert again.status_code == 201


async def test_without_any_policy_everything_is_a_plain_apology(site: Site) -> None:
    site.inbox.trouble = StorageUnavailable("not started")
    for path in ("/forms", "/forms/report", "/forms/status/0000000000"):
        answer = await site.client.get(path)
        assert answer.status_code == 503
        assert "try again" in answer.text
    answer = await site.client.post("/forms/report", json=REPORT)
    assert (answer.status_code, answer.json()["code"]) == (503, "storage-unavailable")


async def test_a_form_that_vanished_meanwhile_is_not_acknowledged(site: Site) -> None:
    await site.client.get("/forms/report")
    site.inbox.next_troubles = [StorageUnavailable("reading"), UnknownTarget("no form")]
    answer = await site.client.post("/forms/report", data=REPORT)
    assert answer.status_code == 503
    assert "Deep one." in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"problem=%ff%fe", "application/x-www-form-urlencoded", 400),
        (b"problem=\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(300)), "application/x-www-form-urlencoded", 400),
        (b"{", "application/json", 400),
        (b'{"place": "\xff"}', "application/json", 400),
        (b'{"place": ["x"]}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"place": ' + b"[" * 20_000, "application/json", 400),
        (b"null", "application/json", 400),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=a", 400),
        (b"--a\r\nX", "multipart/form-data; boundary=a", 400),
        (b"x", 'multipart/form-data; boundary="a\r"', 400),
        (b"x", "text/plain", 415),
        (b"x", "", 415),
        (b"x", "application/xml", 415),
        (b"a" * 70_000, "application/json", 413),
    ],
)
async def test_what_cannot_be_read_is_the_senders_error(
    site: Site, content: bytes, kind: str, status: int
) -> None:
    answer = await site.client.post(
        "/forms/report", content=content, headers={"content-type": kind}
    )
    assert answer.status_code == status
    assert submitted(site) == []


async def test_files_are_refused(site: Site) -> None:
    answer = await site.client.post("/forms/report", files={"place": ("x.exe", b"MZ")})
    assert answer.status_code == 400


async def test_a_body_without_declared_length_is_cut_at_the_limit(site: Site) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 100:
            sent += 1
            yield b"a" * 10_000

    answer = await site.client.post("/forms/report", content=endless(), headers=JSON)
    assert answer.status_code == 413
    assert sent < 100


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5000, "1e9", "٣"])
async def test_an_absurd_length_is_refused(site: Site, length: str) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", length.encode())]
    answer = await site.client.post("/forms/report", content=b"{}", headers=headers)
    assert answer.status_code in (400, 413)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(site: Site, method: str) -> None:
    assert (await site.client.request(method, "/forms/report")).status_code == 405
    assert (await site.client.post("/forms/status/0000000000")).status_code == 405


@pytest.mark.parametrize("form", ["none", "%00", "%ff", "a" * 3000, "<b>", "..%2f.."])
async def test_an_unknown_form_is_a_page_with_the_known_ones(site: Site, form: str) -> None:
    for answer in (
        await site.client.get(f"/forms/{form}"),
        await site.client.post(f"/forms/{form}", data=REPORT),
    ):
        assert answer.status_code == 404
        assert "<b>" not in answer.text


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    fields=st.dictionaries(
        st.sampled_from([*REPORT, "_key", "_website", "other"]) | st.text(max_size=8),
        st.text() | st.booleans() | st.none() | st.sampled_from(list(REPORT.values())),
    ),
    header=st.binary(max_size=20),
)
async def test_no_fields_whatever_are_our_error(
    site: Site, fields: dict[str, Any], header: bytes
) -> None:
    site.channel._senders = Buckets(site.clock, 1)  # a new sender each time
    header = bytes(byte for byte in header if byte > 32)
    answer = await site.client.post(
        "/forms/report",
        content=json.dumps(fields).encode(),
        headers=[(b"content-type", b"application/json"), (b"idempotency-key", header)],
    )
    assert answer.status_code in (200, 201, 400, 422)
    assert answer.json()
    as_form = await site.client.post(
        "/forms/report",
        data={name: str(text) for name, text in fields.items() if is_text(f"{name}{text}")},
        headers={"accept-language": "fr"},
    )
    assert as_form.status_code in (200, 201, 415, 422)


# --- how many ------------------------------------------------------------------------------------


async def test_one_sender_is_held_to_so_many_an_hour_and_loses_nothing(site: Site) -> None:
    most = site.inbox.desk.policy.forms["report"].per_hour_max
    for number in range(most):
        answer = await site.client.post("/forms/report", data={**REPORT, "_key": str(number)})
        assert answer.status_code == 201
    answer = await site.client.post("/forms/report", data={**REPORT, "_key": "last"})
    assert answer.status_code == 429
    wait_s = int(answer.headers["retry-after"])
    assert 0 < wait_s <= 3600 / most
    assert "Deep one." in answer.text
    assert len(site.inbox.state.items) == most
    as_json = await site.client.post("/forms/report", json={**REPORT, "_key": "last"})
    assert (as_json.status_code, as_json.json()["code"]) == (429, "too-many")
    other = await site.client.post("/forms/inquiry", data={"question": "?"})
    assert other.status_code == 422  # another form has a bucket of its own
    await site.clock.advance_to(site.clock.now() + wait_s * 10**9)
    answer = await site.client.post("/forms/report", data={**REPORT, "_key": "last"})
    assert answer.status_code == 201


# --- status --------------------------------------------------------------------------------------


def finish(site: Site, reference: str) -> None:
    """Let whoever gets the item do it."""
    desk = site.inbox.desk
    desk.wait(0)
    item = site.inbox.state.items[ItemId(reference)]
    for offer_id in item.offers:
        offer = site.inbox.state.offers[offer_id]
        desk.do(c.AcceptOffer(offer_id=offer_id, agent_id=offer.agent))
        desk.do(c.CloseItem(item_id=item.id, agent_id=offer.agent, code="answered"))


async def test_the_status_page_tells_the_way_and_nobodys_name(site: Site) -> None:
    reference = reference_on((await site.client.post("/forms/report", data=REPORT)).text)

    async def page(language: str = "en") -> httpx.Response:
        return await site.client.get(f"/forms/status/{reference}?lang={language}")

    first = await page()
    assert first.status_code == 200
    assert "Your request is in line." in first.text
    assert "First answer by" in first.text
    assert "noindex" in first.text
    assert "dans la file" in (await page("fr")).text
    desk = site.inbox.desk
    desk.sign_in(*sorted(desk.policy.agents))
    item = site.inbox.state.items[ItemId(reference)]
    offer = site.inbox.state.offers[item.offers[0]]
    desk.do(c.AcceptOffer(offer_id=offer.id, agent_id=offer.agent))
    second = await page()
    assert "Somebody is working on your request." in second.text
    assert "First answer by" not in second.text
    desk.do(c.CloseItem(item_id=item.id, agent_id=AgentId(offer.agent), code="answered"))
    done = await page()
    assert "Your request is done." in done.text
    for answer in (first, second, done):
        for secret in ("Roy", "0123", "zoe@", "Main Street", "Deep", offer.agent):
            assert secret not in answer.text


async def test_the_status_is_also_json(site: Site) -> None:
    reference = reference_on((await site.client.post("/forms/report", data=REPORT)).text)
    answer = await site.client.get(
        f"/forms/status/{reference}", headers={"accept": "application/json"}
    )
    assert answer.json()["state"] == "queued"
    assert answer.json()["due"].endswith("-05:00")


@pytest.mark.parametrize(
    "reference", ["0000000000", "x", "%00", "a" * 5000, "<b>", "00000 00000", "é" * 10, "ßßßßß"]
)
async def test_an_unknown_number_is_a_page_that_helps(site: Site, reference: str) -> None:
    answer = await site.client.get(f"/forms/status/{reference}")
    assert answer.status_code == 404
    assert "<b>" not in answer.text
    as_json = await site.client.get(
        f"/forms/status/{reference}", headers={"accept": "application/json"}
    )
    assert (as_json.status_code, as_json.json()["code"]) == (404, "unknown-reference")


async def test_a_number_read_aloud_is_understood(site: Site) -> None:
    reference = reference_on((await site.client.post("/forms/report", data=REPORT)).text)
    spoken = reference.lower().replace("0", "o").replace("1", "l")
    answer = await site.client.get(f"/forms/status/{spoken[:5]} {spoken[5:]}")
    assert answer.status_code == 200


async def test_what_we_could_not_decide_is_kept_and_says_so(site: Site) -> None:
    shunted = c.ShuntArrival(
        item_id=ItemId("0000000002"),
        channel=Channel.WEBFORM,
        address_key="",
        contact_ref="",
        words_ref="",
        call_id="",
        reason="command-failed",
        key="form:report:1",
    )
    site.inbox.desk.do(shunted)
    answer = await site.client.get("/forms/status/0000000002")
    assert answer.status_code == 200
    assert "a person is checking where it belongs" in answer.text


async def test_a_telephone_call_has_no_status_page(site: Site) -> None:
    item_id = site.inbox.desk.call("0123456789")
    assert item_id in site.inbox.state.items
    assert (await site.client.get(f"/forms/status/{item_id}")).status_code == 404


async def test_history_answers_for_what_the_core_has_let_go(site: Site) -> None:
    row = ItemRow(
        id="0000000001",
        channel="webform",
        tempo="slow_text",
        form="submission",
        state="closed",
        called="report",
        address_key="",
        contact_ref="",
        words_ref="",
        language="en",
        subject="",
        attributes="{}",
        received_at=site.clock.now() - 400 * DAY,
    )
    site.past["0000000001"] = row
    answer = await site.client.get("/forms/status/0000000001")
    assert "Your request is done." in answer.text
    assert ", 2025, at " in answer.text
    site.inbox.next_troubles = []
    site.past.clear()
    assert (await site.client.get("/forms/status/0000000001")).status_code == 404


async def test_a_form_at_night_says_that_it_waits_for_the_opening(site: Site) -> None:
    site.inbox.desk.wait(9 * HOUR + 40 * MINUTE)
    answer = await site.client.post("/forms/report", data={**REPORT, "problem": "parking"})
    assert answer.status_code == 201
    status = await site.client.get(f"/forms/status/{reference_on(answer.text)}")
    assert status.status_code == 200
    assert "Your request" in status.text or "We have your request" in status.text


def is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
