"""What requirements ask of agents and items beside skills."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.core.explain import why_not
from router.core.model import AgentId, ItemId, QueueId, Tempo
from router.core.requirement import (
    NOTHING,
    attributes_of_item,
    bind_item,
    canonical,
    for_some_item,
    matches,
    normalise,
    parse,
)
from router.core.requirement import (
    why_not as lacks,
)
from router.core.requirement_reader import mentions
from router.core.requirement_terms import Attribute, RequirementError
from router.core.steps import bound
from tests.core.town import Desk, town

BORIS, CHLOE = AgentId("boris"), AgentId("chloe")
ROADS = QueueId("roads")

# --- reading and printing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ('agent.site == "north"', Attribute("agent", "site", "in", ("north",))),
        ("agent.site == 'north'", Attribute("agent", "site", "in", ("north",))),
        ("agent.floor >= 3", Attribute("agent", "floor", ">=", (3,))),
        ('item.ward in ("2", "1", "2")', Attribute("item", "ward", "in", ("1", "2"))),
        ('item.ward != "1"', Attribute("item", "ward", "!=", ("1",))),
        ("agent.team == item.owner_team", Attribute("agent", "team", "in", (), "owner_team")),
        ("item.owner_team != agent.team", Attribute("agent", "team", "!=", (), "owner_team")),
    ],
)
def test_an_attribute_reads_as_written_and_prints_so_that_it_reads_back(
    text: str, term: Attribute
) -> None:
    assert parse(text) == term
    assert parse(canonical(term)) == term
    assert parse(f"roads >= 3 and not ({text} or tax)")
    assert mentions(f"roads and {text}") == [(term, 11)]


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("agent.site", 11, "the requirement ends where 'in' or one of"),
        ("agent.site = 3", 12, "found '=': write '=='"),
        ("agent.site == north", 15, "found 'north': write it in quotes, \"north\""),
        ("agent.site ==", 14, "the requirement ends where a value in quotes"),
        ("roads and agent.Site == 3", 11, "an attribute is written agent.name"),
        ("agent.site in 3", 15, "found '3', want '(' and the values"),
        ('agent.site in ("a" "b")', 20, "found '\"b\"', want ',' or ')'"),
        ("agent.floor > item.floor", 15, "found '>' before an attribute: write '==' or '!='"),
        ("agent.a == agent.b", 12, "both are the agent's"),
    ],
)
def test_a_mistake_is_named_with_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(RequirementError) as caught:
        parse(text)
    assert caught.value.message.startswith(message), caught.value.message
    if "ends where" not in message and "before" not in message and "both" not in message:
        assert caught.value.column == column


# --- deciding ------------------------------------------------------------------------------------


def test_undefined_is_not_zero_and_compares_false_whatever_the_operator() -> None:
    for text in ("agent.floor < 3", "agent.floor != 3", 'agent.site != "north"'):
        assert not matches(parse(text), {}, {})
        assert matches(parse(f"not {text}"), {}, {})
    assert matches(parse("agent.floor != 3"), {}, {"floor": 2})
    for text in ('item.ward != "1"', "agent.site == item.ward", "agent.site != item.ward"):
        assert not matches(bind_item(parse(text), {}), {}, {"site": "1"})


def test_what_the_item_has_is_bound_and_the_rest_is_the_agents() -> None:
    expr = parse('general and (item.ward in ("1", "2") or agent.site == item.ward)')
    assert attributes_of_item(expr) == {"ward"}
    assert canonical(bind_item(expr, {"ward": "1"})) == "general"
    assert canonical(bind_item(expr, {"ward": "9"})) == 'agent.site == "9" and general'
    assert matches(bind_item(expr, {"ward": "9"}), {"general": 1}, {"site": "9"})
    assert canonical(for_some_item(expr)) == "general"
    assert lacks(parse('agent.site == "north"'), {}, {}) == 'needs agent.site == "north", has none'
    assert "south" in lacks(parse('agent.site == "north"'), {}, {"site": "south"})


VALUES = ("north", "south", "1")
ATOMS = st.one_of(
    st.builds(
        Attribute,
        st.just("agent"),
        st.sampled_from(("site", "team")),
        st.just("in"),
        st.lists(st.sampled_from(VALUES), min_size=1, max_size=3, unique=True)
        .map(sorted)
        .map(tuple),
    ),
    st.builds(
        Attribute,
        st.sampled_from(("agent", "item")),
        st.just("site"),
        st.just("!="),
        st.sampled_from(VALUES).map(lambda value: (value,)),
    ),
    st.builds(
        Attribute,
        st.just("agent"),
        st.just("site"),
        st.sampled_from(("in", "!=")),
        st.just(()),
        st.sampled_from(("site", "ward")),
    ),
    st.sampled_from(("roads", "tax >= 3", "any")).map(parse),
)
EXPRS = st.recursive(
    ATOMS.map(canonical),
    lambda inner: st.one_of(
        inner.map("not ({})".format),
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("({}) or ({})".format, inner, inner),
    ),
    max_leaves=8,
).map(parse)
GIVEN = st.dictionaries(st.sampled_from(("site", "ward", "team")), st.sampled_from(VALUES))
SKILLS = st.dictionaries(st.sampled_from(("roads", "tax")), st.integers(1, 10))


def decided(expr: object, skills: Mapping[str, int], agent: object, item: object) -> bool:
    """The text with each comparison replaced by its outcome, evaluated by Python."""
    have = {"agent": dict(agent), "item": dict(item)}  # type: ignore[call-overload]

    def outcome(term: object) -> str:
        if isinstance(term, Attribute):
            left = have[term.of].get(term.name)
            right = [have["item"].get(term.item)] if term.item else list(term.values)
            if left is None or None in right:
                return "False"
            return str((left in right) == (term.op == "in"))
        kind = type(term).__name__
        if kind in ("And", "Or"):
            word = " and " if kind == "And" else " or "
            return "(" + word.join(map(outcome, term.terms)) + ")"  # type: ignore[attr-defined]
        if kind == "Not":
            return f"(not {outcome(term.term)})"  # type: ignore[attr-defined]
        return str(matches(term, skills))  # type: ignore[arg-type]

    return bool(eval(outcome(expr)))


@given(EXPRS, SKILLS, GIVEN, GIVEN)
def test_bound_to_an_item_a_requirement_decides_as_both_together_would(
    expr: object, skills: dict[str, int], agent: dict[str, str], item: dict[str, str]
) -> None:
    now = bind_item(expr, item)  # type: ignore[arg-type]
    assert matches(now, skills, agent) == decided(expr, skills, agent, item)
    printed = canonical(now)
    assert "item." not in printed
    assert matches(parse(printed), skills, agent) == matches(now, skills, agent)
    assert bool(lacks(now, skills, agent)) != matches(now, skills, agent)
    assert parse(canonical(expr)) == normalise(expr)  # type: ignore[arg-type]


@given(EXPRS, SKILLS, GIVEN, GIVEN)
def test_who_fails_what_some_item_asks_for_fails_what_each_asks_for(
    expr: object, skills: dict[str, int], agent: dict[str, str], item: dict[str, str]
) -> None:
    if matches(bind_item(expr, item), skills, agent):  # type: ignore[arg-type]
        assert matches(for_some_item(expr), skills, agent)  # type: ignore[arg-type]


# --- in the line ---------------------------------------------------------------------------------


def sited(requires: str) -> Desk:
    """Boris works in the north, chloe in the south of roads; forms come from a site."""
    policy = town()
    at = {BORIS: "north", CHLOE: "south"}
    agents = {
        name: replace(rule, skills={**rule.skills, "roads": 7}, traits={"site": at[name]})
        if name in at
        else rule
        for name, rule in policy.agents.items()
    }
    roads = replace(policy.queues[ROADS], requires=requires, steps=())
    return Desk(replace(policy, agents=agents, queues={**policy.queues, ROADS: roads}))


def from_site(desk: Desk, name: str, site: str) -> ItemId:
    from router.core import commands as c

    attributes = {"site": site} if site else {}
    item = ItemId(name)
    desk.do(c.SubmitForm(item, f"form:{name}", "report", "pothole", "", "", "", "en", attributes))
    return item


def test_an_item_goes_to_an_agent_whose_attribute_equals_its_own() -> None:
    desk = sited("roads and agent.site == item.site")
    desk.sign_in("boris", "chloe")
    for name, site, agent in (("f1", "south", CHLOE), ("f2", "north", BORIS)):
        item = from_site(desk, name, site)
        assert desk.state.items[item].requirement == f'agent.site == "{site}" and roads'
        assert [o.agent for o in desk.state.offers.values() if o.item == item] == [agent]
    nowhere = desk.state.items[from_site(desk, "f3", "")]
    assert nowhere.requirement == "not any"
    far = desk.state.items[from_site(desk, "f4", "south")]
    said = why_not(desk.state, desk.now, far, BORIS)
    assert said == 'needs agent.site == "south", has "north"'


def test_the_items_of_one_value_are_one_line_however_many_they_are() -> None:
    desk = sited("roads and agent.site == item.site")
    for number in range(60):
        from_site(desk, f"f{number}", ("north", "south")[number % 2])
    lines = [b for (_, tempo), b in desk.state.index.buckets.items() if tempo is Tempo.SLOW_TEXT]
    assert sorted(len(bucket) for bucket in lines if len(bucket)) == [30, 30]


def test_whether_anybody_is_there_is_asked_for_the_item_that_asks_least() -> None:
    assert bound("roads and agent.site == item.site", "", "english") == "roads"
    assert bound("not agent.site == item.site", "", "english", None) == "any"
    assert NOTHING == {}
