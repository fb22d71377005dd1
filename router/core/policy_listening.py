"""The compiled rules of listening to calls; part of `router.core.policy.Policy`."""

from __future__ import annotations

import msgspec

from router.core.model import ListenMode


class ListeningRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """What supervisors may do with the calls of agents."""

    modes: tuple[ListenMode, ...]
    is_shown: bool = True  # the agent's desk says that somebody listens
    text: dict[str, str] = {}  # language code -> what everybody hears first; {} = nothing
