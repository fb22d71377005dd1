"""What every test needs: no settings of this machine, and hypothesis without a stop-watch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Two cores share the suite: how long one example takes says nothing about the code.
settings.register_profile(
    "townline",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("townline")


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's TOWNLINE_* variables change no test; TOWNLINE_SHARED only names a folder."""
    for name in os.environ:
        if name.startswith("TOWNLINE_") and name != "TOWNLINE_SHARED":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds pyproject.toml."""
    return Path(__file__).parent.parent
