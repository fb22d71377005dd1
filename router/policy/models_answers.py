"""The shape of config/answers.yaml: answers that are written once and sent often."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from router.policy.shape import Shape
from router.policy.values import Name, OneOrMore, Texts


class AnswerShape(Shape):
    """One answer that an agent can insert and change before sending it."""

    title: Texts = Field(
        description="what agents look for it by", examples=["{en: Potholes, fr: Nids-de-poule}"]
    )
    text: Texts = Field(
        description="what is inserted; {name}, {reference}, {due}, {agent}, {town} and {subject}"
        " are filled in",
        examples=["{en: 'Thank you, {name}.', fr: 'Merci, {name}.'}"],
    )
    subjects: Annotated[list[str], OneOrMore] = Field(
        default=[],
        description="subjects for which it is proposed first; none = every one",
        examples=["[pothole, snow]"],
    )
    channels: Annotated[list[Literal["mail", "chat", "webform"]], OneOrMore] = Field(
        default=[],
        description="channels in which it can be used; none = all that are written",
        examples=["mail"],
    )


class AnswersFile(Shape):
    """config/answers.yaml; a town without the file has no canned answers."""

    answers: dict[Name, AnswerShape] = Field(min_length=1, description="the canned answers")
