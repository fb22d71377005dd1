"""What goes wrong with a `MemoryJournal`, and when: by script or by seeded chance.

A plan is asked once per append and once per snapshot, in order, so that the same plan against the
same sequence of calls does the same harm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from router.core.model import Span
from router.ports import Batch


class Ending(StrEnum):
    """How an append ends, unless it conflicts."""

    STORED = "stored"
    REFUSED = "refused"  # StorageFailed, nothing stored
    UNKNOWN_STORED = "unknown-stored"  # OutcomeUnknown, stored
    UNKNOWN_LOST = "unknown-lost"  # OutcomeUnknown, not stored


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendFault:
    """What happens to one append: the delay first, then foreign batches, then the ending."""

    delay: Span = 0  # of the journal's clock
    foreign: tuple[Batch, ...] = ()  # stored first by another daemon: the append conflicts
    ending: Ending = Ending.STORED


NO_FAULT = AppendFault()


class FaultPlan(Protocol):
    """Asked by the journal what to do wrong next."""

    def next_append(self, version: int) -> AppendFault:
        """Return what happens to the append that was just asked for at this version."""
        ...

    def next_snapshot_is_torn(self) -> bool:
        """Return whether the snapshot that was just asked for keeps only half its bytes."""
        ...


class ScriptedFaults:
    """The given faults, one an append, and then none."""

    def __init__(
        self, appends: Iterable[AppendFault] = (), *, torn_snapshots: Iterable[bool] = ()
    ) -> None:
        self._appends = iter(appends)
        self._torn_snapshots = iter(torn_snapshots)

    def next_append(self, version: int) -> AppendFault:
        """Return the next fault of the script."""
        return next(self._appends, NO_FAULT)

    def next_snapshot_is_torn(self) -> bool:
        """Return the script's next answer."""
        return next(self._torn_snapshots, False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultShares:
    """How often what goes wrong, each 0..1; conflict, refused and unknown add up to 1 at most."""

    conflict: float = 0.05
    refused: float = 0.05
    unknown: float = 0.05  # half of them stored
    slow: float = 0.05  # before any of the others
    torn_snapshot: float = 0.2


class Faults:
    """Seeded chance: the same seed does the same harm to the same sequence of calls."""

    def __init__(
        self,
        seed: int,
        shares: FaultShares,
        *,
        foreign: Callable[[int], Sequence[Batch]],
        delay_max: Span,
    ) -> None:
        """`foreign(version)` makes the batches of another daemon; () there means no conflict."""
        self._random = random.Random(seed)
        self._shares = shares
        self._foreign = foreign
        self._delay_max = delay_max

    def next_append(self, version: int) -> AppendFault:
        """Draw what happens to one append."""
        shares = self._shares
        slow = self._random.random() < shares.slow
        delay = self._random.randint(1, self._delay_max) if slow else 0
        (ending,) = self._random.choices(
            (None, Ending.REFUSED, Ending.UNKNOWN_STORED, Ending.UNKNOWN_LOST, Ending.STORED),
            (
                shares.conflict,
                shares.refused,
                shares.unknown / 2,
                shares.unknown / 2,
                1 - shares.conflict - shares.refused - shares.unknown,
            ),
        )
        if ending is None:
            return AppendFault(delay=delay, foreign=tuple(self._foreign(version)))
        return AppendFault(delay=delay, ending=ending)

    def next_snapshot_is_torn(self) -> bool:
        """Draw whether the next snapshot is torn."""
        return self._random.random() < self._shares.torn_snapshot
