"""What is accepted, what is refused and why, field by field."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webform.codec import Complaint, Filled, clean, read, submission
from router.core.identity import address_key
from router.core.model import ItemId, QueueId
from router.core.policy import FormRule, Place
from router.core.policy_forms import Field

KINDS = ("text", "long_text", "email", "phone", "choice", "date", "checkbox")


def field(
    kind: str, *, name: str = "f", required: bool = False, most: int = 50, identity: bool = False
) -> Field:
    choices = {"north": {"en": "North"}, "south": {"en": "South"}} if kind == "choice" else {}
    return Field(name, kind, {"en": name}, {}, required, most, choices, identity)


def form(*fields: Field, subject_field: str = "") -> FormRule:
    return FormRule(
        id="report",
        title={"en": "Report"},
        intro={"en": ""},
        queue=QueueId("roads"),
        subject="general",
        subject_field=subject_field,
        head_start=0,
        requires="",
        fields=fields,
        thanks={"en": ""},
        per_hour_max=10,
        size_max=10_000,
        place=Place("config/forms.yaml", 1),
    )


def one(kind: str, typed: str, *, required: bool = False) -> tuple[str, str]:
    filled = read(form(field(kind, required=required)), [("f", typed)])
    return filled.values["f"], filled.complaints.get("f", "")


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("text", "  Main\tStreet ", "Main Street"),
        ("text", "a\r\nb", "a b"),
        ("text", "Zoe\u0308", "Zoë"),
        ("text", "a\x00b\x07c\u202ed\ud800\ufeff", "abcd"),
        ("text", "👩‍👧", "👩‍👧"),
        ("long_text", " a\r\nb\rc ", "a\nb\nc"),
        ("email", "Zoe.Roy+x@Mail.Example.org", "Zoe.Roy+x@Mail.Example.org"),
        ("email", "zoë@bücher.example.org", "zoë@bücher.example.org"),
        ("email", "a@b.test", "a@b.test"),
        ("phone", "(905) 555-0123", "+19055550123"),
        ("phone", "+1 905 555 0123", "+19055550123"),
        ("phone", "905.555.0123 ext. 44", "+19055550123 x44"),
        ("choice", "north", "north"),
        ("date", "2026-11-24", "2026-11-24"),
        ("date", "2028-02-29", "2028-02-29"),
        ("checkbox", "yes", "yes"),
        ("checkbox", "on", "yes"),
        ("checkbox", "True", "yes"),
        ("checkbox", "no", ""),
        *[(kind, "", "") for kind in KINDS],
    ],
)
def test_accepted(kind: str, typed: str, value: str) -> None:
    assert one(kind, typed) == (value, "")


@pytest.mark.parametrize(
    ("kind", "typed", "why"),
    [
        ("text", "x" * 51, Complaint.TOO_LONG),
        ("long_text", "x" * 51, Complaint.TOO_LONG),
        ("email", "zoe", Complaint.NOT_AN_ADDRESS),
        ("email", "zoe@example", Complaint.NOT_AN_ADDRESS),
        ("email", "zoe@@example.org", Complaint.NOT_AN_ADDRESS),
        ("email", "zoe@example.org, a@example.org", Complaint.NOT_AN_ADDRESS),
        ("email", "zoe@-x.example.org", Complaint.NOT_AN_ADDRESS),
        ("email", "<zoe@example.org>", Complaint.NOT_AN_ADDRESS),
        ("phone", "555", Complaint.NOT_A_NUMBER),
        ("phone", "call me", Complaint.NOT_A_NUMBER),
        ("phone", "+999 1", Complaint.NOT_A_NUMBER),
        ("choice", "North", Complaint.NOT_A_CHOICE),
        ("choice", "west", Complaint.NOT_A_CHOICE),
        ("date", "2026-02-30", Complaint.NOT_A_DATE),
        ("date", "20261124", Complaint.NOT_A_DATE),
        ("date", "2026-W48-2", Complaint.NOT_A_DATE),
        ("date", "0001-01-01", Complaint.NOT_A_DATE),
        ("checkbox", "maybe", Complaint.NOT_A_CHOICE),
    ],
)
def test_refused_and_kept_as_typed(kind: str, typed: str, why: Complaint) -> None:
    value, complaint = one(kind, typed)
    assert complaint == why
    assert value == ("" if kind == "checkbox" else typed)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("typed", ["", "  \t\r\n", "\u202e\x00"])
def test_a_required_field_wants_something_that_can_be_seen(kind: str, typed: str) -> None:
    wanted = Complaint.NOT_TICKED if kind == "checkbox" else Complaint.MISSING
    assert one(kind, typed, required=True) == ("", wanted)


def test_an_unticked_box_that_must_be_ticked_is_refused() -> None:
    assert one("checkbox", "no", required=True) == ("", Complaint.NOT_TICKED)


def test_fields_that_are_unknown_twice_or_traps_are_refused_in_the_forms_order() -> None:
    rule = form(field("text", name="a", required=True), field("text", name="b"))
    typed = [("zz", "1"), ("b", "1"), ("b", "2"), ("_website", "x"), ("_key", " k ")]
    filled = read(rule, typed)
    assert list(filled.complaints.items()) == [
        ("a", Complaint.MISSING),
        ("b", Complaint.TWICE),
        ("zz", Complaint.UNKNOWN),
        ("_website", Complaint.TRAP),
    ]
    assert filled.values == {"a": "", "b": "1"}
    assert filled.key == "k"


def send(rule: FormRule, *, sender: str = "s", key: str = "", **typed: str) -> tuple[object, ...]:
    filled = read(rule, [*typed.items(), ("_key", key)])
    assert filled.complaints == {}
    command, words = submission(
        rule, filled, secret=b"s", item_id=ItemId("I"), words_name="W", language="fr", sender=sender
    )
    return command, *(json.loads(each.body) for each in words)


WHOLE = form(
    field("choice", name="area"),
    field("text", name="what"),
    field("text", name="street", identity=True),
    field("text", name="full_name", identity=True),
    field("email", name="mail", identity=True),
    field("phone", name="phone", identity=True),
    field("phone", name="mobile", identity=True),
    subject_field="area",
)


def test_identities_go_to_the_contact_and_the_rest_to_the_form() -> None:
    command, contact, rest = send(
        WHOLE,
        area="north",
        what="pothole",
        street="12 Main",
        full_name="Zoë",
        mail="Zoe@example.org",
        phone="905-555-0123 x44",
        mobile="905-555-0124",
    )
    assert contact == {
        "number": "+19055550123",
        "name": "Zoë",
        "email": "Zoe@example.org",
        "other": {"street": "12 Main", "phone_extension": "44", "mobile": "+19055550124"},
    }
    assert rest == {"area": "north", "what": "pothole"}
    assert vars_of(command) == {
        "subject": "north",
        "attributes": {"area": "north"},
        "language": "fr",
        "address_key": address_key(b"s", "phone", "+19055550123"),
        "contact_ref": "c-W",
        "words_ref": "f-W",
    }


def test_without_a_number_the_address_is_the_same_in_any_case() -> None:
    one, other = (send(WHOLE, mail=mail)[0] for mail in ("Zoe@Example.org", "zoe@example.ORG"))
    assert vars_of(one)["address_key"] == address_key(b"s", "email", "zoe@example.org")
    assert vars_of(other)["address_key"] == vars_of(one)["address_key"]
    assert vars_of(send(WHOLE, what="x")[0])["address_key"] == ""


def test_what_makes_a_submission_the_same() -> None:
    def key(**given: str) -> str:
        return str(getattr(send(WHOLE, **given)[0], "key", ""))

    assert key(what="x", key="1") == key(what="x", key="1", sender="other")
    assert key(what="x", key="1") == key(what=" x", key="1")
    assert key(what="x", key="1") != key(what="x", key="2")
    assert key(what="x", key="1") != key(what="y", key="1")
    assert key(what="x") == key(what="x")
    assert key(what="x") != key(what="x", sender="other")
    assert "x" not in key(what="xxxx").removeprefix("form:")


texts = st.text(max_size=80) | st.sampled_from(
    ["north", "yes", "2026-11-24", "905-555-0123", "a@example.org", "+1 905 555 0123 x1", "\ud800"]
)


@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
    most=st.integers(1, 60),
    required=st.booleans(),
    typed=st.lists(st.tuples(st.sampled_from(["f0", "f1", "f2", "f3", "_key"]) | texts, texts)),
)
def test_whatever_is_typed_is_refused_or_within_the_limits(
    kinds: list[str], most: int, required: bool, typed: list[tuple[str, str]]
) -> None:
    fields = [
        field(kind, name=f"f{place}", most=most, required=required, identity=place % 2 == 0)
        for place, kind in enumerate(kinds)
    ]
    rule = form(*fields)
    filled = read(rule, typed)
    assert list(filled.values) == [each.id for each in fields]
    for value in (*filled.values.values(), *filled.complaints, filled.key):
        value.encode()
        assert clean(value, lines=True) == value
        assert unicodedata.is_normalized("NFC", value)
    for each in fields:
        value = filled.values[each.id]
        if each.id in filled.complaints:
            continue
        assert value or not each.required
        assert len(value) <= most or each.kind in ("phone", "checkbox")
        assert not value or each.kind != "choice" or value in each.choices
        assert each.kind == "long_text" or "\n" not in value
    if not filled.complaints:
        check_submission(rule, filled)


def check_submission(rule: FormRule, filled: Filled) -> None:
    """Everything that was typed is in the words, nothing of it in the command."""
    command, words = submission(
        rule, filled, secret=b"s", item_id=ItemId("I"), words_name="W", language="en", sender="s"
    )
    bodies = "".join(str(json.loads(each.body)) for each in words)
    for each in rule.fields:
        value = filled.values[each.id].partition(" x")[0] if each.kind == "phone" else ""
        assert value in bodies
        if each.kind == "email" and filled.values[each.id]:
            assert filled.values[each.id] not in str(command)


def vars_of(command: object) -> dict[str, object]:
    names = ("subject", "attributes", "language", "address_key", "contact_ref", "words_ref")
    return {name: getattr(command, name) for name in names}
