"""Requirements: which skills, at which levels, an agent needs for a work item.

    roads >= 3 and (french or english >= 5) and not trainee

A skill name alone means level 1 or better. A level a person does not have is not zero: every
comparison with it is false, so `trainee < 3` leaves out who is no trainee at all, and
`not trainee` lets them in. `any` asks for nothing; `$language` stands for the skill of the
language the contact speaks and is bound item by item.

Reads, prints and evaluates; which agents are looked at, and when a requirement is relaxed, is
decided elsewhere.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar, Final, Literal, get_args

import msgspec

from router.errors import PolicyError

LEVEL_MAX: Final = 10

Op = Literal[">=", ">", "<=", "<", "==", "!="]

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


Expr = Compare | Language | Anyone | Not | And | Or

_ANYONE: Final = Anyone()
_NOBODY: Final = Not(_ANYONE)


def parse(text: str) -> Expr:
    """The requirement as it is written, nested as its parentheses are.

    Raises:
        RequirementError: with the column of the first thing that does not fit.
    """
    return _Reader(text).read()


def normalise(expr: Expr) -> Expr:
    """The same requirement, flattened, sorted, each term once, `any` absorbed.

    Shape: idempotent; `and` and `or` have two or more terms and none of their own kind.
    """
    match expr:
        case Compare() | Language():
            return _plain(expr)
        case Anyone():
            return expr
        case Not():
            term = normalise(expr.term)
            return term.term if isinstance(term, Not) else Not(term)
        case And():
            return _join(And, expr.terms, nothing=_ANYONE, everything=_NOBODY)
        case Or():
            return _join(Or, expr.terms, nothing=_NOBODY, everything=_ANYONE)


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


def conjunction(a: Expr, b: Expr) -> Expr:
    """Both requirements, normalised."""
    return normalise(And((a, b)))


def matches(expr: Expr, skills: Mapping[str, int]) -> bool:
    """Whether somebody with these skills (name -> level 1..10) meets the requirement."""
    match expr:
        case Compare():
            level = skills.get(expr.skill)
            return level is not None and _HOLDS[expr.op](level, expr.level)
        case And():
            return all(matches(term, skills) for term in expr.terms)
        case Or():
            return any(matches(term, skills) for term in expr.terms)
        case Not():
            return not matches(expr.term, skills)
        case Anyone():
            return True
        case Language():
            return False


def why_not(expr: Expr, skills: Mapping[str, int]) -> str:
    """What is missing, in plain English: "needs french at 5 or better, has 3; ..."; "" if nothing.

    Shape: one part for each term that fails, joined by "; ", and by ", or " where one would do.
    """
    if matches(expr, skills):
        return ""
    match expr:
        case Compare():
            return f"needs {_wish(expr)}, has {skills.get(expr.skill, 'none')}"
        case Language():
            return "needs the language of the contact, which is not known"
        case And():
            return "; ".join(filter(None, (why_not(term, skills) for term in expr.terms)))
        case Or():
            reasons = (why_not(term, skills) for term in expr.terms)
            return ", or ".join(f"({r})" if "; " in r else r for r in reasons) or "nobody fits"
        case Not(term=Not(term=term)):
            return why_not(term, skills)
        case Not(term=Compare() as term):
            return f"must not have {_wish(term)}, has {skills[term.skill]}"
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


def _inner(expr: Expr) -> str:
    return f"({_text(expr)})" if isinstance(expr, And | Or) else _text(expr)


_TOKEN: Final = re.compile(r"\s*(?:(\d[\w.]*|[^\W\d][\w-]*|\$\w*|[<>=!&|~]+|[^\s])|$)")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_OPS: Final[Mapping[str, Op]] = MappingProxyType({op: op for op in get_args(Op)})
_LEVELS: Final = frozenset(str(level) for level in range(1, LEVEL_MAX + 1))
_KEYWORDS: Final = frozenset(("and", "or", "not", "any"))
_DEPTH_MAX: Final = 50
_MEANT: Final = MappingProxyType(  # what people write who know another language
    {
        "=": "==",
        "=>": ">=",
        "=<": "<=",
        "<>": "!=",
        "===": "==",
        "&": "and",
        "&&": "and",
        ",": "and",
        "|": "or",
        "||": "or",
        "!": "not",
        "~": "not",
        "AND": "and",
        "OR": "or",
        "NOT": "not",
        "ANY": "any",
    }
)


class _Reader:
    """Recursive descent; `or` binds weaker than `and`, `and` weaker than `not`."""

    def __init__(self, text: str) -> None:
        found = (m for m in _TOKEN.finditer(text) if m[1])
        self._tokens = [(m[1], m.start(1) + 1) for m in found]
        self._tokens.append(("", len(text.rstrip()) + 1))
        self._at = 0
        self._depth = 0

    def read(self) -> Expr:
        expr = self._any_of()
        if self._peek():
            raise self._unexpected("'and', 'or' or the end")
        return expr

    def _any_of(self) -> Expr:
        terms = [self._all_of()]
        while self._take("or"):
            terms.append(self._all_of())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _all_of(self) -> Expr:
        terms = [self._term()]
        while self._take("and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _term(self) -> Expr:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._error(f"nested deeper than {_DEPTH_MAX}: write it flatter")
        expr = self._atom()
        self._depth -= 1
        return expr

    def _atom(self) -> Expr:
        if self._take("not"):
            return Not(self._term())
        if self._take("("):
            expr = self._any_of()
            if not self._take(")"):
                raise self._unexpected("'and', 'or' or ')'")
            return expr
        if self._take("any"):
            return _ANYONE
        if self._take("$language"):
            return Language(*self._comparison())
        word = self._peek()
        if not _NAME.fullmatch(word) or word in _KEYWORDS:
            wanted = "a skill, 'not', 'any', '$language' or '('"
            if word[:1].isalpha() and word not in _KEYWORDS:
                wanted += "; a skill is written in a-z, 0-9 and _, beginning with a letter"
            raise self._unexpected(wanted)
        self._at += 1
        return Compare(word, *self._comparison())

    def _comparison(self) -> tuple[Op, int]:
        op = _OPS.get(self._peek())
        if op is None:
            return ">=", 1
        self._at += 1
        word = self._peek()
        if word not in _LEVELS:
            raise self._unexpected(f"a level, 1 to {LEVEL_MAX}")
        self._at += 1
        return op, int(word)

    def _peek(self) -> str:
        return self._tokens[self._at][0]

    def _take(self, word: str) -> bool:
        taken = self._peek() == word
        self._at += taken
        return taken

    def _unexpected(self, wanted: str) -> RequirementError:
        word = self._peek()
        if len(self._tokens) == 1:
            return self._error("the requirement is empty: write 'any' where it asks for nothing")
        if not word:
            return self._error(f"the requirement ends where {wanted} should stand")
        if word in _MEANT:
            return self._error(f"found {word!r}: write {_MEANT[word]!r}")
        return self._error(f"found {word!r}, want {wanted}")

    def _error(self, message: str) -> RequirementError:
        return RequirementError(message, self._tokens[self._at][1])
