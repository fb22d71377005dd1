"""Several daemons in many seeded storms: nothing is lost or doubled, and none disagrees.

`python -m scripts.simulate_faults` acts as many others as one has time for.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from router.core.events import AnyEvent
from router.core.state import State
from router.errors import HistoryForked
from router.ports import Journal
from router.runtime import remote, sequencer
from router.runtime.company import Ripe, fold, give
from router.runtime.tail import Tail
from tests.storms import daemons
from tests.storms.storm import StormFailed, simulate

STORMS = 1000
AT_ONCE = 25  # in one test: a storm takes a quarter of a second


@pytest.mark.parametrize("first", range(0, STORMS, AT_ONCE), ids=lambda first: f"from-{first:04}")
def test_nothing_is_lost_or_doubled_in_a_storm(first: int) -> None:
    results = [simulate(seed) for seed in range(first, first + AT_ONCE)]
    assert sum(each.lives > each.daemons for each in results) > AT_ONCE / 3  # some were killed
    assert sum(each.calls + each.forms for each in results) > 10 * AT_ONCE
    assert sum(each.effects for each in results) > 5 * AT_ONCE
    assert sum(each.lost > 0 for each in results) > 1  # another server took over


def test_the_same_seed_is_the_same_storm() -> None:
    assert simulate(5) == simulate(5)


def test_a_storm_notices_what_is_decided_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken, and what others have answered, is forgotten at once."""
    monkeypatch.setattr(remote.Remembered, "__contains__", lambda *_: False)
    with pytest.raises(StormFailed, match="decided twice"):
        _some()


def test_a_storm_notices_an_answer_that_comes_before_its_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def too_early(events: Sequence[AnyEvent], state: State, ripe: Sequence[Ripe]) -> None:
        for each in sorted(ripe, key=lambda one: one.version):
            give(each, state)
        fold(events, state, [])

    monkeypatch.setattr(sequencer, "fold", too_early)
    with pytest.raises(StormFailed):
        _some()


def test_a_storm_notices_what_is_not_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is ahead stops, and nothing is submitted again."""

    async def give_up(_tail: Tail, journal: Journal, version: int) -> None:
        if await journal.version() < version:
            raise HistoryForked("start again")

    monkeypatch.setattr(Tail, "put_back", give_up)
    monkeypatch.setattr(daemons, "acknowledged", lambda _: [])
    with pytest.raises(StormFailed):
        _some()


def test_a_storm_notices_words_that_nobody_brings_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tail, "doubt", lambda *_: None)
    with pytest.raises(StormFailed, match="acknowledged, and lost"):
        _some()


def _some() -> None:
    for seed in range(100):
        simulate(seed)
