"""The shape of config/fallback.yaml: what happens when an item cannot simply wait."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from router.core.model import Channel, Condition
from router.policy.addresses import MailAddress
from router.policy.models_surge import SurgeShape
from router.policy.shape import Shape
from router.policy.spans import SpanText
from router.policy.telephones import Line
from router.policy.values import LocalDate, Name, OneOrMore, Text, Texts, only_action, wrong

QUEUE_ACTIONS: Final = ("queue", "defer", "voicemail", "callback")  # each names a queue
ACTIONS: Final = (*QUEUE_ACTIONS, "transfer", "page", "chain", "end")
ENDING: Final = ("queue", "defer", "chain", "end")  # after these no further rule is looked at
CALLED_ON: Final = ("transfer", "page")  # each names contacts and on-call lists
OWN: Final = "own"  # the queue the item was meant for


class WhenShape(Shape):
    """A rule applies when everything that is named here holds."""

    subject: Annotated[list[str], OneOrMore] = Field(
        default=[], description="one of these subjects", examples=["[noise, parking]"]
    )
    channel: Annotated[list[Channel], OneOrMore] = Field(
        default=[], description="came by one of these channels", examples=["voice"]
    )
    condition: Annotated[list[Condition], OneOrMore] = Field(
        default=[], description="one of these conditions is why", examples=["emergency"]
    )
    hours: str = Field(
        default="", description="these hours are open now", examples=["statutory_holidays"]
    )


class RuleShape(Shape):
    """One rule of a chain: a condition, something said, something done."""

    rule: Name = Field(
        description="name of the rule, shown in explanations", examples=["road_hazard"]
    )
    when: WhenShape = Field(default=WhenShape(), description="when it applies; left out: always")
    say: Texts = Field(
        default={},
        description="said first; in a chat a message, once; in a mail's acknowledgement",
        examples=["{en: Closed., fr: Fermé.}"],
    )
    queue: str = Field(
        default="",
        description="action: wait in this queue, `own` = the one it was meant for",
        examples=["general"],
    )
    defer: str = Field(
        default="",
        description="action: keep it for this queue (`own` = its own) until the next opening",
        examples=["own"],
    )
    voicemail: str = Field(
        default="",
        description="action: take a message for this queue (`own` = its own) after `say`;"
        " callers only",
        examples=["own"],
    )
    callback: str = Field(
        default="",
        description="action: book a callback from this queue (`own` = its own); callers only;"
        " `say`, if there is one, is asked instead of the text `callback_ask`",
        examples=["own"],
    )
    choose_time: bool = Field(
        default=False,
        description="for `callback`: asks first when: as soon as possible, or one of the `windows`"
        " of the queue's `callback` that are left; with none left the number is asked for at once",
        examples=["true"],
    )
    transfer: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="action: ring these contacts and on-call lists in order until somebody"
        " answers; if nobody does, the next rule follows; callers only",
        examples=["[security, roads_on_call]"],
    )
    page: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="action: keep it for its own queue (in line while that is open, else until the"
        " next opening), and tell these contacts and on-call lists by mail, one after the other,"
        " until somebody answers; mails and chats only, for others the next rule follows",
        examples=["operations_on_call"],
    )
    every: SpanText = Field(
        default="5 min",
        validate_default=True,
        description="for `page`: so long until the next one is told",
        examples=["5 min"],
    )
    accept: Texts = Field(
        default={},
        description="for `transfer`: who picks up hears the text of `call_outs` for the subject and"
        " then this, and must press 1 to be connected; else, as with an answering machine, the next"
        " one is rung",
        examples=["{en: Press 1 to take the call., fr: Faites le 1 pour prendre l'appel.}"],
    )
    rounds: int = Field(
        default=1,
        ge=1,
        le=10,
        description="for `transfer` and `page`: how often the whole list is walked before the next"
        " rule follows",
        examples=["2"],
    )
    hung_up: Literal["", "close", "message", "callback", "abandon"] = Field(
        default="",
        description="for `transfer` with `accept`: the caller hangs up before anybody has accepted;"
        " the report stays, the list is walked on, and who presses 1 hears where to reach the"
        " caller. Then it is closed (`close`), or waits as a `message` or a `callback`; `abandon`:"
        " the walk ends with the call. Left out: `close` where the rule is urgent, else `abandon`",
        examples=["callback"],
    )
    chain: str = Field(
        default="", description="action: go on with this chain", examples=["after_hours"]
    )
    end: bool = Field(
        default=False,
        description="action: end the contact after what was said",
        examples=["true"],
    )
    urgent: bool = Field(
        default=False,
        description="ranks before everything that is not urgent once people look at it",
        examples=["true"],
    )

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        action = only_action(self, ACTIONS)
        if not action and not self.say:
            raise wrong(f"does nothing; give `say` or one of {', '.join(ACTIONS)}")
        if self.voicemail and not self.say:
            raise wrong("takes a message without a word; `say` that one may speak after the tone")
        if "every" in self.model_fields_set and not self.page:
            raise wrong("tells nobody, so `every` means nothing; delete it, or give `page`")
        if self.accept and not self.transfer:
            raise wrong("rings nobody, so `accept` means nothing; delete it, or give `transfer`")
        if self.choose_time and not self.callback:
            raise wrong("books no callback, so `choose_time` means nothing; give `callback`")
        if "rounds" in self.model_fields_set and not (self.transfer or self.page):
            raise wrong("walks no list, so `rounds` means nothing; delete it")
        if self.hung_up and not self.accept:
            raise wrong("nobody accepts by a key, so `hung_up` means nothing; give `accept`")
        return self

    @property
    def outlives(self) -> str:
        """What becomes of a report whose caller has hung up; "" when it ends with the call."""
        if not self.accept or self.hung_up == "abandon":
            return ""
        return self.hung_up or ("close" if self.urgent else "")

    @property
    def action(self) -> str:
        """The action's name; `say` when there is nothing but something to say."""
        return only_action(self, ACTIONS) or "say"


