"""Whole days of a whole town in virtual time, with everything going wrong that can.

The real engine, sequencer, journal twin with faults, effects, channels and practice carrier; only
sockets, disks and desks are left out. A seed decides everything; `day` says what happens, `watch`
and `watch_text` what must be true.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from router.core.policy import Policy
from router.policy.load import load
from tests.simulation.day import simulate

FEW, MANY = 6, 200
FEW_WRITTEN, MANY_WRITTEN = 9, 200


@pytest.fixture(scope="module")
def policy(repository: Path) -> Policy:
    loaded = load(repository, today=date(2026, 11, 24))
    assert loaded.policy is not None
    return loaded.policy


@pytest.mark.parametrize("seed", range(FEW), ids=lambda seed: f"seed-{seed:03}")
def test_nothing_is_lost_or_doubled_on_a_bad_day(seed: int, policy: Policy) -> None:
    result = simulate(seed, policy)
    assert result.calls >= 5
    assert result.events > 300


@pytest.mark.full
@pytest.mark.parametrize("seed", range(FEW, MANY), ids=lambda seed: f"seed-{seed:03}")
def test_nothing_is_lost_or_doubled_on_many_bad_days(seed: int, policy: Policy) -> None:
    simulate(seed, policy)


def test_the_same_seed_is_the_same_day(policy: Policy) -> None:
    assert simulate(3, policy) == simulate(3, policy)


@pytest.mark.parametrize("seed", range(FEW_WRITTEN), ids=lambda seed: f"written-{seed:03}")
def test_nothing_is_lost_or_doubled_on_a_bad_day_at_four_doors(seed: int, policy: Policy) -> None:
    result = simulate(seed, policy, writes=True)
    assert result.mails >= 5
    assert result.chats >= 3


@pytest.mark.full
@pytest.mark.parametrize(
    "seed", range(FEW_WRITTEN, MANY_WRITTEN), ids=lambda seed: f"written-{seed:03}"
)
def test_nothing_is_lost_or_doubled_on_many_bad_days_at_four_doors(
    seed: int, policy: Policy
) -> None:
    simulate(seed, policy, writes=True)


def test_the_same_seed_is_the_same_day_at_four_doors(policy: Policy) -> None:
    assert simulate(3, policy, writes=True) == simulate(3, policy, writes=True)
