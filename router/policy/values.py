"""How single values of the policy files are read: numbers, texts, names, requirements, dates.

Every converter takes the text as typed and either returns the value or refuses it with what would
be right. Spans, times of day, telephone numbers and addresses have modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from importlib.resources import files
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from router.core import requirement
from router.policy.complaints import remedy

_MONTH_S: Final = 31 * 86_400


def wrong(message: str, column: int = 0) -> PydanticCustomError:
    """Return the error of a converter; `column` counts from 1 within the text, 0 = the whole."""
    if not column:
        return PydanticCustomError("policy", message)
    shown = message.replace("{", "{{").replace("}", "}}")  # with a context it is a template
    return PydanticCustomError("policy", shown, {"column": column})


def only_action(block: object, actions: tuple[str, ...]) -> str:
    """Return which of the keys a rule gives as its action; "" for none. Raises: more than one."""
    named = [action for action in actions if getattr(block, action)]
    if len(named) > 1:
        raise wrong(f"names two actions, {named[0]} and {named[1]}; make two rules of them")
    return named[0] if named else ""


def converter(
    read: Callable[[str], object], wanted: str, schema: dict[str, Any], *, commas: bool = False
) -> tuple[PlainValidator, WithJsonSchema]:
    """Return the annotations of a value that is written as one text.

    Shape: `wanted` says what belongs there, for somebody who put a list or a block of keys;
        `commas` lets a list of texts stand for the texts with commas between them.
    """

    def convert(raw: object) -> object:
        if commas and isinstance(raw, list) and raw and all(isinstance(part, str) for part in raw):
            raw = ", ".join(raw)
        if raw is None:
            raise wrong(f"is empty; {wanted}")
        if not isinstance(raw, str):
            raise wrong(f"is a list or a block of keys; {wanted}")
        return read(raw.strip())

    return PlainValidator(convert), WithJsonSchema(schema)


# --- plain values --------------------------------------------------------------------------------

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True)]
Seconds = Annotated[int, Field(ge=0, le=_MONTH_S)]
SomeSeconds = Annotated[int, Field(ge=1, le=_MONTH_S)]
Count = Annotated[int, Field(ge=0, le=1_000_000)]
SomeCount = Annotated[int, Field(ge=1, le=1_000_000)]
Level = Annotated[int, Field(ge=1, le=requirement.LEVEL_MAX)]
Share = Annotated[float, Field(gt=0, le=1)]


class Shorthand:
    """Lets a text stand for a list of one (`noise` for `[noise]`), or for a block with one key."""

    def __init__(self, key: str = "") -> None:
        self._key = key  # "" = a list

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Expand the shorthand before the value is read."""

        def expand(raw: object) -> object:
            if not isinstance(raw, str):
                return raw
            return {self._key: raw} if self._key else [raw]

        return core_schema.no_info_before_validator_function(expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Show editors that both ways of writing are right."""
        full = handler(schema)
        return {"anyOf": [full, {"type": "string"} if self._key else full["items"]]}


OneOrMore = Shorthand()


# --- texts per language --------------------------------------------------------------------------


def _per_language(raw: object) -> object:
    if isinstance(raw, dict):
        return raw
    raise wrong("needs a text for each language, for example {en: Roads, fr: Voirie}")


PER_LANGUAGE: Final = BeforeValidator(_per_language)  # marks texts for the check of languages
Texts = Annotated[
    dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")], Text], PER_LANGUAGE
]


# --- requirements --------------------------------------------------------------------------------


def read_requirement(text: str) -> str:
    """Return the canonical requirement."""
    try:
        return requirement.canonical(requirement.parse(text))
    except requirement.RequirementError as error:
        raise wrong(f"{text!r}: {error.message}", error.column) from error


Requirement = Annotated[
    str,
    *converter(
        read_requirement,
        "write which skills are needed, for example: roads >= 3 and $language",
        {"type": "string", "x-kind": "requirement"},
    ),
]


# --- dates and zones -----------------------------------------------------------------------------


def read_date(text: str) -> date:
    """Read `2026-12-24`."""
    try:
        if len(text) != 10:
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        raise wrong(f"{text!r} is no date; write year-month-day, for example 2026-12-24") from error


def read_moment(text: str) -> datetime:
    """Read `2026-12-24 18:00`, the town's local time (naive: the zone stands in town.yaml)."""
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", text):
            raise ValueError(text)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong(
            f"{text!r} is no date with a time; write for example 2026-12-24 18:00"
        ) from error


def read_zone(text: str) -> str:
    """Read the IANA name of a time zone."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        known = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
        raise wrong(f"no time zone is called {text!r}; {remedy(text, known)}") from error


LocalDate = Annotated[
    date,
    *converter(
        read_date,
        "write a date, for example 2026-12-24",
        {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "x-kind": "date"},
    ),
]
LocalMoment = Annotated[
    datetime,
    *converter(
        read_moment,
        "write a date and a time, for example 2026-12-24 18:00",
        {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}$",
            "x-kind": "local date and time",
        },
    ),
]
Zone = Annotated[
    str,
    *converter(
        read_zone,
        "write a time zone, for example America/Toronto",
        {"type": "string", "x-kind": "IANA time zone"},
    ),
]
