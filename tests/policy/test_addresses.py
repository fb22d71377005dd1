"""How mail addresses, patterns, origins and kinds of files are written."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from router.policy.addresses import (
    pattern_covers,
    read_address,
    read_kind,
    read_origin,
    read_pattern,
    read_server,
)

READERS = (read_address, read_pattern, read_origin, read_kind, read_server)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_address, "Info@Town.Example.ORG", "info@town.example.org"),
        (read_address, "o'brien+x@example.org", "o'brien+x@example.org"),
        (read_address, "info@ville.québec.test", "info@ville.xn--qubec-csa.test"),
        (read_pattern, "Clerk@example.org", "clerk@example.org"),
        (read_pattern, "@Example.org", "@example.org"),
        (read_pattern, "*@*.Example.org", "*@*.example.org"),
        (read_origin, "https://WWW.Town.example.org", "https://www.town.example.org"),
        (read_origin, "https://town.example.org:443", "https://town.example.org"),
        (read_origin, "http://localhost:8000", "http://localhost:8000"),
        (read_origin, "http://127.0.0.1:80", "http://127.0.0.1"),
        (read_kind, "Image/*", "image/*"),
        (read_kind, "application/vnd.ms-excel", "application/vnd.ms-excel"),
        (read_server, "MX.example.org", "mx.example.org"),
    ],
)
def test_what_is_read(read: Callable[[str], str], text: str, value: str) -> None:
    assert read(text) == value
    assert read(value) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_address, "info"),
        (read_address, "info@town"),
        (read_address, "a b@example.org"),
        (read_address, ".a@example.org"),
        (read_address, "a..b@example.org"),
        (read_address, "a@-town.test"),
        (read_address, "Info <info@example.org>"),
        (read_address, f"{'x' * 65}@example.org"),
        (read_pattern, "*@example.org"),
        (read_pattern, "@"),
        (read_pattern, "*@*."),
        (read_pattern, "*"),
        (read_pattern, "example.org"),
        (read_origin, "town.example.org"),
        (read_origin, "ftp://town.example.org"),
        (read_origin, "https://"),
        (read_origin, "https://town.example.org/"),
        (read_origin, "https://town.example.org?x"),
        (read_origin, "https://a:b@town.example.org"),
        (read_origin, "https://town.example.org:99999"),
        (read_origin, "*"),
        (read_kind, "pdf"),
        (read_kind, "*/*"),
        (read_kind, "image"),
        (read_kind, "image/"),
        (read_kind, "multipart/mixed"),
        (read_server, "the server"),
    ],
)
def test_what_is_refused(read: Callable[[str], str], text: str) -> None:
    with pytest.raises(
        PydanticCustomError, match=r"write for example|did you mean|write https?://"
    ):
        read(text)


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        ("a@example.org", "a@example.org", True),
        ("@example.org", "a@example.org", True),
        ("@example.org", "a@b.example.org", False),
        ("*@*.example.org", "a@b.example.org", True),
        ("*@*.example.org", "@b.example.org", True),
        ("*@*.example.org", "*@*.b.example.org", True),
        ("*@*.example.org", "a@example.org", False),
        ("*@*.example.test", "a@notexample.test", False),
        ("@example.org", "*@*.example.org", False),
        ("a@example.org", "@example.org", False),
    ],
)
def test_a_pattern_covers_another(wide: str, narrow: str, is_covered: bool) -> None:
    assert pattern_covers(wide, narrow) is is_covered


@given(st.text(max_size=80))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    for read in READERS:
        with suppress(PydanticCustomError):
            value = read(text)
            assert read(value) == value
