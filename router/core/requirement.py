"""Requirements: which skills, at which levels, and which attributes a work item asks for.

    roads >= 3 and (french or english >= 5) and not trainee
    general and agent.site == "north" and item.ward in ("1", "2")
    tax and agent.team == item.owner_team

A skill name alone means level 1 or better. A level a person does not have is not zero: every
comparison with it is false, so `trainee < 3` leaves out who is no trainee at all, and
`not trainee` lets them in; the same holds of attributes that nobody has given. `any` asks for
nothing; `$language` stands for the skill of the language the contact speaks and is bound item by
item, as the item's attributes are.

Prints, binds and evaluates; which agents are looked at, and when a requirement is relaxed, is
decided elsewhere.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from router.core import requirement_reader
from router.core.requirement_terms import (
    ANYONE,
    ITEM,
    LEVEL_MAX,
    NOBODY,
    And,
    Anyone,
    Attribute,
    Compare,
    Expr,
    Language,
    Not,
    Or,
    RequirementError,
    Value,
)

__all__ = [
    "LEVEL_MAX",
    "And",
    "Anyone",
    "Attribute",
    "Compare",
    "Expr",
    "Language",
    "Not",
    "Or",
    "RequirementError",
    "Value",
    "attributes_of_item",
    "bind_item",
    "bind_language",
    "canonical",
    "conjunction",
    "for_some_item",
    "matches",
    "normalise",
    "parse",
    "skills_of",
    "why_not",
]

NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})
_HOLDS: Final[Mapping[str, Callable[[int, int], bool]]] = MappingProxyType(
    {
        ">=": operator.ge,
        ">": operator.gt,
        "<=": operator.le,
        "<": operator.lt,
        "==": operator.eq,
        "!=": operator.ne,
    }
)
_IN_WORDS: Final = MappingProxyType(
    {
        ">=": "at {} or better",
        ">": "above {}",
        "<=": "at {} or lower",
        "<": "below {}",
        "==": "at exactly {}",
        "!=": "at any level but {}",
    }
)


def parse(text: str) -> Expr:
    """The requirement as it is written, nested as its parentheses are.

    Raises:
        RequirementError: with the column of the first thing that does not fit.
    """
    return requirement_reader.read(text)


def normalise(expr: Expr) -> Expr:
    """The same requirement, flattened, sorted, each term once, `any` absorbed.

    Shape: idempotent; `and` and `or` have two or more terms and none of their own kind.
    """
    match expr:
        case Compare() | Language():
            return _plain(expr)
        case Anyone() | Attribute():
            return expr
        case Not():
            term = normalise(expr.term)
            return term.term if isinstance(term, Not) else Not(term)
        case And():
            return _join(And, expr.terms, nothing=ANYONE, everything=NOBODY)
        case Or():
            return _join(Or, expr.terms, nothing=NOBODY, everything=ANYONE)


def canonical(expr: Expr) -> str:
    """The stable text of a requirement; `parse(canonical(e)) == normalise(e)`."""
    return _text(normalise(expr))


def skills_of(expr: Expr) -> frozenset[str]:
    """Every skill that is named; `$language` names none."""
    match expr:
        case Compare():
            return frozenset((expr.skill,))
        case Not():
            return skills_of(expr.term)
        case And() | Or():
            return frozenset().union(*(skills_of(term) for term in expr.terms))
        case _:
            return frozenset()


def bind_language(expr: Expr, skill: str) -> Expr:
    """The requirement with `skill` in place of `$language`."""
    match expr:
        case Language():
            return Compare(skill, expr.op, expr.level)
        case Not():
            return Not(bind_language(expr.term, skill))
        case And():
            return And(tuple(bind_language(term, skill) for term in expr.terms))
        case Or():
            return Or(tuple(bind_language(term, skill) for term in expr.terms))
        case _:
            return expr


def attributes_of_item(expr: Expr) -> frozenset[str]:
    """Every attribute of the item that is named."""
    match expr:
        case Attribute():
            return frozenset({expr.name if expr.of == ITEM else expr.item} - {""})
        case Not():
            return attributes_of_item(expr.term)
        case And() | Or():
            return frozenset().union(*(attributes_of_item(term) for term in expr.terms))
        case _:
            return frozenset()


def bind_item(expr: Expr, given: Mapping[str, str]) -> Expr:
    """The requirement with the item's attributes in place; what is not given matches nothing."""
    match expr:
        case Attribute(of="item"):
            return ANYONE if _holds(expr, given.get(expr.name)) else NOBODY
        case Attribute() if expr.item:
            value = given.get(expr.item)
            if value is None:
                return NOBODY
            return msgspec.structs.replace(expr, values=(value,), item="")
        case Not():
            return Not(bind_item(expr.term, given))
        case And():
            return And(tuple(bind_item(term, given) for term in expr.terms))
        case Or():
            return Or(tuple(bind_item(term, given) for term in expr.terms))
        case _:
            return expr


def for_some_item(expr: Expr, *, wanted: bool = True) -> Expr:
    """The requirement as the item asks it that asks for least: who fails it can serve none."""
    match expr:
        case Attribute() if expr.of == ITEM or expr.item:
            return ANYONE if wanted else NOBODY
        case Not():
            return Not(for_some_item(expr.term, wanted=not wanted))
        case And():
            return And(tuple(for_some_item(term, wanted=wanted) for term in expr.terms))
        case Or():
            return Or(tuple(for_some_item(term, wanted=wanted) for term in expr.terms))
        case _:
            return expr


