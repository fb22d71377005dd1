"""Very many messages, or few among many: every command and every answer stays within one line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.imap_in import ImapDoor, ImapDoorSettings, State
from channels.mail.imap_session import SET_OCTETS_MAX, ImapSession, message_sets
from channels.mail.server_address import IMAP_PORTS, client_tls, server_address
from router.core.model import SECOND
from tests.channels.mail.imap_rig import numbers, until
from tests.fakes.imap_server import FakeImapServer, imap_server
from tests.fakes.intake import Ledger
from tests.fakes.jumping_clock import JumpingClock

LINE_MAX = 8_000  # octets of a command that every server takes (RFC 2683)


def url(server: FakeImapServer) -> str:
    return f"imap://user@127.0.0.1:{server.port}/INBOX"


@contextmanager
def opened(server: FakeImapServer) -> Iterator[ImapSession]:
    address = server_address(url(server), IMAP_PORTS)
    session = ImapSession(address, "secret", client_tls(None), ("Processed",))
    try:
        session.open()
        yield session
    finally:
        session.close()


# --- sets of messages ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uids", "sets"),
    [
        ([], []),
        ([7], ["7"]),
        ([1, 2, 3], ["1:3"]),
        ([1, 3, 4, 9], ["1,3:4,9"]),  # 2 and 5 are not ours to move
        ([4, 3, 1], ["1,3:4"]),
    ],
)
def test_a_range_holds_only_what_was_asked_for(uids: list[int], sets: list[str]) -> None:
    assert list(message_sets(uids)) == sets


@given(st.lists(st.integers(1, 2**32 - 1) | st.integers(1, 5000), unique=True, max_size=2000))
def test_sets_hold_every_message_once_and_stay_short(uids: list[int]) -> None:
    said = list(message_sets(uids))
    ends = [part.partition(":") for some in said for part in some.split(",")]
    meant = [uid for first, _, last in ends for uid in range(int(first), int(last or first) + 1)]
    assert meant == sorted(uids)
    assert all(len(some) <= SET_OCTETS_MAX for some in said)


# --- very many -----------------------------------------------------------------------------------


def test_more_messages_than_fit_into_a_line_are_found() -> None:
    """The library gives up on a line of a million octets, as 200,000 such UIDs would be."""
    uids = list(range(10_000_001, 10_200_001))
    with imap_server(uids) as server, opened(server) as session:
        assert session.waiting() == uids
    searches = [command for command in server.commands if "SEARCH" in command]
    assert len(searches) == 4


@pytest.mark.parametrize("count", [0, 1, 49_999, 50_000, 50_001])
def test_none_is_missed_where_one_search_ends(count: int) -> None:
    uids = list(range(1, count + 1))
    with imap_server(uids) as server, opened(server) as session:
        assert session.waiting() == uids


def test_commands_about_scattered_messages_stay_short() -> None:
    uids = list(range(1_000_000_001, 1_000_006_001, 2))
    with imap_server(list(uids)) as server, opened(server) as session:
        assert len(session.sizes(uids)) == 3000
        session.move(uids, "Processed")
    assert sorted(server.moved) == uids
    assert server.line_max <= LINE_MAX


# --- a server that refuses to move ---------------------------------------------------------------


async def test_while_nothing_can_be_moved_new_mail_is_taken_and_none_twice() -> None:
    ledger, clock = Ledger(), JumpingClock()
    with imap_server([1, 2]) as server:
        server.refusal = "[OVERQUOTA] no room"
        settings = ImapDoorSettings(url=url(server), password="secret", poll_s=30.0)
        door = ImapDoor(ledger, settings, clock)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(door.run())
            await ledger.has(2)
            await until(lambda: door.standing.state is State.UNMOVED)
            assert "no room" in door.standing.why
            since = door.standing.since
            server.uids = [1, 2, 5]
            await ledger.has(3)
            await until(lambda: len(clock.slept) > 12)
            assert door.standing.since == since
            tries = sum("MOVE" in command for command in server.commands)
            looks = sum("SELECT" in command for command in server.commands)
            assert 2 < tries < looks  # patiently
            server.refusal = ""
            await until(lambda: server.uids == [])
            await until(lambda: door.standing.state is State.CONNECTED)
            await door.stop()
    assert numbers(ledger) == [1, 2, 5]
    assert set(ledger.handed.values()) == {1}
    assert server.moved == [1, 2, 5]
    assert max(clock.slept) <= 30 * SECOND
