"""What those who write to the town have noted: their mails, and what they were told in chats."""

from __future__ import annotations

from dataclasses import dataclass, field


class Broken(AssertionError):
    """Something that must always be true is not."""


@dataclass
class Letter:
    """A mail to the town, and what must become of it."""

    message_id: str
    sender: str
    to: str
    raw: bytes
    kind: str = "person"  # or `channels.mail.message.Kind` of a machine's mail
    rule: str | None = None  # the shipped rule that a first mail meets; None: it is not the first
    answers: str = ""  # conversation that it goes on with
    stranger_to: str = ""  # conversation of somebody else that it names
    bounce_of: tuple[str, int] = ("", 0)  # conversation and message that came back
    envelope_from: str = ""
    is_taken: bool = False


@dataclass
class Told:
    """What a resident of a chat was told, in order."""

    conversation: str
    email: str = ""  # where the town was told to write to
    acknowledged: dict[str, str] = field(default_factory=dict)  # by id of ours: id of the activity
    messages: list[tuple[int, str, bool]] = field(default_factory=list)  # number, text, own

    @property
    def last(self) -> int:
        return self.messages[-1][0] if self.messages else 0
