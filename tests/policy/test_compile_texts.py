"""What becomes of mail.yaml, chat.yaml and answers.yaml, and of a town without them."""

from __future__ import annotations

import msgspec
import pytest

from router.core.model import DAY, HOUR, MINUTE, SECOND, Channel, QueueId
from router.core.policy import Policy
from router.policy.load import load
from router.policy.show import show
from tests.policy.conftest import ROOT, TODAY, Town
from tests.policy.mistakes import ANSWERS, CHAT, FALLBACK, MAIL, TOWN

WITHOUT = (  # takes the shipped town back to one without mail and chat
    (FALLBACK, "      page: [security, operations_on_call]\n      every: 5 min\n"
     "      urgent: true\n    - rule: urgent_next_opening # nobody has an address: kept all the"
     " same, first in line\n      when: {channel: [mail, chat], subject: [stop_sign_down,"
     " road_hazard, hazard, found_animal]}\n", ""),
    (FALLBACK, "      page: [operations_on_call, security]\n      every: 10 min\n",
     "      queue: own\n"),
)  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> Policy:
    policy = load(ROOT, today=TODAY).policy
    assert policy is not None
    return policy


def test_mailboxes(policy: Policy) -> None:
    assert policy.mail is not None
    info = policy.mail.mailboxes["info"]
    assert (info.address, info.queue, info.subject, info.acknowledge) == (
        "info@willowmere.example.org",
        QueueId("general"),
        "general",
        True,
    )
    assert "renseignements@willowmere.example.org" in info.aliases
    lines = (ROOT / MAIL).read_text(encoding="utf-8").splitlines()
    assert lines[info.line - 1] == "  info:"
    assert policy.mail.mailboxes["bylaw"].address == "bylaw@willowmere.example.org"
    assert policy.mail.mailboxes["bylaw"].subject == ""
    assert info.plus_addressing


def test_a_mailbox_whose_server_knows_no_plus_addressing_says_so(town: Town) -> None:
    town.edit(MAIL, "    subject: general\n", "    subject: general\n    plus_addressing: false\n")
    policy = town.load().policy
    assert policy is not None
    assert policy.mail is not None
    boxes = policy.mail.mailboxes
    assert (boxes["info"].plus_addressing, boxes["bylaw"].plus_addressing) == (False, True)
    shown = [line for line in show(policy).splitlines() if line.startswith("Mailbox ")]
    assert [line.endswith(", answers come to the address itself") for line in shown] == [
        True,
        False,
        False,
    ]


def test_mail_rules_have_the_words_of_all_languages_written_out(policy: Policy) -> None:
    assert policy.mail is not None
    rules = {rule.id: rule for rule in policy.mail.rules}
    stop = rules["stop_sign_down"]
    assert {"stop sign is down", "panneau d'arrêt tombé"} <= set(stop.words)
    assert (stop.action, stop.queue, stop.subject, stop.urgent) == (
        "route",
        QueueId("roads"),
        "stop_sign_down",
        True,
    )
    assert {"gas smell", "tree on wires"} <= set(rules["danger"].words)
    assert "road collapse" in rules["road_collapse"].words
    assert rules["danger"].urgent
    lines = (ROOT / MAIL).read_text(encoding="utf-8").splitlines()
    assert all(f"rule: {rule.id}" in lines[rule.line - 1] for rule in policy.mail.rules)


def test_parking_by_mail_needs_a_photo(policy: Policy) -> None:
    assert policy.mail is not None
    order = [rule.id for rule in policy.mail.rules]
    for subject in ("parking", "sidewalk"):
        assert order.index(f"{subject}_with_photo") < order.index(f"{subject}_without_photo")
        photo, none = (
            next(rule for rule in policy.mail.rules if rule.id == f"{subject}_{how}_photo")
            for how in ("with", "without")
        )
        assert photo.words == none.words
        assert (photo.action, photo.queue) == ("route", QueueId("bylaw"))
        assert photo.attachment_kinds == ("image/*",)
        assert photo.head_start > 0
        assert (none.action, none.queue, none.head_start) == ("refuse", None, 0)
        assert "phone" in none.text["en"]
        assert "photo" in none.text["en"]
        assert "téléphone" in none.text["fr"]


def test_spans_and_sizes_of_mail(policy: Policy) -> None:
    mail = policy.mail
    assert mail is not None
    assert (mail.reopen_within, mail.to_owner_for) == (30 * DAY, 4 * HOUR)
    assert (mail.waiting_max, mail.waiting_then) == (14 * DAY, "close")
    assert (mail.answers_per_day_max, mail.per_hour_max) == (3, 20)
    assert mail.attachment_bytes_max == 15_000_000
    assert mail.authserv_ids == ("mx.willowmere.example.org",)
    assert mail.attachment_kinds[:2] == ("image/*", "application/pdf")


def test_what_is_left_out_has_a_default(town: Town) -> None:
    text = (town.directory / MAIL).read_text(encoding="utf-8")
    (town.directory / MAIL).write_text(text.partition("limits: #")[0], encoding="utf-8")
    text = (town.directory / CHAT).read_text(encoding="utf-8")
    (town.directory / CHAT).write_text(text.partition("# Each message")[0], encoding="utf-8")
    policy = town.load().policy
    assert policy is not None
    assert policy.mail is not None
    assert (policy.mail.reopen_within, policy.mail.waiting_max) == (30 * DAY, 14 * DAY)
    assert policy.mail.attachment_bytes_max == 10_000_000
    assert policy.chat is not None
    assert policy.chat.answer_within == 60 * SECOND
    assert (policy.chat.upload_bytes_max, policy.chat.upload_kinds) == (0, ())


