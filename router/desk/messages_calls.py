"""What an agent does with a call beside talking, as messages of the desk protocol."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from router.desk.message_types import ClientMessage, Name

Moment = Annotated[datetime, Meta(tz=True)]
Telephone = Annotated[str, Meta(min_length=1, max_length=64)]


class Consult(ClientMessage, frozen=True, kw_only=True, tag="consult"):
    """Ask exactly one of queue, agent, contact, number; the resident stays on the line."""

    item: Name
    queue: Name | None = None
    agent: Name | None = None
    contact: Name | None = None
    number: Telephone | None = None


class Complete(ClientMessage, frozen=True, kw_only=True, tag="complete"):
    """Leave the resident to whom was asked; they are on the line."""

    item: Name


class Unconsult(ClientMessage, frozen=True, kw_only=True, tag="unconsult"):
    """Let go whom was asked; the resident stays."""

    item: Name


class Promise(ClientMessage, frozen=True, kw_only=True, tag="promise"):
    """Promise to ring back, at once or not before an instant; whoever is on the line is let go."""

    item: Name
    at: Moment | None = None
    owner: Name | None = None  # who has it first; without it: you
