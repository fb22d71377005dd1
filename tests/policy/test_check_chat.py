"""Mistakes in chat.yaml and answers.yaml."""

from __future__ import annotations

import pytest

from tests.policy.conftest import Town
from tests.policy.mistakes import (
    ANSWERS,
    CHAT,
    QUEUES,
    SKILLS,
    STANDARD,
    TEXT_ONLY,
    Mistake,
    expect,
)

MISTAKES = {
    "unknown key": Mistake(
        CHAT, "dormant_after: 10 min", "dormant: 10 min", "dormant:", "silence.dormant",
        "unknown key; did you mean 'dormant_after'?",
    ),
    "key missing": Mistake(
        CHAT, "safety:\n", "safty:\n", "safty", "safty", "unknown key; did you mean 'safety'?",
    ),
    "queue of a door": Mistake(
        CHAT, "    queue: recreation\n", "    queue: recreations\n", "recreations\n",
        "doors.recreation.queue", "no queue is called 'recreations'; did you mean 'recreation'?",
    ),
    "subject of a door": Mistake(
        CHAT, "    subject: general\n", "    subject: genral\n", "genral",
        "doors.website.subject", "no subject is called 'genral'; did you mean 'general'?",
    ),
    "origin with a page": Mistake(
        CHAT, "- https://willowmere.example.org\n", "- https://willowmere.example.org/contact\n",
        "https://willowmere.example.org/contact", "doors.website.origins[1]",
        "is a page, not an origin; write https://willowmere.example.org",
    ),
    "origin without a scheme": Mistake(
        CHAT, "- https://willowmere.example.org\n", "- willowmere.example.org\n",
        "willowmere.example.org\n  recreation", "doors.website.origins[1]",
        "http:// or https:// is missing",
    ),
    "origin with a star": Mistake(
        CHAT, "- https://willowmere.example.org\n", "- https://*.example.org\n",
        "https://*", "doors.website.origins[1]", "a star would open the chat to every page",
    ),
    "origin twice": Mistake(
        CHAT, "- https://willowmere.example.org\n", "- https://WWW.willowmere.example.org:443\n",
        "https://WWW", "doors.website.origins[1]", "stands here twice",
    ),
    "safety without 911": Mistake(
        CHAT, "Composez le 911.", "Composez le numéro d'urgence.", "Si quelqu'un est en danger",
        "safety.fr", "must tell people in danger to dial 911",
    ),
    "closed without the opening": Mistake(
        CHAT, "We are closed. We open {opens}.", "We are closed.", ">-\n    We are closed",
        "closed.en", "must say {opens}",
    ),
    "word that is not filled in": Mistake(
        CHAT, "Welcome to the {town}.", "Welcome to the {city}.", "Welcome to the {city}",
        "greeting.en", "{city} is not filled in here; filled in are: {town}",
    ),
    "text of one language": Mistake(
        CHAT, "  fr: Bienvenue à la {town}. Comment pouvons-nous vous aider?\n", "", "greeting:",
        "greeting", "the text for fr is missing",
    ),
    "no time at all": Mistake(
        CHAT, "answer_within: 60 s", "answer_within: 0 s", "0 s\n", "answer_within",
        "'0 s' is no time at all; write for example 30 s",
    ),
    "never where it makes no sense": Mistake(
        CHAT, "ends_after: 24 h", "ends_after: never", "never", "silence.ends_after",
        "'never' is no span of time",
    ),
    "unit": Mistake(
        CHAT, "ends_after: 24 h", "ends_after: 24 huors", "24 huors", "silence.ends_after",
        "no unit is called 'huors'",
    ),
    "mailed after the end": Mistake(
        CHAT, "mail_after: 15 min", "mail_after: 3 days", "3 days", "silence.mail_after",
        "longer than a silent chat lasts, so nothing is ever mailed",
    ),
    "uploads of no kind": Mistake(
        CHAT, "kinds: [image/*, application/pdf]", "kinds: []", "[]", "uploads.kinds",
        "is empty; give at least 1", inside=-1,
    ),
    "kind of files": Mistake(
        CHAT, "kinds: [image/*, application/pdf]", "kinds: [image/*, .pdf]", ".pdf",
        "uploads.kinds[1]", "did you mean 'application/pdf'?",
    ),
    "too many characters": Mistake(
        CHAT, "message_length: 4000", "message_length: 400000", "400000", "limits.message_length",
        "is too large; at most 20000",
    ),
    "nobody may hold a chat": Mistake(
        SKILLS, f"{STANDARD}\n  {TEXT_ONLY}",
        "standard: {live: 1, slow_text: 3}\n  text_only: {slow_text: 4}",
        "capacities:", "capacities", "nobody could ever take a chat: no capacity gives fast_text",
    ),
    "answer of one language": Mistake(
        ANSWERS, "title: {en: Opening hours, fr: Heures d'ouverture}",
        "title: {en: Opening hours}", "title: {en: Opening hours}",
        "answers.opening_hours.title", "the text for fr is missing",
    ),
    "word of an answer": Mistake(
        ANSWERS, "It was a pleasure to help you, {name}.", "It was a pleasure, {nom}.",
        ">-\n        It was", "answers.closing.text.en",
        "{nom} is not filled in here; filled in are: {name}, {reference}, {due}, {agent},",
    ),
    "word of a title": Mistake(
        ANSWERS, "title: {en: Opening hours,", "title: {en: 'Hours, {town}',", "'Hours, {town}'",
        "answers.opening_hours.title.en", "{town} is not filled in here; nothing is",
    ),
    "subject of an answer": Mistake(
        ANSWERS, "    subjects: parking\n", "    subjects: [parkng]\n", "parkng",
        "answers.parking_by_phone.subjects[0]", "did you mean 'parking'?",
    ),
    "channel of an answer": Mistake(
        ANSWERS, "channels: chat", "channels: [chat, voice]", "voice",
        "answers.closing.channels[1]", "'voice' is not known here",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_place_and_its_remedy(name: str, town: Town) -> None:
    expect(MISTAKES[name], town)


def test_a_door_needs_somebody_who_chats_for_its_queue(town: Town) -> None:
    town.edit(QUEUES, "(recreation or general >= 5) and $language >= 3",
              "recreation and $language >= 3")  # fmt: skip
    assert town.complaints() == ()
    town.edit(SKILLS, STANDARD, "standard: {live: 1, slow_text: 3, exclusive: live}")
    complaints = [each for each in town.complaints() if each.path == "doors.recreation.queue"]
    assert [each.message.partition(": ")[0] for each in complaints] == [
        "nobody could ever serve this in English",
        "nobody could ever serve this in Français",
    ]
    assert complaints[0].message.endswith("none of them takes chats (capacity for fast_text)")


def test_a_queue_that_nobody_serves_at_all_is_told_once(town: Town) -> None:
    town.edit(QUEUES, "(recreation or general >= 5) and $language >= 3",
              "recreation >= 10 and $language >= 3")  # fmt: skip
    assert {each.path for each in town.complaints()} == {"queues.recreation.steps[0].requires"}
