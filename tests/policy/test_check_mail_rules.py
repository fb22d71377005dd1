"""A rule covers another only if every mail that fits the other fits it too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.check_mail_rules import covers
from router.policy.models_mail import MailFile, MailWhenShape

LISTS = {"a": ["aa"], "ab": ["aa", "bb"], "b": {"en": ["bb"], "fr": ["bb"]}, "c": ["cc"]}
TEXTS = {"en": "x"}
FILE = MailFile.model_validate(
    {
        "mailboxes": {"info": {"address": "a@example.org", "name": TEXTS, "queue": "q"}},
        "word_lists": LISTS,
        "acknowledgement": TEXTS,
        "signature": TEXTS,
        "page": TEXTS,
    }
)


def when(**conditions: Any) -> MailWhenShape:
    return MailWhenShape.model_validate(conditions)


@pytest.mark.parametrize(
    ("wide", "narrow", "is_covered"),
    [
        ({}, {"words": "a"}, True),
        ({"words": "a"}, {}, False),
        ({"words": "ab"}, {"words": "a"}, True),
        ({"words": ["b", "a"]}, {"words": "ab"}, True),
        ({"words": "a"}, {"words": "ab"}, False),
        ({"words": "ab"}, {"subject_words": "b"}, True),
        ({"subject_words": "ab"}, {"words": "b"}, False),
        ({"mailbox": ["x", "y"]}, {"mailbox": "x"}, True),
        ({"mailbox": "x"}, {"mailbox": ["x", "y"]}, False),
        ({"sender": "@example.org"}, {"sender": "a@example.org", "words": "a"}, True),
        ({"sender": "@example.org"}, {"recipient": "a@example.org"}, False),
        ({"recipient": "*@*.example.org"}, {"recipient": "@a.example.org"}, True),
        ({"attachment": "true"}, {"attachment_kinds": "image/*"}, True),
        ({"attachment": "true"}, {"attachment": "false"}, False),
        ({"attachment": "false"}, {}, False),
        ({"attachment_kinds": "image/*"}, {"attachment_kinds": "image/png"}, True),
        ({"attachment_kinds": "image/png"}, {"attachment_kinds": "image/*"}, False),
        ({"attachment_kinds": "image/*"}, {"attachment": "true"}, False),
        ({"size_min": "1 MB"}, {"size_min": "2 MB"}, True),
        ({"size_min": "2 MB"}, {"size_min": "1 MB"}, False),
        ({"authentication": "fail"}, {"authentication": "fail", "words": "a"}, True),
        ({"authentication": "fail"}, {"authentication": "pass"}, False),
        ({"authentication": "fail"}, {}, False),
    ],
)
def test_covering(wide: dict[str, Any], narrow: dict[str, Any], is_covered: bool) -> None:
    assert covers(FILE, when(**wide), when(**narrow)) is is_covered


def fits(shape: MailWhenShape, mail: dict[str, Any]) -> bool:
    """Say by plain enumeration whether a mail fits (no patterns, no kinds)."""
    in_subject, in_text = set(mail["subject"]), set(mail["text"])
    words = {"a": {"aa"}, "ab": {"aa", "bb"}, "b": {"bb"}, "c": {"cc"}}
    return (
        (not shape.mailbox or mail["mailbox"] in shape.mailbox)
        and (not shape.words or any(words[n] & (in_subject | in_text) for n in shape.words))
        and (not shape.subject_words or any(words[n] & in_subject for n in shape.subject_words))
        and (shape.attachment is None or shape.attachment is mail["attachment"])
        and (shape.size_min or 0) <= mail["size"]
        and shape.authentication in ("", mail["authentication"])
    )


names = st.lists(st.sampled_from(sorted(LISTS)), max_size=2)
shapes = st.builds(
    when,
    mailbox=st.lists(st.sampled_from(["x", "y"]), max_size=2),
    words=names,
    subject_words=names,
    attachment=st.sampled_from(["true", "false", None]),
    size_min=st.sampled_from(["1 kB", "2 kB"]),
    authentication=st.sampled_from(["", "pass", "fail"]),
)
found = st.lists(st.sampled_from(["aa", "bb", "cc"]), max_size=2)
mails = st.fixed_dictionaries(
    {
        "mailbox": st.sampled_from(["x", "y"]),
        "subject": found,
        "text": found,
        "attachment": st.booleans(),
        "size": st.sampled_from([500, 1_000, 3_000]),
        "authentication": st.sampled_from(["", "pass", "fail"]),
    }
)


@given(shapes, shapes, st.lists(mails, max_size=30))
def test_what_fits_a_covered_rule_fits_the_one_that_covers_it(
    wide: MailWhenShape, narrow: MailWhenShape, some: list[dict[str, Any]]
) -> None:
    if covers(FILE, wide, narrow):
        assert all(fits(wide, mail) for mail in some if fits(narrow, mail))


@given(shapes)
def test_a_rule_covers_itself(shape: MailWhenShape) -> None:
    assert covers(FILE, shape, shape)
