"""When we cannot answer nobody is hung up on: an apology, another try, a person in the end."""

from __future__ import annotations

from typing import Any

import pytest

from router.core import commands as c
from router.core.model import Channel, ItemId
from router.errors import InvariantBroken, NotNow, Overloaded, StorageUnavailable
from tests.channels.voice.line import (
    CALL,
    FALLBACK,
    RESIDENT,
    TOLD,
    Line,
    filled,
    standard,
)

# --- nobody is lost ------------------------------------------------------------------------------


CALLERS = ["/voice/flow/{}/1", "/voice/left/{}/1", "/voice/move/{}", "/voice/resident/{}/{}-1"]


@pytest.mark.parametrize(
    "path", [*CALLERS, "/voice/flow/{}/x", "/voice/flow/{}/99999999999", "/voice/left/{}/-1"]
)
async def test_a_caller_with_an_unknown_item_hears_an_apology_and_begins_anew(
    line: Line, path: str
) -> None:
    heard = await line.call(filled(path, "NOSUCHITEM"), Digits="1")
    assert heard.status == 200
    assert heard.names == ["Say", "Say", "Pause", "Redirect"]
    (redirect,) = heard.all("Redirect")
    again = await line.follow(redirect.text or "")
    assert again.names == ["Gather", "Redirect"]
    assert len(line.inbox.state.items) == 1


@pytest.mark.parametrize("path", ["/voice/wait/{}/1", "/voice/key/{}", "/voice/wait/{}/x"])
async def test_a_waiting_caller_with_an_unknown_item_leaves_and_begins_anew(
    line: Line, path: str
) -> None:
    heard = await line.call(filled(path, "NOSUCHITEM"), Digits="1")
    assert heard.names == ["Leave"]


async def test_somebody_on_hold_with_an_unknown_item_stays(line: Line) -> None:
    assert (await line.call("/voice/hold/NOSUCHITEM")).names == ["Pause"]


@pytest.mark.parametrize("path", ["/voice/agent/{}/{}-1", "/voice/agent/{}/{}-1/answer"])
async def test_an_agent_with_an_unknown_item_is_let_go(line: Line, path: str) -> None:
    assert (await line.call(filled(path, "NOSUCHITEM"), Digits="1")).names == ["Say", "Hangup"]


@pytest.mark.parametrize("path", [p for p in TOLD if p != "/voice/status"])
async def test_news_of_an_unknown_item_is_an_error_of_the_carrier(line: Line, path: str) -> None:
    heard = await line.call(
        filled(path, "NOSUCHITEM"),
        ConferenceSid="CF1",
        CallStatus="in-progress" if "outside" in path else "completed",
    )
    assert (heard.status, heard.text) == (404, "unknown-item\n")


TROUBLES = [
    StorageUnavailable("disk full"),
    Overloaded(),
    RuntimeError("a bug"),
    InvariantBroken("odd"),
]


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("path", ["/voice/incoming", *CALLERS])
async def test_when_nothing_can_be_stored_a_caller_is_asked_to_hold_and_then_put_through(
    line: Line, path: str, trouble: Exception
) -> None:
    line.inbox.trouble = trouble
    heard = await line.call(filled(path, "IT"))
    for _ in range(3):
        assert heard.status == 200
        assert heard.names == ["Say", "Say", "Pause", "Redirect"]
        assert [v.attrib["language"] for v in heard.all("Say")] == ["en-CA", "fr-CA"]
        heard = await line.follow(heard.all("Redirect")[0].text or "")
    assert heard.names == ["Say", "Say", "Dial", "Redirect"]
    assert heard.all("Number")[0].text == FALLBACK
    assert line.inbox.stored == []


async def test_without_a_fallback_number_a_caller_is_held_as_long_as_it_takes() -> None:
    line = Line(fallback_number="")
    line.inbox.trouble = StorageUnavailable("disk full")
    heard = await line.call()
    for _ in range(120):
        heard = await line.follow(heard.all("Redirect")[0].text or "")
    assert heard.names == ["Say", "Say", "Pause", "Redirect"]
    line.inbox.trouble = None
    heard = await line.follow(heard.all("Redirect")[0].text or "")
    assert heard.names == ["Gather", "Redirect"]


