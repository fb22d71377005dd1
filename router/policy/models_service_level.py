"""The shape of `service_level` in config/queues.yaml: the promise, and how it is judged."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router.core.formulas import CURRENT, OF_TEXTS
from router.policy.complaints import remedy
from router.policy.shape import Shape
from router.policy.values import Seconds, Share, SomeSeconds, converter, wrong


def read_formula(text: str) -> str:
    """Read the name of a formula."""
    if text not in CURRENT:
        raise wrong(f"no formula is called {text!r}; {remedy(text, CURRENT)}")
    return text


FormulaName = Annotated[
    str,
    *converter(
        read_formula,
        "write the name of a formula, for example townline",
        {"type": "string", "enum": list(CURRENT), "x-kind": "formula"},
    ),
]


def read_text_formula(text: str) -> str:
    """Read the name of a formula for mail and forms."""
    if text in CURRENT and text not in OF_TEXTS:
        raise wrong(
            f"{text} tells apart how people leave a line, and nobody who has written is in one;"
            f" mail and forms are judged by {', '.join(OF_TEXTS)}"
        )
    if text not in OF_TEXTS:
        raise wrong(f"no formula is called {text!r}; {remedy(text, OF_TEXTS)}")
    return text


TextFormulaName = Annotated[
    str,
    *converter(
        read_text_formula,
        "write the name of a formula, for example first-response",
        {"type": "string", "enum": list(OF_TEXTS), "x-kind": "formula"},
    ),
]


class TextPromiseShape(Shape):
    """How the first responses to texts are judged; when each is due says `first_response`."""

    share: Share | None = Field(
        default=None,
        description="share of first responses that are written before they are due, above 0 to 1;"
        " said nowhere: 0.90",
        examples=["0.90"],
    )
    formula: TextFormulaName | None = Field(
        default=None,
        description="how the share is computed: first-response, first-response-or-closed,"
        " uccx-only-handled or ucce-ignore-abandon; said nowhere: first-response",
        examples=["first-response"],
    )


class PromiseShape(Shape):
    """A promise; keys that are not said are those of calls, then those of `defaults`."""

    share: Share | None = Field(
        default=None,
        description="share of contacts, above 0 to 1; said nowhere: 0.80",
        examples=["0.70"],
    )
    answer_within_s: SomeSeconds | None = Field(
        default=None,
        description="that many are answered before so many seconds are over; said nowhere: 20",
        examples=["30"],
    )
    formula: FormulaName | None = Field(
        default=None,
        description="how the share is computed, a name from docs/service-level.md; said nowhere:"
        " townline. Another one judges the whole day on which it comes, and none before",
        examples=["townline"],
    )
    short_abandon_s: Seconds | None = Field(
        default=None,
        description="who gives up before so many seconds are over has given up at once, which some"
        " formulas do not count; below `answer_within_s`; said nowhere: 0 = nobody",
        examples=["5"],
    )


class ServiceLevelShape(PromiseShape):
    """The promise to callers, and what differs for chats; the share of texts answered when due."""

    chat: PromiseShape = Field(
        default_factory=PromiseShape,
        description="what differs for chats, which are answered by the first word of a person",
        examples=["{share: 0.80, answer_within_s: 60}"],
    )
    mail: TextPromiseShape = Field(
        default_factory=TextPromiseShape,
        description="first responses to mail, counted on the day on which each was written or fell"
        " due",
        examples=["{share: 0.90}"],
    )
    webform: TextPromiseShape = Field(
        default_factory=TextPromiseShape,
        description="first responses to forms, likewise",
        examples=["{share: 0.95, formula: first-response-or-closed}"],
    )
