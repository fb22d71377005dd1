"""Requirements read, print and decide as they are meant to."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.requirement import (
    And,
    Anyone,
    Compare,
    Expr,
    Language,
    Not,
    Or,
    RequirementError,
    bind_language,
    canonical,
    conjunction,
    matches,
    normalise,
    parse,
    skills_of,
    why_not,
)
from router.errors import PolicyError

WRITTEN = "roads >= 3 and (french or english >= 5) and not trainee"


# --- reading ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("french", Compare("french", ">=", 1)),
        ("by_law_2>=10", Compare("by_law_2", ">=", 10)),
        ("any", Anyone()),
        ("anyone_else", Compare("anyone_else")),
        ("$language", Language()),
        ("$language > 3", Language(">", 3)),
        ("not not a", Not(Not(Compare("a")))),
        ("a or b and c", Or((Compare("a"), And((Compare("b"), Compare("c")))))),
        ("not a and b", And((Not(Compare("a")), Compare("b")))),
        ("not a >= 3", Not(Compare("a", ">=", 3))),
        ("a\n  and b", And((Compare("a"), Compare("b")))),
        (
            WRITTEN,
            And(
                (
                    Compare("roads", ">=", 3),
                    Or((Compare("french"), Compare("english", ">=", 5))),
                    Not(Compare("trainee")),
                )
            ),
        ),
    ],
)
def test_a_requirement_reads_as_written(text: str, expr: Expr) -> None:
    assert parse(text) == expr


A_TERM = "a skill, 'not', 'any', '$language' or '('"
A_NAME = "; a skill is written in a-z, 0-9 and _, beginning with a letter"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "the requirement is empty: write 'any' where it asks for nothing"),
        ("  ", 1, "the requirement is empty: write 'any' where it asks for nothing"),
        ("a and", 6, f"the requirement ends where {A_TERM} should stand"),
        ("(a or b", 8, "the requirement ends where 'and', 'or' or ')' should stand"),
        ("a >", 4, "the requirement ends where a level, 1 to 10 should stand"),
        ("a b", 3, "found 'b', want 'and', 'or' or the end"),
        ("a )", 3, "found ')', want 'and', 'or' or the end"),
        ("a >= 0", 6, "found '0', want a level, 1 to 10"),
        ("a >= 11", 6, "found '11', want a level, 1 to 10"),
        ("a >= 3.5", 6, "found '3.5', want a level, 1 to 10"),
        ("a >= b", 6, "found 'b', want a level, 1 to 10"),
        ("a = 3", 3, "found '=': write '=='"),
        ("a && b", 3, "found '&&': write 'and'"),
        ("a, b", 2, "found ',': write 'and'"),
        ("a OR b", 3, "found 'OR': write 'or'"),
        ("!a", 1, "found '!': write 'not'"),
        ("and", 1, f"found 'and', want {A_TERM}"),
        ("3 <= a", 1, f"found '3', want {A_TERM}"),
        ("any >= 3", 5, "found '>=', want 'and', 'or' or the end"),
        ("a and $lang", 7, f"found '$lang', want {A_TERM}"),
        ("French", 1, f"found 'French', want {A_TERM}{A_NAME}"),
        ("a or by-law", 6, f"found 'by-law', want {A_TERM}{A_NAME}"),
        ("français", 1, f"found 'français', want {A_TERM}{A_NAME}"),
    ],
)
def test_a_mistake_is_named_with_its_column_and_remedy(
    text: str, column: int, message: str
) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(text)
    assert (caught.value.column, caught.value.message) == (column, message)
    assert str(caught.value) == f"column {column}: {message}"
    assert isinstance(caught.value, PolicyError)


@pytest.mark.parametrize("deep", ["(" * 5000, "not " * 5000])
def test_a_bottomless_requirement_is_refused(deep: str) -> None:
    with pytest.raises(RequirementError, match="nested deeper than 50"):
        parse(deep + "a")


def test_a_long_flat_requirement_is_read() -> None:
    names = [f"skill_{n}" for n in range(60)]
    assert skills_of(parse(" or ".join(f"(not {name})" for name in names))) == set(names)


# --- printing ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        (WRITTEN, "(english >= 5 or french) and not trainee and roads >= 3"),
        ("b and (a and c) and a", "a and b and c"),
        ("(a or b) or (b or a)", "a or b"),
        ("a and a", "a"),
        ("((a))", "a"),
        ("a >= 1", "a"),
        ("a > 2", "a >= 3"),
        ("a < 4", "a <= 3"),
        ("a > 10", "a > 10"),
        ("a < 1", "a < 1"),
        ("a == 1 or a != 2", "a != 2 or a == 1"),
        ("not not a", "a"),
        ("not (b or a)", "not (a or b)"),
        ("a and any", "a"),
        ("a or any", "any"),
        ("a and not any", "not any"),
        ("a or not any", "a"),
        ("any and any", "any"),
        ("$language >= 3 and a", "$language >= 3 and a"),
    ],
)
def test_a_requirement_prints_in_one_form(text: str, printed: str) -> None:
    assert canonical(parse(text)) == printed


# --- deciding ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "skills", "expected"),
    [
        ("trainee < 3", {}, False),  # undefined is not zero
        ("trainee != 3", {}, False),
        ("not trainee", {}, True),
        ("not trainee < 3", {}, True),
        ("trainee < 3", {"trainee": 2}, True),
        ("a >= 3", {"a": 3}, True),
        ("a > 3", {"a": 3}, False),
        ("a <= 3", {"a": 3}, True),
        ("a == 3", {"a": 4}, False),
        ("any", {}, True),
        ("$language", {"english": 9}, False),
        (WRITTEN, {"roads": 3, "french": 1}, True),
        (WRITTEN, {"roads": 3, "english": 4}, False),
        (WRITTEN, {"roads": 3, "english": 5, "trainee": 1}, False),
    ],
)
def test_who_matches(text: str, skills: dict[str, int], expected: bool) -> None:
    assert matches(parse(text), skills) is expected


@pytest.mark.parametrize(
    ("text", "skills", "reason"),
    [
        ("french >= 5", {"french": 3}, "needs french at 5 or better, has 3"),
        ("french", {}, "needs french, has none"),
        ("a > 3", {"a": 3}, "needs a above 3, has 3"),
        ("a <= 3", {"a": 4}, "needs a at 3 or lower, has 4"),
        ("a < 3", {"a": 4}, "needs a below 3, has 4"),
        ("a == 3", {"a": 4}, "needs a at exactly 3, has 4"),
        ("a != 3", {"a": 3}, "needs a at any level but 3, has 3"),
        ("a and b >= 2", {"b": 1}, "needs a, has none; needs b at 2 or better, has 1"),
        ("a and b >= 2", {"a": 1}, "needs b at 2 or better, has none"),
        ("a or b", {}, "needs a, has none, or needs b, has none"),
        ("a and b or c", {}, "(needs a, has none; needs b, has none), or needs c, has none"),
        ("not a", {"a": 2}, "must not have a, has 2"),
        ("not a >= 5", {"a": 6}, "must not have a at 5 or better, has 6"),
        ("not (b or a)", {"a": 2}, "must not match: a or b"),
        ("not not a", {}, "needs a, has none"),
        ("not any", {}, "nobody fits"),
        ("$language", {}, "needs the language of the contact, which is not known"),
        ("any", {}, ""),
    ],
)
def test_why_somebody_does_not_match(text: str, skills: dict[str, int], reason: str) -> None:
    assert why_not(parse(text), skills) == reason


def test_the_skills_of_a_requirement_are_those_it_names() -> None:
    assert skills_of(parse(f"{WRITTEN} and $language")) == {
        "roads",
        "french",
        "english",
        "trainee",
    }
    assert skills_of(parse("any")) == frozenset()


def test_the_language_is_bound_wherever_it_stands() -> None:
    bound = bind_language(parse("$language and not (a or $language >= 3) and any"), "french")
    assert bound == parse("french and not (a or french >= 3) and any")


def test_a_conjunction_asks_for_both() -> None:
    both = conjunction(parse("b or c"), parse("a and (c or b)"))
    assert canonical(both) == "a and (b or c)"


# --- properties -------------------------------------------------------------------------------

NAMES = ("a", "b", "order", "any_kind")
OPS = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
SKILLS = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 10))
ATOMS = st.one_of(
    st.sampled_from(NAMES),
    st.just("any"),
    st.builds(
        "{}{}{}{}{}".format,
        st.sampled_from(NAMES),
        st.sampled_from(["", " "]),
        st.sampled_from(list(OPS)),
        st.sampled_from(["", "  "]),
        st.integers(1, 10),
    ),
)
TEXTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map("({})".format),
        inner.map("not {}".format),
        inner.map("not ({})".format),
        st.builds("{} and {}".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
    ),
    max_leaves=12,
)
EXPRS: st.SearchStrategy[Expr] = st.recursive(
    st.one_of(
        st.builds(Compare, st.sampled_from(NAMES), st.sampled_from(list(OPS)), st.integers(1, 10)),
        st.builds(Language, st.sampled_from(list(OPS)), st.integers(1, 10)),
        st.just(Anyone()),
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=4).map(lambda terms: And(tuple(terms))),
        st.lists(inner, max_size=4).map(lambda terms: Or(tuple(terms))),
    ),
    max_leaves=12,
)


def judged_by_python(text: str, skills: Mapping[str, int]) -> bool:
    """The text with each comparison replaced by its outcome, evaluated by Python."""

    def outcome(found: re.Match[str]) -> str:
        name, op, level = found.groups()
        if name in ("and", "or", "not"):
            return found[0]
        if name == "any":
            return "True"
        has = skills.get(name)
        return str(has is not None and OPS[op or ">="](has, int(level or 1)))

    return bool(eval(re.sub(r"([a-z_]+)(?:\s*([<>=!]+)\s*(\d+))?", outcome, text)))


@given(TEXTS, SKILLS)
def test_a_requirement_decides_as_python_would(text: str, skills: dict[str, int]) -> None:
    assert matches(parse(text), skills) == judged_by_python(text, skills)


@given(EXPRS, SKILLS)
def test_the_one_form_means_the_same_and_reads_back(expr: Expr, skills: dict[str, int]) -> None:
    printed = canonical(expr)
    assert parse(printed) == normalise(expr)
    assert canonical(parse(printed)) == printed
    assert matches(parse(printed), skills) == matches(expr, skills)
    assert skills_of(normalise(expr)) <= skills_of(expr)


@given(st.lists(EXPRS, min_size=1, max_size=4))
def test_order_and_repetition_do_not_show(terms: list[Expr]) -> None:
    again = [*reversed(terms), terms[0]]
    for kind in (And, Or):
        assert canonical(kind(tuple(terms))) == canonical(kind(tuple(again)))


@given(EXPRS, EXPRS, SKILLS)
def test_a_conjunction_matches_where_both_do(a: Expr, b: Expr, skills: dict[str, int]) -> None:
    assert matches(conjunction(a, b), skills) == (matches(a, skills) and matches(b, skills))
    assert canonical(conjunction(a, b)) == canonical(conjunction(b, a))


@given(EXPRS, SKILLS)
def test_there_is_a_reason_exactly_where_it_does_not_match(
    expr: Expr, skills: dict[str, int]
) -> None:
    assert bool(why_not(expr, skills)) != matches(expr, skills)


@given(EXPRS, SKILLS)
def test_binding_leaves_no_language_open(expr: Expr, skills: dict[str, int]) -> None:
    bound = bind_language(expr, "french")
    assert "$language" not in canonical(bound)
    assert matches(bound, skills) == matches(expr, skills)  # nobody here speaks French


@given(EXPRS)
def test_requirements_are_stored_as_msgpack(expr: Expr) -> None:
    stored = msgspec.msgpack.encode(expr)
    assert msgspec.msgpack.decode(stored, type=Expr) == expr


@given(st.text("ab()$<>=!&|, \n-1309norytl_AÉ", max_size=30))
def test_any_text_is_read_or_refused_within_itself(text: str) -> None:
    column = 1
    try:
        parse(text)
    except RequirementError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1
