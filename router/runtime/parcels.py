"""What daemons of one town send each other, as bytes: commands to decide, and what they came to.

A command travels with its residents' words, and a policy with the command that adopts it; nothing
of it is kept by whatever carries it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from router.core.commands import Command
from router.core.engine import HANDLERS
from router.ports import Words
from router.runtime.answers import Answer


class Forwarded(msgspec.Struct, frozen=True, array_like=True):
    """A command for the daemon that decides."""

    id: str  # chosen by who forwards it, unique
    kind: str  # name of the command's class
    command: msgspec.Raw
    words: tuple[Words, ...] = ()
    policy: bytes = b""  # the body that an `AdoptPolicy` names


class Commands(msgspec.Struct, frozen=True, array_like=True, tag="commands"):
    """Commands in the order in which they came."""

    sender: str  # the daemon that waits for the answers
    stands_at: int  # the version of its state
    commands: tuple[Forwarded, ...]


class Answers(msgspec.Struct, frozen=True, array_like=True, tag="answers"):
    """What commands came to that were not stored with a batch: repeats and refusals."""

    answers: tuple[Answer, ...]


class Typing(msgspec.Struct, frozen=True, array_like=True, tag="typing"):
    """Somebody is writing; shown by whichever daemon has the other one's connection."""

    conversation: str
    agent: str = ""  # "" when it is the resident


class Present(msgspec.Struct, frozen=True, array_like=True, tag="present"):
    """Residents who have their chat open at a daemon, or had a moment ago."""

    sent: dict[str, tuple[int, bool]]  # conversation -> last message shown, is still there


class DesksEnd(msgspec.Struct, frozen=True, array_like=True, tag="desks-end"):
    """Desks that must close: an account was changed, a session signed out."""

    agent: str = ""
    session: str = ""  # digest of its token


Parcel = Commands | Answers | Typing | Present | DesksEnd

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Parcel)


_COMMANDS: Final[dict[str, msgspec.msgpack.Decoder[Any]]] = {
    kind.__name__: msgspec.msgpack.Decoder(kind) for kind in HANDLERS
}


def encode(parcel: Parcel) -> bytes:
    """Return the bytes that are sent."""
    return _ENCODER.encode(parcel)


def decode(body: bytes) -> Parcel:
    """Return what was sent. Errors: `msgspec.DecodeError`."""
    parcel: Parcel = _DECODER.decode(body)
    return parcel


def joined(waiting: list[Parcel]) -> list[Parcel]:
    """Return the same in fewer parcels: neighbours of one kind travel together."""
    found: list[Parcel] = []
    for parcel in waiting:
        last = found[-1] if found else None
        if isinstance(parcel, Answers) and isinstance(last, Answers):
            found[-1] = Answers(last.answers + parcel.answers)
        else:
            found.append(parcel)
    return found


def forwarded(name: str, command: Command, words: tuple[Words, ...], policy: bytes) -> Forwarded:
    """Return the command as it travels under that id."""
    body = msgspec.Raw(_ENCODER.encode(command))
    return Forwarded(name, type(command).__name__, body, words, policy)


def command_of(row: Forwarded) -> Command:
    """Return the command. Errors: `msgspec.DecodeError`: another release sent it."""
    decoder = _COMMANDS.get(row.kind)
    if decoder is None:
        raise msgspec.DecodeError(f"no command {row.kind!r}")
    command: Command = decoder.decode(row.command)
    return command
