"""The shape of config/town.yaml: name, languages, numbers, dialling, what people are told."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from router.policy.models_agreements import AgreementShape
from router.policy.models_listening import ListeningShape
from router.policy.shape import Shape
from router.policy.spans import SpanText
from router.policy.telephones import Called, Number, Prefix
from router.policy.values import Count, Name, Seconds, SomeCount, SomeSeconds, Text, Texts, Zone

WordsKind = Literal["contact", "message", "form", "digits", "recording", "note", "said"]


class LanguageShape(Shape):
    """A language in which the town serves people."""

    id: str = Field(
        pattern="^[a-z]{2,3}$", description="ISO 639 code, used in all texts", examples=["fr"]
    )
    skill: str = Field(
        description="skill an agent needs to serve it; `$language` in requirements becomes this",
        examples=["french"],
    )
    locale: str = Field(
        pattern="^[a-z]{2,3}-[A-Z]{2}$",
        description="language and country, for the voice and the web pages",
        examples=["fr-CA"],
    )
    name: Text = Field(description="the language's name in itself", examples=["Français"])
    voice: str = Field(
        default="",
        description="name of the carrier's voice; empty = the carrier's own for the locale",
        examples=["Polly.Gabrielle-Neural"],
    )


class DiallingShape(Shape):
    """Where the engine may ring. Whatever is not opened here stays closed."""

    allowed: list[Prefix] = Field(
        min_length=1,
        description="beginnings of numbers that may be rung, `sip:domain`, or `client:`",
        examples=["+1 905"],
    )
    refused: list[Prefix] = Field(
        default=[],
        description="beginnings that stay closed although `allowed` opens them;"
        " 1-900 and exchange 976 are closed without being named",
        examples=["+1 905 555 0199"],
    )
    caller_number: Number = Field(
        description="number shown to those whom the engine rings", examples=["+1 905 555 0100"]
    )
    calls_per_number_and_day: SomeCount = Field(
        default=10, description="most calls to one number in a day", examples=["10"]
    )
    calls_per_day: SomeCount = Field(
        default=1000, description="most calls in a day", examples=["1000"]
    )


class PassOverShape(Shape):
    """For how long an agent is passed over for an item, by the way the offer ended."""

    declined: Seconds = Field(default=120, description="seconds after a decline", examples=["120"])
    missed: Seconds = Field(
        default=60,
        description="seconds after an offer that was seen and not answered",
        examples=["60"],
    )
    skipped: Seconds = Field(
        default=15,
        description="seconds after an offer that the desk never showed",
        examples=["15"],
    )
    busy: Seconds = Field(
        default=60,
        description="seconds after the agent accepted and their telephone was engaged",
        examples=["60"],
    )
    unreachable: Seconds = Field(
        default=15,
        description="seconds after the agent accepted and their telephone could not be rung",
        examples=["15"],
    )


class OffersShape(Shape):
    """What follows an offer that was not accepted."""

    pass_over_s: PassOverShape = Field(
        default=PassOverShape(),
        description="how long the agent is passed over for that item, by ending",
        examples=["{declined: 120, missed: 60, skipped: 15, busy: 60, unreachable: 15}"],
    )
    missed_in_a_row: SomeCount = Field(
        default=2, description="so many misses in a row make the agent away", examples=["2"]
    )
    lease_s: SomeSeconds = Field(
        default=45,
        description="seconds after which a desk that gives no sign of life has vanished",
        examples=["45"],
    )


class KeepingShape(Shape):
    """How long the engine remembers."""

    ended_items_h: SomeCount = Field(
        default=72, description="hours for which an ended item can be reopened", examples=["72"]
    )
    repeated_texts_h: SomeCount = Field(
        default=168,
        description="hours within which the same form sent twice counts once",
        examples=["168"],
    )
    redial_min: Count = Field(
        default=15,
        description="minutes within which a caller who hung up and rings again gets the old"
        " place back",
        examples=["15"],
    )
    words: dict[WordsKind, SpanText] = Field(
        default={},
        description="how long what residents and agents said is kept, by kind: `contact` (who they"
        " are, how to reach them), `said` (mails and chats), `form`, `message` (left by a caller),"
        " `recording`, `digits` (typed on the telephone), `note` (of agents); a kind that is not"
        " named is kept for ever",
        examples=["{said: 2 years, recording: 180 days}"],
    )


class TownFile(Shape):
    """config/town.yaml."""

    name: Texts = Field(
        description="the town's name",
        examples=["{en: Town of Willowmere, fr: Ville de Willowmere}"],
    )
    slug: Name = Field(description="short name, begins every stored key", examples=["willowmere"])
    time_zone: Zone = Field(description="IANA time zone", examples=["America/Toronto"])
    languages: list[LanguageShape] = Field(
        min_length=1,
        description="the languages served; the first is the default",
        examples=["- {id: en, skill: english, locale: en-CA, name: English}"],
    )
    subjects: dict[Name, Texts] = Field(
        description="what contacts are about; flows, forms, mail rules and chat doors set one,"
        " fallback rules look at it",
        examples=["noise: {en: Noise, fr: Bruit}"],
    )
    agreements: dict[Name, AgreementShape] = Field(
        default={},
        description="subject -> who does what about it: shown to agents with the offer",
        examples=["building: {level: partial, department: building_department}"],
    )
    numbers: dict[Called, str] = Field(
        min_length=1,
        description="called number -> flow; `any_other` for a number that is not listed",
        examples=["+1 905 555 0100: main"],
    )
    dialling: DiallingShape = Field(description="where the engine may ring")
    listening: ListeningShape | None = Field(
        default=None,
        description="whether and how supervisors may listen to calls; without it nobody may",
        examples=["{modes: [listen, whisper, barge]}"],
    )
    offers: OffersShape = Field(
        default=OffersShape(), description="what follows an offer that was not accepted"
    )
    keeping: KeepingShape = Field(
        default=KeepingShape(), description="how long the engine remembers"
    )
    away_reasons: dict[Name, Texts] = Field(
        min_length=1,
        description="why agents can be away",
        examples=["lunch: {en: Lunch, fr: Dîner}"],
    )
    wrap_up_codes: dict[Name, Texts] = Field(
        min_length=1,
        description="how handled items can end",
        examples=["answered: {en: Answered, fr: Répondu}"],
    )
    texts: dict[Name, Texts] = Field(
        description="what the engine itself says to residents and agents; all texts of the table"
        " in docs/policy.md are needed",
        examples=["hold: {en: One moment please., fr: Un instant.}"],
    )
