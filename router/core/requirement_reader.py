"""Reads the text of a requirement; a mistake is named with its column and its remedy.

`or` binds weaker than `and`, `and` weaker than `not`. Attributes stand beside quoted texts, numbers
or each other: `agent.site == "north"`, `item.ward in ("1", "2")`, `agent.team == item.owner_team`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, get_args

from router.core.requirement_terms import (
    AGENT,
    ANYONE,
    ITEM,
    LEVEL_MAX,
    And,
    Attribute,
    AttributeOp,
    Compare,
    Expr,
    Language,
    Not,
    Op,
    Or,
    RequirementError,
    Value,
)


def read(text: str) -> Expr:
    """Return the requirement as it is written.

    Raises:
        RequirementError: with the column of the first thing that does not fit.
    """
    return _Reader(text).read()


def mentions(text: str) -> list[tuple[Attribute, int]]:
    """Return every attribute that the requirement names, with its column (from 1)."""
    reader = _Reader(text)
    reader.read()
    return reader.mentioned


_TOKEN: Final = re.compile(
    r"\s*(?:((?:agent|item)\.[\w-]*|\"[^\"]*\"|'[^']*'|\d[\w.]*|[^\W\d][\w-]*|\$\w*|[<>=!&|~]+|[^\s])|$)"
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_OPS: Final[Mapping[str, Op]] = MappingProxyType({op: op for op in get_args(Op)})
_ATTRIBUTE_OPS: Final[Mapping[str, AttributeOp]] = MappingProxyType(
    {"==": "in", **{op: op for op in get_args(AttributeOp)}}
)
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
    """Recursive descent."""

    def __init__(self, text: str) -> None:
        found = (m for m in _TOKEN.finditer(text) if m[1])
        self._tokens = [(m[1], m.start(1) + 1) for m in found]
        self._tokens.append(("", len(text.rstrip()) + 1))
        self._at = 0
        self._depth = 0
        self.mentioned: list[tuple[Attribute, int]] = []

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
            return ANYONE
        if self._take("$language"):
            return Language(*self._comparison())
        word = self._peek()
        if word.partition(".")[0] in (AGENT, ITEM) and "." in word:
            return self._attribute()
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

    def _attribute(self) -> Expr:
        column = self._tokens[self._at][1]
        of, name = self._dotted()
        op = self._peek()
        if op not in _ATTRIBUTE_OPS:
            raise self._unexpected(f"'in' or one of {', '.join(_OPS)}")
        self._at += 1
        right = self._peek()
        if "." in right and right.partition(".")[0] in (AGENT, ITEM):
            term = self._beside(of, name, op)
        elif op == "in":
            term = Attribute(of, name, "in", self._list())
        else:
            term = Attribute(of, name, _ATTRIBUTE_OPS[op], (self._value(),))
        self.mentioned.append((term, column))
        return term

    def _beside(self, of: str, name: str, op: str) -> Attribute:
        """Read the attribute on the other side: one of them is the agent's, one the item's."""
        if op not in ("==", "!="):
            raise self._error(f"found {op!r} before an attribute: write '==' or '!='")
        other, other_name = self._dotted()
        if {of, other} != {AGENT, ITEM}:
            self._at -= 1
            raise self._error(f"both are the {of}'s: compare an agent's with an item's, or a value")
        pair = (name, other_name) if of == AGENT else (other_name, name)
        return Attribute(AGENT, pair[0], _ATTRIBUTE_OPS[op], (), pair[1])

    def _dotted(self) -> tuple[str, str]:
        of, _, name = self._peek().partition(".")
        if not _NAME.fullmatch(name):
            raise self._error(f"an attribute is written {of}.name, in a-z, 0-9 and _")
        self._at += 1
        return of, name

    def _list(self) -> tuple[Value, ...]:
        if not self._take("("):
            raise self._unexpected('\'(\' and the values, for example ("north", "south")')
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        if not self._take(")"):
            raise self._unexpected("',' or ')'")
        return tuple(sorted(set(values), key=lambda value: (isinstance(value, str), value)))

    def _value(self) -> Value:
        word = self._peek()
        if word.isdecimal():
            self._at += 1
            return int(word)
        if word[:1] in ("'", '"') and len(word) > 1:
            self._at += 1
            return word[1:-1]
        if _NAME.fullmatch(word.lower()) and word not in _KEYWORDS:
            raise self._error(f'found {word!r}: write it in quotes, "{word}"')
        raise self._unexpected('a value in quotes, for example "north", or a number')

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
