"""Everything accounted for: what people outside have, against what the parts of the town hold.

Read once everything has come to rest: the journal, what each daemon took for its state, history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Table, select

from router.core import events as e
from router.core.model import Channel, Form, ItemId, ItemState
from router.core.state import State
from router.core.upcast import decode_events
from router.desk.terminal import AUTO_TEXT
from router.history.database import Database, default_url
from router.history.feeder import HistoryFeeder
from router.history.tables import (
    contacts,
    conversation_messages,
    conversations,
    item_events,
    items,
    kept_mail,
    mentions,
    messages,
    offers,
)
from router.ports import Words
from router.runtime.clock import SystemClock
from router.runtime.journal_memory import MemoryJournal, MemoryStore
from router.runtime.journals import OpenJournal
from router.runtime.recovery import load_policy
from router.runtime.snapshot import decode_snapshot, policies_of
from tests.end_to_end.evidence import OnDisk, Row, Witness
from tests.end_to_end.rig import Rig
from tests.endurance.scale import TERMINALS
from tests.simulation.ledgers import Broken
from tests.simulation.outgoing import Outgoing
from tests.storms.server import Server
from tests.storms.watching import StormWatch

FACTS: Final = (
    items, offers, item_events, conversations, conversation_messages, kept_mail, mentions,
)  # fmt: skip
UNENDED: Final = (ItemState.QUEUED, ItemState.IN_FLOW)
LOOKS: Final = 20  # at every row, over the whole journal
SHOWN: Final = 5


class _SeenElsewhere(Outgoing):
    """Whether mails of the town came is asked of the world's mail server (`evidence_text`)."""

    def over(self, event: e.EffectDone | e.EffectFailed) -> None:
        """Take it as said."""


