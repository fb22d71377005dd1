"""The shape of config/chat.yaml: where chats come from, what they are told, their limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.policy.addresses import FileKind, Origin
from router.policy.shape import Shape
from router.policy.spans import Size, SpanOrNever, SpanText
from router.policy.values import Name, OneOrMore, SomeCount, Texts


class DoorShape(Shape):
    """A page of the town's site from which residents write."""

    queue: str = Field(description="queue its chats go to", examples=["general"])
    subject: str = Field(default="", description="what they are about", examples=["recreation"])
    origins: Annotated[list[Origin], OneOrMore] = Field(
        default=[],
        description="web sites that may open it: scheme and host, without a page; none = only the"
        " pages of the engine itself",
        examples=["https://www.town.example.org"],
    )


class SilenceShape(Shape):
    """What follows when a resident writes nothing more, and when they come back."""

    dormant_after: SpanText = Field(
        default="10 min",
        validate_default=True,
        description="a resident who is silent for so long no longer occupies the agent",
        examples=["10 min"],
    )
    ends_after: SpanText = Field(
        default="24 h",
        validate_default=True,
        description="and after so long more the chat is over",
        examples=["24 h"],
    )
    to_owner_for: SpanOrNever = Field(
        default="2 min",
        validate_default=True,
        description="a resident who comes back waits so long for the same agent; `never`: takes"
        " whoever is free",
        examples=["2 min"],
    )
    mail_after: SpanOrNever = Field(
        default="15 min",
        validate_default=True,
        description="answers that were not read go by mail after so long, if the resident left an"
        " address; `never`: they wait in the chat",
        examples=["15 min"],
    )


class ChatLimitsShape(Shape):
    """What one resident may do."""

    message_length: int = Field(
        default=4000, ge=1, le=20_000, description="most characters in a message", examples=["4000"]
    )
    messages_per_minute: SomeCount = Field(
        default=20, description="most messages in a chat in a minute", examples=["20"]
    )
    chats_per_hour: SomeCount = Field(
        default=20,
        description="most chats begun from one network address in an hour; a library or a school"
        " shares one",
        examples=["20"],
    )


class UploadsShape(Shape):
    """Files that residents may send in a chat."""

    kinds: Annotated[list[FileKind], OneOrMore] = Field(
        min_length=1,
        description="kinds of files; others are refused",
        examples=["[image/*, application/pdf]"],
    )
    largest: Size = Field(
        default="10 MB", validate_default=True, description="largest file", examples=["10 MB"]
    )


class ChatFile(Shape):
    """config/chat.yaml; a town without the file offers no chat."""

    doors: dict[Name, DoorShape] = Field(
        min_length=1,
        description="where chats come from; the first is taken when a page names none",
        examples=["website: {queue: general, origins: https://www.town.example.org}"],
    )
    safety: Texts = Field(
        description="shown before anything is written; tells people in danger to dial 911",
        examples=["{en: In danger dial 911., fr: En danger composez le 911.}"],
    )
    greeting: Texts = Field(
        description="said when a chat begins; {town} is filled in",
        examples=["{en: How can we help?, fr: Comment pouvons-nous vous aider?}"],
    )
    closed: Texts = Field(
        description="said instead while closed; {opens} (in words) and {town} are filled in",
        examples=["{en: 'We open {opens}.', fr: 'Nous ouvrons {opens}.'}"],
    )
    answer_within: SpanText = Field(
        default="60 s",
        validate_default=True,
        description="an agent owes each message an answer within this",
        examples=["60 s"],
    )
    silence: SilenceShape = Field(
        default_factory=SilenceShape, description="residents who write nothing more"
    )
    limits: ChatLimitsShape = Field(
        default=ChatLimitsShape(), description="what one resident may do"
    )
    uploads: UploadsShape | None = Field(
        default=None,
        description="files residents may send; left out: none",
        examples=["{kinds: image/*, largest: 10 MB}"],
    )
