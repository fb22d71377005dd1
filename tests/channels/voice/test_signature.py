"""Our signature check gives the verdicts of the carrier's own library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from channels.voice.signature import Signatures, algorithm_of

PUBLIC = "https://town.example.org"
TOKEN = "a-token"
FIELDS = [("CallSid", "CA1"), ("From", "+19055550123"), ("Digits", "")]

names = st.text(st.sampled_from("ABcd É語"), max_size=4)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
fields_of = st.lists(st.tuples(names, values), max_size=6)
paths = st.from_regex(
    r"/voice/[a-zA-Z0-9_.~%-]{0,12}(\?[a-z]{1,4}=[a-zA-Z0-9%+]{0,5})?", fullmatch=True
)
origins = st.sampled_from(
    [
        "https://town.example.org",
        "http://town.example.org",
        "https://town.example.org:8443",
        "https://town.example.org:443",
        "https://town.example.org/phone",
    ]
)
algorithms = st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"])


def signed(
    url: str, fields: list[tuple[str, str]], token: str = TOKEN, how: str = "HMAC_SHA1"
) -> str:
    validator = RequestValidator(token)
    return str(validator.compute_signature(url, ImmutableMultiDict(fields), how))


@settings(deadline=None)
@given(origins, paths, fields_of, algorithms)
def test_what_the_library_signs_holds(
    origin: str, path: str, fields: list[tuple[str, str]], how: str
) -> None:
    ours = Signatures(origin, (TOKEN,))
    signature = signed(origin + path, fields, how=how)
    assert ours.hold(path, fields, signature, f"key=k1,algorithm={how}")
    theirs = RequestValidator(TOKEN)
    assert theirs.validate(origin + path, ImmutableMultiDict(fields), signature, how)


@settings(deadline=None)
@given(origins, paths, fields_of, fields_of, st.sampled_from([TOKEN, "another"]))
def test_both_agree_about_any_fields(
    origin: str, path: str, fields: list[tuple[str, str]], others: list[tuple[str, str]], token: str
) -> None:
    signature = signed(origin + path, fields, token)
    theirs = RequestValidator(TOKEN).validate(origin + path, ImmutableMultiDict(others), signature)
    assert Signatures(origin, (TOKEN,)).hold(path, others, signature) == theirs


@pytest.mark.parametrize("port", ["", ":443"])
def test_the_carrier_may_write_the_port_or_not(port: str) -> None:
    signature = signed(f"https://town.example.org{port}/voice/incoming", FIELDS)
    assert Signatures(PUBLIC, (TOKEN,)).hold("/voice/incoming", FIELDS, signature)
    assert Signatures(PUBLIC + ":443", (TOKEN,)).hold("/voice/incoming", FIELDS, signature)


def test_doubled_fields_count_each() -> None:
    doubled = [("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a")]
    signature = signed(PUBLIC + "/x", doubled)
    assert Signatures(PUBLIC, (TOKEN,)).hold("/x", doubled, signature)
    assert not Signatures(PUBLIC, (TOKEN,)).hold("/x", doubled[:1], signature)


def test_two_tokens_hold_while_one_is_replaced() -> None:
    both = Signatures(PUBLIC, ("new", "old"))
    assert both.hold("/x", FIELDS, signed(PUBLIC + "/x", FIELDS, "old"))
    assert both.hold("/x", FIELDS, signed(PUBLIC + "/x", FIELDS, "new"))
    assert not both.hold("/x", FIELDS, signed(PUBLIC + "/x", FIELDS, "older"))


def test_no_token_and_no_signature_never_hold() -> None:
    nobody = Signatures(PUBLIC, ("",))
    assert not nobody.hold("/x", FIELDS, signed(PUBLIC + "/x", FIELDS, ""))
    assert not Signatures(PUBLIC, (TOKEN,)).hold("/x", FIELDS, "")
    assert not Signatures(PUBLIC, (TOKEN,)).hold("/x", FIELDS, "ünsigned")


def test_an_unknown_algorithm_holds_nothing() -> None:
    signature = signed(PUBLIC + "/x", FIELDS)
    assert not Signatures(PUBLIC, (TOKEN,)).hold("/x", FIELDS, signature, "algorithm=HMAC_MD5")


@pytest.mark.parametrize(
    ("header", "algorithm"),
    [
        ("", "HMAC_SHA1"),
        ("key=k", "HMAC_SHA1"),
        ("algorithm=", "HMAC_SHA1"),
        ("key=k, algorithm=HMAC_SHA256", "HMAC_SHA256"),
    ],
)
def test_the_settings_header_names_the_algorithm(header: str, algorithm: str) -> None:
    assert algorithm_of(header) == algorithm


def test_a_body_that_is_no_form_is_signed_by_its_hash() -> None:
    body = json.dumps({"a": 1}).encode()
    path = f"/x?bodySHA256={hashlib.sha256(body).hexdigest()}"
    mac = hmac.digest(TOKEN.encode(), (PUBLIC + path).encode(), "sha1")
    signature = base64.b64encode(mac).decode()
    ours = Signatures(PUBLIC, (TOKEN,))
    assert ours.hold_for_body(path, body, signature)
    assert RequestValidator(TOKEN).validate(PUBLIC + path, body.decode(), signature)
    assert not ours.hold_for_body(path, body + b" ", signature)
    assert not RequestValidator(TOKEN).validate(PUBLIC + path, body.decode() + " ", signature)
    assert not ours.hold_for_body("/x", body, signature)
