"""The shape of attributes of agents: what is declared, and how a value is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Self

from pydantic import Field, model_validator

from router.policy.shape import Shape
from router.policy.values import Text, wrong

VALUES_MAX: Final = (
    100  # of one attribute: each value that an item can ask for is a line of its own
)


class AttributeShape(Shape):
    """An attribute that agents may have: one of some values, or a number."""

    values: list[Text] = Field(
        default=[],
        max_length=VALUES_MAX,
        description="the values there are",
        examples=["[north, south]"],
    )
    number: bool = Field(
        default=False, description="a whole number instead of `values`", examples=["true"]
    )

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if bool(self.values) == self.number:
            raise wrong("give either `values`, for example [north, south], or number: true")
        return self


def typed(
    given: Mapping[str, str], declared: Mapping[str, AttributeShape], team: str
) -> dict[str, str | int]:
    """Return what requirements may ask of an agent, numbers as numbers; the team, if any, too."""
    numbers = {name for name, each in declared.items() if each.number}
    traits: dict[str, str | int] = {
        name: int(value) if name in numbers and value.isdecimal() else value
        for name, value in given.items()
    }
    return {**traits, "team": team} if team else traits
