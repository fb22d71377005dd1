"""The shape of ivr_flows/*.yaml: what a caller hears and can choose, node by node.

The kind of a node is the one key that says what it does: `say`, `menu`, `hours`, `service`, `set`,
`branch`, `queue`, `fallback`, `callback`, `voicemail`, `transfer`, `goto` or `hangup`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag

from router.core.model import Condition
from router.policy.shape import Shape
from router.policy.values import (
    Name,
    OneOrMore,
    Requirement,
    Seconds,
    Shorthand,
    Text,
    Texts,
    wrong,
)

KINDS: Final = (
    "say", "menu", "hours", "service", "set", "branch", "queue", "fallback", "callback",
    "voicemail", "transfer", "goto", "hangup",
)  # fmt: skip

Digit = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
NodeName = Annotated[str, StringConstraints(min_length=1)]
Urls = dict[str, Annotated[str, StringConstraints(pattern="^https?://[^ ]+$")]]

_NEXT: Final = "node that follows"
_AUDIO: Final = "language -> address of a recording; the text is said when it cannot be played"


class ValuesShape(Shape):
    """What becomes known of a caller on the way; what is left out stays as it is."""

    language: str = Field(default="", description="language", examples=["fr"])
    subject: str = Field(default="", description="subject", examples=["noise"])
    requires: Requirement = Field(
        default="", description="skills needed on top of the queue's", examples=["roads >= 5"]
    )
    head_start_s: Seconds = Field(
        default=0,
        description="priority: ranks as if the call had come so many seconds earlier",
        examples=["60"],
    )
    attributes: dict[Name, Text] = Field(
        default={},
        description="anything else, for `branch` and for the agent's screen",
        examples=["{ward: north}"],
    )


class ChoiceShape(ValuesShape):
    """What follows a key."""

    next: NodeName = Field(description=_NEXT, examples=["roads"])


class SayNode(Shape):
    """Says something, then goes on."""

    say: Texts = Field(description="what is said", examples=["{en: Hello., fr: Bonjour.}"])
    audio: Urls = Field(
        default={}, description=_AUDIO, examples=["{en: https://media.example.org/a.mp3}"]
    )
    next: NodeName = Field(description=_NEXT, examples=["menu"])


class MenuNode(Shape):
    """Asks for a key."""

    menu: Texts = Field(
        description="what is asked", examples=["{en: For roads press 1., fr: Voirie faites le 1.}"]
    )
    audio: Urls = Field(
        default={}, description=_AUDIO, examples=["{en: https://media.example.org/a.mp3}"]
    )
    choices: dict[Digit, Annotated[ChoiceShape, Shorthand("next")]] = Field(
        min_length=1,
        description="key -> node that follows, or a block with `next` and what becomes known",
        examples=["1: {next: roads, subject: pothole}"],
    )
    timeout_s: int = Field(
        default=6,
        ge=1,
        le=60,
        description="seconds of silence before it asks again",
        examples=["6"],
    )
    tries: int = Field(
        default=3, ge=1, le=10, description="how often it asks in all", examples=["3"]
    )
    otherwise: NodeName = Field(
        description="the way out: node that follows when nothing valid was pressed",
        examples=["operator"],
    )


class HoursNode(Shape):
    """Goes two ways: open or closed."""

    hours: str = Field(description="opening hours that are looked at", examples=["town_hall"])
    open: NodeName = Field(description="node when open", examples=["menu"])
    closed: NodeName = Field(description="node when closed", examples=["closed"])
    holiday: str = Field(
        default="",
        description="node when closed for a holiday; else `closed`",
        examples=["holiday"],
    )
    emergency: str = Field(
        default="",
        description="node when closed (or opened) by hand; else `closed` (or `open`)",
        examples=["emergency"],
    )


class ServiceNode(Shape):
    """Goes to whoever answers at this time of day."""

    service: str = Field(description="one of `services` in hours.yaml", examples=["single_number"])
    exits: dict[str, NodeName] = Field(
        min_length=1,
        description="layer -> node; every layer has one",
        examples=["{centre: subjects, third_party: night}"],
    )
    otherwise: NodeName = Field(
        description="node when every layer was closed by hand", examples=["closed"]
    )


class SetNode(Shape):
    """Notes something about the caller."""

    set: ValuesShape = Field(description="what becomes known", examples=["{subject: noise}"])
    next: NodeName = Field(description=_NEXT, examples=["menu"])


class BranchNode(Shape):
    """Goes different ways by something that is known."""

    branch: str = Field(
        description="`language`, `subject`, or an attribute that a flow sets",
        examples=["subject"],
    )
    exits: dict[str, NodeName] = Field(
        min_length=1, description="value -> node", examples=["{noise: bylaw}"]
    )
    otherwise: NodeName = Field(description="node for every other value", examples=["menu"])


class QueueNode(Shape):
    """Puts the caller into a queue; what follows is the queue's business."""

    queue: str = Field(description="queue", examples=["roads"])
    requires: Requirement = Field(
        default="", description="skills needed on top of the queue's", examples=["roads >= 5"]
    )
    head_start_s: Seconds = Field(default=0, description="priority, in seconds", examples=["60"])