class ContactShape(Shape):
    """Somebody outside who may be rung or written to."""

    name: Text = Field(description="name", examples=["Corporate Security"])
    number: Line | None = Field(
        default=None,
        description="number, sip: or client:; without it nobody is rung",
        examples=["+1 905 555 0180"],
    )
    email: MailAddress | None = Field(
        default=None,
        description="where pages and forwarded mail go; without it nothing is",
        examples=["security@town.example.org"],
    )
    ring_timeout_s: int = Field(
        default=25, ge=1, le=120, description="seconds for which it rings", examples=["25"]
    )
    interprets: bool = Field(
        default=False,
        description="it is an interpreter: agents in a call ring it with one key",
        examples=["true"],
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.number is None and self.email is None:
            raise wrong("nobody can reach this contact; give `number`, `email` or both")
        if self.interprets and self.number is None:
            raise wrong("an interpreter is rung; give `number`")
        return self


class ShiftShape(Shape):
    """Who is on call between two dates."""

    first: LocalDate = Field(description="first date", examples=["2026-12-21"])
    last: LocalDate = Field(description="last date, included", examples=["2026-12-27"])
    contacts: Annotated[list[str], OneOrMore] = Field(
        min_length=1, description="contacts, rung or told in this order", examples=["[officer_b]"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise wrong(f"ends on {self.last}, before it begins on {self.first}; swap them")
        return self


class OnCallShape(Shape):
    """Who is on call, by date."""

    shifts: list[ShiftShape] = Field(
        default=[],
        description="who is on call when; dates may not overlap",
        examples=["- {first: 2026-12-21, last: 2026-12-27, contacts: [officer_b]}"],
    )
    otherwise: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="contacts for every other date; without it the shifts must leave no date out",
        examples=["[officer_a]"],
    )


class FallbackFile(Shape):
    """config/fallback.yaml."""

    chains: dict[Name, Annotated[list[RuleShape], Field(min_length=1)]] = Field(
        min_length=1,
        description="ordered rules; the first that applies is taken, the last must always apply",
        examples=["late: [{rule: message, voicemail: own}, {rule: keep, defer: own}]"],
    )
    contacts: dict[Name, ContactShape] = Field(
        default={},
        description="people and places outside the queues that may be rung or written to",
        examples=["security: {name: Corporate Security, number: +1 905 555 0180}"],
    )
    on_call: dict[Name, OnCallShape] = Field(
        default={},
        description="on-call lists",
        examples=["roads_on_call: {otherwise: roads_duty}"],
    )
    surge: SurgeShape | None = Field(
        default=None,
        description="what holds while somebody has switched the surge on; without it nobody can",
        examples=["{say: {en: Many are calling., fr: Beaucoup appellent.}, first: [roads]}"],
    )
    call_outs: dict[str, Texts] = Field(
        default={},
        description="subject -> what somebody on call is told before they accept; a subject without"
        " one is told by its name",
        examples=["noise: {en: Ask for the address., fr: Demandez l'adresse.}"],
    )
