"""What the engine's surroundings promise each other: protocols and their plain data.

The runtime implements these for production, `tests/fakes` and the in-memory twins implement them
for tests; both pass the same contract suites.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Final, Protocol, TypeVar

import msgspec

from router.core.commands import Command
from router.core.effects import Effect
from router.core.model import Instant, Span
from router.core.state import State

T = TypeVar("T")


class Clock(Protocol):
    """Sequencer time and the only way to wait."""

    def now(self) -> Instant:
        """Return nanoseconds UTC; never less than what it returned before."""
        ...

    async def sleep_until(self, instant: Instant) -> None:
        """Return once `now()` has reached `instant`."""
        ...


class Words(msgspec.Struct, frozen=True, array_like=True):
    """Something a resident said, wrote or is called by; the journal only knows `ref`."""

    ref: str  # chosen by the sender of the command, unique
    kind: str  # contact | message | form | digits | recording | note | said
    body: bytes  # JSON (UTF-8) for contact, form, said; UTF-8 text or raw bytes otherwise


class Contact(msgspec.Struct, frozen=True):
    """Words of kind `contact`: how a resident is called and reached; "" for what is not known."""

    number: str = ""  # +E.164
    name: str = ""
    email: str = ""


class FileRef(msgspec.Struct, frozen=True):
    """A file that came with a message; its bytes are a blob."""

    blob: str
    name: str
    kind: str  # "image/jpeg"
    size: int  # bytes
    content_id: str = ""  # a picture inside the HTML text


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words of kind `said`: one message of a conversation, whoever wrote it, by any door."""

    text: str  # its own words
    quoted: str = ""  # quotation and signature that were cut off
    subject: str = ""
    html: str = ""  # blob of the HTML as it was sent, not sanitised
    original: str = ""  # blob of the whole mail as it came
    files: tuple[FileRef, ...] = ()
    message_id: str = ""  # of a mail, with angle brackets
    references: tuple[str, ...] = ()  # of a mail, oldest first, `In-Reply-To` last
    sender: str = ""  # address and name as written, "Name <local@domain>"
    to: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()  # what had to be salvaged
    client_id: str = ""  # of a chat: the client's id of the activity
    choices: tuple[str, ...] = ()  # of a chat: quick replies


CHAIN_BYTES: Final = 16  # of a history's hash

# Made at import: msgspec looks a type over when it is first used, and two threads that do so at the
# same moment end the process.
_SAID: Final = msgspec.json.Decoder(Said)
_CONTACT: Final = msgspec.json.Decoder(Contact)


def said_in(words: Words | None) -> Said | None:
    """Return the message that the words are; None when they are missing or of another kind."""
    if words is None or words.kind != "said":
        return None
    try:
        return _SAID.decode(words.body)
    except msgspec.DecodeError:
        return None


def contact_in(words: Words | None) -> Contact | None:
    """Return who the words say it is; None when they are missing, of another kind or unreadable."""
    if words is None or words.kind != "contact":
        return None
    try:
        return _CONTACT.decode(words.body)
    except msgspec.DecodeError:
        return None


class StoredPolicy(msgspec.Struct, frozen=True):
    """A compiled policy as bytes under the hash of those bytes."""

    hash: str  # hex SHA-256 of `body`
    body: bytes


class Batch(msgspec.Struct, frozen=True):
    """What one append stores as a whole or not at all."""

    batch_id: str  # unique; an unknown outcome is settled by looking it up
    at: Instant  # sequencer time of the batch
    count: int  # number of events in `events`, at least 1
    events: bytes  # msgpack array of tagged events (`router.core.events`)
    words: tuple[Words, ...] = ()
    policies: tuple[StoredPolicy, ...] = ()
    answers: bytes = b""  # what forwarded commands came to (`router.runtime.answers`), stored along
    before: str = ""  # hash of the history that it follows; "" when the writer does not know


class StoredBatch(msgspec.Struct, frozen=True):
    """A batch as it stands in the journal."""

    version: int  # number of events stored up to and including this batch
    batch_id: str
    at: Instant
    count: int
    events: bytes
    answers: bytes = b""  # as of `Batch`; journals of one daemon keep none
    before: str = ""  # the same


# A journal's history is hashed batch by batch, so that a daemon which goes on from what it holds
# notices that a journal, after a fail-over, has lost batches or has gone on with others.


def chained(before: str, version: int, batch: Batch | StoredBatch) -> str:
    """Return the hash of the history that ends with the batch, hex; "" when nobody knows it.

    `before` is the hash of what is before the batch, "" at the beginning; `version` is that after
    the batch. What a journal does not keep of every batch (answers) is left out.
    """
    if not before and version > batch.count:
        return ""
    facts = f"{before} {version} {batch.batch_id} {batch.at} {batch.count} ".encode()
    return blake2b(facts + batch.events, digest_size=CHAIN_BYTES).hexdigest()


def chain_of(stored: StoredBatch) -> str:
    """Return the hash of the history up to and with that batch; "" when nobody knows it."""
    return chained(stored.before, stored.version, stored)


def disagree(chain: str, other: str) -> bool:
    """Say whether two histories are known to differ; nobody knows while one of them is ""."""
    return "" not in (chain, other) and chain != other


class Snapshot(msgspec.Struct, frozen=True):
    """The state after `version` events, as bytes; unreadable ones are skipped by the reader."""

    version: int
    body: bytes


class Beginning(msgspec.Struct, frozen=True):
    """Where a shortened journal begins: right after a batch of which only the snapshot is left."""

    version: int  # after the newest batch that is gone; a snapshot of it is kept
    at: Instant  # of that batch
    adopted: tuple[tuple[Instant, str], ...]  # when, hash: policies adopted until then, in order


