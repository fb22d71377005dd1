"""What becomes of a command that our own code could not decide: nothing is lost, the queue goes on.

A contact that was arriving is kept for a person (`ShuntArrival`); anything else is answered with
`ShuntedCommand` and changed nothing.
"""

from __future__ import annotations

from typing import Final

from router.core.commands import Command, ShuntArrival, StartCall, SubmitForm
from router.core.model import Channel
from router.errors import TownlineError

REASON: Final = "command-failed"


class ShuntedCommand(TownlineError):
    """Our own mistake kept the command from being decided; nothing changed, the log says more."""

    code = "shunted-command"

    def __init__(self, command: str) -> None:
        super().__init__(f"{command} could not be decided because of a mistake in townline itself")
        self.command = command


def arrival_to_keep(command: Command) -> ShuntArrival | None:
    """Return the command that keeps an arriving contact for a person; None if nobody arrives."""
    if isinstance(command, StartCall):
        return ShuntArrival(
            item_id=command.item_id,
            channel=Channel.VOICE,
            address_key=command.address_key,
            contact_ref=command.contact_ref,
            words_ref="",
            call_id=command.call_id,
            reason=REASON,
            key=command.key,
        )
    if isinstance(command, SubmitForm):
        return ShuntArrival(
            item_id=command.item_id,
            channel=Channel.WEBFORM,
            address_key=command.address_key,
            contact_ref=command.contact_ref,
            words_ref=command.words_ref,
            call_id="",
            reason=REASON,
            key=command.key,
        )
    return None