class Twin(StormWatch):
    """Folds the journal and looks at what each batch touches; at everything now and then only."""

    def __init__(self, store: Server, batches: int) -> None:
        super().__init__(store)
        self.texts.outgoing = _SeenElsewhere(self.twin, store.words)
        self.texts.stock = frozenset({AUTO_TEXT})
        self._every = max(1, batches // LOOKS)

    def _look(self, *, sweep: bool) -> None:
        super()._look(sweep=self.step % self._every == 0)


async def words_of(history: Database) -> list[Row]:
    """Return the residents' words that history holds."""

    def read(connection: Connection) -> list[Row]:
        rows = [
            row
            for table in (contacts, messages)
            for row in connection.execute(select(table.c.ref, table.c.kind, table.c.body))
        ]
        return [
            (ref, kind, body.encode() if isinstance(body, str) else bytes(body))
            for ref, kind, body in rows
        ]

    return await history.read(read)


# --- the journal ---------------------------------------------------------------------------------


class Left(NamedTuple):
    """What a daemon took for the state when it stopped."""

    daemon: str
    version: int
    hash: str


async def newest_snapshot(journal: OpenJournal, daemon: str) -> Left:
    """Return the newest snapshot, which that daemon has just left."""
    snapshot = max(await journal.snapshots(), key=lambda each: each.version)
    frozen = decode_snapshot(snapshot).frozen
    policies = {name: await load_policy(journal, name) for name in policies_of(frozen)}
    return Left(daemon, snapshot.version, State.thaw(frozen, policies).hash())


async def journal_findings(
    journal: OpenJournal, words: Sequence[Row], left: Sequence[Left]
) -> list[str]:
    """Fold the journal batch by batch: nothing may ever have been untrue.

    Nobody was over capacity, every offer ended once, nothing was received or decided twice, and
    every daemon has `left` the state that the journal gives at its version.
    """
    store = Server(words={ref: Words(ref, kind, body) for ref, kind, body in words})
    batches = [batch async for batch in journal.read(0)]
    for batch in batches:
        for event in decode_events(batch.events):
            if isinstance(event, e.PolicyAdopted) and event.policy not in store.policies:
                store.policies[event.policy] = await journal.policy(event.policy) or b""
    twin, hashes = Twin(store, len(batches)), dict[int, str]()
    wanted = {each.version for each in left}
    try:
        for batch in batches:
            store.batches.append(batch)
            if batch.version in wanted:
                twin.catch_up()
                hashes[batch.version] = twin.twin.hash()
        twin.finish()
    except (Broken, AssertionError) as error:
        return [f"at version {twin.twin.version} of the journal: {error}"]
    return [
        f"{each.daemon} left another state at version {each.version} than the journal gives"
        for each in left
        if hashes.get(each.version) != each.hash
    ]


# --- senders -------------------------------------------------------------------------------------


def unheard(witness: Witness, disk: OnDisk) -> set[ItemId]:
    """Return the calls whose end the carrier could tell nobody, in menus: a deadline ends them."""
    in_menus = {
        row.id: row.call_id
        for row in disk.state.items.values()
        if row.form is Form.CALL and row.state is ItemState.IN_FLOW and row.flow is not None
    }
    return {item for item, call in in_menus.items() if call in witness.gave_up}


def sender_findings(rig: Rig, disk: OnDisk, deaf: set[ItemId]) -> Iterator[str]:
    """Say which items nobody has sent, what is left open, which terminal did nothing.

    `deaf`: calls that are known to have ended without the town hearing of it.
    """
    calls = {call.sid for call in rig.carrier.exchange.calls.values()}
    chats = {chat.conversation for chat in rig.chats}
    known = {receipt.reference for receipt in rig.forms.receipts}
    joined: dict[str, set[str]] = {}
    for event in disk.of_kind(e.ConversationJoined):
        joined.setdefault(event.item, set()).add(event.conversation)
    for item in disk.of_kind(e.ItemReceived):
        strange = {
            Channel.VOICE: bool(item.call_id) and item.call_id not in calls,
            Channel.CHAT: not joined.get(item.item, set()) & chats,
            Channel.WEBFORM: str(item.item) not in known,
        }
        if strange.get(item.channel):
            yield f"nobody has sent {item.item} ({item.channel})"
    for offer in disk.state.offers.values():
        yield f"an offer is open: {offer}"
    for row in disk.state.items.values():
        if row.state in (ItemState.OFFERED, ItemState.HANDLING, ItemState.HELD):
            yield f"{row.id} is still with somebody: {row.state}"
        elif row.id not in deaf and row.form is Form.CALL and row.state in UNENDED:
            yield f"{row.id} is a call without a caller: {row.state}"
    worked = Counter(str(event.agent) for event in disk.of_kind(e.HandlingStarted))
    if not any(worked[name] for name in TERMINALS):
        yield f"the terminals of {' and '.join(TERMINALS)} did nothing"


# --- history -------------------------------------------------------------------------------------


async def history_findings(history: Database, journal: OpenJournal, folder: Path) -> list[str]:
    """Feed the journal into another history at one go; it must be the same, row by row.

    `folder`: an empty one, for the other history.
    """
    fresh, clock = Database(default_url(folder)), SystemClock(0)
    try:
        await HistoryFeeder(fresh, journal, MemoryJournal(MemoryStore(), clock), clock)()
        found = []
        for table in FACTS:
            ours, theirs = await _rows(history, table), await _rows(fresh, table)
            both = ours & theirs
            for said, rows in (("is missing", theirs - both), ("should not be", ours - both)):
                if rows:
                    shown = sorted(map(str, rows))[:SHOWN]
                    found.append(f"history, {table.name}: {len(rows)} rows, each {said}: {shown}")
        return found
    finally:
        await fresh.close()


async def _rows(database: Database, table: Table) -> set[bytes]:
    def read(connection: Connection) -> set[bytes]:
        return {msgspec.json.encode(tuple(row)) for row in connection.execute(select(table))}

    return await database.read(read)
