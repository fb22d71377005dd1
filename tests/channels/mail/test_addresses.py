"""Address headers as they are sent, and when two addresses are one mailbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.addresses import ADDRESS_MAX, parse_list
from channels.mail.message import Address
from channels.sameness import normalise


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ann@example.org", [("ann@example.org", "")]),
        ("Ann Lee <Ann@Example.ORG>", [("Ann@example.org", "Ann Lee")]),
        ('"Lee, Ann" <ann@example.org>', [("ann@example.org", "Lee, Ann")]),
        ("Lee, Ann <ann@example.org>", [("ann@example.org", "Lee, Ann")]),
        ("ann@example.org (Ann Lee)", [("ann@example.org", "Ann Lee")]),
        ("ann@example.org (Ann (Miss) Lee)", [("ann@example.org", "Ann Miss Lee")]),
        ("a@example.org, b@example.org;c@example.org",
         [("a@example.org", ""), ("b@example.org", ""), ("c@example.org", "")]),
        ("Team: a@example.org, B <b@example.org>;",
         [("a@example.org", ""), ("b@example.org", "B")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.example.com:ann@example.org>", [("ann@example.org", "")]),
        ('"ann lee"@example.org', [('"ann lee"@example.org', "")]),
        (r'"Ann \"A\" Lee" <ann@example.org>', [("ann@example.org", 'Ann "A" Lee')]),
        ("=?utf-8?Q?J=C3=A9r=C3=B4me?= <j@example.org>", [("j@example.org", "Jérôme")]),
        ('"=?utf-8?Q?J=C3=A9r=C3=B4me?=" <j@example.org>', [("j@example.org", "Jérôme")]),
        ("=?utf-8?Q?eve=40example.com=2C_x?= <j@example.org>",
         [("j@example.org", "eve@example.com, x")]),
        ("=?utf-8?Q?a=3Ceve=40example.com=3E?= <j@example.org>",
         [("j@example.org", "a<eve@example.com>")]),
        ("Ann <ann@example.org", [("ann@example.org", "Ann")]),
        ("Ann ann@example.org>", [("ann@example.org", "Ann")]),
        ("'Ann' <ann@example.org>", [("ann@example.org", "Ann")]),
        ("<ann @ example.org>", [("ann@example.org", "")]),
        ("mailto:ann@example.org", [("ann@example.org", "")]),
        ("ann@[192.0.2.1]", [("ann@[192.0.2.1]", "")]),
        ("ann@bücher.example", [("ann@bücher.example", "")]),
        ("ann@example.org.", [("ann@example.org", "")]),
        ("MAILER-DAEMON", []),
        ("MAILER-DAEMON <>", []),
        ("@example.org, ann@, <>, ,,", []),
        ("", []),
        ("\x00\x01", []),
        ("a" * ADDRESS_MAX + "@example.org", []),
    ],
)  # fmt: skip
def test_mailboxes_are_found_as_people_write_them(
    header: str, expected: list[tuple[str, str]]
) -> None:
    assert [(found.address, found.name) for found in parse_list(header)] == expected


def test_names_are_one_line_and_bounded() -> None:
    (found,) = parse_list(f'"a=?utf-8?Q?=0D=0A?= \u202eb {"x" * 900}" <a@example.org>')
    assert found.name.startswith("a b x")
    assert len(found.name) == 500


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann@Example.org", "ann@EXAMPLE.ORG"),
        ("ann@example.org", " <ann@example.org> "),
        ("ann(work)@example.org", "ann@example.org(home)"),
        ('"ann"@example.org', "ann@example.org"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@example.org.", "ann@example.org"),
        ("Ann Lee <ann@example.org>", "ann@example.org"),
    ],
)
def test_spellings_of_one_mailbox_are_the_same(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann+bins@example.org", "ann@example.org"),
        ("an.n@example.org", "ann@example.org"),
        ("ann@example.org", "ann@mail.example.org"),
        ('"ann lee"@example.org', "annlee2@example.org"),
    ],
)
def test_other_mailboxes_are_others(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@given(st.text())
def test_any_text_has_a_normal_form_that_stays(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet=st.sampled_from('ab@<>,;:"()[]\\ =?.é\n'), max_size=60))
def test_any_header_gives_whole_addresses_or_none(header: str) -> None:
    for found in parse_list(header):
        local, at, domain = found.address.rpartition("@")
        assert local
        assert at
        assert domain == domain.lower() != ""
        assert not set("\r\n") & set(found.name)
        assert not set("\r\n<>,;:() ") & set(found.address) or local.startswith('"')


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,5})?", fullmatch=True),
            st.text(alphabet="abcé,;<>@\" '", max_size=12),
        ),
        max_size=5,
    )
)
def test_what_is_quoted_properly_is_read_back(boxes: list[tuple[str, str]]) -> None:
    escaped = [(local, name.replace("\\", "\\\\").replace('"', '\\"')) for local, name in boxes]
    header = ", ".join(f'"{name}" <{local}@example.org>' for local, name in escaped)
    expected = [
        Address(f"{local}@example.org", " ".join(name.split()).strip("'\" ,"))
        for local, name in boxes
    ]
    assert list(parse_list(header)) == expected
