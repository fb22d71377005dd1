"""What forwarded commands came to, as bytes: stored with the batch that holds their events.

So nobody has to be told that a command was done: whoever reads the journal knows it, and a command
whose answer stands there is not decided a second time.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from router.errors import StorageUnavailable, TownlineError


class Refusal(msgspec.Struct, frozen=True, array_like=True):
    """An error on its way to another daemon; it arrives as the class that it was."""

    name: str  # of the class
    text: str
    fields: dict[str, Any]  # what the error carries: ids and counts


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What one command came to."""

    id: str  # of the forwarded command
    version: int  # right after its events: where the reply is worked out
    refusal: Refusal | None = None


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Answer])


def encode_answers(answers: list[Answer]) -> bytes:
    """Return them as they are stored with a batch; b"" when there are none."""
    return _ENCODER.encode(answers) if answers else b""


def decode_answers(body: bytes) -> list[Answer]:
    """Return the answers of a batch. Errors: `msgspec.DecodeError`."""
    return _DECODER.decode(body) if body else []


def refusal_of(error: Exception) -> Refusal:
    """Return the error as it travels; what is not ours arrives as `StorageUnavailable`."""
    if not isinstance(error, TownlineError):
        return Refusal(StorageUnavailable.__name__, type(error).__name__, {})
    return Refusal(type(error).__name__, str(error), dict(vars(error)))


def error_of(refusal: Refusal) -> TownlineError:
    """Return the error that travelled; one of a newer release is a `StorageUnavailable`."""
    kind = _kinds(TownlineError).get(refusal.name, StorageUnavailable)
    error = kind.__new__(kind, refusal.text)  # not called: each class wants other words
    vars(error).update(refusal.fields)
    return error


def _kinds(family: type[TownlineError]) -> dict[str, type[TownlineError]]:
    found = {family.__name__: family}
    for member in family.__subclasses__():
        found |= _kinds(member)
    return found
