"""The rows of the tables that reports are made of; the fields are their columns.

Instants and spans are nanoseconds, days ISO dates of the town; see `report_tables` for each.
"""

from __future__ import annotations

import msgspec

from router.core.model import Instant, Span


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What every fact of an item has: where it counts."""

    item: str
    day: str
    queue: str
    channel: str
    category: str
    ward: str
    agent: str


class ItemFact(msgspec.Struct, frozen=True):
    """A row of `report_items`."""

    id: str
    channel: str
    form: str
    category: str
    ward: str
    received_at: Instant
    received_day: str
    queue: str = ""
    asked: str = ""
    asked_of: str = ""
    agent: str = ""
    ended_at: Instant | None = None
    ended_day: str = ""
    ending: str = ""
    handlings: int = 0
    passed_on: int = 0
    reopened: int = 0
    in_hand: int = 0
    numbers: int = 0


class ResultFact(Fact, frozen=True, kw_only=True):
    """A row of `report_results`."""

    position: int
    result: str
    interval: Instant
    counted_at: Instant
    waited: Span
    within: Span


class HandlingFact(Fact, frozen=True, kw_only=True):
    """A row of `report_handlings`."""

    number: int
    began_at: Instant
    unreached: int
    phase: str
    phase_since: Instant
    ended_at: Instant | None = None
    ending: str = ""
    talked: Span = 0
    held: Span = 0
    noted: Span = 0


class RatingFact(Fact, frozen=True, kw_only=True):
    """A row of `report_ratings`."""

    score: int
    rated_at: Instant


class AgentFact(msgspec.Struct, frozen=True):
    """A row of `report_agents`."""

    agent: str
    interval: Instant
    day: str
    worked: Span = 0
    ready: Span = 0
    away: Span = 0


class Presence(msgspec.Struct, frozen=True):
    """A row of `report_presence`."""

    agent: str
    status: str
    in_hand: int
    since: Instant


class PolicyRow(msgspec.Struct, frozen=True):
    """A row of `report_policies`."""

    adopted_at: Instant
    policy: str
    time_zone: str


class PromiseRow(msgspec.Struct, frozen=True):
    """A row of `report_promises`."""

    queue: str
    channel: str
    adopted_at: Instant
    day: str
    formula: str
    share: float
    within: Span
    written: str


class NameRow(msgspec.Struct, frozen=True):
    """A row of `report_names`."""

    kind: str
    id: str
    language: str
    name: str


class FormulaRow(msgspec.Struct, frozen=True):
    """A row of `report_formulas`."""

    formula: str
    result: str
    is_met: bool
