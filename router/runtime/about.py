"""What the daemon knows about itself, for desks and status."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version as distribution_version

from router.core.model import Instant
from router.desk.surroundings import Daemons, Door, PolicyRefusal
from router.ports import Clock
from router.runtime.company import Company
from router.runtime.policy_loader import PolicyKeeper
from router.runtime.sequencer import Sequencer
from router.runtime.settings import Settings
from router.runtime.shortening import Reach


class About:
    """Looked at whenever somebody asks."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        keeper: PolicyKeeper,
        sequencer: Sequencer,
        company: Company,
        reach: Reach,
    ) -> None:
        self.version = distribution_version("townline")
        self.journal = settings.shown_journal
        self.started_at: Instant = clock.now()
        self._keeper = keeper
        self.watched: list[Callable[[], Door | None]] = []
        self._sequencer, self._company, self._reach = sequencer, company, reach

    def daemons(self) -> Daemons | None:
        """Return who serves the town together; None for a daemon alone."""
        standing = self._company.standing
        if standing is None:
            return None
        behind = max(0, standing.version - self._sequencer.version)
        return Daemons(self._company.name, standing.decider, standing.daemons, behind)

    def doors(self) -> tuple[Door, ...]:
        """Return how the connections to the outside stand."""
        found = (look() for look in self.watched)
        return tuple(door for door in found if door is not None)

    @property
    def kept_since(self) -> Instant | None:
        """Return when the journal begins; None: with the first event."""
        return self._reach.since

    @property
    def policy_adopted_at(self) -> Instant | None:
        """Return when; None when it was in force before this daemon started."""
        return self._keeper.adopted_at

    @property
    def policy_refusal(self) -> PolicyRefusal | None:
        """Return the last refusal since the last adoption."""
        refusal = self._keeper.refusal
        return None if refusal is None else PolicyRefusal(refusal.at, refusal.complaints)
