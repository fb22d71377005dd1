"""The shape of config/scenarios/*.yaml: what happens, and what must come of it."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from router.core.model import Condition, Form, ItemState, LegResult
from router.policy.addresses import MailAddress
from router.policy.shape import Shape
from router.policy.spans import SpanText
from router.policy.telephones import Number
from router.policy.values import (
    Count,
    LocalMoment,
    Name,
    OneOrMore,
    Requirement,
    SomeCount,
    Text,
    Texts,
    converter,
    only_action,
    wrong,
)

NOBODY: Final = "nobody"
SILENCE: Final = "none"  # among `keys`: nothing is pressed until the time is up
_KEYS: Final = re.compile(r"[0-9*#]{1,15}")


def _read_keys(text: str) -> str:
    if text != SILENCE and not _KEYS.fullmatch(text):
        raise wrong(f"{text!r} is no key; write digits, * or #, or {SILENCE}")
    return text


Pressed = Annotated[
    str,
    *converter(
        _read_keys,
        f"write digits, * or #, or {SILENCE}",
        {"type": ["string", "integer"], "x-kind": "keys"},
    ),
]
Keys = Annotated[list[Pressed], OneOrMore]
Names = Annotated[list[str], OneOrMore]


class CallShape(Shape):
    """A resident rings the town."""

    to: Number | None = Field(
        default=None,
        description="called number; left out: the town's first",
        examples=["+1 905 555 0101"],
    )
    caller: Number = Field(
        default="+19055550190", description="the resident's number", examples=["+1 905 555 0191"]
    )
    withheld: bool = Field(
        default=False, description="the number is not told to the town", examples=["true"]
    )
    crowd: Count = Field(
        default=0,
        description="so many others ring just before, press the same keys and wait",
        examples=["40"],
    )
    keys: Keys = Field(
        default=[],
        description="keys pressed, one for each menu; `none` waits until the time is up",
        examples=["[1, 2]"],
    )


class WrittenMailShape(Shape):
    """A resident writes a mail."""

    to: MailAddress | None = Field(
        default=None,
        description="address of the town; left out: the first mailbox",
        examples=["bylaw@willowmere.example.org"],
    )
    sender: MailAddress = Field(
        default="sam@example.org", description="who writes", examples=["sam@example.org"]
    )
    subject: str = Field(default="", description="subject line", examples=["Stop sign down"])
    text: Text = Field(description="what is written", examples=["The stop sign is down."])
    attachments: Annotated[list[str], OneOrMore] = Field(
        default=[], description="kinds of the files with it", examples=["image/jpeg"]
    )
    authentication: Literal["", "pass", "fail"] = Field(
        default="",
        description="what the town's own mail server says of the sender; empty: nothing",
        examples=["pass"],
    )


class FilledFormShape(Shape):
    """A resident sends a web form."""

    form: str = Field(description="name of the form", examples=["report"])
    fields: dict[Name, str] = Field(
        description="what is filled in", examples=["{problem: noise, place: Main Street 1}"]
    )
    language: str = Field(
        default="", description="language of the page; left out: the town's first", examples=["fr"]
    )


class SaidChatShape(Shape):
    """A resident writes in the chat; a second time with the same `item` goes on with it."""

    door: str = Field(
        default="", description="door of chat.yaml; left out: the first", examples=["website"]
    )
    call_me: Number | None = Field(
        default=None,
        description="instead of writing the resident asks to be called back at this number",
        examples=["+1 905 555 0191"],
    )
    call_at: LocalMoment | None = Field(
        default=None,
        description="with `call_me`: the window that begins then, local time; left out: in turn",
        examples=["2026-11-24 08:00"],
    )
    language: str = Field(
        default="", description="language of the page; left out: the town's first", examples=["fr"]
    )
    crowd: Count = Field(
        default=0, description="so many others write just before, and wait", examples=["40"]
    )


class ByHandShape(Shape):
    """Somebody closes, or opens, whatever the hours say."""

    hours: str = Field(description="which hours", examples=["town_hall"])
    closed: bool = Field(default=True, description="closed, or forced open?", examples=["true"])
    until: LocalMoment | None = Field(
        default=None,
        description="until when, local time; left out: until it is taken back",
        examples=["2026-11-23 14:00"],
    )


class AnnounceShape(Shape):
    """Somebody puts a message in front of everything, as `townline announce` does."""

    say: Texts = Field(
        description="what is said and shown", examples=["{en: Plows are out., fr: Sorties.}"]
    )
    lasts: SpanText = Field(description="for how long", examples=["4 h"])


class ExpectShape(Shape):
    """What must be so after the step. Only what is named is looked at."""

    state: ItemState | None = Field(
        default=None, description="state of the item", examples=["queued"]
    )
    form: Form | None = Field(
        default=None, description="what an agent will do with it", examples=["callback"]
    )
    queue: str = Field(default="", description="queue it is in or kept for", examples=["roads"])
    subject: str = Field(default="", description="subject", examples=["road_hazard"])
    language: str = Field(default="", description="language", examples=["fr"])
    offered_to: str = Field(
        default="", description="agent who is offered it, or `nobody`", examples=["elise"]
    )
    handled_by: str = Field(
        default="", description="agent who has it, or `nobody`", examples=["elise"]
    )
    requires: Requirement | None = Field(
        default=None,
        description="requirement in force, with the language filled in",
        examples=["roads >= 5 and english >= 5"],
    )
    place: SomeCount | None = Field(default=None, description="place in line", examples=["1"])
    urgent: bool | None = Field(
        default=None, description="ahead of what is not urgent?", examples=["true"]
    )
    heard: Annotated[list[Text], OneOrMore] = Field(
        default=[],
        description="words that the resident has heard or was shown in this step",
        examples=["dial 911"],
    )
    not_heard: Annotated[list[Text], OneOrMore] = Field(
        default=[],
        description="words that the resident has not heard or been shown in this step",
        examples=["press 1"],
    )
    rings: str = Field(
        default="",
        description="outside contact whose telephone rings now, or `nobody`",
        examples=["security"],
    )
    mails: Names = Field(
        default=[],
        description="mails that left in this step, in order: acknowledgement, refusal, reply ...;"
        " to somebody on call `page:` and the contact; `nothing` for none",
        examples=["[acknowledgement, 'page:security']"],
    )
    rule: str = Field(
        default="",
        description="fallback rule taken last, chain and name; `none` when no chain was followed",
        examples=["after_hours/urgent_form"],
    )
    condition: Condition | None = Field(
        default=None, description="condition whose chain was followed last", examples=["closed"]
    )
    mail_rule: str = Field(
        default="", description="mail rule that decided, or `none`", examples=["stop_sign_down"]
    )
    due: LocalMoment | None = Field(
        default=None,
        description="first answer due, local time",
        examples=["2026-11-25 10:00"],
    )
    until: LocalMoment | None = Field(
        default=None,
        description="kept until, local time",
        examples=["2026-11-30 08:00"],
    )
    service_level: str = Field(
        default="",
        description="last result counted: answered, threshold, answered-late, abandoned ...;"
        " `none` before any",
        examples=["answered"],
    )
    in_time: str = Field(
        default="",
        pattern=r"^$|^[0-9]+ of [0-9]+$",
        description="calls of the item's queue today: answered within the promise, of all that"
        " came",
        examples=["1 of 2"],
    )
    open: dict[str, bool] = Field(
        default={}, description="are these hours open now?", examples=["{town_hall: false}"]
    )


ACTIONS: Final = (
    "call", "keys", "outcome", "record", "hang_up", "mail", "form", "chat", "wait", "until",
    "arrive", "away", "leave", "accept", "decline", "finish", "by_hand", "as_usual", "surge",
    "announce",
)  # fmt: skip


class ScenarioStepShape(Shape):
    """One thing that happens, and what must come of it."""

    item: Name = Field(
        default="item",
        description="which item it is about, where there are several",
        examples=["second"],
    )
    call: CallShape | None = Field(
        default=None, description="a resident rings", examples=["{keys: [1, 2]}"]
    )
    keys: Keys = Field(
        default=[], description="the caller presses keys, in a menu or waiting", examples=["[1]"]
    )
    outcome: LegResult | None = Field(
        default=None,
        description="what becomes of the telephone that rings: an outside contact's, or the"
        " resident's who is called back",
        examples=["no_answer"],
    )
    record: bool = Field(
        default=False, description="the caller leaves a message", examples=["true"]
    )
    hang_up: bool = Field(default=False, description="the caller hangs up", examples=["true"])
    mail: WrittenMailShape | None = Field(
        default=None,
        description="a resident writes a mail",
        examples=["{text: The stop sign is down.}"],
    )
    form: FilledFormShape | None = Field(
        default=None, description="a resident sends a web form", examples=["{form: inquiry, ...}"]
    )
    chat: SaidChatShape | None = Field(
        default=None, description="a resident writes in the chat", examples=["{door: website}"]
    )
    wait: SpanText | None = Field(default=None, description="time passes", examples=["90 s"])
    until: LocalMoment | None = Field(
        default=None,
        description="time passes until then, local time",
        examples=["2026-11-30 08:00"],
    )
    arrive: Names = Field(default=[], description="agents become available", examples=["[elise]"])
    away: dict[str, str] = Field(
        default={}, description="agents go away, and why", examples=["{elise: lunch}"]
    )
    leave: Names = Field(default=[], description="agents sign out", examples=["[elise]"])
    accept: str = Field(
        default="", description="the agent accepts the offer and picks up", examples=["elise"]
    )
    decline: str = Field(default="", description="the agent declines the offer", examples=["elise"])
    finish: str = Field(
        default="",
        description="the agent is done with the item, wrap-up included",
        examples=["elise"],
    )
    by_hand: ByHandShape | None = Field(
        default=None, description="closed or opened by hand", examples=["{hours: town_hall}"]
    )
    surge: SpanText | None = Field(
        default=None,
        description="somebody switches the surge of fallback.yaml on for so long",
        examples=["4 h"],
    )
    as_usual: str = Field(
        default="", description="these hours hold again as written", examples=["town_hall"]
    )
    announce: AnnounceShape | None = Field(
        default=None,
        description="somebody puts a message in front of everything",
        examples=["{say: {en: Plows are out., fr: Sorties.}, lasts: 4 h}"],
    )
    expect: ExpectShape | None = Field(
        default=None, description="what must be so now", examples=["{queue: roads}"]
    )

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        if not only_action(self, ACTIONS) and self.expect is None:
            raise wrong(f"does and expects nothing; give `expect` or one of {', '.join(ACTIONS)}")
        return self

    @property
    def action(self) -> str:
        """The action's name; "" when the step only expects."""
        return only_action(self, ACTIONS)


class ScenarioShape(Shape):
    """One story with its expectations."""

    about: Text = Field(
        description="what it shows, in one sentence",
        examples=["A stop sign on Saturday evening reaches the person on call."],
    )
    at: LocalMoment = Field(description="when it begins, local time", examples=["2026-11-28 19:40"])
    staff: Names = Field(
        default=[], description="agents who are available from the beginning", examples=["[elise]"]
    )
    steps: list[ScenarioStepShape] = Field(min_length=1, description="what happens, in order")

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not any(step.expect is not None for step in self.steps):
            raise wrong("expects nothing, so it can never fail; give a step `expect`")
        return self


class ScenariosFile(Shape):
    """config/scenarios/*.yaml."""

    scenarios: dict[Name, ScenarioShape] = Field(
        min_length=1, description="stories that the policy must fulfil; `townline test` runs them"
    )
