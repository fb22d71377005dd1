"""What requirements are made of: skills at levels, the item's language, attributes, and, or, not.

Values alone; `requirement` says what they mean, `requirement_reader` reads them.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import msgspec

from router.errors import PolicyError

LEVEL_MAX: Final = 10
AGENT: Final = "agent"
ITEM: Final = "item"

Op = Literal[">=", ">", "<=", "<", "==", "!="]
AttributeOp = Literal[">=", ">", "<=", "<", "!=", "in"]
Value = str | int


class RequirementError(PolicyError):
    """The text is no requirement; `message` says what was found and what would be right."""

    code: ClassVar[str] = "requirement-error"

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.message = message
        self.column = column  # 1-based, within the text


class Compare(msgspec.Struct, frozen=True, tag="compare"):
    """The level of a skill; without operator and level: has it at all."""

    skill: str
    op: Op = ">="
    level: int = 1


class Language(msgspec.Struct, frozen=True, tag="language"):
    """As `Compare`, of the skill that the item's language asks for; unbound it is undefined."""

    op: Op = ">="
    level: int = 1


class Attribute(msgspec.Struct, frozen=True, tag="attribute"):
    """An attribute of the agent or the item beside one of the values, or beside another attribute.

    `==` is `in` with one value. `item` names the attribute of the item that stands on the other
    side of an agent's, instead of values.
    """

    of: str  # AGENT | ITEM
    name: str
    op: AttributeOp
    values: tuple[Value, ...] = ()
    item: str = ""


class Anyone(msgspec.Struct, frozen=True, tag="any"):
    """True of everybody."""


class Not(msgspec.Struct, frozen=True, tag="not"):
    """True where the term is false, also where it is false for want of the skill."""

    term: Expr


class And(msgspec.Struct, frozen=True, tag="and"):
    """All of the terms."""

    terms: tuple[Expr, ...]


class Or(msgspec.Struct, frozen=True, tag="or"):
    """At least one of the terms."""

    terms: tuple[Expr, ...]


Expr = Compare | Language | Attribute | Anyone | Not | And | Or

ANYONE: Final = Anyone()
NOBODY: Final = Not(ANYONE)
