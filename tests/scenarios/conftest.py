"""The shipped town, compiled once, with its scenarios; and a copy that a test may spoil."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.core.policy import Policy
from router.policy.load import load
from router.scenarios.reading import Scenario, read_scenarios
from tests.policy.conftest import ROOT, TODAY, Town, copy_town


@pytest.fixture(scope="session")
def policy() -> Policy:
    loaded = load(ROOT, today=TODAY)
    assert loaded.policy is not None
    return loaded.policy


@pytest.fixture(scope="session")
def scenarios(policy: Policy) -> dict[str, Scenario]:
    found, complaints = read_scenarios(ROOT, policy)
    assert not complaints, "\n".join(map(str, complaints))
    return {each.name: each for each in found}


@pytest.fixture
def town(tmp_path: Path) -> Town:
    folder = tmp_path / "town"
    folder.mkdir()
    return copy_town(folder)
