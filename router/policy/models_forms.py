"""The shape of config/forms.yaml: the web forms, their fields and where they go."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from router.policy.shape import Shape
from router.policy.values import Name, Requirement, Seconds, SomeCount, Texts, wrong

FieldKind = Literal[
    "text", "long_text", "email", "phone", "choice", "date", "checkbox", "callback_time"
]


class FieldShape(Shape):
    """One field of a form."""

    kind: FieldKind = Field(
        default="text",
        description="what is asked for; `callback_time`: when the resident would like to be called"
        " back, of the times that are left (`windows` of the queue's `callback`); left empty the"
        " form is answered in writing, else it is a callback to the number in its `phone` field",
        examples=["choice"],
    )
    label: Texts = Field(
        description="the field's label", examples=["{en: Your name, fr: Votre nom}"]
    )
    help: Texts = Field(
        default={},
        description="a sentence under the label",
        examples=["{en: As it stands on the bill., fr: Comme sur la facture.}"],
    )
    required: bool = Field(default=False, description="must it be filled in?", examples=["true"])
    length_max: int = Field(
        default=200, ge=1, le=20_000, description="most characters", examples=["4000"]
    )
    choices: dict[Name, Texts] = Field(
        default={},
        description="for kind choice: value -> label",
        examples=["{north: {en: North, fr: Nord}}"],
    )
    choices_from_subjects: list[str] = Field(
        default=[],
        description="for kind choice: these subjects of town.yaml instead of `choices`",
        examples=["[pothole, noise]"],
    )
    identity: bool = Field(
        default=False,
        description="does it name or reach a person? Such answers are kept apart and deleted"
        " together",
        examples=["true"],
    )

    @model_validator(mode="after")
    def _choices_where_needed(self) -> Self:
        given = bool(self.choices) + bool(self.choices_from_subjects)
        if self.kind == "choice" and given != 1:
            raise wrong("kind choice needs either `choices` or `choices_from_subjects`")
        if self.kind != "choice" and given:
            raise wrong(f"kind {self.kind} has no choices; write kind: choice, or delete them")
        return self


class FormShape(Shape):
    """One web form; the key is its address: /forms/<key>."""

    title: Texts = Field(description="title of the page", examples=["{en: Report, fr: Signaler}"])
    intro: Texts = Field(
        description="what stands above the fields; tells people in danger to dial 911",
        examples=["{en: In danger dial 911., fr: En danger faites le 911.}"],
    )
    queue: str = Field(description="queue it goes to", examples=["general"])
    subject: str = Field(
        default="", description="subject of every submission", examples=["general"]
    )
    subject_field: str = Field(
        default="", description="or: the choice field that gives the subject", examples=["problem"]
    )
    requires: Requirement = Field(
        default="", description="skills needed on top of the queue's", examples=["roads"]
    )
    head_start_s: Seconds = Field(
        default=0,
        description="priority: ranks as if it had come so many seconds earlier",
        examples=["0"],
    )
    fields: dict[Name, FieldShape] = Field(min_length=1, description="the fields, in order")
    thanks: Texts = Field(
        description="shown after sending; {reference} and {due} are filled in",
        examples=["{en: 'Your number is {reference}.', fr: 'Votre numéro est {reference}.'}"],
    )
    per_hour_max: SomeCount = Field(
        default=20, description="most submissions of one sender in an hour", examples=["20"]
    )
    size_max_kb: int = Field(
        default=64, ge=1, le=10_000, description="largest submission, in kB", examples=["64"]
    )

    @model_validator(mode="after")
    def _reached_by_telephone(self) -> Self:
        times = [name for name, field in self.fields.items() if field.kind == "callback_time"]
        if len(times) > 1:
            raise wrong(f"{' and '.join(times)} both ask when to call back; delete one")
        phones = [each for each in self.fields.values() if each.kind == "phone" and each.identity]
        if times and not phones:
            raise wrong(
                f"{times[0]} asks when to call back, and nothing asks where; add a field with"
                " kind: phone and identity: true"
            )
        return self


class FormsFile(Shape):
    """config/forms.yaml."""

    forms: dict[Name, FormShape] = Field(description="the web forms")
