"""From the journal to the state: the newest readable snapshot, then everything stored after it.

Replay only folds; it decides nothing. Policies are loaded before the event that adopts them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import NamedTuple

import msgspec
import structlog

from router.core.apply import apply
from router.core.events import AnyEvent, PolicyAdopted
from router.core.model import PolicyHash
from router.core.policy import Policy, decode
from router.core.state import State
from router.core.upcast import decode_events
from router.errors import InvariantBroken, JournalShortened
from router.ports import Journal, StoredBatch, StoredPolicy, chain_of, disagree
from router.runtime.beginnings import begins_at
from router.runtime.snapshot import UnreadableSnapshot, decode_snapshot, policies_of

log = structlog.get_logger(__name__)


class Recovered(NamedTuple):
    """The state as stored, and the hash of the history that led to it (`router.ports.chained`)."""

    state: State
    chain: str


async def recover(journal: Journal) -> State:
    """Return the state as stored; `version` 0 for an empty journal. Errors: as of `replay`."""
    return (await replay(journal)).state


async def replay(journal: Journal) -> Recovered:
    """Return the state as stored, and which history that is.

    Raises:
        InvariantBroken: the journal holds what this release cannot read or fold.
        StorageFailed: the journal cannot be read.
    """
    state, chain = await _nearest(journal, None)
    began_at = state.version
    async for stored, events in _batches_after(journal, state):
        if disagree(chain, stored.before):
            raise InvariantBroken(
                f"batch {stored.batch_id!r} does not follow the one before: the journal was"
                " changed or is damaged, restore a backup"
            )
        try:
            for event in events:
                apply(state, event)
        except Exception as error:
            raise InvariantBroken(
                f"event {state.version + 1} of the journal cannot be applied: {error}"
            ) from error
        chain = chain_of(stored)
    log.info("state_recovered", snapshot=began_at, version=state.version, items=len(state.items))
    return Recovered(state, chain)


async def chain_at(journal: Journal, version: int) -> str:
    """Return the hash of the history up to there; "" when nobody knows. Errors: `StorageFailed`."""
    try:
        stored = await anext(journal.read(version - 1), None)
    except JournalShortened:  # the batch that ends there is gone
        return ""
    return chain_of(stored) if stored is not None and stored.version == version else ""


async def batches_after(journal: Journal, state: State) -> AsyncGenerator[list[AnyEvent], None]:
    """Yield the events of each batch stored after `state.version`, policies loaded first.

    Raises:
        InvariantBroken: a batch cannot be read, or does not follow the one before.
    """
    async for _, events in _batches_after(journal, state):
        yield events


async def _batches_after(
    journal: Journal, state: State
) -> AsyncGenerator[tuple[StoredBatch, list[AnyEvent]], None]:
    expected = state.version
    async for stored in journal.read(expected):
        events = events_of(stored, expected)
        expected += len(events)
        await load_adopted(journal, state, events)
        yield stored, events


def events_of(stored: StoredBatch, expected: int) -> list[AnyEvent]:
    """Return the events of a batch that follows that version.

    Raises:
        InvariantBroken: it cannot be read, or does not follow.
    """
    try:
        events = decode_events(stored.events)
    except msgspec.DecodeError as error:
        raise InvariantBroken(f"batch {stored.batch_id!r} cannot be read: {error}") from error
    expected += len(events)
    if len(events) != stored.count or stored.version != expected:
        raise InvariantBroken(
            f"batch {stored.batch_id!r} ends at {stored.version}, expected {expected}"
        )
    return events


async def load_adopted(journal: Journal, state: State, events: Iterable[AnyEvent]) -> None:
    """Load the policies that the events adopt. Errors: as of `load_policy`."""
    for event in events:
        if type(event) is PolicyAdopted and event.policy not in state.policies:
            state.policies[event.policy] = await load_policy(journal, event.policy)


async def adopted_in(journal: Journal, events: Iterable[AnyEvent]) -> tuple[StoredPolicy, ...]:
    """Return the policies that the events adopt, as they are stored. Errors: `StorageFailed`."""
    names = [str(event.policy) for event in events if type(event) is PolicyAdopted]
    bodies = [(name, await journal.policy(name)) for name in names]
    return tuple(StoredPolicy(name, body) for name, body in bodies if body is not None)


async def nearest_snapshot(journal: Journal, version: int | None = None) -> State:
    """Return the state of the newest readable snapshot, or of the newest not after the version.

    Without one: the state of the empty journal.

    Raises:
        InvariantBroken: without one, and the journal has been shortened.
        StorageFailed: the journal cannot be read.
    """
    return (await _nearest(journal, version)).state


async def _nearest(journal: Journal, version: int | None) -> Recovered:
    stands_at, first = await journal.version(), await begins_at(journal)
    for snapshot in await journal.snapshots():
        if version is not None and version < snapshot.version <= stands_at:
            continue
        if snapshot.version < first:
            continue
        try:
            if snapshot.version > stands_at:
                raise UnreadableSnapshot(f"the journal ends at version {stands_at}")
            frozen, chain = decode_snapshot(snapshot)
            here = await chain_at(journal, snapshot.version)
            if disagree(chain, here):
                raise UnreadableSnapshot("it is of another history, which the journal has lost")
            policies = {name: await load_policy(journal, name) for name in policies_of(frozen)}
            return Recovered(State.thaw(frozen, policies), here or chain)
        except (UnreadableSnapshot, InvariantBroken) as error:
            log.warning("snapshot_skipped", version=snapshot.version, why=str(error))
    if first:
        raise InvariantBroken(
            f"no snapshot of the journal can be read, and its first {first} events are no longer"
            " kept: run the release that wrote it, or restore a backup"
        )
    return Recovered(State(), "")


async def load_policy(journal: Journal, name: PolicyHash) -> Policy:
    """Return an adopted policy. Raises InvariantBroken: it is not there or unreadable."""
    body = await journal.policy(name)
    if body is None:
        raise InvariantBroken(f"policy {name!r} was adopted and is not stored")
    try:
        return decode(body)
    except msgspec.DecodeError as error:
        raise InvariantBroken(f"policy {name!r} cannot be read: {error}") from error
