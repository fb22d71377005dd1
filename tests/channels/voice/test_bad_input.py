"""Whatever comes, it is a 4xx or a way on: never a 500, never a lost caller."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.channels.voice.line import (
    ASKED,
    CALL,
    FORM,
    OLD_TOKEN,
    RESIDENT,
    TOLD,
    Line,
    filled,
    standard,
)

# --- who may speak -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ASKED + TOLD)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-Twilio-Signature": ""}, "unsigned"),
        ({"X-Twilio-Signature": "bm8="}, "wrong-signature"),
        ({"X-Twilio-Signature": "\xff"}, "wrong-signature"),
    ],
)
async def test_unsigned_requests_change_nothing(
    line: Line, path: str, headers: dict[str, str], code: str
) -> None:
    heard = await line.post(
        filled(path, "IT"),
        {**standard(), "CallStatus": "completed"},
        headers={name: value.encode("latin-1") for name, value in headers.items()},  # type: ignore[misc]
    )
    assert (heard.status, heard.text) == (403, f"{code}\n")
    assert line.inbox.submitted == []


async def test_a_missing_signature_is_no_signature(line: Line) -> None:
    response = await line.http.post(
        "/voice/incoming", content=urlencode(standard()).encode(), headers={"Content-Type": FORM}
    )
    assert response.status_code == 403


async def test_a_signature_for_another_address_or_other_fields_does_not_hold(line: Line) -> None:
    heard = await line.post(
        "/voice/incoming", standard(), body=urlencode({**standard(), "From": "x"}).encode()
    )
    assert heard.status == 403
    assert line.inbox.submitted == []


async def test_both_tokens_hold_while_one_is_replaced(line: Line) -> None:
    assert (await line.post("/voice/incoming", standard(), token=OLD_TOKEN)).status == 200
    assert (await line.post("/voice/incoming", standard(), token="older")).status == 403


async def test_the_host_header_is_not_believed(line: Line) -> None:
    heard = await line.post(
        "/voice/incoming",
        standard(),
        headers={"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com"},
    )
    assert heard.status == 200
    assert "evil" not in heard.text


# --- what is no webhook --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ASKED + TOLD)
async def test_other_methods_are_refused(line: Line, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert (await line.http.request(method, filled(path, "IT"))).status_code == 405


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
)
async def test_other_kinds_of_body_are_refused(line: Line, kind: str) -> None:
    heard = await line.post("/voice/incoming", standard(), headers={"Content-Type": kind})
    assert (heard.status, heard.text) == (415, "not-a-form\n")


async def test_one_byte_too_many_is_refused(line: Line) -> None:
    room = 64 * 1024 - len(urlencode({**standard(), "X": ""}))
    assert (await line.call(X="x" * room)).status == 200
    assert (await line.call(X="x" * (room + 1))).status == 413


async def test_a_body_that_does_not_say_how_long_it_is_has_the_same_limit(line: Line) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 10_000
            yield b"x" * 10_000

    headers = {"Content-Type": FORM, "X-Twilio-Signature": "x"}
    response = await line.http.post("/voice/incoming", content=endless(), headers=headers)
    assert read <= 80_000
    assert response.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"CallSid=%ff%fe",
        b"\xff\xfe=1",
        b"&".join(b"a%d=1" % n for n in range(500)),
        b"CallSid=%C3",
    ],
)
async def test_unreadable_forms_are_refused(line: Line, body: bytes) -> None:
    heard = await line.post("/voice/incoming", standard(), body=body)
    assert (heard.status, heard.text) == (400, "unreadable-form\n")


@pytest.mark.parametrize("path", ASKED + TOLD)
async def test_a_webhook_without_a_call_is_refused_or_needs_none(line: Line, path: str) -> None:
    heard = await line.post(filled(path, "IT"), {"From": RESIDENT})
    assert heard.status in (200, 204, 400, 404)
    assert line.inbox.state.items == {}


# --- anything ------------------------------------------------------------------------------------


FIELDS = [
    "CallSid",
    "From",
    "To",
    "CallStatus",
    "Digits",
    "RecordingUrl",
    "RecordingDuration",
    "DialCallStatus",
    "QueueResult",
    "AnsweredBy",
    "ConferenceSid",
    "StatusCallbackEvent",
    "Direction",
    "ErrorUrl",
    "try",
]
words = st.sampled_from(
    [
        "completed",
        "in-progress",
        "1",
        "2",
        "9",
        "*",
        "9055550177",
        "error",
        "leave",
        "machine_start",
        "https://example.com/RE1",
        "anonymous",
        "sip:x@example.org",
        CALL,
        RESIDENT,
    ]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
segments = st.sampled_from(["ITEM", "1", "2", "-1", "x", "%2F", "%00"]) | st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6
).map(lambda text: quote(text, safe=""))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(ASKED + TOLD),
    st.lists(segments, min_size=2, max_size=2),
    st.lists(st.tuples(st.sampled_from(FIELDS), words), max_size=8),
    st.booleans(),
    st.booleans(),
)
async def test_no_signed_form_breaks_us_and_no_unsigned_one_moves_us(
    path: str, parts: list[str], fields: list[tuple[str, str]], signed: bool, known: bool
) -> None:
    line = Line()
    began = await line.call()
    item = next(iter(line.inbox.state.items))
    assert began.status == 200
    before = len(line.inbox.submitted)
    for part in parts:
        path = path.replace("{}", item if known else part, 1)
    if not known:
        path = path.removesuffix("1") + parts[1] if path.endswith("/1") else path
    heard = await line.post(path, fields, headers={} if signed else {"X-Twilio-Signature": "AAAA"})
    if not signed:
        assert heard.status in (403, 404)
        assert len(line.inbox.submitted) == before
        return
    assert heard.status in (200, 204, 400, 404), heard.text
    if heard.status == 200:
        assert ElementTree.fromstring(heard.text).tag == "Response"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(ASKED + TOLD))
async def test_no_bytes_break_us(body: bytes, path: str) -> None:
    line = Line()
    heard = await line.post(filled(path, "IT"), [], body=body)
    assert heard.status in (200, 204, 400, 403, 404)
    assert not line.inbox.stored
