"""Compiled fields of web forms."""

from __future__ import annotations

import msgspec


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One field of a web form."""

    id: str
    kind: str  # text | long_text | email | phone | choice | date | checkbox | callback_time
    label: dict[str, str]  # by language code
    help: dict[str, str]
    required: bool
    length_max: int
    choices: dict[str, dict[str, str]]
    identity: bool  # names or addresses a person: kept apart, redacted together