class FallbackNode(Shape):
    """Follows a fallback chain."""

    fallback: str = Field(description="chain of fallback.yaml", examples=["after_hours"])
    condition: Condition = Field(
        default=Condition.CLOSED, description="the condition it stands for", examples=["closed"]
    )
    queue: str = Field(
        default="", description="queue that is meant by `own` in the chain", examples=["general"]
    )


class CallbackNode(Shape):
    """Books a callback."""

    callback: str = Field(description="queue that calls back", examples=["general"])
    say: Texts = Field(
        default={},
        description="asked instead of the text `callback_ask`; 1 is the number the call comes from",
        examples=["{en: Press 1 to be called here., fr: Faites le 1 pour être rappelé ici.}"],
    )
    timeout_s: int = Field(
        default=12, ge=1, le=60, description="seconds of silence before it goes on", examples=["12"]
    )
    tries: int = Field(
        default=2,
        ge=1,
        le=10,
        description="how often it asks when the number cannot be rung",
        examples=["2"],
    )
    next: NodeName = Field(
        description="node when no callback is wanted, or it cannot be booked",
        examples=["message"],
    )
    choose_time: bool = Field(
        default=False,
        description="asks first when: as soon as possible, or one of the `windows` of the queue's"
        " `callback` that are left; with none left it goes straight on to the number",
        examples=["true"],
    )


class VoicemailNode(Shape):
    """Takes a message."""

    voicemail: str = Field(description="queue that gets the message", examples=["general"])
    say: Texts = Field(
        description="said before the tone", examples=["{en: Speak now., fr: Parlez.}"]
    )
    length_max_s: int = Field(
        default=180, ge=1, le=600, description="most seconds of recording", examples=["180"]
    )
    next: NodeName = Field(description=_NEXT, examples=["goodbye"])


class TransferNode(Shape):
    """Rings somebody outside."""

    transfer: Annotated[list[str], OneOrMore] = Field(
        min_length=1,
        description="contacts and on-call lists, rung in order until somebody answers",
        examples=["[security]"],
    )
    say: Texts = Field(
        default={}, description="said first", examples=["{en: One moment., fr: Un instant.}"]
    )
    accept: Texts = Field(
        default={},
        description="as of a rule in fallback.yaml: who picks up must press 1",
        examples=["{en: Press 1 to take the call., fr: Faites le 1 pour prendre l'appel.}"],
    )
    rounds: int = Field(
        default=1,
        ge=1,
        le=10,
        description="how often the whole list is walked before `next`",
        examples=["2"],
    )
    next: NodeName = Field(description="node when nobody answers", examples=["message"])


class GotoNode(Shape):
    """Goes on in another flow, from its start."""

    goto: str = Field(description="flow (file name without .yaml)", examples=["after_hours"])


class HangupNode(Shape):
    """Says good-bye and hangs up."""

    hangup: Texts = Field(
        description="said before hanging up", examples=["{en: Good-bye., fr: Au revoir.}"]
    )


def _kind_of(raw: object) -> str:
    """Return the tag of the node's kind; a word that is no key, so that paths stay clear."""
    if not isinstance(raw, Mapping):
        return type(raw).__name__ if isinstance(raw, Shape) else ""
    for kind in ("callback", "voicemail", "transfer", "fallback"):  # they have `say` or `queue` too
        if kind in raw:
            return f"{kind} node"
    return next((f"{kind} node" for kind in KINDS if kind in raw), "")


def _is_node(raw: object) -> object:
    if not isinstance(raw, Mapping) or not any(kind in raw for kind in KINDS):
        raise wrong(f"says not what it does; give one of {', '.join(KINDS)}")
    return raw


NodeShape = Annotated[
    Annotated[SayNode, Tag("say node")]
    | Annotated[MenuNode, Tag("menu node")]
    | Annotated[HoursNode, Tag("hours node")]
    | Annotated[ServiceNode, Tag("service node")]
    | Annotated[SetNode, Tag("set node")]
    | Annotated[BranchNode, Tag("branch node")]
    | Annotated[QueueNode, Tag("queue node")]
    | Annotated[FallbackNode, Tag("fallback node")]
    | Annotated[CallbackNode, Tag("callback node")]
    | Annotated[VoicemailNode, Tag("voicemail node")]
    | Annotated[TransferNode, Tag("transfer node")]
    | Annotated[GotoNode, Tag("goto node")]
    | Annotated[HangupNode, Tag("hangup node")],
    Discriminator(_kind_of),
    BeforeValidator(_is_node),
]


class FlowFile(Shape):
    """ivr_flows/<name>.yaml."""

    start: str = Field(description="node at which a call begins", examples=["welcome"])
    safety: str = Field(
        description="node that tells callers in danger to hang up and dial 911",
        examples=["danger"],
    )
    nodes: dict[Name, NodeShape] = Field(min_length=1, description="the nodes")
