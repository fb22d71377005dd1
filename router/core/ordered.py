"""A line in order: a sorted list of keys in chunks, so that joining and leaving stay cheap.

Holds keys only; what stands behind a key and who is served next is decided elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=tuple[object, ...])

_LOAD: Final = 512  # a chunk splits in two of this length


class OrderedKeys(Generic[K]):
    """Different keys that compare with each other, ascending.

    Changing it while iterating over it is not supported: iterate over a list of what is needed.
    Costs: `head` and `len` O(1); `add`, `remove`, `in` two binary searches and one short shift;
        `rank` and `from_` also one addition per chunk before the place.
    """

    __slots__ = ("_chunks", "_lasts", "_length", "head")

    def __init__(self) -> None:
        self.head: K | None = None  # the smallest key
        self._chunks: list[list[K]] = []  # none of them empty
        self._lasts: list[K] = []  # the greatest key of each chunk
        self._length = 0

    def add(self, key: K) -> None:
        """Put the key in its place.

        Raises:
            ValueError: the key is there already; nothing changed.
        """
        chunks, lasts = self._chunks, self._lasts
        if not lasts or lasts[-1] < key:  # as nearly always: who comes last is last
            if lasts and len(chunks[-1]) < 2 * _LOAD:
                chunks[-1].append(key)
                lasts[-1] = key
            else:
                chunks.append([key])
                lasts.append(key)
        else:
            at = bisect_left(lasts, key)
            chunk = chunks[at]
            place = bisect_left(chunk, key)
            if chunk[place] == key:
                raise ValueError(f"key {key!r} is in line already")
            chunk.insert(place, key)
            if len(chunk) > 2 * _LOAD:
                chunks.insert(at + 1, chunk[_LOAD:])
                del chunk[_LOAD:]
                lasts.insert(at, chunk[-1])
        self._length += 1
        self.head = chunks[0][0]

    def remove(self, key: K) -> None:
        """Take the key out.

        Raises:
            KeyError: the key is not there; nothing changed.
        """
        at, place = (0, 0) if key == self.head else self._find(key)  # mostly the first goes
        if place < 0:
            raise KeyError(key)
        chunk = self._chunks[at]
        del chunk[place]
        if not chunk:
            del self._chunks[at]
            del self._lasts[at]
        elif place == len(chunk):
            self._lasts[at] = chunk[-1]
        self._length -= 1
        self.head = self._chunks[0][0] if self._chunks else None

    def rank(self, key: K) -> int:
        """How many keys come strictly before this one, which need not be there."""
        at = bisect_left(self._lasts, key)
        if at == len(self._lasts):
            return self._length
        return sum(map(len, self._chunks[:at])) + bisect_left(self._chunks[at], key)

    def from_(self, n: int) -> Iterator[K]:
        """The keys from rank `n` (0 = all) on, ascending."""
        skip = max(n, 0)
        for chunk in self._chunks:
            if skip < len(chunk):
                yield from chunk[skip:] if skip else chunk
            skip = max(skip - len(chunk), 0)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[K]:
        return self.from_(0)

    def __contains__(self, key: K) -> bool:
        return self._find(key)[1] >= 0

    def _find(self, key: K) -> tuple[int, int]:
        """Chunk and place of the key; place -1 when it is not there."""
        at = bisect_left(self._lasts, key)
        if at < len(self._lasts):
            place = bisect_left(self._chunks[at], key)
            if self._chunks[at][place] == key:
                return at, place
        return at, -1
