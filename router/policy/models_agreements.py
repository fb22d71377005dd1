"""The shape of `agreements` in config/town.yaml: who does what about a subject."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from router.policy.shape import Shape
from router.policy.values import Texts, wrong


class AgreementShape(Shape):
    """What the town hall does itself about a subject, and what a department does."""

    level: Literal["none", "partial", "full"] = Field(
        description="`none`: noted and handed over at once; `partial`: what the page says is told,"
        " details are noted, then it is handed over; `full`: done here",
        examples=["partial"],
    )
    department: str = Field(
        default="",
        description="outside contact of fallback.yaml whom agents ask, resident on the line; if"
        " nobody answers there the resident is called back; needed unless `level` is full",
        examples=["building_department"],
    )
    link: str = Field(
        default="",
        pattern="^(https?://\\S+)?$",
        description="page that tells agents what is known and asked for",
        examples=["https://intranet.willowmere.example.org/permits"],
    )
    script: Texts = Field(
        default={},
        description="what the agent says and asks",
        examples=["{en: Ask for the address., fr: Demandez l'adresse.}"],
    )

    hand_over: Literal["", "at_once", "by_agent", "number"] = Field(
        default="",
        description="how it is handed over. `at_once`: the department is rung by itself as soon as"
        " agent and resident talk, and the agent stays until somebody there answers; `by_agent`:"
        " the agent has them rung; `number`: the agent tells the resident the department's number."
        " Left out: `at_once` for level none, else `by_agent`",
        examples=["number"],
    )

    @model_validator(mode="after")
    def _handed_over_to_somebody(self) -> AgreementShape:
        if self.level != "full" and not self.department:
            raise wrong(
                f"level {self.level} hands over to a department; name it: department: CONTACT, or"
                " write level: full"
            )
        if self.hand_over and self.level == "full":
            raise wrong("level full hands nothing over; delete `hand_over`")
        return self

    @property
    def handed_over(self) -> str:
        """How it is handed over; "" of what is done here."""
        if self.level == "full":
            return ""
        return self.hand_over or ("at_once" if self.level == "none" else "by_agent")
