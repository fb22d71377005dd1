"""What comes to a town, as data: contacts with all that chance decides about them, and staff.

Contacts are complete before the run begins, so that every policy meets the same ones.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from router.core.model import AgentId, Channel, Instant, QueueId, Span

LIVE: Final = (Channel.VOICE, Channel.CHAT)  # doors at which people are there and wait


class Contact(NamedTuple):
    """Somebody who comes."""

    at: Instant
    queue: QueueId
    channel: Channel
    language: str
    work: Span  # with an agent who does nothing beside it, notes included
    patience: Span | None = None  # longest wait on the line; None: waits however long it takes
    attention: float = 1.0  # share of an agent's attention while it is worked on, above 0 to 1


class Presence(NamedTuple):
    """An agent is there and takes work, from `begin` to before `end`."""

    agent: AgentId
    begin: Instant
    end: Instant


class Case(NamedTuple):
    """Everything of one run that is not policy."""

    begin: Instant
    end: Instant  # of what is looked at; work in hand goes on
    contacts: tuple[Contact, ...]  # in order of `at`
    presences: tuple[Presence, ...]
