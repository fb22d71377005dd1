"""A snapshot's bytes: a header that tells what it is, then the frozen state.

Length of the header (4 bytes, big-endian), the header, the state. A snapshot that is torn, of
another format, or says something else than it holds is unreadable: the reader skips it and replays
more of the journal instead.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import msgspec

from router.core.model import Instant, PolicyHash
from router.core.state_frozen import Frozen, decode_frozen, encode_frozen
from router.ports import Snapshot

MAGIC: Final = "townline-snapshot"
HEADER_FORMAT: Final = 1


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What the snapshot is; fields are only appended."""

    magic: str
    format: int
    code: str  # release that wrote it
    version: int  # position in the journal: events applied
    at: Instant
    policy: PolicyHash
    sha256: str  # of the state's bytes, hex
    chain: str = ""  # hash of the history that led to it (`router.ports.chained`)


class Unpacked(NamedTuple):
    """What a snapshot holds."""

    frozen: Frozen
    chain: str  # "" when who wrote it did not know


class UnreadableSnapshot(Exception):
    """These bytes cannot be trusted."""


def encode_snapshot(frozen: Frozen, code: str, chain: str = "") -> Snapshot:
    """Return the snapshot; takes long for a large state, so call it in a thread."""
    body = encode_frozen(frozen)
    header = msgspec.msgpack.encode(
        Header(
            magic=MAGIC,
            format=HEADER_FORMAT,
            code=code,
            version=frozen.version,
            at=frozen.now,
            policy=frozen.policy_hash,
            sha256=hashlib.sha256(body).hexdigest(),
            chain=chain,
        )
    )
    return Snapshot(frozen.version, len(header).to_bytes(4, "big") + header + body)


def decode_snapshot(snapshot: Snapshot) -> Unpacked:
    """Return what the snapshot holds.

    Raises:
        UnreadableSnapshot: saying why.
    """
    length = int.from_bytes(snapshot.body[:4], "big")
    body = snapshot.body[4 + length :]
    try:
        header = msgspec.msgpack.decode(snapshot.body[4 : 4 + length], type=Header)
        if (header.magic, header.format) != (MAGIC, HEADER_FORMAT):
            raise UnreadableSnapshot(f"{header.magic!r} of format {header.format}")
        if hashlib.sha256(body).hexdigest() != header.sha256:
            raise UnreadableSnapshot("the checksum is wrong")
        frozen = decode_frozen(body)
    except msgspec.DecodeError as error:
        raise UnreadableSnapshot(str(error)) from error
    if frozen.version != snapshot.version:
        raise UnreadableSnapshot(f"holds version {frozen.version}, stands at {snapshot.version}")
    return Unpacked(frozen, header.chain)


def policies_of(frozen: Frozen) -> frozenset[PolicyHash]:
    """Return the policies that a frozen state refers to."""
    flows = {item.flow.policy for item in frozen.items if item.flow is not None}
    return frozenset(flows | ({frozen.policy_hash} if frozen.policy_hash else set()))
