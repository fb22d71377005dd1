"""Loads a town: every file read, every mistake found, and the policy if there is none.

`load` never raises for what stands in the files. It looks at nothing but the directory and the
date that it is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from router.core.policy import Policy, encode, policy_hash
from router.policy.checks import check
from router.policy.compile import compile_policy
from router.policy.complaints import Complaint
from router.policy.sources import read_sources


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of loading."""

    complaints: tuple[Complaint, ...]  # errors and warnings, in order of file and line
    policy: Policy | None  # None when there is any error
    body: bytes  # the policy's bytes; b"" without a policy
    hash: str  # of the bytes; "" without a policy

    @property
    def errors(self) -> tuple[Complaint, ...]:
        """Return the complaints that keep the policy from being used."""
        return tuple(each for each in self.complaints if not each.is_warning)


def load(directory: Path, *, today: date) -> Loaded:
    """Load the policy files under `directory`; `today` decides which holidays are computed.

    Errors: none; whatever is wrong stands in `complaints`.
    """
    sources = read_sources(directory)
    check(sources, today)
    complaints = sources.complaints()
    if any(not each.is_warning for each in complaints):
        return Loaded(complaints, None, b"", "")
    policy = compile_policy(sources, today)
    body = encode(policy)
    return Loaded(complaints, policy, body, policy_hash(body))
