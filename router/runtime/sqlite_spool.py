"""Residents' words in the embedded journal, until history has them: one row for each batch.

A row for each word would cost more than the batch itself: two indexes, and twice, because words
come and go. Which batch has which words is also kept in memory, read from the file at the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from typing import Final

import msgspec

from router.ports import Words

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Words])

_ADD: Final = "INSERT INTO spool VALUES (?, ?)"
_CHANGE: Final = "UPDATE spool SET words = ? WHERE version = ?"
_DROP: Final = "DELETE FROM spool WHERE version = ?"
_ONE: Final = "SELECT words FROM spool WHERE version = ?"
_ALL: Final = "SELECT version, words FROM spool ORDER BY version"


class SpoolIndex:
    """Which batch has which words; changed by the thread that writes, read by both."""

    def __init__(self) -> None:
        self._versions: dict[str, int] | None = None  # None: must be read from the file

    def load(self, connection: Connection) -> dict[str, int]:
        """Return the version of the batch of each ref that waits, read from the file if need be."""
        if self._versions is None:
            self._versions = _versions(connection)
        return self._versions

    def forget(self) -> None:
        """Read the file again next time: nobody knows whether a change was stored."""
        self._versions = None

    def versions(self, connection: Connection, refs: Iterable[str]) -> dict[int, set[str]]:
        """Return the batches that have the refs, each with those that it has."""
        known = self._versions
        known = _versions(connection) if known is None else known
        found: defaultdict[int, set[str]] = defaultdict(set)
        for ref in refs:
            version = known.get(ref)
            if version is not None:
                found[version].add(ref)
        return found


def add(connection: Connection, version: int, words: Sequence[Words]) -> None:
    """Store the words of the batch that ends at this version."""
    connection.execute(_ADD, (version, _ENCODER.encode(words)))


def bring(connection: Connection, version: int, words: Sequence[Words]) -> None:
    """Store more words of that batch."""
    here = _of(connection, version)
    connection.execute(_DROP, (version,))
    add(connection, version, [*here, *words])


def waiting(connection: Connection, limit: int) -> list[Words]:
    """Return the oldest words, at most `limit`."""
    found: list[Words] = []
    rows = connection.execute(_ALL)
    for _, body in rows:
        found += _DECODER.decode(body)
        if len(found) >= limit:
            break
    rows.close()  # or the read transaction would stay open and the log could not be emptied
    return found[:limit]


def find(connection: Connection, versions: dict[int, set[str]]) -> dict[str, Words]:
    """Return those of the words that are still in the batches that had them."""
    return {
        words.ref: words
        for version, refs in versions.items()
        for words in _of(connection, version)
        if words.ref in refs
    }


def remove(connection: Connection, versions: dict[int, set[str]]) -> None:
    """Delete the words from the batches that have them."""
    for version, refs in versions.items():
        left = [words for words in _of(connection, version) if words.ref not in refs]
        if left:
            connection.execute(_CHANGE, (_ENCODER.encode(left), version))
        else:
            connection.execute(_DROP, (version,))


def _of(connection: Connection, version: int) -> list[Words]:
    row = connection.execute(_ONE, (version,)).fetchone()
    return [] if row is None else _DECODER.decode(row[0])


def _versions(connection: Connection) -> dict[str, int]:
    rows = connection.execute(_ALL)
    return {words.ref: version for version, body in rows for words in _DECODER.decode(body)}