def _holds(term: Attribute, has: Value | None) -> bool:
    if has is None or term.item:
        return False
    if term.op == "in":
        return has in term.values
    (value,) = term.values
    if isinstance(has, str) or isinstance(value, str):
        return term.op == "!=" and has != value
    return _HOLDS[term.op](has, value)


def conjunction(a: Expr, b: Expr) -> Expr:
    """Both requirements, normalised."""
    return normalise(And((a, b)))


def matches(
    expr: Expr, skills: Mapping[str, int], attributes: Mapping[str, Value] = NOTHING
) -> bool:
    """Whether somebody with these skills (name -> level 1..10) and attributes meets it."""
    match expr:
        case Compare():
            level = skills.get(expr.skill)
            return level is not None and _HOLDS[expr.op](level, expr.level)
        case And():
            return all(matches(term, skills, attributes) for term in expr.terms)
        case Or():
            return any(matches(term, skills, attributes) for term in expr.terms)
        case Not():
            return not matches(expr.term, skills, attributes)
        case Anyone():
            return True
        case Attribute():
            return expr.of != ITEM and _holds(expr, attributes.get(expr.name))
        case Language():
            return False


def why_not(
    expr: Expr, skills: Mapping[str, int], attributes: Mapping[str, Value] = NOTHING
) -> str:
    """What is missing, in plain English: "needs french at 5 or better, has 3; ..."; "" if nothing.

    Shape: one part for each term that fails, joined by "; ", and by ", or " where one would do.
    """
    if matches(expr, skills, attributes):
        return ""
    match expr:
        case Compare():
            return f"needs {_wish(expr)}, has {skills.get(expr.skill, 'none')}"
        case Attribute():
            has = None if expr.of == ITEM else attributes.get(expr.name)
            return f"needs {_text(expr)}, has {'none' if has is None else _quoted(has)}"
        case Language():
            return "needs the language of the contact, which is not known"
        case And():
            return "; ".join(
                filter(None, (why_not(term, skills, attributes) for term in expr.terms))
            )
        case Or():
            reasons = (why_not(term, skills, attributes) for term in expr.terms)
            return ", or ".join(f"({r})" if "; " in r else r for r in reasons) or "nobody fits"
        case Not(term=Not(term=term)):
            return why_not(term, skills, attributes)
        case Not(term=Compare() as term):
            return f"must not have {_wish(term)}, has {skills[term.skill]}"
        case Not(term=Attribute() as term):
            return f"must not match: {canonical(term)}"
        case Not(term=And() | Or() as term):
            return f"must not match: {canonical(term)}"
        case _:
            return "nobody fits"


def _wish(term: Compare) -> str:
    if (term.op, term.level) == (">=", 1):
        return term.skill
    return f"{term.skill} {_IN_WORDS[term.op].format(term.level)}"


def _plain(term: Compare | Language) -> Expr:
    """`> 3` is `>= 4` and `< 4` is `<= 3`, as long as the level can be written."""
    if term.op == ">" and term.level < LEVEL_MAX:
        return msgspec.structs.replace(term, op=">=", level=term.level + 1)
    if term.op == "<" and term.level > 1:
        return msgspec.structs.replace(term, op="<=", level=term.level - 1)
    return term


def _join(
    kind: type[And] | type[Or], terms: Iterable[Expr], *, nothing: Expr, everything: Expr
) -> Expr:
    """One normalised `kind` of the terms; `nothing` adds nothing to it, `everything` settles it."""
    unique: dict[str, Expr] = {}
    for term in map(normalise, terms):
        for part in term.terms if isinstance(term, kind) else (term,):
            if part == everything:
                return everything
            if part != nothing:
                unique[_text(part)] = part
    parts = tuple(unique[text] for text in sorted(unique))
    if not parts:
        return nothing
    return parts[0] if len(parts) == 1 else kind(parts)


def _text(expr: Expr) -> str:
    match expr:
        case Compare():
            return _compared(expr.skill, expr)
        case Language():
            return _compared("$language", expr)
        case Attribute():
            return _attribute(expr)
        case Anyone():
            return "any"
        case Not():
            return f"not {_inner(expr.term)}"
        case And():
            return " and ".join(map(_inner, expr.terms))
        case Or():
            return " or ".join(map(_inner, expr.terms))


def _compared(name: str, term: Compare | Language) -> str:
    return name if (term.op, term.level) == (">=", 1) else f"{name} {term.op} {term.level}"


def _attribute(term: Attribute) -> str:
    name, op = f"{term.of}.{term.name}", "==" if term.op == "in" else term.op
    if term.item:
        return f"{name} {op} item.{term.item}"
    shown = [_quoted(value) for value in term.values]
    return f"{name} {op} {shown[0]}" if len(shown) == 1 else f"{name} in ({', '.join(shown)})"


def _quoted(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    return f"'{value}'" if '"' in value else f'"{value}"'


def _inner(expr: Expr) -> str:
    return f"({_text(expr)})" if isinstance(expr, And | Or) else _text(expr)
