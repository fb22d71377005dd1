"""What the pages say: whole in each language, times as people say them."""

from __future__ import annotations

import re

import pytest

from channels.webform import sentences as said
from channels.webform.codec import Complaint
from router.core.model import ItemState


@pytest.mark.parametrize("language", ["en", "fr", "pl"])
def test_every_state_and_complaint_has_a_sentence(language: str) -> None:
    for state in ItemState:
        assert said.stands(language, state)
    for about in Complaint:
        text = said.complaint(language, about, limit=7, length=9)
        assert text
        assert "{" not in text


def test_every_language_says_the_same_things_with_the_same_blanks() -> None:
    english, french = said.sentences("en"), said.sentences("fr")
    assert english.keys() == french.keys()
    for name in english:
        assert blanks(english[name]) == blanks(french[name]), name


def blanks(text: str) -> set[str]:
    return set(re.findall(r"\{\w+\}", text))
