"""What messages of the desk protocol are made of: the base of what clients say, and field types."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

MessageId = Annotated[str, Meta(max_length=64, description="chosen by the client, echoed")]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Reason = Annotated[str, Meta(max_length=128)]
NoteText = Annotated[str, Meta(max_length=20_000)]
LetterText = Annotated[str, Meta(min_length=1, max_length=50_000)]


class ClientMessage(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True
):
    """Base; every message is answered by `ok` or `refused` with its id."""

    id: MessageId = ""
