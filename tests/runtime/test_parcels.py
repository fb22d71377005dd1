"""What travels between daemons arrives as what it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from router.core.commands import Command
from router.core.engine import HANDLERS
from router.errors import (
    CommandRefused,
    NotNow,
    Overloaded,
    StaleOffer,
    StorageUnavailable,
    TownlineError,
    UnknownAgent,
    UnknownItem,
)
from router.ports import Words
from router.runtime import parcels
from router.runtime.answers import (
    Answer,
    Refusal,
    decode_answers,
    encode_answers,
    error_of,
    refusal_of,
)
from router.runtime.remote import Remembered

WORDS = (Words("w", "form", b"{}"),)


def any_of(kind: type[Command]) -> st.SearchStrategy[Command]:
    """Return commands of that kind with anything in their fields."""
    fields = {each.name: st.from_type(each.type) for each in msgspec.structs.fields(kind)}
    return st.builds(kind, **fields)


@pytest.mark.parametrize("kind", HANDLERS, ids=lambda kind: kind.__name__)
@settings(max_examples=20)
@given(st.data())
def test_every_command_travels(kind: type[Command], data: Any) -> None:
    command = data.draw(any_of(kind))
    try:
        row = parcels.forwarded("one/1", command, WORDS, b"policy")
    except (OverflowError, UnicodeEncodeError):
        reject()  # decided where it came in
    sent = parcels.Commands("one", 7, (row,))
    arrived = parcels.decode(parcels.encode(sent))
    assert isinstance(arrived, parcels.Commands)
    assert (arrived.sender, arrived.stands_at) == ("one", 7)
    assert parcels.command_of(arrived.commands[0]) == command
    assert arrived.commands[0].words == WORDS
    assert arrived.commands[0].policy == b"policy"


def test_a_command_of_a_newer_release_is_an_error_and_no_crash() -> None:
    row = parcels.Forwarded("one/1", "FlyAway", msgspec.Raw(b"\x80"))
    with pytest.raises(msgspec.DecodeError, match="FlyAway"):
        parcels.command_of(row)


def test_neighbouring_answers_travel_together_and_nothing_overtakes() -> None:
    typing = parcels.Typing("C1", "marc")
    one, two, three = (parcels.Answers((Answer(str(n), n),)) for n in range(3))
    both = parcels.Answers((*one.answers, *two.answers))
    assert parcels.joined([one, two, typing, three]) == [both, typing, three]
    assert [parcels.decode(parcels.encode(each)) for each in (both, typing)] == [both, typing]


@pytest.mark.parametrize(
    "error",
    [
        UnknownItem("A1"),
        UnknownAgent("marc"),
        StaleOffer("O1", "marc", "it has ended"),
        NotNow("not now"),
        Overloaded(3),
        StorageUnavailable("later"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_arrives_as_what_it_was(error: TownlineError) -> None:
    answers = decode_answers(encode_answers([Answer("one/1", 3, refusal_of(error))]))
    refusal = answers[0].refusal
    assert refusal is not None
    arrived = error_of(refusal)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert vars(arrived) == vars(error)


def test_what_is_not_ours_or_not_known_is_told_as_unavailable() -> None:
    for refusal in (refusal_of(ValueError("private words")), Refusal("Newer", "text", {})):
        arrived = error_of(refusal)
        assert type(arrived) is StorageUnavailable
        assert "private" not in str(arrived)
        assert not isinstance(arrived, CommandRefused)


def test_a_batch_without_answers_holds_no_bytes_of_them() -> None:
    assert encode_answers([]) == b""
    assert decode_answers(b"") == []


def test_what_may_be_forgotten_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.runtime.remote.REMEMBERED_MAX", 2)
    known = Remembered()
    for number in range(4):
        known.add(str(number), 10 * number)
    assert "3" in known
    assert "2" in known
    assert "1" not in known
    assert known.horizon == 10  # whoever sent before that may have sent an old one