def test_never_and_conditions(town: Town) -> None:
    town.edit(MAIL, "to_owner_for: 4 h", "to_owner_for: never")
    town.edit(
        MAIL,
        "when: {words: permits}",
        "when: {size_min: 2 MB, attachment: true, mailbox: info, recipient: '@example.org'}",
    )
    town.edit(MAIL, "    subject: building\n", "    requires: building >= 5\n")
    town.edit(MAIL, "route: building", "route: own")
    policy = town.load().policy
    assert policy is not None
    assert policy.mail is not None
    assert policy.mail.to_owner_for == 0
    rule = policy.mail.rules[-1]
    assert (rule.size_min, rule.attachment, rule.queue) == (2_000_000, True, None)
    assert rule.mailboxes == {"info"}
    assert rule.recipients == ("@example.org",)
    assert rule.requires == "building >= 5"
    assert "to info and addressed to @example.org and with a file" in show(policy)


def test_chat(policy: Policy) -> None:
    chat = policy.chat
    assert chat is not None
    assert list(chat.doors) == ["website", "recreation"]
    door = chat.doors["website"]
    assert door.origins == ("https://www.willowmere.example.org", "https://willowmere.example.org")
    assert (door.queue, door.subject, door.file) == (QueueId("general"), "general", CHAT)
    assert (chat.answer_within, chat.dormant_after) == (60 * SECOND, 10 * MINUTE)
    assert (chat.dormant_max, chat.mail_after, chat.to_owner_for) == (
        24 * HOUR,
        15 * MINUTE,
        2 * MINUTE,
    )
    assert (chat.message_max, chat.per_minute_max, chat.conversations_per_hour_max) == (
        4000,
        20,
        20,
    )
    assert (chat.upload_bytes_max, chat.upload_kinds) == (
        10_000_000,
        ("image/*", "application/pdf"),
    )
    assert all("911" in text for text in chat.safety.values())


def test_prepared_answers(policy: Policy) -> None:
    assert 8 <= len(policy.answers) <= 10
    assert policy.answers["pothole_logged"].subjects == {"pothole"}
    assert policy.answers["closing"].channels == {"chat"}
    assert policy.answers["received"].channels == frozenset()
    used = " ".join(text for each in policy.answers.values() for text in each.text.values())
    for word in ("name", "reference", "due", "agent", "town"):
        assert f"{{{word}}}" in used


def test_urgent_mail_outside_hours_is_told_by_mail_and_kept(policy: Policy) -> None:
    rules = policy.fallbacks["after_hours"].rules
    page = next(rule for rule in rules if rule.action == "page")
    assert page.when_channel == {Channel.MAIL, Channel.CHAT}
    assert (page.targets, page.every) == (("security", "operations_on_call"), 5 * MINUTE)
    assert page.urgent
    assert policy.mail is not None
    urgent = {rule.subject for rule in policy.mail.rules if rule.urgent}
    assert urgent == page.when_subject
    calls = next(rule for rule in rules if rule.action == "transfer")
    assert calls.when_channel == {Channel.VOICE}
    assert calls.every == 0
    assert policy.contacts["security"].email == "security@willowmere.example.org"
    kept = rules[rules.index(page) + 1]
    assert (kept.action, kept.urgent, kept.when_subject) == ("defer", True, page.when_subject)


def test_words_are_kept_for_as_long_as_it_says(policy: Policy) -> None:
    assert policy.retention.words["said"] == 730 * DAY
    assert policy.retention.words["digits"] == 30 * DAY


def test_a_contact_may_have_an_address_and_no_number(town: Town) -> None:
    town.edit(FALLBACK, "    number: +1 905 555 0187\n", "")
    policy = town.load().policy
    assert policy is not None
    contact = policy.contacts["water_department"]
    assert (contact.number, contact.email) == ("", "water@works.willowmere.example.org")
    assert "Contact water_department: Water and sewer department, water@works" in show(policy)


def test_a_town_without_mail_and_chat_has_the_bytes_it_always_had(town: Town) -> None:
    for file, old, new in WITHOUT:
        town.edit(file, old, new)
    for file in (MAIL, CHAT, ANSWERS):
        (town.directory / file).unlink()
    path = town.directory / FALLBACK
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(each for each in lines if "email:" not in each), encoding="utf-8")
    path = town.directory / TOWN
    before, _, after = path.read_text(encoding="utf-8").partition("  words: #")
    path.write_text(before + after[after.index("# What the engine") :], encoding="utf-8")
    loaded = town.load()
    assert loaded.complaints == ()
    assert loaded.policy is not None
    assert (loaded.policy.mail, loaded.policy.chat, loaded.policy.answers) == (None, None, {})
    raw = msgspec.msgpack.decode(loaded.body)
    assert raw.keys().isdisjoint({"mail", "chat", "answers"})
    assert "words" not in raw["retention"]
    assert not any("email" in each for each in raw["contacts"].values())
    rules = [rule for chain in raw["fallbacks"].values() for rule in chain["rules"]]
    assert not any("every" in rule for rule in rules)
    assert "Mailbox" not in show(loaded.policy)


def test_everything_of_mail_and_chat_is_shown(policy: Policy) -> None:
    text = show(policy)
    assert policy.mail is not None
    assert policy.chat is not None
    named = [
        *policy.mail.mailboxes,
        *(rule.id for rule in policy.mail.rules),
        *policy.chat.doors,
        *policy.answers,
    ]
    assert [each for each in named if each not in text] == []
    assert "mail to security, then operations_on_call, one every 5 min" in text
    assert "Words are kept: contact 730 days" in text
