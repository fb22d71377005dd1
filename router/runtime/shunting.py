"""What becomes of a command that our own code could not decide: nothing is lost, the queue goes on.

A contact that was arriving is kept for a person (`ShuntArrival`); anything else is answered with
`ShuntedCommand` and changed nothing.
"""

from __future__ import annotations

from typing import Final

from router.core.commands import Command, ShuntArrival, StartCall, SubmitForm
from router.core.commands_text import KeepMail, ReceiveChat, ReceiveMail, SetMailAside
from router.core.model import Channel
from router.errors import TownlineError

REASON: Final = "command-failed"
CHANNELS: Final[dict[type[Command], Channel]] = {  # commands by which somebody arrives
    StartCall: Channel.VOICE,
    SubmitForm: Channel.WEBFORM,
    ReceiveMail: Channel.MAIL,
    KeepMail: Channel.MAIL,
    SetMailAside: Channel.MAIL,
    ReceiveChat: Channel.CHAT,
}


class ShuntedCommand(TownlineError):
    """Our own mistake kept the command from being decided; nothing changed, the log says more."""

    code = "shunted-command"

    def __init__(self, command: str) -> None:
        super().__init__(f"{command} could not be decided because of a mistake in townline itself")
        self.command = command


def arrival_to_keep(command: Command) -> ShuntArrival | None:
    """Return the command that keeps an arriving contact for a person; None if nobody arrives."""
    channel = CHANNELS.get(type(command))
    if channel is None:
        return None
    return ShuntArrival(
        item_id=command.item_id,  # type: ignore[attr-defined]
        channel=channel,
        address_key=getattr(command, "address_key", ""),
        contact_ref=getattr(command, "contact_ref", ""),
        words_ref=getattr(command, "words_ref", ""),
        call_id=getattr(command, "call_id", ""),
        reason=REASON,
        key=command.key,  # type: ignore[attr-defined]
    )