async def test_a_caller_whose_call_was_set_aside_is_put_through(line: Line) -> None:
    line.inbox.desk.do(
        c.ShuntArrival(
            item_id=ItemId("SHUNTED"),
            channel=Channel.VOICE,
            address_key="",
            contact_ref="",
            words_ref="",
            call_id=CALL,
            reason="a mistake of ours",
            key=f"call:{CALL}",
        )
    )
    heard = await line.call()
    for _ in range(3):
        assert heard.names == ["Say", "Say", "Pause", "Redirect"]
        heard = await line.follow(heard.all("Redirect")[0].text or "")
    assert heard.all("Number")[0].text == FALLBACK


async def test_what_the_caller_said_is_not_lost_with_the_storage(line: Line) -> None:
    first = await line.call()
    line.inbox.next_troubles = [StorageUnavailable("disk full")]
    heard = await line.call(first.action(), Digits="2")
    heard = await line.follow(heard.all("Redirect")[0].text or "")
    assert heard.said() == ["1 roads, 2 tax, 9 urgent (fr)"]


async def test_a_recording_survives_a_moment_without_storage(line: Line) -> None:
    first = await line.call()
    line.inbox.next_troubles = [Overloaded()]
    url = "https://api.example.com/2010/RE1?x=1&y=é"
    heard = await line.call(
        first.action(), RecordingUrl=url, RecordingSid="RE1", RecordingDuration="4"
    )
    await line.follow(heard.all("Redirect")[0].text or "")
    last = line.inbox.of_kind(c.AdvanceFlow)[-1]
    assert isinstance(last, c.AdvanceFlow)
    assert last.recording_ref


async def test_a_typed_number_does_not_go_into_an_address(line: Line) -> None:
    first = await line.call()
    line.inbox.trouble = Overloaded()
    heard = await line.call(f"{first.action()}?number=1", Digits="9055550177")
    redirect = heard.all("Redirect")[0].text or ""
    assert "9055550177" not in redirect
    assert "number=1" in redirect


async def test_a_waiting_caller_is_never_put_where_the_carrier_allows_no_dial(line: Line) -> None:
    line.inbox.trouble = Overloaded()
    heard = await line.call("/voice/wait/IT/1")
    for _ in range(3):
        assert set(heard.names) <= {"Say", "Pause", "Redirect"}
        heard = await line.follow(heard.all("Redirect")[0].text or "")
    assert heard.names == ["Leave"]
    held = await line.call("/voice/hold/IT")
    assert held.names == ["Pause"]


async def test_an_agent_is_let_go_after_three_tries(line: Line) -> None:
    line.inbox.trouble = Overloaded()
    heard = await line.call("/voice/agent/IT/IT-1?try=3")
    assert heard.names == ["Say", "Hangup"]


@pytest.mark.parametrize("path", TOLD)
@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: type(t).__name__)
async def test_news_that_cannot_be_stored_is_not_acknowledged(
    line: Line, path: str, trouble: Exception
) -> None:
    line.inbox.trouble = trouble
    heard = await line.call(
        filled(path, "IT"),
        ConferenceSid="CF1",
        CallStatus="in-progress" if "outside" in path else "completed",
    )
    assert heard.status == 503
    assert heard.response.headers["retry-after"] == "2"


async def test_news_that_comes_too_late_to_matter_is_taken(line: Line) -> None:
    line.inbox.trouble = NotNow("too late")
    heard = await line.call("/voice/room/IT", ConferenceSid="CF1")
    assert heard.status == 204


async def test_a_command_refused_now_is_answered_from_the_state(line: Line) -> None:
    first = await line.call()
    line.inbox.next_troubles = [NotNow("not now")]
    heard = await line.call(first.action(), Digits="1")
    assert heard.text == first.text


async def test_apologies_are_spoken_as_the_town_speaks(line: Line) -> None:
    await line.channel.start()
    line.inbox.trouble = Overloaded()
    heard = await line.call()
    assert heard.said() == ["apology", "apology (fr)"]
    await line.channel.stop()


async def test_every_mistake_is_logged_with_a_code_and_without_a_resident(
    line: Line, logs: list[Any]
) -> None:
    line.inbox.next_troubles = [RuntimeError("a bug"), Overloaded()]
    await line.call()
    await line.call()
    await line.call("/voice/move/NOSUCH")
    await line.post("/voice/incoming", standard(), token="no")
    assert [(e["event"], e["code"], e["log_level"]) for e in logs] == [
        ("voice_apology", "voice-failed", "error"),
        ("voice_apology", "overloaded", "warning"),
        ("voice_apology", "unknown-item", "warning"),
        ("voice_refused", "wrong-signature", "info"),
    ]
    assert RESIDENT not in repr(logs)