class Journal(Protocol):
    """The truth. Versions count events; version 0 is the empty journal.

    Errors: every method may raise `StorageFailed` (nothing was changed).
    """

    async def append(self, expected_version: int, batch: Batch) -> int:
        """Store the whole batch durably right after `expected_version`; return the new version.

        Errors: `Conflict` when the journal stands at another version (nothing stored);
            `StorageFailed` when nothing was stored (disk full, read-only);
            `OutcomeUnknown` when it may or may not be stored: ask `find_batch`.
        """
        ...

    async def find_batch(self, batch_id: str) -> int | None:
        """Return the version after that batch, or None when it was never stored."""
        ...

    async def bring_words(self, batch_id: str, words: Sequence[Words]) -> None:
        """Let those of a batch's words wait for history that do not; none of a batch not stored."""
        ...

    async def version(self) -> int:
        """Return the number of events stored."""
        ...

    def read(self, after_version: int) -> AsyncIterator[StoredBatch]:
        """Yield the batches after that version, oldest first.

        Errors: `JournalShortened` when one of them is gone.
        """
        ...

    async def beginning(self) -> Beginning | None:
        """Return where the journal begins; None: with the first event."""
        ...

    async def shorten(self, begins_at: int, beginning: Beginning, state: bytes) -> None:
        """Have the journal begin there, with `state` as the snapshot; forget what came before.

        The newest batch stays. Batches go a few at a time, so that appends pass in between; those
        that are left when this is cut off go the next time. Policies, and words that wait, stay.

        Errors: `Conflict` when the journal begins neither at `begins_at` nor there already.
        """
        ...

    async def mentions(self, text: str) -> tuple[int, int] | None:
        """Return the versions before the first and after the last batch whose events hold the text.

        None when no batch does. Looks at the stored bytes, decodes nothing.
        """
        ...

    async def policy(self, policy_hash: str) -> bytes | None:
        """Return the stored policy's bytes."""
        ...

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep the snapshot beside the journal, and the one before it; drop older ones.

        The one with which a shortened journal begins is kept beside them.
        """
        ...

    async def snapshots(self) -> list[Snapshot]:
        """Return the kept snapshots, newest first."""
        ...

    async def close(self) -> None:
        """Release the storage; further calls are an error."""
        ...


class Spool(Protocol):
    """Residents' words until history has them; written by `Journal.append` with the batch."""

    async def waiting(self, limit: int) -> list[Words]:
        """Return the oldest words that history does not have yet, at most `limit`."""
        ...

    async def words(self, refs: list[str]) -> dict[str, Words]:
        """Return those of the asked-for words that are still here."""
        ...

    async def moved(self, refs: list[str]) -> None:
        """Forget words that history has stored."""
        ...


class Known(msgspec.Struct, frozen=True):
    """By what the resident of an item is known."""

    item: str
    address_key: str  # "" = withheld
    addresses: tuple[str, ...]  # telephone number, mail address, as far as given


class EarlierItem(msgspec.Struct, frozen=True):
    """An item as history knows it, open or ended, without anybody's words."""

    id: str
    form: str
    channel: str
    state: str
    called: str
    language: str
    subject: str
    queue: str  # "" = none yet
    agent: str  # who handled it last; "" = nobody
    received_at: Instant
    ended_at: Instant | None
    outcome: str
    code: str
    contact_ref: str
    words_ref: str
    note_ref: str
    conversation: str  # "" = none


class Blobs(Protocol):
    """Large bytes: original mails, attachments. Named by their content, so a repeat costs nothing.

    Errors: every method may raise `StorageFailed`.
    """

    async def put(self, body: bytes) -> str:
        """Keep the bytes durably; return their name, the hex SHA-256."""
        ...

    async def get(self, name: str) -> bytes | None:
        """Return the bytes; None when nobody has them (any more)."""
        ...


class Inbox(Protocol):
    """How channels and desks reach the engine."""

    async def submit(
        self, command: Command, reply: Callable[[State], T], *, words: tuple[Words, ...] = ()
    ) -> T:
        """Have the command decided and stored, then return `reply(state)` as of that moment.

        `reply` runs right after the command's events were applied and before anything else is
        decided; it must be pure, quick, and return immutable data. The result is handed over only
        once the events (and `words`) are stored durably.

        Errors: `CommandRefused` (nothing changed); `Overloaded` (the sequencer is full: try again
            later); `StorageUnavailable` (not confirmed within two seconds).
        """
        ...

    async def read(self, view: Callable[[State], T]) -> T:
        """Return `view(state)` of a state that is stored, never of one that is only decided."""
        ...


class Outlet(Protocol):
    """How effects leave: one per channel."""

    async def perform(self, effect: Effect) -> str:
        """Do it; return once the outside has confirmed: the id of the leg it created, or "".

        Errors: `ChannelError` with `retryable`; the runtime tries again with back-off or gives up
            and tells the engine. Performing the same effect twice does the harm that the effect's
            docstring states and no more.
        """
        ...


class Ids(Protocol):
    """Names that nobody can guess and that never repeat."""

    def item_id(self) -> str:
        """Return a reference number: ten characters of Crockford base 32, 50 random bits."""
        ...

    def unique(self, prefix: str) -> str:
        """Return prefix + at least 96 random bits."""
        ...


class Duty(Protocol):
    """Something done over and over in the background (poll, sweep, snapshot); harmless twice."""

    name: str
    period: Span

    def __call__(self) -> Awaitable[None]:
        """Do it once."""
        ...
