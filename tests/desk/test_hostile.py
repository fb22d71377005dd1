"""Whatever a client sends, it is answered or closed; nothing breaks and nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.types import Message
from starlette.websockets import WebSocket

from router.desk import messages as m
from router.desk.access import Access
from router.desk.browsers import Browsers
from router.desk.hub import Hub
from router.desk.leases import Leases
from router.desk.lookup import WordLookup
from router.desk.socket import DeskSocket
from router.desk.writing import Desktop, Writing
from router.runtime.ids import SeededIds
from tests.desk.instant_inbox import InstantInbox, OnePerson
from tests.fakes.memory_texts import (
    MemoryBlobs,
    MemoryDrafts,
    NobodyBlocked,
    NothingEarlier,
    nothing_kept,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
types = [cls.__struct_config__.tag for cls in m.AnyClientMessage.__args__]
almost = st.fixed_dictionaries(
    {"type": st.sampled_from(types) | st.text()},
    optional={
        "id": st.text(max_size=80) | json_values,
        "offer": st.text(max_size=200),
        "item": st.text(max_size=200) | json_values,
        "status": st.sampled_from(["available", "away", "offline", "asleep"]),
        "reason": st.text(),
        "queue": st.text() | st.none(),
        "token": st.text(),
        "text": st.text(),
        "key": st.text(),
        "number": json_values,
        "until": st.text() | st.just("2026-11-24T15:00:00Z"),
        "surplus": json_values,
    },
)
texts = (
    st.text()
    | json_values.map(lambda value: msgspec.json.encode(value).decode())
    | almost.map(lambda value: msgspec.json.encode(value).decode())
)


def talk(sent: Iterable[str | bytes], *, hello: bool = True) -> tuple[list[Message], InstantInbox]:
    """Run one connection in memory; return what the client got."""
    inbox, got = InstantInbox(), list[Message]()
    hub = Hub(inbox.publisher)
    desk_socket = DeskSocket(
        inbox=inbox,
        ids=SeededIds(1),
        hub=hub,
        leases=Leases(inbox, hub, inbox.clock),
        access=Access(OnePerson()),
        browsers=Browsers("http://town.test"),
        words=WordLookup(inbox.find_words),
        writing=Writing(
            inbox,
            SeededIds(2),
            WordLookup(inbox.find_words),
            Desktop(
                blobs=MemoryBlobs(),
                drafts=MemoryDrafts(),
                key_of=str.lower,
                typing=lambda conversation, agent: None,
                render=lambda html, *, remote, pictures: html,
                blocked=NobodyBlocked(),
                kept=nothing_kept,
                earlier=NothingEarlier(),
            ),
        ),
    )
    first = ['{"type":"hello","id":"hello","token":"chloe"}'] if hello else []
    waiting: list[Message] = [{"type": "websocket.connect"}]
    for one in (*first, *sent):
        kind = "bytes" if isinstance(one, bytes) else "text"
        waiting.append({"type": "websocket.receive", kind: one})
    waiting.append({"type": "websocket.disconnect", "code": 1006})

    async def receive() -> Message:
        for _ in range(10):  # what was pushed is written first
            await asyncio.sleep(0)
        return waiting.pop(0)

    async def send(message: Message) -> None:
        got.append(message)

    scope = {"type": "websocket", "headers": [], "path": "/desk", "query_string": b""}
    asyncio.run(desk_socket.serve(WebSocket(scope, receive, send)))
    assert hub._desks == {}
    assert hub._followers == {}
    return got, inbox


def said(got: list[Message]) -> list[dict[str, object]]:
    return [msgspec.json.decode(one["text"]) for one in got if one["type"] == "websocket.send"]


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, max_size=6))
@example(["[" * 50_000])
@example(['{"type":"accept","id":"\\ud800","offer":"x"}'])
@example(['{"id":' + "[" * 2000 + "]" * 2000 + "}"])
@example(['{"type":"hello","id":"again"}'])
def test_anything_is_answered_or_closed(sent: list[str]) -> None:
    got, inbox = talk(sent)
    answers = [one for one in said(got) if one["type"] in ("ok", "refused")]
    closed = [one["code"] for one in got if one["type"] == "websocket.close"]
    strikes = sum(one.get("code") == "malformed" for one in answers)
    assert strikes <= 2
    if closed and closed[0] == 4005:
        assert strikes == 2
    elif not closed:
        assert len(answers) == len(sent)
    assert inbox.engine.state.items == {}


@settings(max_examples=100, deadline=None)
@given(st.lists(texts, max_size=4))
def test_nobody_does_anything_before_hello(sent: list[str]) -> None:
    sent = [text for text in sent if "chloe" not in text]
    got, inbox = talk(sent, hello=False)
    assert inbox.commands == []
    assert all(one["type"] == "refused" for one in said(got))


@given(texts)
def test_an_id_is_found_wherever_there_is_one(text: str) -> None:
    assert len(m.id_in(text)) <= 64


def test_binary_frames_are_refused() -> None:
    got, _ = talk([b'{"type":"beat"}'])
    assert said(got)[-1]["code"] == "malformed"
