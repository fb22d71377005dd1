"""What was acknowledged to the outside against what stands on disk.

The ledgers belong to those outside: the practice line, the senders of forms, the agents. The disk
is read from a copy, so that looking at it after a crash repairs nothing.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from channels.voice.practice.call import Call
from channels.voice.practice.ledger import Entry, Sent
from router.core import events as e
from router.core.apply import apply
from router.core.model import ENDED, Channel, Form, ItemId, ItemState, OfferEnding, QueueId, Tempo
from router.core.state import State
from router.ports import Said
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.journals import OpenJournal
from router.runtime.recovery import batches_after, recover
from tests.end_to_end.evidence_text import TextWitness
from tests.end_to_end.rig import Rig

K = TypeVar("K", bound=e.Event)

NAMED: Final = re.compile(r"/voice/(?:flow|wait|key|left|move|hold)/([0-9A-HJKMNP-TV-Z]{10})/?")
LAST_EVENTS: Final = 12
WORDS_MAX: Final = 1_000_000
Row = tuple[str, str, bytes]  # of words: reference, kind, body


@dataclass
class OnDisk:
    """Journal, snapshots and history as a daemon that starts now would find them."""

    state: State  # newest snapshot and what came after
    replayed_hash: str  # of the state by the events alone
    events: list[e.AnyEvent]
    words: set[str]  # references, in the spool or in history
    said: dict[str, Said]  # of these: what was written in conversations

    def of_kind(self, kind: type[K]) -> list[K]:
        return [event for event in self.events if isinstance(event, kind)]

    def last_events(self) -> str:
        """Return the end of the journal, for messages of failed tests."""
        return "\n".join(f"  {event}"[:220] for event in self.events[-LAST_EVENTS:])


async def on_disk(data: Path, scratch: Path) -> OnDisk:
    """Read a copy of the data folder, made in `scratch`."""
    copy = scratch / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(data, copy, ignore=shutil.ignore_patterns("blobs", "outbox"))
    history: list[Row] = []
    for table in ("contacts", "messages"):
        history += _rows(copy / "history.sqlite", f"SELECT ref, kind, body FROM {table}")
    journal = await SqliteJournal.open(copy / "journal.sqlite")
    try:
        return await as_stored(journal, history)
    finally:
        await journal.close()


async def as_stored(journal: OpenJournal, history: list[Row]) -> OnDisk:
    """Read a journal; `history`: the words that have left it."""
    state = await recover(journal)
    alone = State()
    events: list[e.AnyEvent] = []
    async for batch in batches_after(journal, alone):
        for event in batch:
            apply(alone, event)
        events += batch
    words = [(w.ref, w.kind, w.body) for w in await journal.waiting(WORDS_MAX)] + history
    said = {
        ref: msgspec.json.decode(body, type=Said) for ref, kind, body in words if kind == "said"
    }
    return OnDisk(state, alone.hash(), events, {ref for ref, _, _ in words}, said)


def _rows(path: Path, query: str) -> list[Row]:
    if not path.exists():
        return []
    connection = sqlite3.connect(path)
    try:
        return list(connection.execute(query))
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return []
    finally:
        connection.close()


class Witness:
    """Reads along in the practice line's ledger: when was what acknowledged?"""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._clock = rig.carrier.exchange.clock
        self.items: dict[str, set[str]] = {}  # by call: items named in acknowledged documents
        self.lined_up: dict[str, tuple[int, int]] = {}  # by call: first Enqueue, (asked, answered)
        self.gave_up: set[str] = set()  # calls with a webhook that failed for good
        self._asked: dict[str, int] = {}  # by webhook: its first attempt, which may have counted
        rig.carrier.ledger.listen(self._note)

    def _note(self, entry: Entry) -> None:
        if not isinstance(entry, Sent):
            return
        call = self._rig.carrier.exchange.calls.get(entry.call_sid)
        if call is None or call.direction != "inbound":
            return
        asked = self._asked.setdefault(entry.token, entry.at)
        if not entry.acknowledged:
            self.gave_up.add(entry.call_sid)
            return
        self.items.setdefault(entry.call_sid, set()).update(NAMED.findall(entry.body))
        if "<Enqueue" in entry.body:
            self.lined_up.setdefault(entry.call_sid, (asked, self._clock.now()))

    def inbound(self) -> list[Call]:
        return [c for c in self._rig.carrier.exchange.calls.values() if c.direction == "inbound"]

    # --- findings --------------------------------------------------------------------------------

    def findings(self, disk: OnDisk, *, settled: bool) -> list[str]:
        """Return what contradicts an acknowledgement; `settled`: nothing is under way."""
        found = [*self._calls(disk), *self._forms(disk, settled), *self._clicks(disk)]
        found += [*self._lines(disk), *self._doubled(disk)]
        found += TextWitness(self._rig, disk, settled=settled).findings()
        if settled:
            found += self._lost_callers(disk)
        if disk.state.hash() != disk.replayed_hash:
            found.append("snapshot and replay differ")
        return found

    def _calls(self, disk: OnDisk) -> Iterator[str]:
        received = {ev.item: ev for ev in disk.of_kind(e.ItemReceived)}
        for call_sid, items in self.items.items():
            if len(items) > 1:
                yield f"call {call_sid} was told of several items: {items}"
            for item in items:
                event = received.get(ItemId(item))
                if event is None:
                    yield f"call {call_sid} was acknowledged as {item}, which is not there"
                elif event.call_id != call_sid:
                    yield f"{item} belongs to another call than {call_sid}"
                elif event.contact_ref not in disk.words:
                    yield f"the words of {item} are lost"

    def _forms(self, disk: OnDisk, settled: bool) -> Iterator[str]:
        received = {ev.item: ev for ev in disk.of_kind(e.ItemReceived)}
        forms = [ev for ev in received.values() if ev.channel is Channel.WEBFORM]
        by_key: dict[str, str] = {}
        for receipt in self._rig.forms.receipts:
            first = by_key.setdefault(receipt.key, receipt.reference)
            if first != receipt.reference:
                yield f"form {receipt.key} is {first} and {receipt.reference}"
            event = received.get(ItemId(receipt.reference))
            if event is None:
                yield f"form {receipt.key} was acknowledged as {receipt.reference}, not there"
            elif not {event.words_ref, event.contact_ref} <= disk.words:
                yield f"the words of form {receipt.reference} are lost"
        if len(set(by_key.values())) != len(by_key):
            yield "two forms became one item"
        if settled and len(forms) != len(by_key):
            yield f"{len(by_key)} forms were sent, {len(forms)} items came of them"

    def _clicks(self, disk: OnDisk) -> Iterator[str]:
        accepted = Counter(
            str(ev.offer) for ev in disk.of_kind(e.OfferEnded) if ev.ending is OfferEnding.ACCEPTED
        )
        closed = Counter(str(ev.item) for ev in disk.of_kind(e.ItemClosed))
        reopened = Counter(str(ev.item) for ev in disk.of_kind(e.ItemReopened))
        returned = Counter(str(ev.item) for ev in disk.of_kind(e.ItemReturned))
        gave_back: Counter[str] = Counter()
        did_close: Counter[str] = Counter()
        for desk in self._rig.desks.values():
            gave_back.update(desk.acknowledged("return"))
            did_close.update(desk.acknowledged("close"))
            answers = [reply for reply in desk.replies.values() if reply.answer == "ok"]
            did_close.update(reply.item for reply in answers if reply.then == "close")
            for offer in desk.acknowledged("accept"):
                if accepted[offer] != 1:
                    yield f"{desk.name} accepted {offer}, stored {accepted[offer]} times"
        for item, times in did_close.items():
            if not times <= closed[item] <= 1 + reopened[item]:
                yield f"{item} was closed {times} times, stored {closed[item]} times"
        for item, times in gave_back.items():
            if returned[item] < times:
                yield f"{item} was given back {times} times, stored {returned[item]} times"

    def _lines(self, disk: OnDisk) -> Iterator[str]:
        """Who was certainly in line before another stands before them."""
        line = [
            item_id
            for queue in disk.state.queues
            for _, item_id in disk.state.index.line(QueueId(queue), Tempo.LIVE)
        ]
        stands = {disk.state.items[ItemId(i)].call_id: n for n, i in enumerate(line)}
        queue_of = {row.call_id: row.queue for row in disk.state.items.values()}
        again = self._rang_again(disk)
        waiting = sorted((t for t in self.lined_up.items() if t[0] in stands), key=lambda t: t[1])
        for (first, (_, answered)), (second, (asked, _)) in combinations(waiting, 2):
            same = queue_of[first] == queue_of[second] and second not in again
            if same and answered < asked and stands[first] > stands[second]:
                yield f"call {second} stands before {first}, who was first"

    def _rang_again(self, disk: OnDisk) -> set[str]:
        """Return calls that have an older place because the same number had rung before them."""
        older = {
            row.call_id
            for row in disk.state.items.values()
            if row.first_queued_at is not None and row.first_queued_at < row.received_at
        }
        found, numbers = set(), set[str]()
        for call in self.inbound():  # in the order in which they came
            if call.sid in older and call.from_ in numbers:
                found.add(call.sid)
            numbers.add(call.from_)
        return found

    def _doubled(self, disk: OnDisk) -> Iterator[str]:
        received = disk.of_kind(e.ItemReceived)
        items = Counter(ev.item for ev in received)
        calls = Counter(ev.call_id for ev in received if ev.call_id)
        yield from (f"item {item} was received {n} times" for item, n in items.items() if n > 1)
        yield from (f"call {call} is {n} items" for call, n in calls.items() if n > 1)

    def _lost_callers(self, disk: OnDisk) -> Iterator[str]:
        rows = {row.call_id: row for row in disk.state.items.values() if row.form is Form.CALL}
        for call in self.inbound():
            row = rows.get(call.sid)
            if call.over or row is None:
                if not call.over:
                    yield f"nobody knows of call {call.sid}: {self._rig.told(call)}"
            elif row.state in ENDED:
                yield f"call {call.sid} is on the line and {row.id} is {row.state}"
            elif row.state is ItemState.QUEUED and call.place != "queue":
                yield f"call {call.sid} is in line and not in the waiting room: {call.place}"
