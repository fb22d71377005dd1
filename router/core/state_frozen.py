"""The whole state as a snapshot holds it."""

from __future__ import annotations

from typing import Final

import msgspec

from router.core.effects import AnyEffect
from router.core.model import Instant, PolicyHash
from router.core.records import (
    Agent,
    Conversation,
    DialRow,
    EmergencyRow,
    Item,
    KeyRow,
    Offer,
    PaceRow,
    QueueRow,
)
from router.core.records_calls import Consult, Listener, Recall
from router.core.records_town import (
    GapRow,
    KindRow,
    LimitRow,
    LoneWalk,
    NoticeRow,
    OnCallRow,
    SkillsRow,
    SurgeRow,
)
from router.core.records_waiting import KeptSteps, Promise, PromisesMet
from router.core.tallies import TallyRow

FORMAT: Final = 1  # of snapshots; another one is skipped and the journal replayed


class Frozen(msgspec.Struct, frozen=True, array_like=True):
    """The state as a snapshot holds it: every table sorted by key."""

    format: int
    version: int
    now: Instant
    policy_hash: PolicyHash
    items: list[Item]
    offers: list[Offer]
    agents: list[Agent]
    queues: list[QueueRow]
    emergencies: list[EmergencyRow]
    keys: list[KeyRow]
    dials: list[DialRow]
    pending: list[AnyEffect]
    conversations: list[Conversation] = []
    tallies: list[TallyRow] = []
    on_call: list[OnCallRow] = []
    notices: list[NoticeRow] = []
    surges: list[SurgeRow] = []
    limits: list[LimitRow] = []
    gaps: list[GapRow] = []
    consults: list[Consult] = []
    recalls: list[Recall] = []
    paces: list[PaceRow] = []
    promises: list[Promise] = []
    kept: list[KeptSteps] = []
    promises_met: list[PromisesMet] = []
    walks: list[LoneWalk] = []
    kinds: list[KindRow] = []
    skills: list[SkillsRow] = []
    listeners: list[Listener] = []


_DECODER: Final = msgspec.msgpack.Decoder(Frozen)  # at import: threads read snapshots, too


def encode_frozen(frozen: Frozen) -> bytes:
    """Return a snapshot's bytes."""
    return msgspec.msgpack.encode(frozen)


def decode_frozen(body: bytes) -> Frozen:
    """Return the snapshot.

    Raises:
        msgspec.DecodeError: the bytes are no snapshot, or one of another format.
    """
    frozen = _DECODER.decode(body)
    if frozen.format != FORMAT:
        raise msgspec.ValidationError(f"snapshot format {frozen.format}, this code reads {FORMAT}")
    return frozen
