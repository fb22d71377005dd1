"""Files as text: what YAML would make of it does not count, and nothing makes the reader fall."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.documents import BYTES_MAX, parse, plain, read


def complaints(data: bytes) -> list[str]:
    return [str(each) for each in parse("f.yaml", data).complaints]


def test_scalars_stay_the_text_that_was_typed() -> None:
    document = parse("f.yaml", b"a: 17:00\nb: NO\nc: +19055550100\nd: 0123\ne: 1.0\nf: '~'\ng:\n")
    assert document.complaints == []
    assert plain(document.root) == {
        "a": "17:00",
        "b": "NO",
        "c": "+19055550100",
        "d": "0123",
        "e": "1.0",
        "f": "~",
        "g": None,
    }


def test_every_node_knows_its_place() -> None:
    document = parse("f.yaml", "a:\n  é: [x, yy]\n  c: {d: 'e'}\n".encode())
    assert document.place(("a", "é", 1)) == (2, 10)
    assert document.place(("a", "c", "d")) == (3, 10)
    assert document.place(("a", "c", "d"), at_key=True) == (3, 7)
    assert document.place(("a", "missing")) == (1, 1)
    assert document.keys("a") == ("é", "c")
    assert document.text("a", "c", "d") == "e"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "f.yaml:1:1: the file is empty"),
        (b"# only words\n", "f.yaml:1:1: the file is empty"),
        (b"- a\n- b\n", "f.yaml:1:1: must be a block of keys: `key: value`"),
        (b"a: 1\n\tb: 2\n", "f.yaml:2:1: a tab indents this line; use spaces"),
        (b"a: caf\xe9\n", "f.yaml:1:7: not UTF-8; save the file as UTF-8"),
        (b"a: x\nb: \x00\n", "f.yaml:2:4: a control character stands here; delete it"),
        (b"a: 1\nb: 2\na: 3\n", "f.yaml:3:1 a: key 'a' stands here again; first on line 1;"),
        (b"x:\n  a: 1\n  a: 3\n", "f.yaml:3:3 x.a: key 'a' stands here again; first on line 2;"),
        (b"a: &x 1\n", "f.yaml:1:4: anchor &x is not allowed; write the value out"),
        (b"a: *x\n", "f.yaml:1:4: alias *x is not allowed; write the value out"),
        (b"a:\n  <<: {b: c}\n", "f.yaml:2:3 a: merge key << is not allowed; write it out"),
        (b"a: !!python/object:os.system x\n", "f.yaml:1:4: tag tag:yaml.org,2002:python"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; delete the '---'"),
        (b"? [a]\n: b\n", "f.yaml:1:3: a key must be a text"),
        (b"a: b: c\n", "f.yaml:1:5: mapping values are not allowed in this context; a text with"),
        (b"a: [b, c\n", "f.yaml:2:1: did not find expected ',' or ']'; a bracket above is not"),
        (b"a: 'b\n", "f.yaml:2:1: found unexpected end of stream; a quote is opened and never"),
        (b"a: @b\n", "f.yaml:1:4: found character that cannot start any token; put the text in"),
        (b"[" * 100_000, "f.yaml:1:41: nested too deeply"),
        (b"a: " + b"x" * BYTES_MAX, "f.yaml:1:1: larger than 1000 kB; shorten it"),
    ],
    ids=lambda each: repr(each)[:24],
)
def test_what_cannot_be_read_is_told_with_its_place(data: bytes, expected: str) -> None:
    assert complaints(data)[0].startswith(expected)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert parse("f.yaml", b"\xef\xbb\xbfa: b\n").place(("a",)) == (1, 4)


def test_a_folder_in_place_of_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").mkdir()
    assert "cannot be read" in str(read(tmp_path, "f.yaml").complaints[0])


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode())))
def test_any_bytes_give_a_document(data: bytes) -> None:
    document = parse("f.yaml", data)
    assert document.readable or document.complaints
