"""The shipped town in a folder that a test may spoil."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from router.policy.complaints import Complaint
from router.policy.load import Loaded, load

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 22)


@dataclass
class Town:
    """A copy of the shipped town that a test may spoil."""

    directory: Path

    def edit(self, file: str, old: str, new: str) -> str:
        """Replace the one place where `old` stands; return the new text."""
        path = self.directory / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
        text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return text

    def load(self) -> Loaded:
        return load(self.directory, today=TODAY)

    def complaints(self) -> tuple[Complaint, ...]:
        return self.load().complaints


def copy_town(directory: Path) -> Town:
    shutil.copy(ROOT / "skills.yaml", directory)
    for folder in ("config", "ivr_flows"):
        shutil.copytree(ROOT / folder, directory / folder)
    return Town(directory)


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return copy_town(tmp_path)
